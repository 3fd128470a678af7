/* What the tests of locks share: one lock, with a counter and a barrier for its workers. */
#ifndef LOCKS_H
#define LOCKS_H

#include "shared/shared.h"

typedef parmap_status create_lock(parmap_lock *lock);

/* Both kinds, for what they have in common. */
static create_lock *const kinds[] = {parmap_lock_create, parmap_rlock_create};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* What the workers of a case use; the handles are the same on all ranks. */
static struct {
    parmap_lock lock;
    parmap_value counter;
    parmap_barrier barrier;
    int workers;
    int64_t rounds;
} job;

static inline bool is_locked(void)
{
    bool locked = false;
    CHECK_OK(parmap_lock_locked(&job.lock, &locked));
    return locked;
}

static inline bool try_lock(void)
{
    bool acquired = false;
    CHECK_OK(parmap_lock_try(&job.lock, &acquired));
    return acquired;
}

static inline int64_t counter(void)
{
    int64_t number = -1;
    CHECK_OK(parmap_value_load(&job.counter, &number));
    return number;
}

/* Collective.  Makes what a case uses. */
static inline void begin(create_lock *create, int workers)
{
    job.workers = workers;
    SHARE_NEW(job.lock, create(&job.lock));
    SHARE_NEW(job.counter, parmap_value_create(&job.counter, 'q', 0));
    SHARE_NEW(job.barrier, parmap_barrier_create(&job.barrier, workers, NULL));
}

/* Collective.  Nobody may have left the lock held. */
static inline void end(void)
{
    CHECK(!is_locked());
    SHARE_FREE(parmap_lock_free(&job.lock));
    ON_ROOT(parmap_value_free(&job.counter));
    ON_ROOT(parmap_barrier_free(&job.barrier));
}

static inline void meet(void)
{
    CHECK_OK(parmap_barrier_wait(&job.barrier, shared_long_s, NULL));
}

/* Load, + 1, store: not atomic, so that two inside at once lose one. */
static inline void increment(int worker, void *context)
{
    (void)worker, (void)context;
    for (int64_t i = 0; i < job.rounds; i++) {
        int64_t number = 0;
        if (!CHECK_OK(parmap_lock_acquire(&job.lock, shared_long_s)))
            return;
        const bool done = CHECK_OK(parmap_value_load(&job.counter, &number)) &&
                          CHECK_OK(parmap_value_store(&job.counter, number + 1));
        if (!CHECK_OK(parmap_lock_release(&job.lock)) || !done)
            return;
    }
}

#endif
