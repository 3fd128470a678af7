/* Shared objects with kernels: from bytes in memory, which may have come from another rank, to
 * kernels that can be called.  No disk has to be shared, and none has to allow execution. */
#ifndef PM_WORK_MODULE_H
#define PM_WORK_MODULE_H

#include "work/bytes.h"

enum { PM_MODULE_NAME = 256 };

typedef struct pm_module {
    char name[PM_MODULE_NAME]; /* as the user knows it: the file, or the formula */
    void *handle;
    int fd; /* of the bytes, which the loader knows by its number; -1 = they came from a file */
    int count;
    const parmap_kernel *const *kernels;
} pm_module;

/* Local.  Reads the file of a shared object.  PARMAP_NO_INPUT; PARMAP_BAD_DATA for what is no
 * shared object of this kind of machine. */
parmap_status pm_module_read(const char *path, pm_bytes *object);

/* Local.  Loads a shared object and looks its kernels through; `name` is for messages.
 * PARMAP_BAD_DATA when it is none, has no kernels (PARMAP_EXPORT), has those of another parmap.h,
 * or is damaged; PARMAP_SYSTEM when it cannot be loaded, for instance because a library is missing.
 */
parmap_status pm_module_open(const char *name, const pm_bytes *object, pm_module *module);

/* Local.  Its kernels are gone with it.  A module that was never opened, all zeros, is fine. */
void pm_module_close(pm_module *module);

/* Local.  The kernel with that name; NULL = the only one.  PARMAP_USAGE, with their names, when
 * there is none, or several to choose from. */
parmap_status pm_module_kernel(const pm_module *module, const char *name,
                               const parmap_kernel **kernel);

#endif
