/* Pool: workers on all ranks to which rank 0, or any process, gives tasks.  Included by parmap.h.
 *
 *     PARMAP_TASK(cube, int, number, int)
 *     {
 *         return number * number * number;
 *     }
 *     ...
 *     parmap_pool *pool;
 *     PARMAP_MUST(parmap_pool_create(&pool, 0));
 *     PARMAP_MUST(parmap_pool_map(pool, cube, numbers, cubes, 10));
 *     PARMAP_MUST(parmap_pool_close(pool));
 *     PARMAP_MUST(parmap_pool_join(pool, PARMAP_FOREVER));
 *
 * Every function is Local.  A pool belongs to the process that made it: any thread of its rank may
 * use it, no other rank.  Its workers are processes (parmap_process.h), the first on that rank, the
 * others in turn on the ranks after it; those of one rank share its global variables and run tasks
 * at the same time.
 *
 * Errors of any call, besides those named: PARMAP_CLOSED after close or terminate, PARMAP_CANCELLED
 * when the calling process was terminated, PARMAP_SYSTEM when a rank died. */
#include "parmap.h" /* which includes this one, in its place */

#ifndef PARMAP_POOL_H
#define PARMAP_POOL_H

/* ---- tasks ----------------------------------------------------------------------------------- */

/* One call: from the input record to the result record, each 16-byte aligned if its size is a
 * multiple of 16, else as its size allows; NULL where the size is 0.  PARMAP_OK, or any other
 * status: the task has failed, and parmap_message() is its text; see parmap_fail.  So a task
 * returns the status of a call that failed; PARMAP_MUST there ends the job, as everywhere. */
typedef parmap_status parmap_task(const void *input, void *result);

/* Sets the calling thread's message and returns PARMAP_TASK_FAILED, in tasks and in kernels whose
 * items can fail:
 *     return parmap_fail("no root of %g", x);
 */
PARMAP_API parmap_status parmap_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2), cold));

/* A task that cannot fail, from a function body of one number or struct. */
#define PARMAP_TASK(name, IN, x, OUT)                                                              \
    static inline OUT name##_item(IN x);                                                           \
    static parmap_status name(const void *input, void *result)                                     \
    {                                                                                              \
        *(OUT *)result = name##_item(*(const IN *)input);                                          \
        return PARMAP_OK;                                                                          \
    }                                                                                              \
    static inline OUT name##_item(IN x)

/* The same of two or three arguments; `name_arguments` is the struct of them, an item of a
 * starmap. */
#define PARMAP_TASK2(name, IN1, x1, IN2, x2, OUT)                                                  \
    typedef struct name##_arguments {                                                              \
        IN1 x1;                                                                                    \
        IN2 x2;                                                                                    \
    } name##_arguments;                                                                            \
    static inline OUT name##_item(IN1 x1, IN2 x2);                                                 \
    static parmap_status name(const void *input, void *result)                                     \
    {                                                                                              \
        const name##_arguments *a = (const name##_arguments *)input;                               \
        *(OUT *)result = name##_item(a->x1, a->x2);                                                \
        return PARMAP_OK;                                                                          \
    }                                                                                              \
    static inline OUT name##_item(IN1 x1, IN2 x2)
#define PARMAP_TASK3(name, IN1, x1, IN2, x2, IN3, x3, OUT)                                         \
    typedef struct name##_arguments {                                                              \
        IN1 x1;                                                                                    \
        IN2 x2;                                                                                    \
        IN3 x3;                                                                                    \
    } name##_arguments;                                                                            \
    static inline OUT name##_item(IN1 x1, IN2 x2, IN3 x3);                                         \
    static parmap_status name(const void *input, void *result)                                     \
    {                                                                                              \
        const name##_arguments *a = (const name##_arguments *)input;                               \
        *(OUT *)result = name##_item(a->x1, a->x2, a->x3);                                         \
        return PARMAP_OK;                                                                          \
    }                                                                                              \
    static inline OUT name##_item(IN1 x1, IN2 x2, IN3 x3)

/* What went wrong in a call that returned PARMAP_TASK_FAILED. */
typedef struct parmap_failure {
    int64_t index;        /* of the failing item with the lowest one */
    int64_t count;        /* how many items failed */
    int rank;             /* where that item ran */
    parmap_status status; /* that its task returned */
    char text[240];       /* its parmap_message(), cut */
} parmap_failure;

/* The calling thread's newest; all zero before any. */
PARMAP_API parmap_failure parmap_last_failure(void);

/* ---- the pool -------------------------------------------------------------------------------- */

typedef struct parmap_pool parmap_pool;

/* `size` workers; 0 = one for each thread that the job has (PARMAP_THREADS, OMP_NUM_THREADS,
 * SLURM_CPUS_PER_TASK or the cores of each rank, divided by the ranks that share them).
 * PARMAP_USAGE before parmap_serve, or from a daemon. */
