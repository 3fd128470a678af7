/* TEST seconds=180 */
/* Everything at once: two threads or more of each rank do what a generator with a fixed seed tells
 * them to a common set of objects; at the end the sums are right.  First without a possible
 * deadlock, where none may be reported; then with locks in any order, where each report is checked
 * against a record of who held and wanted what. */
#include "shared/messages.h"
#include "shared/stress.h"

#include <sched.h>

#ifndef STRESS_SCALE
#define STRESS_SCALE 1 /* test_stress_long.c has more */
#endif

static uint64_t random_below(uint64_t *state, uint64_t end)
{
    return next_random(state) % end;
}

/* ---- locks ----------------------------------------------------------------------------------- */

static int64_t at(const parmap_array *array, int64_t index)
{
    int64_t number = -2;
    CHECK_OK(parmap_array_load(array, index, &number));
    return number;
}

/* From the lock that this worker wants: its holder, the lock that one wants ... and back.  All of
 * them wait for ever, but for this worker, so what they wrote down before stays. */
static bool is_circle(const stress *run, int worker)
{
    int64_t holder = worker;
    for (int i = 0; i <= ALL_LOCKS; i++) {
        const int64_t lock = at(&run->all.wanted, holder);
        if (lock < 0)
            return false;
        holder = at(&run->all.holders, lock);
        if (holder < 0)
            return false;
        if (holder == worker)
            return true;
    }
    return false;
}

static parmap_status acquire(stress *run, int worker, int lock)
{
    CHECK_OK(parmap_array_store(&run->all.wanted, worker, lock));
    const parmap_status status = parmap_lock_acquire(&run->all.locks[lock], run->patience_s);
    if (status == PARMAP_DEADLOCK) {
        run->done.deadlocks++;
        run->done.false_alarms += run->patience_s >= shared_long_s && !is_circle(run, worker);
    } else if (status == PARMAP_TIMED_OUT && run->patience_s < shared_long_s) {
        run->done.timed_out++;
    } else {
        CHECK_OK(status);
    }
    if (status == PARMAP_OK)
        CHECK_OK(parmap_array_store(&run->all.holders, lock, worker));
    CHECK_OK(parmap_array_store(&run->all.wanted, worker, -1));
    return status;
}

static void release(stress *run, int lock)
{
    CHECK_OK(parmap_array_store(&run->all.holders, lock, -1));
    CHECK_OK(parmap_lock_release(&run->all.locks[lock]));
}

static void count_with_lock(stress *run, int lock)
{
    int64_t count = 0;
    CHECK_OK(parmap_value_load(&run->all.counts[lock], &count));
    CHECK_OK(parmap_value_store(&run->all.counts[lock], count + 1));
    run->done.counted[lock]++;
}

/* `count` different locks, in order or not. */
static void choose(const stress *run, int *chosen, int count, uint64_t *state)
{
    int order[ALL_LOCKS];
    for (int i = 0; i < ALL_LOCKS; i++)
        order[i] = i;
    for (int i = 0; i < count; i++) {
        const int other = i + (int)random_below(state, (uint64_t)(ALL_LOCKS - i));
        const int lock = order[other];
        order[other] = order[i];
        int place = i;
        for (; run->in_order && place > 0 && chosen[place - 1] > lock; place--)
            chosen[place] = chosen[place - 1];
        chosen[place] = lock;
    }
}

/* Lets the others run now and then, so that locks are found held. */
static void linger(const stress *run, uint64_t *state)
{
    const uint64_t dice = random_below(state, 16);
    if (!run->in_order && dice < 8)
        shared_sleep(0.0005);
    else if (dice == 8)
        sched_yield();
}

