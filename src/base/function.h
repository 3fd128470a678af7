/* Functions of the program as numbers that mean the same function on every rank: the module (the
 * program or a library) and the place in it.  Where a module was loaded differs from rank to rank.
 */
#ifndef PM_BASE_FUNCTION_H
#define PM_BASE_FUNCTION_H

#include "base/status.h"

typedef struct pm_function {
    uint64_t module; /* hash of the module's base name; 1 = the program, 0 = no function */
    uint64_t offset; /* from where the module was loaded */
} pm_function;

typedef void pm_any_function(void);

/* A NULL gives zeros.  PARMAP_USAGE when the pointer points into no module. */
parmap_status pm_function_pack(pm_any_function *pointer, pm_function *function);

/* The same function in this process; NULL for zeros.  PARMAP_USAGE when this process has not loaded
 * such a module, or has no code there. */
parmap_status pm_function_unpack(pm_function function, pm_any_function **pointer);

/* The same for constant data, a kernel for instance, besides functions. */
parmap_status pm_address_pack(const void *pointer, pm_function *place);
parmap_status pm_address_unpack(pm_function place, const void **pointer);

#endif
