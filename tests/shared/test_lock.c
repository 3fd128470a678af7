/* Lock and RLock: exclusion, one winner, recursion, fairness. */
#include "shared/locks.h"

#include <stdatomic.h>

/* ---- one executor ---------------------------------------------------------------------------- */

/* Each rank in turn, on the lock of rank 0 and on one of its own. */
static void taken_and_given(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        begin(kinds[kind], 1);
        for (int turn = 0; turn < parmap_size(); turn++) {
            CHECK_OK(parmap_sync_all());
            if (parmap_rank() != turn)
                continue;
            CHECK(!is_locked());
            CHECK_OK(parmap_lock_acquire(&job.lock, 0));
            CHECK(is_locked());
            CHECK_OK(parmap_lock_release(&job.lock));
            CHECK(!is_locked());
            CHECK(try_lock());
            CHECK_OK(parmap_lock_release(&job.lock));
            CHECK_OK(parmap_lock_acquire(&job.lock, PARMAP_FOREVER));
            CHECK_OK(parmap_lock_release(&job.lock));
        }
        CHECK_OK(parmap_sync_all());
        end();
    }
}

static void recursion(void)
{
    enum { DEEPEST = 1023 };
    parmap_lock lock;
    bool held = false;
    CHECK_OK(parmap_rlock_create(&lock));
    for (int depth = 1; depth <= DEEPEST; depth++)
        if (!CHECK_OK(parmap_lock_acquire(&lock, 0)))
            break;
    CHECK_STATUS(parmap_lock_acquire(&lock, 0), PARMAP_USAGE);
    for (int depth = DEEPEST; depth >= 1; depth--) {
        CHECK_OK(parmap_lock_locked(&lock, &held));
        if (!held || !CHECK_OK(parmap_lock_release(&lock)))
            break;
    }
    CHECK(held);
    CHECK_OK(parmap_lock_locked(&lock, &held));
    CHECK(!held);
    CHECK_STATUS(parmap_lock_release(&lock), PARMAP_USAGE);
    CHECK_OK(parmap_lock_try(&lock, &held));
    CHECK(held);
    CHECK_OK(parmap_lock_release(&lock));
    CHECK_OK(parmap_lock_free(&lock));
}

static void with(void)
{
    begin(parmap_rlock_create, 1);
    int inside = 0;
    for (int i = 0; i < 10; i++)
        PARMAP_WITH(&job.lock) {
            CHECK(try_lock()); /* it is this executor's */
            CHECK_OK(parmap_lock_release(&job.lock));
            CHECK_OK(parmap_value_store(&job.counter, counter() + 1));
            inside++;
        }
    CHECK_INT(inside, 10);
    CHECK_STATUS(parmap_lock_release(&job.lock), PARMAP_USAGE); /* it was given back */
    CHECK_OK(parmap_sync_all());
    CHECK_INT(counter(), 10 * parmap_size());
    end();
}

/* The inner lock is given back first. */
static void with_two(void)
{
    begin(parmap_lock_create, 1);
    parmap_lock own;
    bool held = false;
    CHECK_OK(parmap_lock_create(&own));
    PARMAP_WITH(&own) {
        PARMAP_WITH(&job.lock)
            CHECK_OK(parmap_value_store(&job.counter, counter() + 1));
        CHECK_OK(parmap_lock_locked(&own, &held));
        CHECK(held);
        CHECK_STATUS(parmap_lock_release(&job.lock), PARMAP_USAGE);
    }
    CHECK_OK(parmap_lock_locked(&own, &held));
    CHECK(!held);
    CHECK_OK(parmap_lock_free(&own));
    CHECK_OK(parmap_sync_all());
    CHECK_INT(counter(), parmap_size());
    end();
}

/* ---- exclusion ------------------------------------------------------------------------------- */

static void check_exclusion(create_lock *create, shared_layout layout, int workers, int64_t rounds)
{
    begin(create, workers);
    job.rounds = rounds / workers;
    shared_run_as(layout, workers, increment, NULL);
    CHECK_INT(counter(), job.rounds * workers);
    end();
}

static void a_million_increments(void)
{
    check_exclusion(parmap_lock_create, SHARED_RANKS, parmap_size() + 1,
                    shared_count(1000000, 10000));
}

