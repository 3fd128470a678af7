/* Condition: notify wakes as many as it says, those that waited longest first; time-outs;
 * predicates. */
#include "shared/conditions.h"

/* ---- notify ---------------------------------------------------------------------------------- */

/* Worker 0 wakes 2, then 1, then as many as are left; exactly those wake, in the order they came.
 */
static void wake_some(void)
{
    acquire_when_all_wait(WAITERS);
    CHECK_INT(notify(0), 0);
    CHECK_INT(notify(2), 2);
    release();
    until(&job.awake, 2);
    shared_sleep(0.03);
    CHECK_INT(number_in(&job.awake), 2);
    CHECK_INT(woken_at(0) + woken_at(1), 0 + 1); /* these two compete for the lock */

    acquire();
    CHECK_INT(notify(1), 1);
    release();
    until(&job.awake, 3);
    shared_sleep(0.01);
    CHECK_INT(number_in(&job.awake), 3);
    CHECK_INT(woken_at(2), 2);

    acquire();
    CHECK_INT(notify(10), 2);
    release();
    until(&job.awake, WAITERS);
    CHECK_INT(woken_at(3) + woken_at(4), 3 + 4);

    acquire();
    CHECK_INT(notify(1), 0);
    CHECK_INT(notify_all(), 0);
    CHECK_OK(parmap_condition_notify(&job.condition, 1, NULL));
    CHECK_OK(parmap_condition_notify_all(&job.condition, NULL));
    release();
}

/* Notified one after the other, they wake in the order they came. */
static void wake_each(void)
{
    acquire_when_all_wait(WAITERS);
    for (int i = 0; i < WAITERS; i++) {
        CHECK_INT(notify(1), 1);
        release();
        until(&job.awake, i + 1);
        CHECK_INT(woken_at(i), i);
        acquire();
    }
    release();
}

static void notifies_in(shared_layout layout)
{
    void (*const wakes[])(void) = {wake_some, wake_all, wake_each};
    for (size_t i = 0; i < sizeof wakes / sizeof *wakes; i++) {
        void (*wake)(void) = wakes[i];
        begin(NULL);
        shared_run_as(layout, WAITERS + 1, take_part, &wake);
        end();
    }
}

static void notifies(void)
{
    shared_each_layout(notifies_in);
}

/* ---- time-outs ------------------------------------------------------------------------------- */

/* Who gives up has the lock again, is not counted by notify, and keeps nobody from being woken. */
static void give_up(int worker, void *context)
{
    (void)context;
    if (worker == 0) { /* the first that waits gives up */
        acquire();
        CHECK_OK(parmap_value_add(&job.waiting, 1));
        const double begun = shared_now();
        CHECK_STATUS(parmap_condition_wait(&job.condition, 0.1), PARMAP_TIMED_OUT);
        CHECK_TOOK(begun, 0.1);
        CHECK_OK(parmap_value_add(&job.waiting, 1));
        release();
    } else if (worker == 1) { /* the second stays */
        until(&job.waiting, 1);
        acquire();
        CHECK_OK(parmap_value_add(&job.waiting, 1));
        CHECK_OK(parmap_condition_wait(&job.condition, shared_long_s));
        CHECK_OK(parmap_value_add(&job.awake, 1));
        release();
    } else {
        until(&job.waiting, 3);
        acquire();
        CHECK_INT(notify(1), 1);
        CHECK_INT(notify(1), 0);
        release();
        until(&job.awake, 1);
    }
}

static void time_outs_in(shared_layout layout)
{
    begin(NULL);
    shared_run_as(layout, 3, give_up, NULL);
    end();
}

/* Rank 0 alone, so that nobody notifies. */
static void no_time_at_all(void)
{
    begin(NULL);
    if (parmap_rank() == 0) {
        acquire();
        CHECK_STATUS(parmap_condition_wait(&job.condition, 0), PARMAP_TIMED_OUT);
        CHECK_STATUS(parmap_condition_wait(&job.condition, -1), PARMAP_TIMED_OUT);
        CHECK_INT(notify_all(), 0); /* it does not wait any more */
        release();
    }
    CHECK_OK(parmap_sync_all());
    end();
}

