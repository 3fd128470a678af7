/* What the tests of conditions share: one condition, and workers that wait in a known order. */
#ifndef CONDITIONS_H
#define CONDITIONS_H

#include "shared/shared.h"

enum { WAITERS = 5 };

/* What the workers of a case use; the handles are the same on all ranks. */
static struct {
    parmap_condition condition;
    parmap_value waiting, awake; /* changed with the lock held */
    parmap_array order;          /* the workers, as they woke */
} job;

static inline void acquire(void)
{
    CHECK_OK(parmap_lock_acquire(&job.condition.lock, shared_long_s));
}

static inline void release(void)
{
    CHECK_OK(parmap_lock_release(&job.condition.lock));
}

static inline int64_t number_in(const parmap_value *value)
{
    int64_t number = -1;
    CHECK_OK(parmap_value_load(value, &number));
    return number;
}

static inline int64_t notify(int64_t count)
{
    int64_t woken = -1;
    CHECK_OK(parmap_condition_notify(&job.condition, count, &woken));
    return woken;
}

static inline int64_t notify_all(void)
{
    int64_t woken = -1;
    CHECK_OK(parmap_condition_notify_all(&job.condition, &woken));
    return woken;
}

/* Collective.  Makes what a case uses; `lock` as for parmap_condition_create. */
static inline void begin(const parmap_lock *lock)
{
    SHARE_NEW(job.condition, parmap_condition_create(&job.condition, lock));
    SHARE_NEW(job.waiting, parmap_value_create(&job.waiting, 'q', 0));
    SHARE_NEW(job.awake, parmap_value_create(&job.awake, 'q', 0));
    SHARE_NEW(job.order, parmap_array_create(&job.order, 'i', 2 * WAITERS));
}

/* Collective.  Nobody may have left the lock held. */
static inline void end(void)
{
    bool locked = true;
    CHECK_OK(parmap_lock_locked(&job.condition.lock, &locked));
    CHECK(!locked);
    SHARE_FREE(parmap_condition_free(&job.condition));
    ON_ROOT(parmap_value_free(&job.waiting));
    ON_ROOT(parmap_value_free(&job.awake));
    ON_ROOT(parmap_array_free(&job.order));
}

/* Without the lock: waits until a value gets there. */
static inline void until(const parmap_value *value, int64_t wanted)
{
    const double begun = shared_now();
    while (number_in(value) < wanted && shared_now() - begun < shared_long_s)
        shared_sleep(0.001);
    CHECK_INT(number_in(value), wanted);
}

/* Waits as number `place` of those that wait.  Since the count is raised with the lock held, who
 * sees it with the lock held knows that they all wait. */
static inline void wait_as(int place)
{
    until(&job.waiting, place);
    acquire();
    CHECK_OK(parmap_value_add(&job.waiting, 1));
    CHECK_OK(parmap_condition_wait(&job.condition, shared_long_s));
    CHECK_OK(parmap_array_store(&job.order, number_in(&job.awake), place));
    CHECK_OK(parmap_value_add(&job.awake, 1)); /* it can be seen without the lock */
    release();
}

static inline void acquire_when_all_wait(int64_t waiters)
{
    until(&job.waiting, waiters);
    acquire();
}

static inline int64_t woken_at(int64_t turn)
{
    int64_t place = -1;
    CHECK_OK(parmap_array_load(&job.order, turn, &place));
    return place;
}

/* ---- workers: number 0 wakes the others ------------------------------------------------------ */

static inline void wake_all(void)
{
    acquire_when_all_wait(WAITERS);
    CHECK_INT(notify_all(), WAITERS);
    CHECK_INT(notify_all(), 0);
    CHECK_INT(number_in(&job.awake), 0); /* they need the lock */
    release();
    until(&job.awake, WAITERS);
}

static inline void take_part(int worker, void *context)
{
    void (*const *wake)(void) = context;
    if (worker == 0)
        (*wake)();
    else
        wait_as(worker - 1);
}

/* A predicate that counts how often it is asked. */
static inline bool never(void *context)
{
    ++*(int *)context;
    return false;
}

#endif