static void exclusion_in(shared_layout layout)
{
    check_exclusion(parmap_lock_create, layout, 4, shared_count(40000, 800));
    check_exclusion(parmap_rlock_create, layout, 4, shared_count(40000, 800));
}

static void exclusion(void)
{
    shared_each_layout(exclusion_in);
}

/* Depth 3, with what goes on inside checked at each level. */
static void increment_deep(int worker, void *context)
{
    (void)worker, (void)context;
    for (int64_t i = 0; i < job.rounds; i++) {
        CHECK_OK(parmap_lock_acquire(&job.lock, shared_long_s));
        const int64_t before = counter();
        CHECK_OK(parmap_lock_acquire(&job.lock, 0));
        CHECK(try_lock());
        CHECK_OK(parmap_lock_release(&job.lock));
        CHECK_OK(parmap_lock_release(&job.lock));
        CHECK_OK(parmap_value_store(&job.counter, before + 1));
        CHECK_OK(parmap_lock_release(&job.lock));
    }
}

static void deep_exclusion(void)
{
    const int workers = parmap_size() + 2;
    begin(parmap_rlock_create, workers);
    job.rounds = shared_count(2000, 20);
    shared_run_as(SHARED_MIXED, workers, increment_deep, NULL);
    CHECK_INT(counter(), job.rounds * workers);
    end();
}

/* ---- one winner ------------------------------------------------------------------------------ */

enum { MOST_ROUNDS = 300 };
static atomic_int winners[MOST_ROUNDS];

/* Nobody releases before all have tried. */
static void compete(int worker, void *context)
{
    (void)worker, (void)context;
    for (int64_t i = 0; i < job.rounds; i++) {
        meet();
        const bool won = try_lock();
        winners[i] += won;
        meet();
        if (won)
            CHECK_OK(parmap_lock_release(&job.lock));
    }
}

static void one_winner_in(shared_layout layout)
{
    for (int kind = 0; kind < KINDS; kind++) {
        int64_t sums[MOST_ROUNDS];
        memset(winners, 0, sizeof winners);
        begin(kinds[kind], 4);
        job.rounds = shared_count(MOST_ROUNDS, 10);
        shared_run_as(layout, 4, compete, NULL);
        for (int i = 0; i < MOST_ROUNDS; i++)
            sums[i] = winners[i];
        CHECK_OK(parmap_sum(sums, MOST_ROUNDS));
        for (int64_t i = 0; i < job.rounds; i++)
            CHECK_INT(sums[i], 1);
        end();
    }
}

static void one_winner(void)
{
    shared_each_layout(one_winner_in);
}

/* ---- fairness -------------------------------------------------------------------------------- */

/* Worker 0 takes the lock again and again, without a pause, as long as the others have not had it
 * three times each. */
static void hog(int worker, void *context)
{
    (void)context;
    const int64_t wanted = 3 * (job.workers - 1);
    const double begun = shared_now();
    if (worker == 0)
        while (counter() < wanted && shared_now() - begun < 2 * shared_long_s) {
            CHECK_OK(parmap_lock_acquire(&job.lock, shared_long_s));
            CHECK_OK(parmap_lock_release(&job.lock));
        }
    else
        for (int i = 0; i < 3; i++) {
            if (!CHECK_OK(parmap_lock_acquire(&job.lock, shared_long_s)))
                return;
            CHECK_OK(parmap_value_add(&job.counter, 1));
            CHECK_OK(parmap_lock_release(&job.lock));
        }
}

static void fairness_in(shared_layout layout)
{
    for (int kind = 0; kind < KINDS; kind++) {
        begin(kinds[kind], 3);
        shared_run_as(layout, 3, hog, NULL);
        CHECK_INT(counter(), 6);
        end();
    }
}

static void fairness(void)
{
    shared_each_layout(fairness_in);
}

static const check_case cases[] = {
    {"taken and given back", taken_and_given},
    {"recursion to depth 1023", recursion},
    {"PARMAP_WITH", with},
    {"PARMAP_WITH in PARMAP_WITH", with_two},
    {"exclusion", exclusion},
    {"exclusion in recursion", deep_exclusion},
    {"10^6 contended increments (10^4)", a_million_increments},
    {"exactly one winner of a free lock", one_winner},
    {"a waiter gets past a greedy one", fairness},
};

SHARED_MAIN(cases)
