/* parmap_run_workers: each worker once, on its rank, on a thread of its own, all at once. */
#include "shared/shared.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { MOST_WORKERS = 64 };

/* What the workers of this rank write; summed over the ranks afterwards. */
static atomic_int calls[MOST_WORKERS], wrong_rank, wrong_context;
static parmap_barrier barrier;

static void clear(void)
{
    for (int worker = 0; worker < MOST_WORKERS; worker++)
        calls[worker] = 0;
    wrong_rank = wrong_context = 0;
}

static void note(int worker, void *context)
{
    calls[worker]++;
    wrong_rank += worker % parmap_size() != parmap_rank();
    wrong_context += context != &calls;
}

static void check_calls(int workers)
{
    int64_t sums[MOST_WORKERS];
    for (int worker = 0; worker < MOST_WORKERS; worker++)
        sums[worker] = calls[worker];
    CHECK_OK(parmap_sum(sums, MOST_WORKERS));
    for (int worker = 0; worker < MOST_WORKERS; worker++)
        CHECK_INT(sums[worker], worker < workers ? 1 : 0);
    CHECK_INT(wrong_rank, 0);
    CHECK_INT(wrong_context, 0);
}

static void each_once(void)
{
    const int counts[] = {0, 1, 2, 3, parmap_size(), parmap_size() + 1, 4 * parmap_size() + 1};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        clear();
        CHECK_OK(parmap_run_workers(counts[i], note, &calls));
        check_calls(counts[i]);
    }
    CHECK_FAILS(parmap_run_workers(-1, note, NULL), PARMAP_USAGE, "-1");
}

static void meet(int worker, void *context)
{
    int64_t index = -1;
    (void)context;
    if (CHECK_OK(parmap_barrier_wait(&barrier, shared_long_s, &index)))
        calls[worker]++;
}

/* They could not pass a barrier for all of them one after the other. */
static void all_at_once(void)
{
    const int workers = 2 * parmap_size() + 1;
    clear();
    SHARE_NEW(barrier, parmap_barrier_create(&barrier, workers, NULL));
    shared_run(workers, meet, NULL);
    check_calls(workers);
    SHARE_FREE(parmap_barrier_free(&barrier));
}

static _Thread_local int mine;
static int *threads[MOST_WORKERS];

static void leave_trace(int worker, void *context)
{
    mine = worker;
    threads[worker] = &mine;
    meet(worker, context); /* so that no thread takes the place of one that has ended */
}

static void own_threads(void)
{
    const int workers = 3 * parmap_size();
    clear();
    memset(threads, 0, sizeof threads);
    SHARE_NEW(barrier, parmap_barrier_create(&barrier, workers, NULL));
    shared_run(workers, leave_trace, NULL);
    for (int w = parmap_rank(); w < workers; w += parmap_size()) {
        CHECK(threads[w] != NULL && threads[w] != &mine);
        for (int other = parmap_rank(); other < w; other += parmap_size())
            CHECK(threads[w] != threads[other]);
    }
    SHARE_FREE(parmap_barrier_free(&barrier));
}

static void be_late(int worker, void *context)
{
    double *left = context;
    if (worker != 0)
        return;
    shared_sleep(0.05);
    *left = shared_now();
}

/* Nobody returns before the last worker has. */
static void returns_when_all_have(void)
{
    double left = 0;
    shared_run(2, be_late, &left);
    const double returned = shared_now();
    SHARE(left);
    CHECK(returned >= left);
}

/* Threads give back what they had: more of them, one after the other, than can be there at once. */
static void many_runs(void)
{
    const int64_t rounds = shared_count(400, 20);
    clear();
    for (int64_t i = 0; i < rounds; i++)
        CHECK_OK(parmap_run_workers(3, note, &calls));
    int64_t sum = 0;
    for (int worker = 0; worker < 3; worker++)
        sum += calls[worker];
    CHECK_INT(shared_sum(sum), 3 * rounds);
}

static void lock_once(int worker, void *context)
{
    (void)worker;
    const parmap_lock *lock = context;
    CHECK_OK(parmap_lock_acquire(lock, shared_long_s));
    CHECK_OK(parmap_lock_release(lock));
}

/* With shm 1,500 threads of a rank use shared objects, a few at a time: none is one too many. */
static void more_threads_than_executors(void)
{
    parmap_lock lock;
    SHARE_NEW(lock, parmap_lock_create(&lock));
    const int64_t rounds = shared_count(1500 / 5, 5);
    for (int64_t i = 0; i < rounds; i++)
        shared_run(5 * parmap_size(), lock_once, &lock);
    bool locked = true;
    CHECK_OK(parmap_lock_locked(&lock, &locked));
    CHECK(!locked);
    SHARE_FREE(parmap_lock_free(&lock));
}

/* Main threads wait for their workers without keeping them from anything collective in between. */
static void sums_between(void)
{
    for (int64_t i = 0; i < 5; i++) {
        clear();
        CHECK_OK(parmap_run_workers(parmap_size(), note, &calls));
        CHECK_INT(shared_sum(calls[parmap_rank()]), parmap_size());
    }
}

static const check_case cases[] = {
    {"each worker once, on its rank", each_once},
    {"all at once", all_at_once},
    {"each on a thread of its own", own_threads},
    {"returns when all have returned", returns_when_all_have},
    {"many runs", many_runs},
    {"more threads than there can be at once", more_threads_than_executors},
    {"sums between", sums_between},
};

SHARED_MAIN(cases)