/* Worker 1 takes the lock while worker 0 waits, and keeps it past the end of the time: worker 0
 * does not come back before it can have the lock. */
static void come_back_late(int worker, void *context)
{
    (void)context;
    if (worker == 0) {
        acquire();
        CHECK_OK(parmap_value_add(&job.waiting, 1));
        CHECK_STATUS(parmap_condition_wait(&job.condition, 0.02), PARMAP_TIMED_OUT);
        CHECK_INT(number_in(&job.awake) % 2, 0);
        release();
    } else {
        until(&job.waiting, 1);
        acquire();
        CHECK_OK(parmap_value_add(&job.awake, 1)); /* odd while it has the lock */
        shared_sleep(0.06);
        CHECK_OK(parmap_value_add(&job.awake, 1));
        release();
    }
}

static void lock_after_time_out_in(shared_layout layout)
{
    begin(NULL);
    shared_run_as(layout, 2, come_back_late, NULL);
    end();
}

static void time_outs(void)
{
    shared_each_layout(time_outs_in);
    shared_each_layout(lock_after_time_out_in);
}

/* ---- wait_for -------------------------------------------------------------------------------- */

/* notify is an error for who has not got the lock. */
static bool four_are_awake(void *context)
{
    (void)context;
    CHECK_OK(parmap_condition_notify(&job.condition, 0, NULL));
    return number_in(&job.awake) >= 4;
}

static void wait_for_four(int worker, void *context)
{
    (void)context;
    if (worker != 0) {
        acquire();
        CHECK_OK(parmap_condition_wait_for(&job.condition, four_are_awake, NULL, shared_long_s));
        CHECK(number_in(&job.awake) >= 4);
        release();
        return;
    }
    for (int i = 0; i < 4; i++) {
        shared_sleep(0.005);
        acquire();
        CHECK_OK(parmap_value_add(&job.awake, 1));
        notify_all();
        release();
    }
}

static void becomes_true_in(shared_layout layout)
{
    begin(NULL);
    shared_run_as(layout, 4, wait_for_four, NULL);
    end();
}

/* Worker 1 is woken again and again for nothing, until its time is over. */
static void wait_for_nothing(int worker, void *context)
{
    (void)context;
    if (worker == 1) {
        int asked = 0;
        acquire();
        const double begun = shared_now();
        CHECK_STATUS(parmap_condition_wait_for(&job.condition, never, &asked, 0.1),
                     PARMAP_TIMED_OUT);
        CHECK_TOOK(begun, 0.1);
        CHECK(asked >= 2); /* first and last */
        CHECK_OK(parmap_value_add(&job.awake, 1));
        release();
        return;
    }
    for (const double begun = shared_now();
         number_in(&job.awake) == 0 && shared_now() - begun < shared_long_s;) {
        acquire();
        notify_all();
        release();
        shared_sleep(0.005);
    }
}

static void stays_false_in(shared_layout layout)
{
    begin(NULL);
    shared_run_as(layout, 2, wait_for_nothing, NULL);
    end();
}

static void predicates(void)
{
    int asked = 0;
    begin(NULL);
    ON_ROOT(parmap_value_store(&job.awake, 4));
    CHECK_OK(parmap_sync_all());
    acquire();
    CHECK_OK(parmap_condition_wait_for(&job.condition, four_are_awake, NULL, 0));
    CHECK_STATUS(parmap_condition_wait_for(&job.condition, never, &asked, 0), PARMAP_TIMED_OUT);
    CHECK(asked >= 1);
    release();
    CHECK_OK(parmap_sync_all());
    end();
    shared_each_layout(becomes_true_in);
    shared_each_layout(stays_false_in);
}

static const check_case cases[] = {
    {"notify", notifies},
    {"no time at all", no_time_at_all},
    {"time-outs", time_outs},
    {"wait_for", predicates},
};

SHARED_MAIN(cases)
