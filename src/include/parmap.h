/* parmap - map a function over millions of inputs: OpenMP threads, MPI ranks, HDF5 results.
 *
 * This header, with those that it includes (parmap_abi.h, parmap_kernel.h, parmap_shared.h,
 * parmap_process.h, parmap_pool.h, parmap_cxx.h), is the whole contract of the library.
 *
 * Conventions
 *   - Names are `parmap_...` and `PARMAP_...`; what begins with `pm_` or `PM_` is not for callers.
 *   - Every function is tagged
 *       Collective           called by all ranks of MPI_COMM_WORLD, in the same order;
 *       Local                called by any rank, alone.
 *   - What can fail returns a parmap_status; parmap_message() then says what happened and the way
 *     out, for the calling thread.  The library prints nothing and never exits, but for
 *     parmap_program(), which is a whole program, parmap_must(), and in debug builds the leak
 * report of parmap_finish().
 *   - Counts and indices are int64_t, sizes in bytes are size_t, times are double seconds.
 */
#ifndef PARMAP_H
#define PARMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parmap_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PARMAP_VERSION_MAJOR 0
#define PARMAP_VERSION_MINOR 1
#define PARMAP_VERSION_PATCH 0
#define PARMAP_VERSION "0.1.0"

/* Local.  The name of a status, "PARMAP_OK" and so on; a constant, never NULL. */
PARMAP_API const char *parmap_status_name(parmap_status status);

/* Local.  What the last failing call of this thread had to say: one sentence, with the way out.
 * The text is the library's and holds until the thread's next failing call; "" before any. */
PARMAP_API const char *parmap_message(void);

/* Local.  The version of the library that runs, which may be newer than the header. */
PARMAP_API const char *parmap_version(void);

/* ---- a whole program ------------------------------------------------------------------------- */

/* What a kernel program does when no option says otherwise. */
typedef struct parmap_spec {
    const parmap_kernel *kernel;
    int64_t first; /* the range first..last, both included */
    int64_t last;
    parmap_type type;    /* of the inputs; one that the kernel has, or PARMAP_RECORD */
    const char *dataset; /* name of the data set, without the leading slash */
    const char *output;  /* name of the HDF5 file */
} parmap_spec;

/* Collective.  The whole program: reads the options (`--help` lists them), starts MPI, maps the
 * kernel over the range, writes the HDF5 file, reports, finalises MPI.  Call it once, first thing
 * in main, and return its value from main: on rank 0 the exit code (a parmap_status), on others 0.
 * It installs handlers for SIGINT, SIGTERM and SIGUSR1 (stop and save), and prints: results on
 * stdout, everything else on stderr. */
PARMAP_API int parmap_program(int argc, char **argv, const parmap_spec *spec);

#include "parmap_shared.h"

#include "parmap_process.h" /* after the handles of parmap_shared.h */

#include "parmap_pool.h"

#ifdef __cplusplus
}
#endif

#include "parmap_cxx.h"

#include "parmap_kernel.h"

#endif
