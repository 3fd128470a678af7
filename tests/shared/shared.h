/* What the tests of shared objects share: start and end, handles for all ranks, workers in several
 * layouts, clocks.  Each program runs at many rank counts and with every window backend, one rank
 * included: what it tests between ranks it then tests between threads. */
#ifndef SHARED_H
#define SHARED_H

#include "check.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* The time-out of waits that have to end: a bug then fails with a message instead of hanging. */
static const double shared_long_s = 30;

/* ---- statuses -------------------------------------------------------------------------------- */

static inline bool shared_check_status(const char *file, int line, const char *call,
                                       parmap_status actual, parmap_status expected)
{
    if (actual == expected)
        return true;
    char what[2048];
    snprintf(what, sizeof what, "%s (%s)", call, actual == PARMAP_OK ? "" : parmap_message());
    check_text(file, line, what, parmap_status_name(actual), parmap_status_name(expected));
    return false;
}

/* That a call returns this status; true when it did. */
#define CHECK_STATUS(call, status) shared_check_status(__FILE__, __LINE__, #call, (call), (status))
#define CHECK_OK(call) CHECK_STATUS(call, PARMAP_OK)

/* That a call fails with this status and a message that holds the words. */
#define CHECK_FAILS(call, status, words)                                                           \
    do {                                                                                           \
        if (CHECK_STATUS(call, status))                                                            \
            CHECK_HOLDS(parmap_message(), words);                                                  \
    } while (0)

/* Whether every use of a freed object is seen: not with rma in release builds, where the memory may
 * belong to something else by then, so that the test must not touch it. */
static inline bool shared_sees_stale(void)
{
#ifdef NDEBUG
    return strcmp(parmap_window(), "rma") != 0;
#else
    return true;
#endif
}

/* ---- ranks and handles ----------------------------------------------------------------------- */

/* Collective.  The handle of rank `root`, or of rank 0, everywhere. */
#define SHARE_FROM(handle, root) CHECK_OK(parmap_broadcast(&(handle), sizeof(handle), (root)))
#define SHARE(handle) SHARE_FROM(handle, 0)

/* A call of rank 0 alone that has to end well. */
#define ON_ROOT(call)                                                                              \
    do {                                                                                           \
        if (parmap_rank() == 0)                                                                    \
            CHECK_OK(call);                                                                        \
    } while (0)

/* Collective.  Rank 0 makes the object by `call`, everybody gets its handle. */
#define SHARE_NEW(handle, call)                                                                    \
    do {                                                                                           \
        memset(&(handle), 0, sizeof(handle));                                                      \
        ON_ROOT(call);                                                                             \
        SHARE(handle);                                                                             \
    } while (0)

/* Collective.  When all ranks have come, rank 0 frees the object by `call`. */
#define SHARE_FREE(call)                                                                           \
    do {                                                                                           \
        CHECK_OK(parmap_sync_all());                                                               \
        ON_ROOT(call);                                                                             \
    } while (0)

/* Collective.  The sum of everybody's number. */
static inline int64_t shared_sum(int64_t mine)
{
    CHECK_OK(parmap_sum(&mine, 1));
    return mine;
}

/* How often: with shm, and with the other backends, where a step is a message. */
static inline int64_t shared_count(int64_t shm_count, int64_t other_count)
{
    return strcmp(parmap_window(), "shm") == 0 ? shm_count : other_count;
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Seconds; the ranks of a node have the same clock. */
static inline double shared_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline void shared_sleep(double seconds)
{
    struct timespec rest = {.tv_sec = (time_t)seconds,
                            .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&rest, &rest) != 0)
        ;
}

/* Computes, without any call into parmap or MPI. */
static inline void shared_compute(double seconds)
{
    const double end = shared_now() + seconds;
    volatile double x = 1;
    while (shared_now() < end)
        for (int i = 0; i < 10000; i++)
            x = x * 1.0000001;
}

/* Whether a call took the time it was given, and came back: `begun` is from before it.  The upper
 * limit is for hangs only, since the machine may be busy. */
#define CHECK_TOOK(begun, at_least_s)                                                              \
    do {                                                                                           \
        const double took_s_ = shared_now() - (begun);                                             \
        CHECK(took_s_ >= (at_least_s));                                                            \
        CHECK(took_s_ < (at_least_s) + shared_long_s);                                             \
    } while (0)

/* ---- workers --------------------------------------------------------------------------------- */

/* Which rank a worker runs on; each has a thread of its own. */
typedef enum shared_layout {
    SHARED_RANKS,   /* worker w on rank w % size */
    SHARED_THREADS, /* all on the last rank */
    SHARED_MIXED,   /* two and two on a rank */
    SHARED_LAYOUTS
} shared_layout;

static inline int shared_place(shared_layout layout, int worker)
{
    const int size = parmap_size();
    if (layout == SHARED_THREADS)
        return size - 1;
    return (layout == SHARED_MIXED ? worker / 2 : worker) % size;
}

typedef struct shared_work {
    int (*place)(int worker, void *context);
    void (*work)(int worker, void *context);
    void *context;
    shared_layout layout;
} shared_work;

/* Each worker has a thread on every rank; the one on its place does the work. */
static inline void shared_work_part(int part, void *context)
{
    const shared_work *all = context;
    const int worker = part / parmap_size(), rank = part % parmap_size();
    const int place =
        all->place ? all->place(worker, all->context) : shared_place(all->layout, worker);
    if (place == rank)
        all->work(worker, all->context);
}

/* Collective.  Calls work(0, context) .. work(workers - 1, context), all at once, worker w on rank
 * place(w, context), and returns when all have returned. */
static inline void shared_run_at(int workers, int (*place)(int worker, void *context),
                                 void (*work)(int worker, void *context), void *context)
{
    shared_work all = {.place = place, .work = work, .context = context};
    CHECK_OK(parmap_run_workers(workers * parmap_size(), shared_work_part, &all));
}

/* The same in one of the layouts. */
static inline void shared_run_as(shared_layout layout, int workers,
                                 void (*work)(int worker, void *context), void *context)
{
    shared_work all = {.layout = layout, .work = work, .context = context};
    CHECK_OK(parmap_run_workers(workers * parmap_size(), shared_work_part, &all));
}

/* And on all ranks in turn. */
static inline void shared_run(int workers, void (*work)(int worker, void *context), void *context)
{
    CHECK_OK(parmap_run_workers(workers, work, context));
}

/* Collective.  Calls test(layout) for each layout that is another one at this number of ranks. */
static inline void shared_each_layout(void (*test)(shared_layout layout))
{
    const int layouts = parmap_size() > 1 ? SHARED_LAYOUTS : 1;
    for (int layout = 0; layout < layouts; layout++) {
        test((shared_layout)layout);
        CHECK_OK(parmap_sync_all());
    }
}

/* ---- the program ----------------------------------------------------------------------------- */

/* All cases in order, with all ranks in the same case. */
static inline int shared_main(int argc, char **argv, const check_case *cases, size_t count)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    check_set_rank(parmap_rank());
    int code = count > 0 ? 0 : 1;
    for (size_t i = 0; i < count; i++) {
        if (check_main(&cases[i], 1) != 0)
            code = 1;
        PARMAP_MUST(parmap_sync_all());
    }
    const int finish_code = parmap_finish();
    return code != 0 ? code : finish_code;
}

#define SHARED_MAIN(cases)                                                                         \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return shared_main(argc, argv, cases, sizeof cases / sizeof *cases);                       \
    }

#endif
