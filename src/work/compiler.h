/* From C source to the bytes of a shared object: by this machine's compiler, once, or out of the
 * cache of what was compiled before (work/cache.h). */
#ifndef PM_WORK_COMPILER_H
#define PM_WORK_COMPILER_H

#include "work/bytes.h"

/* One of path and text. */
typedef struct pm_compile_source {
    const char *path; /* of a file: C, or C++ where it ends in .cc, .cpp or .cxx */
    const char *text; /* C that needs nothing but the headers of the system */
    double limit_s;   /* for the compiler; 0 = 120 */
} pm_compile_source;

typedef struct pm_compiled {
    pm_bytes object;
    char *said;  /* by the compiler, warnings for instance; lines, or NULL */
    bool cached; /* it did not run */
} pm_compiled;

/* Local.  Compiles with optimisation, with the flags of parmap's own kernels and with its headers,
 * in a private folder that is gone afterwards.  A signal that stops the run ends it.  Not between
 * MPI_Init and MPI_Finalize (base/child.h).  *compiled is to be freed after errors as well: what
 * the compiler said is there, its first error is in the message. PARMAP_NO_INPUT   no such file
 *   PARMAP_BAD_DATA   mistakes in the file     PARMAP_USAGE   or in the text
 *   PARMAP_USAGE      a variable names what is no compiler
 *   PARMAP_SYSTEM     no compiler, or it did not end in time
 *   PARMAP_STOPPED    by a signal */
parmap_status pm_compile(const pm_compile_source *source, pm_compiled *compiled);

void pm_compiled_free(pm_compiled *compiled);

/* Whether the name is one of a source file: .c, .cc, .cpp, .cxx. */
bool pm_is_source_name(const char *path);

#endif
