/* What users give as a kernel: a ready shared object, or a source file to compile. */
#ifndef PM_WORK_KERNEL_FILE_H
#define PM_WORK_KERNEL_FILE_H

#include "work/compiler.h"
#include "work/module.h"

/* Whether the text is the name of such a file, by its ending: .so, .c, .cc, .cpp, .cxx.  What is
 * none may be a formula. */
bool pm_is_kernel_file(const char *text);

/* Local.  Its shared object, compiled where it is a source.  Errors of pm_module_read and
 * pm_compile; *compiled is to be freed after them, too. */
parmap_status pm_kernel_file_read(const char *path, pm_compiled *compiled);

#endif
