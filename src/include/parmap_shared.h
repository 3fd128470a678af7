/* Objects that the ranks of a job share: what Python's multiprocessing offers to processes, for MPI
 * ranks and their threads, on one node or many.  Included by parmap.h.
 *
 *     int main(int argc, char **argv)
 *     {
 *         PARMAP_MUST(parmap_start(&argc, &argv));
 *         parmap_value counter;
 *         if (parmap_rank() == 0)
 *             PARMAP_MUST(parmap_value_create(&counter, 'i', 0));
 *         PARMAP_MUST(parmap_broadcast(&counter, sizeof counter, 0));
 *         PARMAP_MUST(parmap_value_add(&counter, 1));
 *         return parmap_finish();
 *     }
 *
 * Handles.  Every object is a small plain struct that any rank makes alone and that may be copied,
 * broadcast, put into a queue: all copies name the same object.  It lives in the memory of the rank
 * that made it, its home, until somebody frees it (any rank, any copy; after that every use is
 * PARMAP_STALE; with the window backend rma only in debug builds).  Handles are read by parmap
 * only.
 *
 * Who calls.  Everything here but what is tagged Collective is Local: any rank, any thread, any mix
 * of them.  "Executor" below means one thread of one rank.
 *
 * Time-outs are double seconds.  Zero or less: do not wait.  PARMAP_FOREVER: no limit.
 *
 * Errors that any call may return besides those named: PARMAP_USAGE (a handle that was never
 * created or of another kind, parmap not started), PARMAP_STALE (freed), PARMAP_SYSTEM (a rank died
 * or does not answer), PARMAP_CLOSED from threads that live on in or after parmap_finish,
 * PARMAP_CANCELLED from calls that may wait, in a process that was terminated (parmap_process.h).
 *
 * A program may have initialised MPI itself before parmap_start, with any thread level.  Below
 * MPI_THREAD_MULTIPLE parmap then has no thread that serves others while the rank computes: ranks
 * of other nodes wait until it calls into parmap.
 *
 * After a fork only the parent may go on with parmap.
 *
 * Environment (rank 0's counts): PARMAP_HEAP = bytes of heap per rank ("64M"), PARMAP_WINDOW = shm,
 * rma or msg, PARMAP_VERBOSE = 1: say on stderr what was chosen.
 */
#include "parmap.h" /* which includes this one, in its place */

#ifndef PARMAP_SHARED_H
#define PARMAP_SHARED_H

#define PARMAP_FOREVER (__builtin_inf())

/* ---- the job --------------------------------------------------------------------------------- */

/* Collective.  Starts MPI, unless the program has, and opens the heap where shared objects live.
 * First thing in main.  PARMAP_SYSTEM: MPI failed, /dev/shm is too small (says the size to set);
 * PARMAP_USAGE: a setting is wrong.  All ranks return the same status. */
PARMAP_API parmap_status parmap_start(int *argc, char ***argv);

/* Collective.  Waits for all ranks, ends waits of threads that still run (PARMAP_CLOSED), closes
 * the heap and finalises MPI if parmap_start initialised it.  Returns the exit code for main: 0, or
 * that of an error on the way.  In debug builds objects that nobody freed are listed on stderr.
 * PARMAP_USAGE, and nothing is done, in a process or a parmap_thread. */
PARMAP_API int parmap_finish(void);

/* This rank, 0 .. parmap_size() - 1.  0 of 1 before parmap_start. */
PARMAP_API int parmap_rank(void);
PARMAP_API int parmap_size(void);

/* How shared objects are reached: "shm", "rma" or "msg"; "" before parmap_start. */
PARMAP_API const char *parmap_window(void);

/* Collective.  Returns when all ranks have come. */
PARMAP_API parmap_status parmap_sync_all(void);

/* Collective (root and bytes must agree).  `data` of rank `root` everywhere. */
PARMAP_API parmap_status parmap_broadcast(void *data, size_t bytes, int root);

/* Collective (count must agree).  Each of `count` values becomes its sum over all ranks, modulo
 * 2^64. */
PARMAP_API parmap_status parmap_sum(int64_t *values, int64_t count);

/* Collective (workers must agree).  Calls work(0, context) .. work(workers - 1, context), all at
 * once: worker w on rank w % parmap_size(), each on a thread of its own.  Returns on all ranks when
 * all have returned; `context` is the rank's own.  PARMAP_SYSTEM when a thread cannot be made. */
