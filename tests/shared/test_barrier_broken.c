/* Barrier: time-outs, abort, reset, and what it is good for afterwards. */
#include "shared/barriers.h"

static void until_waiting(int64_t wanted)
{
    const double begun = shared_now();
    while (waiting() < wanted && shared_now() - begun < shared_long_s)
        shared_sleep(0.001);
    CHECK_INT(waiting(), wanted);
}

/* Waits for a value of the case, with which one worker tells the others something. */
static void until(const parmap_value *value, int64_t wanted)
{
    const double begun = shared_now();
    while (number_in(value) < wanted && shared_now() - begun < shared_long_s)
        shared_sleep(0.001);
    CHECK_INT(number_in(value), wanted);
}

static parmap_status wait_long(void)
{
    return parmap_barrier_wait(&job.barrier, shared_long_s, NULL);
}

/* All parties pass. */
static void pass(int worker, void *context)
{
    int64_t index = -1;
    (void)worker, (void)context;
    CHECK_OK(parmap_barrier_wait(&job.barrier, shared_long_s, &index));
    CHECK(index >= 0 && index < job.parties);
}

/* Collective.  A barrier that was reset is as new. */
static void check_as_new(shared_layout layout)
{
    CHECK(!is_broken());
    CHECK_INT(waiting(), 0);
    CHECK_OK(parmap_sync_all());
    for (int round = 0; round < 3; round++)
        shared_run_as(layout, (int)job.parties, pass, NULL);
    CHECK(!is_broken());
    CHECK_INT(waiting(), 0);
}

/* ---- time-outs ------------------------------------------------------------------------------- */

enum { PARTIES = 4 };

/* One party is missing; the first whose time is over breaks it for all. */
static void lack_one(int worker, void *context)
{
    (void)context;
    if (worker == 0) {
        until_waiting(PARTIES - 2);
        const double begun = shared_now();
        CHECK_FAILS(parmap_barrier_wait(&job.barrier, 0.05, NULL), PARMAP_BROKEN, "3 of 4");
        CHECK_TOOK(begun, 0.05);
    } else {
        CHECK_FAILS(wait_long(), PARMAP_BROKEN, "4");
    }
    CHECK(is_broken());
    const double begun = shared_now();
    CHECK_FAILS(wait_long(), PARMAP_BROKEN, "broken");
    CHECK(shared_now() - begun < shared_long_s); /* it did not wait */
}

static void time_outs_in(shared_layout layout)
{
    begin(PARTIES, NULL);
    shared_run_as(layout, PARTIES - 1, lack_one, NULL);
    CHECK_OK(parmap_sync_all());
    ON_ROOT(parmap_barrier_reset(&job.barrier));
    CHECK_OK(parmap_sync_all());
    check_as_new(layout);
    end();
}

static void time_outs(void)
{
    shared_each_layout(time_outs_in);
}

/* Not waiting at all is a time-out too, unless the caller is the last. */
static void no_time_at_all(void)
{
    begin(2, NULL);
    if (parmap_rank() == 0) {
        CHECK_STATUS(parmap_barrier_wait(&job.barrier, 0, NULL), PARMAP_BROKEN);
        CHECK(is_broken());
        CHECK_OK(parmap_barrier_reset(&job.barrier));
        CHECK_STATUS(parmap_barrier_wait(&job.barrier, -1, NULL), PARMAP_BROKEN);
        CHECK_OK(parmap_barrier_reset(&job.barrier));
        CHECK(!is_broken());
    }
    CHECK_OK(parmap_sync_all());
    end();
}

/* ---- abort ----------------------------------------------------------------------------------- */

static void wait_or_abort(int worker, void *context)
{
    (void)context;
    if (worker == 0) {
        until_waiting(PARTIES - 1);
        CHECK_OK(parmap_barrier_abort(&job.barrier));
    } else {
        CHECK_FAILS(wait_long(), PARMAP_BROKEN, "abort");
    }
    CHECK(is_broken());
    CHECK_STATUS(wait_long(), PARMAP_BROKEN); /* also who comes later */
}

static void aborts_in(shared_layout layout)
{
    begin(PARTIES, NULL);
    shared_run_as(layout, PARTIES, wait_or_abort, NULL);
    CHECK_OK(parmap_sync_all());
    if (parmap_rank() == parmap_size() - 1) {
        CHECK_OK(parmap_barrier_abort(&job.barrier)); /* twice is once */
        CHECK(is_broken());
        CHECK_OK(parmap_barrier_reset(&job.barrier));
    }
    CHECK_OK(parmap_sync_all());
    check_as_new(layout);
    end();
}

static void aborts(void)
{
    shared_each_layout(aborts_in);
}