static void use_locks(stress *run, int worker, uint64_t *state)
{
    int chosen[3], held = 0;
    const int count = 1 + (int)random_below(state, 3);
    choose(run, chosen, count, state);
    while (held < count && acquire(run, worker, chosen[held]) == PARMAP_OK) {
        held++;
        linger(run, state);
    }
    for (int i = 0; i < held; i++) {
        const bool again = chosen[i] >= LOCKS && random_below(state, 2) == 0;
        if (again)
            CHECK_OK(parmap_lock_acquire(&run->all.locks[chosen[i]], 0));
        count_with_lock(run, chosen[i]);
        if (again)
            CHECK_OK(parmap_lock_release(&run->all.locks[chosen[i]]));
    }
    if (random_below(state, 2) == 0)
        for (int i = 0; i < held; i++)
            release(run, chosen[i]);
    else
        while (held > 0)
            release(run, chosen[--held]);
}

static void try_lock(stress *run, int worker, uint64_t *state)
{
    const int lock = (int)random_below(state, ALL_LOCKS);
    bool acquired = false, locked = false;
    CHECK_OK(parmap_lock_try(&run->all.locks[lock], &acquired));
    if (!acquired)
        return;
    CHECK_OK(parmap_array_store(&run->all.holders, lock, worker));
    CHECK_OK(parmap_lock_locked(&run->all.locks[lock], &locked));
    CHECK(locked);
    count_with_lock(run, lock);
    release(run, lock);
}

/* ---- the others ------------------------------------------------------------------------------ */

static void use_semaphore(stress *run, uint64_t *state)
{
    const bool patient = random_below(state, 2) == 0;
    const parmap_status status =
        parmap_semaphore_acquire(&run->all.semaphore, patient ? shared_long_s : 0.001);
    if (status == PARMAP_TIMED_OUT && !patient)
        return;
    int64_t before = -1;
    CHECK_OK(status);
    CHECK_OK(parmap_value_fetch_add(&run->all.inside, 1, &before));
    CHECK(before >= 0 && before < PERMITS);
    CHECK_OK(parmap_value_add(&run->all.inside, -1));
    CHECK_OK(parmap_semaphore_release(&run->all.semaphore));
}

static bool has_token(void *context)
{
    stress *run = context;
    int64_t tokens = 0;
    CHECK_OK(parmap_value_load(&run->all.tokens, &tokens));
    return tokens > 0;
}

static void use_condition(stress *run, uint64_t *state)
{
    const parmap_condition *condition = &run->all.condition;
    int64_t tokens = 0;
    CHECK_OK(parmap_lock_acquire(&condition->lock, shared_long_s));
    if (random_below(state, 2) == 0) {
        CHECK_OK(parmap_value_load(&run->all.tokens, &tokens));
        CHECK_OK(parmap_value_store(&run->all.tokens, tokens + 1));
        CHECK_OK(random_below(state, 4) == 0 ? parmap_condition_notify_all(condition, NULL)
                                             : parmap_condition_notify(condition, 1, NULL));
        run->done.produced++;
    } else {
        const parmap_status status = parmap_condition_wait_for(condition, has_token, run, 0.001);
        CHECK(status == PARMAP_OK || status == PARMAP_TIMED_OUT);
        if (status == PARMAP_OK) {
            CHECK_OK(parmap_value_load(&run->all.tokens, &tokens));
            CHECK(tokens > 0);
            CHECK_OK(parmap_value_store(&run->all.tokens, tokens - 1));
            run->done.consumed++;
        }
    }
    CHECK_OK(parmap_lock_release(&condition->lock));
}

static void use_event(stress *run, uint64_t *state)
{
    bool set = false;
    switch (random_below(state, 4)) {
    case 0:
        CHECK_OK(parmap_event_set(&run->all.event));
        break;
    case 1:
        CHECK_OK(parmap_event_clear(&run->all.event));
        break;
    case 2:
        CHECK_OK(parmap_event_is_set(&run->all.event, &set));
        break;
    default: {
        const parmap_status status = parmap_event_wait(&run->all.event, 0.001);
        CHECK(status == PARMAP_OK || status == PARMAP_TIMED_OUT);
    }
    }
}