PARMAP_API parmap_status parmap_run_workers(int workers, void (*work)(int worker, void *context),
                                            void *context);

/* Prints the message of a failed call to stderr, with its place, and ends the job: every rank, with
 * the status as exit code; a process that was terminated ends alone and in silence.  For programs
 * without a better answer; see PARMAP_MUST. */
PARMAP_API void parmap_must(parmap_status status, const char *call, const char *file, int line);

#define PARMAP_MUST(call) parmap_must((call), #call, __FILE__, __LINE__)

/* What handles are made of; for parmap only. */
typedef struct parmap_handle {
    uint32_t rank;       /* home */
    uint32_t generation; /* 0 = never created */
    uint64_t offset;     /* in the home's heap; elements per rank of a distributed array */
    uint32_t kind;       /* which object, and its typecode */
    uint32_t extra;      /* bound of a semaphore, parties of a barrier ... */
} parmap_handle;

/* ---- Lock and RLock -------------------------------------------------------------------------- */

/* Owned by the executor that acquired it.  Waiters are not served in order; one that has waited for
 * long goes first. */
typedef struct parmap_lock {
    parmap_handle handle;
} parmap_lock;

/* A lock that its owner cannot acquire again. */
PARMAP_API parmap_status parmap_lock_create(parmap_lock *lock);

/* A lock that its owner may acquire again, up to 1023 times, and releases as often. */
PARMAP_API parmap_status parmap_rlock_create(parmap_lock *lock);

PARMAP_API parmap_status parmap_lock_free(parmap_lock *lock);

/* PARMAP_TIMED_OUT: the message names the owner (rank, node, thread) and since when it has the
 * lock. PARMAP_DEADLOCK: this wait would never end: the owner waits for a lock whose owner waits
 * ... for a lock of this executor's; exactly one executor of such a circle gets it, within 2 s, and
 * the message draws the circle, also when one of them has a time-out.  Also at once when the caller
 * has the (non-recursive) lock itself.
 */
PARMAP_API parmap_status parmap_lock_acquire(const parmap_lock *lock, double timeout_s);

/* *acquired = whether it was free.  A lock that is held is no error. */
PARMAP_API parmap_status parmap_lock_try(const parmap_lock *lock, bool *acquired);

/* PARMAP_USAGE when the caller is not the owner; the lock stays as it is. */
PARMAP_API parmap_status parmap_lock_release(const parmap_lock *lock);

/* Whether anybody has it at the moment of the call. */
PARMAP_API parmap_status parmap_lock_locked(const parmap_lock *lock, bool *locked);

/* Python's `with lock:` for a block that is not left by return, break or goto.  Failures end the
 * job as PARMAP_MUST does. */
