/* Kernel files as the commands use them: read or compiled, with the compiler's words shown. */
#ifndef PM_APP_KERNEL_FILES_H
#define PM_APP_KERNEL_FILES_H

#include "work/kernel_file.h"

/* Local.  Shows what the compiler said: mistakes after a failure, else warnings. */
void pm_show_compiler(const pm_compiled *compiled, parmap_status status);

/* Local.  pm_kernel_file_read, with what the compiler says on stderr. */
parmap_status pm_read_kernel_file(const char *path, pm_bytes *object);

/* The name of an output of parmap compile; PARMAP_USAGE when it does not end in .so. */
parmap_status pm_check_object_name(const char *path);

/* Local.  Writes a shared object, whole or not at all, after a look at its kernels; a line on
 * stdout says which they are.  PARMAP_CANNOT_CREATE, PARMAP_WRITE_ERROR, errors of pm_module_open.
 */
parmap_status pm_write_object(const char *path, const pm_bytes *object);

#endif
