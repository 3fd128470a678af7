/* Event: set wakes all, also if it is cleared at once. */
#include "shared/shared.h"

#include <sched.h>

/* What the workers of a case use; the handles are the same on all ranks. */
static struct {
    parmap_event event, answer;
    parmap_value ready, done, passed;
    parmap_barrier barrier;
} job;

static bool is_set(void)
{
    bool set = false;
    CHECK_OK(parmap_event_is_set(&job.event, &set));
    return set;
}

/* Collective.  Makes what a case uses. */
static void begin(int workers)
{
    SHARE_NEW(job.event, parmap_event_create(&job.event));
    SHARE_NEW(job.answer, parmap_event_create(&job.answer));
    SHARE_NEW(job.ready, parmap_value_create(&job.ready, 'q', 0));
    SHARE_NEW(job.done, parmap_value_create(&job.done, 'q', 0));
    SHARE_NEW(job.passed, parmap_value_create(&job.passed, 'q', 0));
    SHARE_NEW(job.barrier, parmap_barrier_create(&job.barrier, workers, NULL));
}

static void end(void)
{
    SHARE_FREE(parmap_event_free(&job.event));
    ON_ROOT(parmap_event_free(&job.answer));
    ON_ROOT(parmap_value_free(&job.ready));
    ON_ROOT(parmap_value_free(&job.done));
    ON_ROOT(parmap_value_free(&job.passed));
    ON_ROOT(parmap_barrier_free(&job.barrier));
}

static void meet(void)
{
    CHECK_OK(parmap_barrier_wait(&job.barrier, shared_long_s, NULL));
}

/* Whether the value gets there in time. */
static bool reaches(const parmap_value *value, int64_t wanted, double limit_s)
{
    int64_t number = -1;
    const double begun = shared_now();
    while (CHECK_OK(parmap_value_load(value, &number)) && number < wanted &&
           shared_now() - begun < limit_s)
        shared_sleep(0.001);
    return number == wanted;
}

/* Each rank in turn. */
static void set_and_clear(void)
{
    begin(1);
    for (int turn = 0; turn < parmap_size(); turn++) {
        CHECK_OK(parmap_sync_all());
        if (parmap_rank() != turn)
            continue;
        CHECK(!is_set());
        CHECK_STATUS(parmap_event_wait(&job.event, 0), PARMAP_TIMED_OUT);
        CHECK_OK(parmap_event_set(&job.event));
        CHECK(is_set());
        CHECK_OK(parmap_event_wait(&job.event, 0));
        CHECK_OK(parmap_event_wait(&job.event, PARMAP_FOREVER));
        CHECK_OK(parmap_event_set(&job.event)); /* twice is once */
        CHECK(is_set());
        CHECK_OK(parmap_event_clear(&job.event));
        CHECK(!is_set());
        CHECK_OK(parmap_event_clear(&job.event));
        CHECK(!is_set());
        CHECK_STATUS(parmap_event_wait(&job.event, -1), PARMAP_TIMED_OUT);
    }
    CHECK_OK(parmap_sync_all());
    end();
}

/* ---- set wakes all --------------------------------------------------------------------------- */

enum { WAITERS = 5 };

static void wait_or_set(int worker, void *context)
{
    (void)context;
    if (worker == 0) {
        CHECK(reaches(&job.ready, WAITERS, shared_long_s));
        CHECK_OK(parmap_event_set(&job.event));
    } else {
        CHECK_OK(parmap_value_add(&job.ready, 1));
        CHECK_OK(parmap_event_wait(&job.event, shared_long_s));
    }
    CHECK(is_set());
}

static void wakes_all_in(shared_layout layout)
{
    begin(WAITERS + 1);
    shared_run_as(layout, WAITERS + 1, wait_or_set, NULL);
    end();
}

static void wakes_all(void)
{
    shared_each_layout(wakes_all_in);
}

/* ---- set and cleared at once ----------------------------------------------------------------- */

enum { ATTEMPTS = 3 };

/* As a batch thread it takes no core from the setter when it is woken, so that it finds the event
 * cleared again. */
static void wait_for_pulse(void)
{
    CHECK_INT(sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0}), 0);
    CHECK_OK(parmap_value_add(&job.ready, 1));
    CHECK_OK(parmap_event_wait(&job.event, shared_long_s));
    CHECK_OK(parmap_value_add(&job.done, 1));
}

/* Whether all that wait go on when the event is set for no time at all.  That they wait cannot be
 * seen, so they are given some time for it after they have said that they will. */
static void give_pulse(int attempt)
{
    static const double patience_s[ATTEMPTS] = {0.02, 0.2, 1};
    const int64_t all = WAITERS * (attempt + 1);
    CHECK(reaches(&job.ready, all, shared_long_s));
    shared_sleep(patience_s[attempt]);
    CHECK_OK(parmap_event_set(&job.event));
    CHECK_OK(parmap_event_clear(&job.event));
    CHECK_OK(parmap_value_store(&job.passed, reaches(&job.done, all, 2)));
    CHECK_OK(parmap_event_set(&job.event)); /* for who came too late */
    CHECK(reaches(&job.done, all, shared_long_s));
    CHECK_OK(parmap_event_clear(&job.event));
}