#define PARMAP_WITH(lock) PM_WITH(lock, __LINE__)
#define PM_WITH(lock, line) PM_WITH_NAMED(lock, line) /* a name of its own for one in another */
#define PM_WITH_NAMED(lock, line)                                                                  \
    for (const parmap_lock *pm_with_##line =                                                       \
             (PARMAP_MUST(parmap_lock_acquire((lock), PARMAP_FOREVER)), (lock));                   \
         pm_with_##line; PARMAP_MUST(parmap_lock_release(pm_with_##line)), pm_with_##line = NULL)

/* ---- Value ----------------------------------------------------------------------------------- */

/* One number.  Typecodes are those of Python's ctypes, with C's sizes:
 *   c char   b signed char   B unsigned char   h short   H unsigned short   i int   I unsigned int
 *   l long   L unsigned long   q long long   Q unsigned long long   f float   d double
 * Integer functions (_int) take int64_t; what does not fit the typecode is PARMAP_USAGE.  For L and
 * Q the 64 bits are taken as they are: cast.  Real functions (_real) are for f and d only, integer
 * ones also store into and add to f and d; a load must match.  The names without suffix choose by
 * the type of the argument. Loads, stores, adds and swaps are atomic, each for itself; load, + 1,
 * store is not. */
typedef struct parmap_value {
    parmap_handle handle;
} parmap_value;

/* PARMAP_USAGE: no such typecode, or the initial value does not fit.  PARMAP_NO_MEMORY: the heap is
 * full; the message says what to set. */
PARMAP_API parmap_status parmap_value_create_int(parmap_value *value, char typecode,
                                                 int64_t initial);
PARMAP_API parmap_status parmap_value_create_real(parmap_value *value, char typecode,
                                                  double initial);
PARMAP_API parmap_status parmap_value_free(parmap_value *value);

PARMAP_API parmap_status parmap_value_load_int(const parmap_value *value, int64_t *number);
PARMAP_API parmap_status parmap_value_load_real(const parmap_value *value, double *number);
PARMAP_API parmap_status parmap_value_store_int(const parmap_value *value, int64_t number);
PARMAP_API parmap_status parmap_value_store_real(const parmap_value *value, double number);

/* Atomic.  Integers wrap modulo 2^bits of the typecode, as ctypes do.  Not for typecode c. */
PARMAP_API parmap_status parmap_value_add_int(const parmap_value *value, int64_t number);
PARMAP_API parmap_status parmap_value_add_real(const parmap_value *value, double number);

/* Atomic.  *before = the value before the addition. */
PARMAP_API parmap_status parmap_value_fetch_add_int(const parmap_value *value, int64_t number,
                                                    int64_t *before);
PARMAP_API parmap_status parmap_value_fetch_add_real(const parmap_value *value, double number,
                                                     double *before);

/* Atomic.  Stores `desired` if the value is `expected`.  *found = the value before: it was stored
 * if that is `expected`.  Reals are compared bit by bit. */
PARMAP_API parmap_status parmap_value_compare_swap_int(const parmap_value *value, int64_t expected,
                                                       int64_t desired, int64_t *found);
PARMAP_API parmap_status parmap_value_compare_swap_real(const parmap_value *value, double expected,
                                                        double desired, double *found);

/* *lock = the recursive lock that belongs to the value: Python's get_lock().  It lives and dies
 * with the value; do not free it.  PARMAP_WITH(&lock) then is `with value.get_lock():`. */
PARMAP_API parmap_status parmap_value_lock(const parmap_value *value, parmap_lock *lock);

/* ---- Array ----------------------------------------------------------------------------------- */

/* `length` numbers of one typecode, zero at first.  Indices are 0 .. length - 1; others are
 * PARMAP_USAGE.  Elements are never torn; a slice as a whole is not atomic. */
typedef struct parmap_array {
    parmap_handle handle;
    int64_t length;
} parmap_array;

/* In the heap of the calling rank. */
PARMAP_API parmap_status parmap_array_create(parmap_array *array, char typecode, int64_t length);

/* Collective (all arguments must agree).  In blocks over all ranks, outside the heaps: rank r has
 * elements r * B .. (r + 1) * B - 1 with B = ceil(length / ranks).  For arrays of many GiB.
 * PARMAP_NO_MEMORY says what is missing. */
PARMAP_API parmap_status parmap_array_create_distributed(parmap_array *array, char typecode,
                                                         int64_t length);

/* Collective for a distributed array. */
PARMAP_API parmap_status parmap_array_free(parmap_array *array);

/* The part of the array that is this rank's own memory: elements *first .. *first + *count - 1
 * begin at *elements.  Plain memory: nobody else may touch these elements meanwhile; put a
 * parmap_sync_all() between such phases.  count = 0 and NULL where the rank has none. */
PARMAP_API parmap_status parmap_array_local(const parmap_array *array, void **elements,
                                            int64_t *first, int64_t *count);

PARMAP_API parmap_status parmap_array_load_int(const parmap_array *array, int64_t index,
                                               int64_t *number);
PARMAP_API parmap_status parmap_array_load_real(const parmap_array *array, int64_t index,
                                                double *number);
PARMAP_API parmap_status parmap_array_store_int(const parmap_array *array, int64_t index,
                                                int64_t number);
PARMAP_API parmap_status parmap_array_store_real(const parmap_array *array, int64_t index,
                                                 double number);
PARMAP_API parmap_status parmap_array_add_int(const parmap_array *array, int64_t index,
                                              int64_t number);
PARMAP_API parmap_status parmap_array_add_real(const parmap_array *array, int64_t index,
                                               double number);
PARMAP_API parmap_status parmap_array_fetch_add_int(const parmap_array *array, int64_t index,
                                                    int64_t number, int64_t *before);
PARMAP_API parmap_status parmap_array_fetch_add_real(const parmap_array *array, int64_t index,
                                                     double number, double *before);

/* Elements first .. first + count - 1 into or from `elements`, an array of the C type of
 * `typecode`, which must be the array's (or have its size, sign and kind). */
PARMAP_API parmap_status parmap_array_read_as(const parmap_array *array, int64_t first,
                                              int64_t count, char typecode, void *elements);
PARMAP_API parmap_status parmap_array_write_as(const parmap_array *array, int64_t first,
                                               int64_t count, char typecode, const void *elements);

/* As for a value.  PARMAP_USAGE for a distributed array: make a parmap_lock for it. */
PARMAP_API parmap_status parmap_array_lock(const parmap_array *array, parmap_lock *lock);

/* ---- Semaphore and BoundedSemaphore ---------------------------------------------------------- */

typedef struct parmap_semaphore {
    parmap_handle handle;
} parmap_semaphore;

/* `value` is 0 .. 2^31 - 1. */
PARMAP_API parmap_status parmap_semaphore_create(parmap_semaphore *semaphore, int64_t value);

/* Its value never goes above the initial one. */
PARMAP_API parmap_status parmap_bounded_semaphore_create(parmap_semaphore *semaphore,
                                                         int64_t value);
PARMAP_API parmap_status parmap_semaphore_free(parmap_semaphore *semaphore);

/* PARMAP_TIMED_OUT: the message names who acquired it last, and when. */
PARMAP_API parmap_status parmap_semaphore_acquire(const parmap_semaphore *semaphore,
                                                  double timeout_s);
PARMAP_API parmap_status parmap_semaphore_try(const parmap_semaphore *semaphore, bool *acquired);

/* By any executor.  PARMAP_USAGE when the bound or 2^31 - 1 would be passed. */
PARMAP_API parmap_status parmap_semaphore_release(const parmap_semaphore *semaphore);

/* Python's get_value(). */
PARMAP_API parmap_status parmap_semaphore_value(const parmap_semaphore *semaphore, int64_t *value);

/* ---- Condition ------------------------------------------------------------------------------- */

typedef struct parmap_condition {
    parmap_handle handle;
    parmap_lock lock; /* acquire and release it as any lock */
} parmap_condition;

/* With a lock of the caller's, or a recursive one of its own when `lock` is NULL. */
PARMAP_API parmap_status parmap_condition_create(parmap_condition *condition,
                                                 const parmap_lock *lock);

/* Its own lock goes with it; a lock that the caller gave does not. */
PARMAP_API parmap_status parmap_condition_free(parmap_condition *condition);

/* The caller has the lock (else PARMAP_USAGE), however deep; it is released while waiting and held
 * again on return, whatever is returned (but for PARMAP_SYSTEM, PARMAP_STALE and PARMAP_CLOSED).
 * PARMAP_TIMED_OUT when nobody notified. */
PARMAP_API parmap_status parmap_condition_wait(const parmap_condition *condition, double timeout_s);

/* Waits until predicate(context) is true; it is called with the lock held.  PARMAP_TIMED_OUT when
 * it still is not. */
PARMAP_API parmap_status parmap_condition_wait_for(const parmap_condition *condition,
                                                   bool (*predicate)(void *context), void *context,
                                                   double timeout_s);

/* Wakes the `count` executors that have waited longest, or as many as wait.  The caller has the
 * lock.  *woken, unless NULL, = how many. */
PARMAP_API parmap_status parmap_condition_notify(const parmap_condition *condition, int64_t count,
                                                 int64_t *woken);
PARMAP_API parmap_status parmap_condition_notify_all(const parmap_condition *condition,
                                                     int64_t *woken);

/* ---- Event ----------------------------------------------------------------------------------- */

typedef struct parmap_event {
    parmap_handle handle;
} parmap_event;

/* Not set at first. */
PARMAP_API parmap_status parmap_event_create(parmap_event *event);
PARMAP_API parmap_status parmap_event_free(parmap_event *event);

/* All that wait go on, also if the event is cleared at once. */
PARMAP_API parmap_status parmap_event_set(const parmap_event *event);
PARMAP_API parmap_status parmap_event_clear(const parmap_event *event);
PARMAP_API parmap_status parmap_event_is_set(const parmap_event *event, bool *set);

/* PARMAP_TIMED_OUT when it is not set. */
PARMAP_API parmap_status parmap_event_wait(const parmap_event *event, double timeout_s);

/* ---- Barrier --------------------------------------------------------------------------------- */

typedef struct parmap_barrier {
    parmap_handle handle;
} parmap_barrier;

/* `parties` is 1 .. 2^31 - 1.  `action`, unless NULL, is called by one of them, the last to come,
 * while the others wait; any other return than PARMAP_OK breaks the barrier.  It is a function of
 * the program or of a library that all ranks have loaded. */
PARMAP_API parmap_status parmap_barrier_create(parmap_barrier *barrier, int64_t parties,
                                               parmap_status (*action)(void));
PARMAP_API parmap_status parmap_barrier_free(parmap_barrier *barrier);

/* Waits until all parties have come.  *index, unless NULL, = 0 .. parties - 1, another one for
 * each. PARMAP_BROKEN: the barrier is broken, or was broken or reset meanwhile, or the time is
 * over, which breaks it for all; the message says which, and how many had come. */
PARMAP_API parmap_status parmap_barrier_wait(const parmap_barrier *barrier, double timeout_s,
                                             int64_t *index);

/* Those that wait get PARMAP_BROKEN; the barrier is as new. */
PARMAP_API parmap_status parmap_barrier_reset(const parmap_barrier *barrier);

/* Those that wait or will come get PARMAP_BROKEN, until a reset. */
PARMAP_API parmap_status parmap_barrier_abort(const parmap_barrier *barrier);

PARMAP_API parmap_status parmap_barrier_waiting(const parmap_barrier *barrier, int64_t *count);
PARMAP_API parmap_status parmap_barrier_broken(const parmap_barrier *barrier, bool *broken);

/* ---- Queue ----------------------------------------------------------------------------------- */

/* Items of any size, first in, first out, over all producers and consumers.  An item of up to 48
 * bytes lies in the queue itself; a larger one in the heap of the rank that put it, and can be as
 * large as fits there (PARMAP_HEAP). */
typedef struct parmap_queue {
    parmap_handle handle;
} parmap_queue;

/* At most `maxsize` items, 0 = as many as fit into the heaps. */
PARMAP_API parmap_status parmap_queue_create(parmap_queue *queue, int64_t maxsize);

/* With everything that is in it. */
PARMAP_API parmap_status parmap_queue_free(parmap_queue *queue);

/* The item is copied.  PARMAP_FULL: no place within the time.  PARMAP_CLOSED.  PARMAP_NO_MEMORY:
 * the item does not fit into the heap of this rank. */
PARMAP_API parmap_status parmap_queue_put(const parmap_queue *queue, const void *item, size_t bytes,
                                          double timeout_s);

/* *bytes (unless NULL) = size of the item.  PARMAP_EMPTY: no item within the time.  PARMAP_CLOSED:
 * closed and empty.  PARMAP_USAGE: the item has more than `capacity` bytes; it stays, and *bytes
 * says what it needs. */
PARMAP_API parmap_status parmap_queue_get(const parmap_queue *queue, void *item, size_t capacity,
                                          size_t *bytes, double timeout_s);

/* Exact at one moment during the call. */
PARMAP_API parmap_status parmap_queue_size(const parmap_queue *queue, int64_t *size);
PARMAP_API parmap_status parmap_queue_empty(const parmap_queue *queue, bool *empty);
PARMAP_API parmap_status parmap_queue_full(const parmap_queue *queue, bool *full);

/* No more puts: PARMAP_CLOSED, also for those that wait.  Gets drain what is there, then
 * PARMAP_CLOSED.  Closing twice is no error. */
PARMAP_API parmap_status parmap_queue_close(const parmap_queue *queue);

/* One item that was got has been dealt with.  PARMAP_USAGE: more often than items were put. */
PARMAP_API parmap_status parmap_queue_task_done(const parmap_queue *queue);

/* Waits until task_done was called for every item that was put.  PARMAP_TIMED_OUT. */
PARMAP_API parmap_status parmap_queue_join(const parmap_queue *queue, double timeout_s);

/* ---- Pipe ------------------------------------------------------------------------------------ */

/* One end of a pipe.  Messages of any size arrive whole and in order. */
typedef struct parmap_connection {
    parmap_handle inbox;  /* the queue that this end receives from */
    parmap_handle outbox; /* and that it sends to */
} parmap_connection;

/* duplex: both ends send and receive; else `receiver` only receives and `sender` only sends. */
PARMAP_API parmap_status parmap_pipe_create(parmap_connection *receiver, parmap_connection *sender,
                                            bool duplex);

/* Waits for a place when many messages are under way (PARMAP_FULL after the time).  PARMAP_CLOSED:
 * the other end was closed.  PARMAP_USAGE: this end was closed, or does not send. */
PARMAP_API parmap_status parmap_connection_send(const parmap_connection *connection,
                                                const void *message, size_t bytes,
                                                double timeout_s);

/* As parmap_queue_get.  PARMAP_CLOSED: the other end was closed and everything it sent was
 * received. */
PARMAP_API parmap_status parmap_connection_receive(const parmap_connection *connection,
                                                   void *message, size_t capacity, size_t *bytes,
                                                   double timeout_s);

/* *ready = receive would not wait: there is a message, or the end.  Waits for it up to the time. */
PARMAP_API parmap_status parmap_connection_poll(const parmap_connection *connection,
                                                double timeout_s, bool *ready);

/* Closes this end, for all copies of it.  When both ends are closed the pipe is freed. */
PARMAP_API parmap_status parmap_connection_close(parmap_connection *connection);

/* ---- waiting for several --------------------------------------------------------------------- */

/* Exactly one of the three is set. */
typedef struct parmap_waitable {
    const parmap_queue *queue;           /* ready when get would not wait */
    const parmap_connection *connection; /* ready when receive would not wait */
    const parmap_event *event;           /* ready when set */
    bool ready;                          /* out */
} parmap_waitable;

/* Waits until one of them is ready, or several.  PARMAP_TIMED_OUT when none is. */
PARMAP_API parmap_status parmap_wait(parmap_waitable *objects, int64_t count, double timeout_s);

/* ---- names without a suffix ------------------------------------------------------------------ */

/* clang-format off */
/* The C types of elements, and their typecodes. */
#define PM_TYPECODES(X)                                                                            \
    X(char, 'c') X(signed char, 'b') X(unsigned char, 'B') X(short, 'h') X(unsigned short, 'H')    \
    X(int, 'i') X(unsigned int, 'I') X(long, 'l') X(unsigned long, 'L') X(long long, 'q')          \
    X(unsigned long long, 'Q') X(float, 'f') X(double, 'd')

#ifndef __cplusplus /* for that: parmap_cxx.h */
#define PM_BY_NUMBER(name, number)                                                                 \
    _Generic((number), float : name##_real, double : name##_real, default : name##_int)
#define PM_BY_POINTER(name, pointer)                                                               \
    _Generic((pointer), double * : name##_real, int64_t * : name##_int)
#define PM_TYPECODE_CASE(T, code) , T * : code, const T * : code
#define PM_TYPECODE(pointer) _Generic((pointer) PM_TYPECODES(PM_TYPECODE_CASE))
/* clang-format on */

#define parmap_value_create(value, typecode, initial)                                              \
    PM_BY_NUMBER(parmap_value_create, initial)(value, typecode, initial)
#define parmap_value_load(value, number) PM_BY_POINTER(parmap_value_load, number)(value, number)
#define parmap_value_store(value, number) PM_BY_NUMBER(parmap_value_store, number)(value, number)
#define parmap_value_add(value, number) PM_BY_NUMBER(parmap_value_add, number)(value, number)
#define parmap_value_fetch_add(value, number, before)                                              \
    PM_BY_POINTER(parmap_value_fetch_add, before)(value, number, before)
#define parmap_value_compare_swap(value, expected, desired, found)                                 \
    PM_BY_POINTER(parmap_value_compare_swap, found)(value, expected, desired, found)
#define parmap_array_load(array, index, number)                                                    \
    PM_BY_POINTER(parmap_array_load, number)(array, index, number)
#define parmap_array_store(array, index, number)                                                   \
    PM_BY_NUMBER(parmap_array_store, number)(array, index, number)
#define parmap_array_add(array, index, number)                                                     \
    PM_BY_NUMBER(parmap_array_add, number)(array, index, number)
#define parmap_array_fetch_add(array, index, number, before)                                       \
    PM_BY_POINTER(parmap_array_fetch_add, before)(array, index, number, before)

/* The C type of `elements` must be that of the array. */
#define parmap_array_read(array, first, count, elements)                                           \
    parmap_array_read_as(array, first, count, PM_TYPECODE(elements), elements)
#define parmap_array_write(array, first, count, elements)                                          \
    parmap_array_write_as(array, first, count, PM_TYPECODE(elements), elements)
#endif

#endif