/* ---- reset ----------------------------------------------------------------------------------- */

/* Those that wait are sent away; then all meet at the same barrier. */
static void wait_or_reset(int worker, void *context)
{
    (void)context;
    if (worker == 0) {
        until_waiting(PARTIES - 1);
        CHECK_OK(parmap_barrier_reset(&job.barrier));
        CHECK(!is_broken());
    } else {
        CHECK_FAILS(wait_long(), PARMAP_BROKEN, "reset");
    }
    CHECK_OK(wait_long());
}

static void resets_in(shared_layout layout)
{
    begin(PARTIES, NULL);
    shared_run_as(layout, PARTIES, wait_or_reset, NULL);
    check_as_new(layout);
    CHECK_OK(parmap_sync_all());
    ON_ROOT(parmap_barrier_reset(&job.barrier)); /* with nobody there it does nothing */
    CHECK_OK(parmap_sync_all());
    check_as_new(layout);
    end();
}

static void resets(void)
{
    shared_each_layout(resets_in);
}

/* Abort, then reset, over and over, while others wait: they get BROKEN or pass with all the others,
 * and nobody waits for ever. */
static void endure(int worker, void *context)
{
    const int64_t rounds = shared_count(100, 10);
    (void)context;
    if (worker == 0) {
        for (int64_t i = 0; i < rounds; i++) {
            shared_sleep(0.0003);
            CHECK_OK(parmap_barrier_abort(&job.barrier));
            CHECK_OK(parmap_barrier_reset(&job.barrier));
        }
        CHECK_OK(parmap_value_store(&job.first, 1));
        until(&job.second, PARTIES - 1);
        return;
    }
    while (number_in(&job.first) == 0) {
        const parmap_status status = parmap_barrier_wait(&job.barrier, 0.01, NULL);
        CHECK(status == PARMAP_BROKEN || status == PARMAP_OK);
    }
    CHECK_OK(parmap_value_add(&job.second, 1));
}

static void abort_and_reset_in(shared_layout layout)
{
    begin(PARTIES - 1, NULL);
    shared_run_as(layout, PARTIES, endure, NULL);
    CHECK_OK(parmap_sync_all());
    ON_ROOT(parmap_barrier_reset(&job.barrier));
    CHECK_OK(parmap_sync_all());
    check_as_new(layout);
    end();
}

static void abort_and_reset(void)
{
    shared_each_layout(abort_and_reset_in);
}

/* ---- wrong use ------------------------------------------------------------------------------- */

static void check_refused(const parmap_barrier *barrier, parmap_status status)
{
    bool flag = false;
    int64_t number = 0;
    CHECK_STATUS(parmap_barrier_wait(barrier, 0, NULL), status);
    CHECK_STATUS(parmap_barrier_abort(barrier), status);
    CHECK_STATUS(parmap_barrier_reset(barrier), status);
    CHECK_STATUS(parmap_barrier_waiting(barrier, &number), status);
    CHECK_STATUS(parmap_barrier_broken(barrier, &flag), status);
    parmap_barrier copy = *barrier;
    CHECK_STATUS(parmap_barrier_free(&copy), status);
}

static void bad_handles(void)
{
    parmap_barrier barrier = {{0}}, copy;
    check_refused(&barrier, PARMAP_USAGE);
    memset(&barrier, 0xff, sizeof barrier);
    check_refused(&barrier, PARMAP_USAGE);
    CHECK_STATUS(parmap_barrier_create(&barrier, 0, NULL), PARMAP_USAGE);
    CHECK_STATUS(parmap_barrier_create(&barrier, -1, NULL), PARMAP_USAGE);
    CHECK_STATUS(parmap_barrier_create(&barrier, INT64_C(1) << 31, NULL), PARMAP_USAGE);

    parmap_lock lock;
    CHECK_OK(parmap_lock_create(&lock));
    barrier.handle = lock.handle;
    check_refused(&barrier, PARMAP_USAGE);
    CHECK_OK(parmap_lock_free(&lock));

    SHARE_NEW(barrier, parmap_barrier_create(&barrier, 2, NULL));
    copy = barrier;
    SHARE_FREE(parmap_barrier_free(&barrier));
    CHECK_OK(parmap_sync_all());
    if (shared_sees_stale())
        check_refused(&copy, PARMAP_STALE);
}

static const check_case cases[] = {
    {"a time-out breaks it for all", time_outs},
    {"no time at all", no_time_at_all},
    {"abort", aborts},
    {"reset", resets},
    {"abort and reset while others wait", abort_and_reset},
    {"bad handles", bad_handles},
};

SHARED_MAIN(cases)
