/* Lock and RLock when they do not get it: time-outs, wrong use, bad handles. */
#include "shared/locks.h"

#include <unistd.h>

/* ---- time-outs ------------------------------------------------------------------------------- */

/* What a time-out's message has to tell of the owner, worker 0; since when only after a wait. */
static void check_names_owner(int owner_rank, bool since)
{
    char words[300], node[256] = "";
    gethostname(node, sizeof node - 1);
    snprintf(words, sizeof words, "rank %d on %s", owner_rank, node);
    CHECK_HOLDS(parmap_message(), words);
    CHECK_HOLDS(parmap_message(), "thread");
    if (since)
        CHECK_HOLDS(parmap_message(), "since");
}

/* Worker 0 holds the lock; the others give up, and get it at last. */
static void give_up(int worker, void *context)
{
    const shared_layout layout = *(const shared_layout *)context;
    if (worker == 0)
        CHECK_OK(parmap_lock_acquire(&job.lock, 0));
    meet();
    if (worker != 0) {
        static const double limits[] = {-1, 0, 0.02, 0.1};
        for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
            const double begun = shared_now();
            CHECK_STATUS(parmap_lock_acquire(&job.lock, limits[i]), PARMAP_TIMED_OUT);
            CHECK_TOOK(begun, limits[i]);
            check_names_owner(shared_place(layout, 0), limits[i] > 0);
        }
        CHECK(!try_lock());
        CHECK(is_locked());
    }
    meet();
    if (worker == 0)
        CHECK_OK(parmap_lock_release(&job.lock));
    else if (CHECK_OK(parmap_lock_acquire(&job.lock, shared_long_s)))
        CHECK_OK(parmap_lock_release(&job.lock));
}

static void time_outs_in(shared_layout layout)
{
    for (int kind = 0; kind < KINDS; kind++) {
        begin(kinds[kind], 3);
        shared_run_as(layout, 3, give_up, &layout);
        end();
    }
}

static void time_outs(void)
{
    shared_each_layout(time_outs_in);
}

/* Waiters that come and go with short time-outs leave nothing behind that keeps others out. */
static void flicker(int worker, void *context)
{
    const double limit = 0.0002 * (worker + 1);
    int64_t *got = context, mine = 0;
    for (int64_t i = 0; i < job.rounds; i++) {
        const parmap_status status = parmap_lock_acquire(&job.lock, limit);
        if (status != PARMAP_TIMED_OUT && !CHECK_OK(status))
            return;
        if (status != PARMAP_OK)
            continue;
        CHECK_OK(parmap_value_store(&job.counter, counter() + 1));
        shared_sleep(limit);
        CHECK_OK(parmap_lock_release(&job.lock));
        mine++;
    }
    __atomic_fetch_add(got, mine, __ATOMIC_RELAXED);
}

static void short_time_outs(void)
{
    int64_t got = 0;
    const int workers = parmap_size() + 2;
    begin(parmap_lock_create, workers);
    job.rounds = shared_count(100, 20);
    shared_run(workers, flicker, &got);
    CHECK_INT(counter(), shared_sum(got));
    end();
}

/* ---- wrong use ------------------------------------------------------------------------------- */

static void own_lock_again(void)
{
    parmap_lock lock;
    bool acquired = true;
    CHECK_OK(parmap_lock_create(&lock));
    CHECK_OK(parmap_lock_acquire(&lock, 0));
    const double begun = shared_now();
    CHECK_FAILS(parmap_lock_acquire(&lock, PARMAP_FOREVER), PARMAP_DEADLOCK, "already");
    CHECK_FAILS(parmap_lock_acquire(&lock, 1), PARMAP_DEADLOCK, "already");
    CHECK_TOOK(begun, 0);
    CHECK_OK(parmap_lock_try(&lock, &acquired));
    CHECK(!acquired);
    CHECK_OK(parmap_lock_release(&lock));
    CHECK_STATUS(parmap_lock_release(&lock), PARMAP_USAGE);
    CHECK_OK(parmap_lock_free(&lock));
}