/* On a machine that is busy a waiter may be late; not each time, though. */
static void pulse(int worker, void *context)
{
    int64_t passed = 0;
    (void)context;
    for (int attempt = 0; attempt < ATTEMPTS && !passed; attempt++) {
        if (worker == 0)
            give_pulse(attempt);
        else
            wait_for_pulse();
        meet();
        CHECK_OK(parmap_value_load(&job.passed, &passed));
        meet();
    }
    CHECK_INT(passed, 1);
}

static void pulse_wakes_all_in(shared_layout layout)
{
    begin(WAITERS + 1);
    shared_run_as(layout, WAITERS + 1, pulse, NULL);
    end();
}

static void pulse_wakes_all(void)
{
    shared_each_layout(pulse_wakes_all_in);
}

/* ---- to and fro ------------------------------------------------------------------------------ */

/* Two workers set and clear each other's event: no set gets lost. */
static void ping_pong(int worker, void *context)
{
    const parmap_event *mine = worker == 0 ? &job.event : &job.answer;
    const parmap_event *other = worker == 0 ? &job.answer : &job.event;
    const int64_t rounds = shared_count(2000, 50);
    (void)context;
    for (int64_t i = 0; i < rounds; i++) {
        if (worker == 0)
            CHECK_OK(parmap_event_set(other));
        if (!CHECK_OK(parmap_event_wait(mine, shared_long_s)))
            return;
        CHECK_OK(parmap_event_clear(mine));
        if (worker == 1)
            CHECK_OK(parmap_event_set(other));
    }
}

static void to_and_fro_in(shared_layout layout)
{
    begin(2);
    shared_run_as(layout, 2, ping_pong, NULL);
    CHECK(!is_set());
    end();
}

static void to_and_fro(void)
{
    shared_each_layout(to_and_fro_in);
}

/* ---- time-outs and wrong use ----------------------------------------------------------------- */

static void give_up(int worker, void *context)
{
    (void)worker, (void)context;
    const double begun = shared_now();
    CHECK_STATUS(parmap_event_wait(&job.event, 0.05), PARMAP_TIMED_OUT);
    CHECK_TOOK(begun, 0.05);
    meet();
    if (worker == 0)
        CHECK_OK(parmap_event_set(&job.event));
    CHECK_OK(parmap_event_wait(&job.event, shared_long_s));
}

static void time_outs_in(shared_layout layout)
{
    begin(3);
    shared_run_as(layout, 3, give_up, NULL);
    end();
}

static void time_outs(void)
{
    shared_each_layout(time_outs_in);
}

static void check_refused(const parmap_event *event, parmap_status status)
{
    bool flag = false;
    CHECK_STATUS(parmap_event_set(event), status);
    CHECK_STATUS(parmap_event_clear(event), status);
    CHECK_STATUS(parmap_event_is_set(event, &flag), status);
    CHECK_STATUS(parmap_event_wait(event, 0), status);
    parmap_event copy = *event;
    CHECK_STATUS(parmap_event_free(&copy), status);
}

static void bad_handles(void)
{
    parmap_event event = {{0}}, copy;
    check_refused(&event, PARMAP_USAGE);
    memset(&event, 0xff, sizeof event);
    check_refused(&event, PARMAP_USAGE);

    parmap_semaphore semaphore;
    CHECK_OK(parmap_semaphore_create(&semaphore, 1));
    event.handle = semaphore.handle;
    check_refused(&event, PARMAP_USAGE);
    CHECK_OK(parmap_semaphore_free(&semaphore));

    SHARE_NEW(event, parmap_event_create(&event));
    copy = event;
    SHARE_FREE(parmap_event_free(&event));
    CHECK_OK(parmap_sync_all());
    if (shared_sees_stale())
        check_refused(&copy, PARMAP_STALE);
}

/* Worker 0 waits on an object of its own rank, which the others keep busy until its time is over:
 * were it not to see that the time is over while it serves them, none would ever end. */
static void wait_under_fire(int worker, void *unused)
{
    (void)unused;
    int64_t done = 0;
    CHECK_OK(parmap_barrier_wait(&job.barrier, shared_long_s, NULL));
    if (worker == 0) {
        const double begun = shared_now();
        CHECK_STATUS(parmap_event_wait(&job.event, 0.1), PARMAP_TIMED_OUT);
        CHECK_TOOK(begun, 0.1);
        CHECK_OK(parmap_value_store(&job.done, 1));
        return;
    }
    while (done == 0 && parmap_value_add(&job.passed, 1) == PARMAP_OK)
        CHECK_OK(parmap_value_load(&job.done, &done));
}

static void time_out_under_fire(void)
{
    const int workers = parmap_size() + 1;
    begin(workers);
    CHECK_OK(parmap_run_workers(workers, wait_under_fire, NULL));
    end();
}

static const check_case cases[] = {
    {"set, clear, is_set, wait", set_and_clear},
    {"set wakes all", wakes_all},
    {"set wakes all, also if cleared at once", pulse_wakes_all},
    {"to and fro", to_and_fro},
    {"time-outs", time_outs},
    {"a time-out under fire", time_out_under_fire},
    {"bad handles", bad_handles},
};

SHARED_MAIN(cases)