PARMAP_API parmap_status parmap_pool_create(parmap_pool **pool, int size);

typedef struct parmap_pool_options {
    int size;                 /* as above */
    parmap_task *initializer; /* called once by each worker before its first task, its result is
                                 NULL (so no PARMAP_TASK); NULL = none */
    const void *input;        /* for it; copied */
    size_t input_bytes;
} parmap_pool_options;

/* Waits for the initializers.  When one fails there is no pool: PARMAP_TASK_FAILED names the worker
 * and its rank; parmap_last_failure().index is the worker's number. */
PARMAP_API parmap_status parmap_pool_create_with(parmap_pool **pool,
                                                 const parmap_pool_options *options);

PARMAP_API int parmap_pool_size(const parmap_pool *pool);

/* No more tasks; those that were given are still done.  Closing again is no error. */
PARMAP_API parmap_status parmap_pool_close(parmap_pool *pool);

/* No more tasks; those that no worker has begun are dropped, and the others end at their next call
 * into parmap that may wait, as parmap_process_terminate says.  Returns at once; whoever waits for
 * a result of the pool gets PARMAP_CLOSED. */
PARMAP_API parmap_status parmap_pool_terminate(parmap_pool *pool);

/* After close or terminate (else PARMAP_USAGE): waits until the workers have ended, then frees the
 * pool.  Its results can still be read, and freed; iterators can be freed, reading them is
 * PARMAP_CLOSED; the pool must not be used again.  PARMAP_TIMED_OUT: the tasks that were given are
 * not done, or names a worker that still runs, and its rank; the pool is as before. */
PARMAP_API parmap_status parmap_pool_join(parmap_pool *pool, double timeout_s);

/* ---- jobs ------------------------------------------------------------------------------------ */

/* What a pool is given: one call of a task, or one item of a kernel, for each of `count` records.
 */
typedef struct parmap_job {
    parmap_task *task;           /* exactly one of task and kernel */
    const parmap_kernel *kernel; /* inputs are of `type`, results of the kernel's result type; all
                                    inputs must lie in its domain, others fail as items do */
    parmap_type type;            /* PARMAP_RECORD for records and arrays */
    const void *inputs; /* records one behind the other; the caller's until the job is done */
    size_t input_bytes; /* of one record; may be 0.  With a kernel: those of its types, or 0 */
    void *results; /* likewise; written until the job is done; those of failed items are unset */
    size_t result_bytes; /* may be 0 */
    int64_t count;
    int64_t chunk; /* how many items a worker takes at a time; 0 = chosen while it runs, so that
                      taking them costs little and nobody waits long at the end.  imap: 0 = 1 */

    /* For imap only, in place of `inputs`: writes the next input and returns true, or false at the
     * end; `count` is not used.  Called by the thread that calls parmap_pool_imap or
     * parmap_iterator_next, as far ahead as `ahead` allows. */
    bool (*next)(void *input, void *context);
    int64_t ahead; /* imap: items given out and not yet returned by next, at most; 0 = chosen */

    /* For the async forms: called once when the job is done, by a thread of the pool's, one after
     * the other; the results are in place. */
    void (*callback)(void *results, void *context);
    void (*error_callback)(const parmap_failure *failure, void *context);
    void *context;
} parmap_job;

/* Private memory is used in place by the workers of this rank, and copied for the others where that
 * pays.  Inputs and results in memory of parmap_array_local are used in place by all workers, when
 * all ranks are on one node (parmap_window() is "shm"). */

/* Gives the job to the workers and waits.  PARMAP_TASK_FAILED: all items ran, some failed; the
 * message names the failing item with the lowest index, its rank and text, and how many there are.
 */
PARMAP_API parmap_status parmap_pool_run(parmap_pool *pool, const parmap_job *job);

/* What Python's AsyncResult is. */
typedef struct parmap_result parmap_result;

/* Gives the job to the workers.  `*job` is copied, what it points to is not, but for the input of a
 * single item of up to 4096 bytes.  `result` may be NULL: the callbacks tell. */
PARMAP_API parmap_status parmap_pool_submit(parmap_pool *pool, const parmap_job *job,
                                            parmap_result **result);

/* Waits until the job is done; what parmap_pool_run returns.  PARMAP_TIMED_OUT says how far it is.
 * PARMAP_CLOSED: the pool was terminated; nobody uses the job's arrays any more. */
PARMAP_API parmap_status parmap_result_get(parmap_result *result, double timeout_s);

/* The same, but a failed job is PARMAP_OK. */
PARMAP_API parmap_status parmap_result_wait(parmap_result *result, double timeout_s);

/* Whether the job is done; and without failure (PARMAP_USAGE when it is not done). */
PARMAP_API parmap_status parmap_result_ready(parmap_result *result, bool *ready);
PARMAP_API parmap_status parmap_result_successful(parmap_result *result, bool *successful);