static void release_of_another(int worker, void *context)
{
    (void)context;
    if (worker == 0)
        CHECK_OK(parmap_lock_acquire(&job.lock, 0));
    meet();
    if (worker != 0) {
        CHECK_FAILS(parmap_lock_release(&job.lock), PARMAP_USAGE, "rank");
        CHECK(is_locked());
        CHECK(!try_lock());
    }
    meet();
    if (worker == 0) {
        CHECK_OK(parmap_lock_release(&job.lock));
        CHECK_STATUS(parmap_lock_release(&job.lock), PARMAP_USAGE);
    }
    meet();
    CHECK_STATUS(parmap_lock_release(&job.lock), PARMAP_USAGE);
    meet();
    increment(worker, context); /* it still excludes */
}

static void wrong_releases_in(shared_layout layout)
{
    for (int kind = 0; kind < KINDS; kind++) {
        begin(kinds[kind], 3);
        job.rounds = 50;
        shared_run_as(layout, 3, release_of_another, NULL);
        CHECK_INT(counter(), 3 * job.rounds);
        end();
    }
}

static void wrong_releases(void)
{
    shared_each_layout(wrong_releases_in);
}

static void check_refused(const parmap_lock *lock, parmap_status status)
{
    bool flag = false;
    CHECK_STATUS(parmap_lock_acquire(lock, 0), status);
    CHECK_STATUS(parmap_lock_try(lock, &flag), status);
    CHECK_STATUS(parmap_lock_release(lock), status);
    CHECK_STATUS(parmap_lock_locked(lock, &flag), status);
    parmap_lock copy = *lock;
    CHECK_STATUS(parmap_lock_free(&copy), status);
}

static void bad_handles(void)
{
    parmap_lock lock = {{0}};
    check_refused(&lock, PARMAP_USAGE);
    memset(&lock, 0xff, sizeof lock);
    check_refused(&lock, PARMAP_USAGE);
    memset(&lock, 0x5a, sizeof lock);
    check_refused(&lock, PARMAP_USAGE);

    parmap_value value;
    CHECK_OK(parmap_value_create(&value, 'i', 1));
    lock.handle = value.handle;
    check_refused(&lock, PARMAP_USAGE);
    CHECK_OK(parmap_value_free(&value));
    CHECK_STATUS(parmap_lock_acquire(NULL, 0), PARMAP_USAGE);
}

/* Memory that no lock was ever made in. */
static void handles_to_nowhere(void)
{
    parmap_lock lock;
    CHECK_OK(parmap_lock_create(&lock));
    parmap_lock wrong = lock;
    wrong.handle.rank = (uint32_t)parmap_size();
    check_refused(&wrong, PARMAP_USAGE);
    wrong = lock;
    wrong.handle.offset = UINT64_C(1) << 60;
    check_refused(&wrong, PARMAP_USAGE);
    CHECK_OK(parmap_lock_free(&lock));
}

/* Copies of a freed handle are worth nothing on any rank, also when the place is used again. */
static void use_after_free(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        parmap_lock old, copy, again;
        SHARE_NEW(old, kinds[kind](&old));
        copy = old;
        SHARE_FREE(parmap_lock_free(&old));
        if (parmap_rank() == 0)
            check_refused(&old, PARMAP_USAGE); /* cleared */
        CHECK_OK(parmap_sync_all());
        if (shared_sees_stale())
            check_refused(&copy, PARMAP_STALE);
        SHARE_NEW(again, kinds[kind](&again));
        if (shared_sees_stale())
            check_refused(&copy, PARMAP_STALE);
        SHARE_FREE(parmap_lock_free(&again));
    }
}

/* Any rank frees it. */
static void freed_elsewhere(void)
{
    parmap_lock lock;
    for (int home = 0; home < parmap_size(); home++) {
        if (parmap_rank() == home)
            CHECK_OK(parmap_lock_create(&lock));
        SHARE_FROM(lock, home);
        if (parmap_rank() == (home + 1) % parmap_size()) {
            CHECK_OK(parmap_lock_acquire(&lock, 1));
            CHECK_OK(parmap_lock_release(&lock));
            CHECK_OK(parmap_lock_free(&lock));
        }
        CHECK_OK(parmap_sync_all());
    }
}

static const check_case cases[] = {
    {"time-outs name the owner", time_outs},
    {"short time-outs", short_time_outs},
    {"a lock that one has is a deadlock at once", own_lock_again},
    {"wrong releases leave the lock intact", wrong_releases},
    {"bad handles", bad_handles},
    {"handles to nowhere", handles_to_nowhere},
    {"use after free", use_after_free},
    {"freed by another rank", freed_elsewhere},
};

SHARED_MAIN(cases)
