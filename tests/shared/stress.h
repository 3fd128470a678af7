/* The objects of test_stress.c, what its workers count, and that both agree in the end. */
#ifndef STRESS_H
#define STRESS_H

#include "shared/shared.h"

#include <stdatomic.h>

enum { LOCKS = 5, RLOCKS = 3, ALL_LOCKS = LOCKS + RLOCKS, PERMITS = 2, MEETINGS = 4 };

/* What rank 0 makes. */
typedef struct objects {
    parmap_lock locks[ALL_LOCKS];   /* the last ones are recursive */
    parmap_value counts[ALL_LOCKS]; /* loaded and stored with the lock held */
    parmap_semaphore semaphore;     /* PERMITS of them */
    parmap_value inside;            /* who has a permit */
    parmap_condition condition;     /* for tokens */
    parmap_value tokens;            /* loaded and stored with the condition's lock held */
    parmap_event event;
    parmap_barrier barrier; /* of all workers */
    parmap_queue queues[2]; /* bounded, unbounded */
    parmap_value sum;       /* only ever added to */
    parmap_value real_sum;
    parmap_array holders; /* of each lock: a worker, or -1 */
    parmap_array wanted;  /* by each worker: a lock, or -1 */
} objects;

/* What the workers of this rank did; summed over the ranks in the end. */
typedef struct tally {
    _Atomic int64_t counted[ALL_LOCKS];
    _Atomic int64_t produced, consumed;
    _Atomic int64_t put, put_sum, got, got_sum;
    _Atomic int64_t added;
    _Atomic int64_t meetings, index_sum;
    _Atomic int64_t deadlocks, false_alarms, timed_out;
} tally;

typedef struct stress {
    objects all;
    tally done;
    int workers;
    int64_t steps;
    bool in_order;     /* locks are taken in ascending order */
    double patience_s; /* with a lock */
} stress;

/* ---- the beginning and the end --------------------------------------------------------------- */

static inline void create(objects *all, int workers)
{
    for (int i = 0; i < ALL_LOCKS; i++) {
        CHECK_OK(i < LOCKS ? parmap_lock_create(&all->locks[i])
                           : parmap_rlock_create(&all->locks[i]));
        CHECK_OK(parmap_value_create(&all->counts[i], 'i', 0));
    }
    CHECK_OK(parmap_bounded_semaphore_create(&all->semaphore, PERMITS));
    CHECK_OK(parmap_value_create(&all->inside, 'b', 0));
    CHECK_OK(parmap_condition_create(&all->condition, NULL));
    CHECK_OK(parmap_value_create(&all->tokens, 'i', 0));
    CHECK_OK(parmap_event_create(&all->event));
    CHECK_OK(parmap_barrier_create(&all->barrier, workers, NULL));
    CHECK_OK(parmap_queue_create(&all->queues[0], 3));
    CHECK_OK(parmap_queue_create(&all->queues[1], 0));
    CHECK_OK(parmap_value_create(&all->sum, 'q', 0));
    CHECK_OK(parmap_value_create(&all->real_sum, 'd', 0));
    CHECK_OK(parmap_array_create(&all->holders, 'i', ALL_LOCKS));
    CHECK_OK(parmap_array_create(&all->wanted, 'i', workers));
    for (int i = 0; i < ALL_LOCKS; i++)
        CHECK_OK(parmap_array_store(&all->holders, i, -1));
    for (int i = 0; i < workers; i++)
        CHECK_OK(parmap_array_store(&all->wanted, i, -1));
}

static inline void destroy(objects *all)
{
    for (int i = 0; i < ALL_LOCKS; i++) {
        CHECK_OK(parmap_lock_free(&all->locks[i]));
        CHECK_OK(parmap_value_free(&all->counts[i]));
    }
    CHECK_OK(parmap_semaphore_free(&all->semaphore));
    CHECK_OK(parmap_value_free(&all->inside));
    CHECK_OK(parmap_condition_free(&all->condition));
    CHECK_OK(parmap_value_free(&all->tokens));
    CHECK_OK(parmap_event_free(&all->event));
    CHECK_OK(parmap_barrier_free(&all->barrier));
    CHECK_OK(parmap_queue_free(&all->queues[0]));
    CHECK_OK(parmap_queue_free(&all->queues[1]));
    CHECK_OK(parmap_value_free(&all->sum));
    CHECK_OK(parmap_value_free(&all->real_sum));
    CHECK_OK(parmap_array_free(&all->holders));
    CHECK_OK(parmap_array_free(&all->wanted));
}

static inline int64_t number_of(const parmap_value *value)
{
    int64_t number = -1;
    CHECK_OK(parmap_value_load(value, &number));
    return number;
}

/* What is still in the queues. */
static inline void drain(stress *run)
{
    for (int i = 0; i < 2; i++) {
        int64_t item[20];
        while (parmap_queue_get(&run->all.queues[i], item, sizeof item, NULL, 0) == PARMAP_OK) {
            run->done.got++;
            run->done.got_sum += item[0];
        }
    }
}

/* Collective.  That the objects hold what was done to them. */
static inline void check_sums(stress *run)
{
    int64_t value = -1;
    double real = -1;
    bool locked = true;
    for (int i = 0; i < ALL_LOCKS; i++) {
        const int64_t counted = shared_sum(run->done.counted[i]);
        CHECK_INT(number_of(&run->all.counts[i]), counted);
        CHECK_OK(parmap_lock_locked(&run->all.locks[i], &locked));
        CHECK(!locked);
    }
    CHECK_INT(number_of(&run->all.inside), 0);
    CHECK_OK(parmap_semaphore_value(&run->all.semaphore, &value));
    CHECK_INT(value, PERMITS);
    CHECK_INT(number_of(&run->all.tokens),
              shared_sum(run->done.produced) - shared_sum(run->done.consumed));
    CHECK_OK(parmap_sync_all());
    if (parmap_rank() == 0)
        drain(run);
    CHECK_INT(shared_sum(run->done.got), shared_sum(run->done.put));
    CHECK_INT(shared_sum(run->done.got_sum), shared_sum(run->done.put_sum));
    const int64_t added = shared_sum(run->done.added);
    CHECK_INT(number_of(&run->all.sum), added);
    CHECK_OK(parmap_value_load(&run->all.real_sum, &real));
    CHECK(real == 0.5 * (double)added);
    const int64_t meetings = shared_sum(run->done.meetings);
    CHECK_INT(meetings % run->workers, 0);
    CHECK_INT(shared_sum(run->done.index_sum),
              meetings / run->workers * (run->workers * (run->workers - 1) / 2));
}

/* Collective. */
static inline void run_stress(stress *run, void (*work)(int worker, void *context))
{
    run->workers = parmap_size() > 1 ? 2 * parmap_size() : 4;
    memset(&run->all, 0, sizeof run->all);
    if (parmap_rank() == 0)
        create(&run->all, run->workers);
    SHARE(run->all);
    shared_run(run->workers, work, run);
    check_sums(run);
    SHARE_FREE((destroy(&run->all), PARMAP_OK));
}

#endif