/* At any time; a job that is not done goes on, and must leave its results somewhere, so the memory
 * of inputs and results stays the job's until it is. */
PARMAP_API void parmap_result_free(parmap_result *result);

typedef struct parmap_iterator parmap_iterator;

/* Results one by one, in the order of the inputs or as they come.  Inputs are taken while results
 * are read, `ahead` of them at most. `*job` is copied; `results` is not used. */
PARMAP_API parmap_status parmap_pool_imap(parmap_pool *pool, const parmap_job *job,
                                          parmap_iterator **iterator);
PARMAP_API parmap_status parmap_pool_imap_unordered(parmap_pool *pool, const parmap_job *job,
                                                    parmap_iterator **iterator);

/* The next result; *index, unless NULL, = of its input.  PARMAP_EMPTY, without a message: there are
 * no more.  PARMAP_TASK_FAILED: that item failed; the next call goes on with the next.  (Of several
 * that fail in one chunk only the first has its text.)
 * PARMAP_TIMED_OUT: none within the time; nothing is lost.  One thread at a time. */
PARMAP_API parmap_status parmap_iterator_next(parmap_iterator *iterator, void *result,
                                              int64_t *index, double timeout_s);

/* At any time: waits for the items that a worker has begun; the others are not computed. */
PARMAP_API void parmap_iterator_free(parmap_iterator *iterator);

/* ---- Python's names -------------------------------------------------------------------------- */

/* clang-format off */
/* The C types of numbers, and what they are as items of kernels; others are records and arrays. */
#define PM_NUMBERS(X)                                                                              \
    X(int8_t, PARMAP_INT8) X(uint8_t, PARMAP_UINT8) X(int16_t, PARMAP_INT16)                       \
    X(uint16_t, PARMAP_UINT16) X(int32_t, PARMAP_INT32) X(uint32_t, PARMAP_UINT32)                 \
    X(int64_t, PARMAP_INT64) X(uint64_t, PARMAP_UINT64) X(parmap_int128, PARMAP_INT128)            \
    X(float, PARMAP_FLOAT32) X(double, PARMAP_FLOAT64)
/* clang-format on */

#ifndef __cplusplus /* for that: parmap_cxx.h */
/* Sizes are those of what the pointers point to.  More fields of the job may follow as designated
 * initialisers: parmap_pool_map(pool, cube, numbers, cubes, 1000, .chunk = 100). */
#define parmap_pool_apply(pool, task, input, result)                                               \
    parmap_pool_run(pool, PM_JOB(task, input, result, 1))
#define parmap_pool_map(pool, task, inputs, results, ...)                                          \
    parmap_pool_run(pool, PM_JOB(task, inputs, results, __VA_ARGS__))
#define parmap_pool_starmap parmap_pool_map /* of a PARMAP_TASK2 or PARMAP_TASK3 */

/* `handle`, a parmap_result **, and then more fields of the job. */
#define parmap_pool_apply_async(pool, task, input, result, ...)                                    \
    parmap_pool_map_async(pool, task, input, result, 1, __VA_ARGS__)
#define parmap_pool_map_async(pool, task, inputs, results, count, ...)                             \
    PM_MAP_ASYNC(pool, task, inputs, results, count, __VA_ARGS__, )
#define parmap_pool_starmap_async parmap_pool_map_async

/* A kernel over an array of one of its types. */
#define parmap_pool_map_kernel(pool, kernel_, inputs_, results_, ...)                              \
    parmap_pool_run(pool, &(const parmap_job){.kernel = (kernel_),                                 \
                                              .type = PM_TYPE_OF_POINTER(inputs_),                 \
                                              .inputs = (inputs_),                                 \
                                              .input_bytes = sizeof *(inputs_),                    \
                                              .results = (results_),                               \
                                              .result_bytes = sizeof *(results_),                  \
                                              .count = __VA_ARGS__})

#define PM_JOB(task_, inputs_, results_, ...)                                                      \
    (&(const parmap_job){.task = (task_),                                                          \
                         .inputs = (inputs_),                                                      \
                         .input_bytes = sizeof *(inputs_),                                         \
                         .results = (results_),                                                    \
                         .result_bytes = sizeof *(results_),                                       \
                         .count = __VA_ARGS__})
#define PM_MAP_ASYNC(pool, task, inputs, results, count_, handle, ...)                             \
    parmap_pool_submit(pool, PM_JOB(task, inputs, results, count_, __VA_ARGS__), handle)
/* clang-format off */
#define PM_TYPE_CASE(T, type) , T * : type, const T * : type
#define PM_TYPE_OF_POINTER(pointer)                                                                \
    _Generic((pointer) PM_NUMBERS(PM_TYPE_CASE), default : PARMAP_RECORD)
/* clang-format on */
#endif

#endif
