/* What a kernel is made of: types, layouts, loops.  Included by parmap.h, and by nothing else of
 * yours; the macros of parmap_kernel.h fill these structs in.  It stands alone, so that the source
 * of a formula can carry it along to where no header is installed. */
#ifndef PARMAP_ABI_H
#define PARMAP_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

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

/* ---- items ----------------------------------------------------------------------------------- */

__extension__ typedef __int128 parmap_int128;
__extension__ typedef unsigned __int128 parmap_uint128;

/* The types of numbers, with the names that users write: "int64", "float32". */
typedef enum parmap_type {
    PARMAP_INT64,
    PARMAP_UINT64,
    PARMAP_INT128,
    PARMAP_FLOAT64,
    PARMAP_INT8,
    PARMAP_UINT8,
    PARMAP_INT16,
    PARMAP_UINT16,
    PARMAP_INT32,
    PARMAP_UINT32,
    PARMAP_FLOAT32,
    PARMAP_TYPES,                /* how many there are */
    PARMAP_RECORD = PARMAP_TYPES /* no number: an item that a layout describes */
} parmap_type;

enum { PARMAP_RANK = 3 }; /* dimensions that an array within an item can have */

/* A part of an item: a number, or a fixed array of numbers in the order of C.  It lies where C puts
 * it in a struct of these fields. */
typedef struct parmap_field {
    const char *name; /* "" = the item is this array itself */
    parmap_type type; /* a number's */
    int rank;         /* dimensions; 0 = one number */
    int64_t extent[PARMAP_RANK];
} parmap_field;

/* An item that is no plain number: in memory a C struct, in HDF5 a compound, or, where its only
 * field has no name, a row of a data set with more dimensions. */
typedef struct parmap_layout {
    size_t bytes; /* of the struct */
    int count;    /* of fields, at most 32 */
    const parmap_field *fields;
} parmap_layout;

/* ---- kernels --------------------------------------------------------------------------------- */

/* The copies of a kernel's loop, one per vector unit of the processor; which one runs is chosen at
 * run time.  All of them give the same bits.  Other architectures than x86-64 have the first only.
 */
typedef enum parmap_vector {
    PARMAP_VECTOR_BASELINE,
    PARMAP_VECTOR_V3, /* x86-64-v3: AVX2 */
    PARMAP_VECTOR_V4, /* x86-64-v4: AVX-512 */
    PARMAP_VECTORS
} parmap_vector;

/* The inputs of one block: x = first + i * step for i = 0 .. count-1. */
typedef struct parmap_span {
    parmap_int128 first;
    parmap_int128 step;
    int64_t count;
} parmap_span;

/* Computes the results of a span: `count` items of the kernel's result, aligned as these are.
 * Returns how many it computed before one whose result does not fit; `count` when all do. */
typedef int64_t parmap_loop(const parmap_span *span, void *results);

/* The same of `count` inputs in memory.  Both arrays are aligned as their items are, and do not
 * overlap. */
typedef int64_t parmap_array_loop(const void *inputs, void *results, int64_t count);

/* The inputs, ends included, for which a kernel's result is exact. */
typedef struct parmap_domain {
    parmap_int128 min;
    parmap_int128 max;
} parmap_domain;

/* Computes one result, for kernels whose items can fail: PARMAP_OK, or any other status with a
 * parmap_message(), and then whatever was written to `result` does not count. */
typedef parmap_status parmap_item(const void *input, void *result);

/* What computes a kernel for one type of input: loops, or one item at a time where items can fail.
 * A table of loops is all NULL, or complete.  Kernels with loops over spans have array loops, too,
 * which give the same bits for the same inputs; some have array loops only. */
typedef struct parmap_code {
    parmap_type input;
    const parmap_layout *input_layout; /* of PARMAP_RECORD; NULL for numbers */
    parmap_type result;
    const parmap_layout *result_layout; /* the same */
    parmap_loop *loops[PARMAP_VECTORS]; /* for inputs within the domain */
    parmap_array_loop *array_loops[PARMAP_VECTORS];
    parmap_loop *checked_loops[PARMAP_VECTORS]; /* for others: they find what does not fit */
    parmap_array_loop *checked_array_loops[PARMAP_VECTORS];
    parmap_item *item; /* NULL when items cannot fail */
} parmap_code;

/* One kernel for one type of input. */
typedef struct parmap_variant {
    const parmap_code *code;
    parmap_domain domain; /* of numbers */
} parmap_variant;

/* A number that users may set before the run: --param sigma=0.3. */
typedef struct parmap_parameter {
    const char *name;
    parmap_type type;
    void *value; /* of that type; holds the default */
    double low;  /* ends included */
    double high;
    const char *help; /* one line */
} parmap_parameter;

/* Made by the macros of parmap_kernel.h, never by hand. */
typedef struct parmap_kernel {
    int abi; /* PARMAP_KERNEL_ABI of the header it was compiled with; another one is refused */
    const char *name;
    const parmap_variant *variants; /* one for each type of input */
    int variant_count;
    int version; /* the author's; raise it when the results change */
    double
        cost_s; /* seconds for one item, roughly; 0 = a few nanoseconds.  Decides the block size */
    const parmap_parameter *parameters;
    int parameter_count;
    const char *help; /* one line; or NULL */
    const char *text; /* of a formula: what it computes; NULL for kernels in C */
} parmap_kernel;

#define PARMAP_KERNEL_ABI 4

/* The kernels of a shared object, by the name parmap_kernels: made by PARMAP_EXPORT. */
typedef struct parmap_exports {
    int abi;
    int count;
    const parmap_kernel *const *kernels;
} parmap_exports;

#ifdef __cplusplus
}
#endif

#endif
