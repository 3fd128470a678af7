/* parmap - map a function over millions of inputs: OpenMP threads, MPI ranks, HDF5 results.
 *
 * This header, with those that it includes (parmap_kernel.h, parmap_shared.h, parmap_process.h,
 * parmap_pool.h, parmap_cxx.h), is the whole contract of the library.
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

#ifdef __cplusplus
extern "C" {
#endif

#define PARMAP_VERSION_MAJOR 0
#define PARMAP_VERSION_MINOR 1
#define PARMAP_VERSION_PATCH 0
#define PARMAP_VERSION "0.1.0"

#define PARMAP_API __attribute__((visibility("default")))

/* name, exit code of a program that ends with it, text */
#define PARMAP_STATUS_LIST(X)                                                                      \
    X(PARMAP_OK, 0, "complete")                                                                    \
    X(PARMAP_ITEMS_FAILED, 1, "some items failed")                                                 \
    X(PARMAP_USAGE, 64, "wrong usage")                                                             \
    X(PARMAP_BAD_DATA, 65, "bad data")                                                             \
    X(PARMAP_NO_INPUT, 66, "input cannot be opened")                                               \
    X(PARMAP_BUG, 70, "a bug of parmap")                                                           \
    X(PARMAP_SYSTEM, 71, "the system failed")                                                      \
    X(PARMAP_CANNOT_CREATE, 73, "output cannot be created")                                        \
    X(PARMAP_WRITE_ERROR, 74, "write error")                                                       \
    X(PARMAP_STOPPED, 75, "stopped")                                                               \
    X(PARMAP_TIMED_OUT, 80, "timed out")                                                           \
    X(PARMAP_DEADLOCK, 81, "a deadlock")                                                           \
    X(PARMAP_EMPTY, 82, "the queue is empty")                                                      \
    X(PARMAP_FULL, 83, "the queue is full")                                                        \
    X(PARMAP_CLOSED, 84, "closed")                                                                 \
    X(PARMAP_BROKEN, 85, "the barrier is broken")                                                  \
    X(PARMAP_STALE, 86, "used after it was freed")                                                 \
    X(PARMAP_NO_MEMORY, 87, "the heap of shared objects is full")                                  \
    X(PARMAP_CANCELLED, 88, "terminated")                                                          \
    X(PARMAP_TASK_FAILED, 89, "a task failed")

/* A status is the exit code of a program that ends with it. */
typedef enum parmap_status {
#define PM_STATUS_MEMBER(name, code, text) name = code,
    PARMAP_STATUS_LIST(PM_STATUS_MEMBER)
#undef PM_STATUS_MEMBER
} parmap_status;

/* Local.  The name of a status, "PARMAP_OK" and so on; a constant, never NULL. */
PARMAP_API const char *parmap_status_name(parmap_status status);

/* Local.  What the last failing call of this thread had to say: one sentence, with the way out.
 * The text is the library's and holds until the thread's next failing call; "" before any. */
PARMAP_API const char *parmap_message(void);

/* Local.  The version of the library that runs, which may be newer than the header. */
PARMAP_API const char *parmap_version(void);

/* ---- kernels --------------------------------------------------------------------------------- */

__extension__ typedef __int128 parmap_int128;
__extension__ typedef unsigned __int128 parmap_uint128;

typedef enum parmap_type {
    PARMAP_INT64,
    PARMAP_UINT64,
    PARMAP_INT128,
    PARMAP_FLOAT64,
    PARMAP_TYPES
} parmap_type;

/* The copies of a kernel's loop, one per vector unit of the processor; which one runs is chosen at
 * run time.  All of them give the same bits.  Other architectures than x86-64 have the first only.
 */
typedef enum parmap_vector {
    PARMAP_VECTOR_BASELINE,
    PARMAP_VECTOR_V3, /* x86-64-v3: AVX2 */
    PARMAP_VECTOR_V4, /* x86-64-v4: AVX-512 */
    PARMAP_VECTORS
} parmap_vector;

/* The inputs of one block: x = first + i * step for i = 0 .. count-1.  All of them lie within the
 * kernel's domain. */
typedef struct parmap_span {
    parmap_int128 first;
    parmap_int128 step;
    int64_t count;
} parmap_span;

/* Computes the results of a span: `count` items of the kernel's result type, 64-byte aligned. */
typedef void parmap_loop(const parmap_span *span, void *results);

/* Computes the results of `count` inputs in memory, all within the kernel's domain.  Both arrays
 * are aligned as their items are, and do not overlap. */
typedef void parmap_array_loop(const void *inputs, void *results, int64_t count);

/* The inputs, ends included, for which a kernel's result is exact. */
typedef struct parmap_domain {
    parmap_int128 min;
    parmap_int128 max;
} parmap_domain;

/* Computes one result, for kernels whose items can fail: PARMAP_OK, or any other status with a
 * parmap_message(), and then whatever was written to `result` does not count. */
typedef parmap_status parmap_item(const void *input, void *result);

/* What computes a kernel for one type: loops, or one item at a time where items can fail. */
typedef struct parmap_code {
    parmap_loop *loops[PARMAP_VECTORS];             /* all NULL when items can fail */
    parmap_array_loop *array_loops[PARMAP_VECTORS]; /* with the same bits for the same inputs */
    parmap_item *item;                              /* NULL when they cannot */
} parmap_code;

/* One kernel for one type. */
typedef struct parmap_variant {
    parmap_type
        result; /* the type of a result; the index of the variant is the type of the input */
    parmap_domain domain;
    const parmap_code *code; /* NULL = not offered for this type */
} parmap_variant;

/* Made by the macros of parmap_kernel.h, never by hand. */
typedef struct parmap_kernel {
    int abi; /* PARMAP_KERNEL_ABI of the header it was compiled with; another one is refused */
    const char *name;
    int version; /* the author's; raise it when the results change */
    double
        cost_s; /* seconds for one item, roughly; 0 = a few nanoseconds.  Decides the block size */
    parmap_variant variants[PARMAP_TYPES];
} parmap_kernel;

#define PARMAP_KERNEL_ABI 3

/* ---- a whole program ------------------------------------------------------------------------- */

/* What a kernel program does when no option says otherwise. */
typedef struct parmap_spec {
    const parmap_kernel *kernel;
    int64_t first; /* the range first..last, both included */
    int64_t last;
    parmap_type type;    /* of the inputs; must be one that the kernel has */
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