static void use_queue(stress *run, uint64_t *state)
{
    const parmap_queue *queue = &run->all.queues[random_below(state, 2)];
    const double patience_s = random_below(state, 2) == 0 ? 0 : 0.001;
    int64_t item[20] = {(int64_t)random_below(state, 1000)};
    if (random_below(state, 2) == 0) {
        const size_t bytes = random_below(state, 4) == 0 ? sizeof item : sizeof *item;
        item[bytes / sizeof *item - 1] = item[0];
        const parmap_status status = parmap_queue_put(queue, item, bytes, patience_s);
        CHECK(status == PARMAP_OK || status == PARMAP_FULL);
        if (status == PARMAP_OK) {
            run->done.put++;
            run->done.put_sum += item[0];
        }
    } else {
        size_t bytes = 0;
        const parmap_status status = parmap_queue_get(queue, item, sizeof item, &bytes, patience_s);
        CHECK(status == PARMAP_OK || status == PARMAP_EMPTY);
        if (status == PARMAP_OK) {
            CHECK(item[bytes / sizeof *item - 1] == item[0]);
            run->done.got++;
            run->done.got_sum += item[0];
        }
    }
}

static void use_sums(stress *run, uint64_t *state)
{
    const int64_t number = (int64_t)random_below(state, 100);
    CHECK_OK(parmap_value_add(&run->all.sum, number));
    CHECK_OK(parmap_value_add(&run->all.real_sum, 0.5 * (double)number));
    run->done.added += number;
}

static void meet(stress *run)
{
    int64_t index = -1;
    if (CHECK_OK(parmap_barrier_wait(&run->all.barrier, 2 * shared_long_s, &index))) {
        CHECK(index >= 0 && index < run->workers);
        run->done.meetings++;
        run->done.index_sum += index;
    }
}

static void do_anything(int worker, void *context)
{
    stress *run = context;
    uint64_t state = 77000 + (uint64_t)worker;
    for (int64_t step = 0; step < run->steps; step++) {
        switch (random_below(&state, 8)) {
        case 0:
        case 1:
            use_locks(run, worker, &state);
            break;
        case 2:
            try_lock(run, worker, &state);
            break;
        case 3:
            use_semaphore(run, &state);
            break;
        case 4:
            use_condition(run, &state);
            break;
        case 5:
            use_event(run, &state);
            break;
        case 6:
            use_queue(run, &state);
            break;
        default:
            use_sums(run, &state);
        }
        if (step % (run->steps / MEETINGS) == 0)
            meet(run);
    }
}

/* A few workers, which are enough for circles, and circles cost time. */
static void only_lock(int worker, void *context)
{
    stress *run = context;
    uint64_t state = 99000 + (uint64_t)worker;
    for (int64_t step = 0; step < run->steps && worker < 6; step++)
        use_locks(run, worker, &state);
}

/* ---- the cases ----------------------------------------------------------------------------- */

static void without_a_possible_deadlock(void)
{
    stress run = {.steps = STRESS_SCALE * shared_count(4000, 150),
                  .in_order = true,
                  .patience_s = shared_long_s};
    run_stress(&run, do_anything);
    CHECK_INT(shared_sum(run.done.deadlocks), 0);
}

/* Only the report of a deadlock ends a circle here, and each costs time. */
static void deadlocks_are_real(void)
{
    stress run = {.steps = STRESS_SCALE * 4, .patience_s = shared_long_s};
    run_stress(&run, only_lock);
    CHECK_INT(shared_sum(run.done.false_alarms), 0);
}

static void time_outs_end_deadlocks(void)
{
    stress run = {.steps = STRESS_SCALE * shared_count(20, 6), .patience_s = 0.005};
    run_stress(&run, only_lock);
}

static const check_case cases[] = {
    {"without a possible deadlock", without_a_possible_deadlock},
    {"deadlocks are real", deadlocks_are_real},
    {"time-outs end deadlocks", time_outs_end_deadlocks},
};

SHARED_MAIN(cases)
