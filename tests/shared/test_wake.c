/* Who waits is woken, and does not only find out when it looks up by itself.  That a wake is lost
 * would show in no result, since waits are cut into slices: it shows in the time. */
#include "shared/shared.h"

#include <stdatomic.h>

/* Without a wake a wait ends with its slice, about a quarter of a second after what it waits for.
 * On a busy machine many a wake takes as long, but not nearly all do; if only one of the waiters
 * were woken, a fifth would be prompt. */
static const double prompt_s = 0.15;
enum { ROUNDS = 8, WAITERS = 5, LEAST_PROMPT = ROUNDS * WAITERS * 3 / 10 };

/* The handles are the same on all ranks. */
static struct {
    parmap_lock lock;
    parmap_semaphore semaphore;
    parmap_condition condition;
    parmap_event event;
    parmap_barrier barrier;
    parmap_queue queue;
    parmap_value released; /* when it was, by the clock that all ranks of a node share */
    parmap_barrier start, end;
} job;

/* ---- what is waited for: worker 0 prepares and releases, the others wait --------------------- */

typedef struct wait_kind {
    const char *name;
    void (*prepare)(void);
    void (*release)(void);
    void (*wait)(void);
} wait_kind;

static void nothing(void) {}

static void take_lock(void)
{
    CHECK_OK(parmap_lock_acquire(&job.lock, shared_long_s));
}

static void give_lock(void)
{
    CHECK_OK(parmap_lock_release(&job.lock));
}

static void take_and_give_lock(void)
{
    take_lock();
    give_lock();
}

static void release_semaphore(void)
{
    for (int i = 0; i < WAITERS; i++)
        CHECK_OK(parmap_semaphore_release(&job.semaphore));
}

static void acquire_semaphore(void)
{
    CHECK_OK(parmap_semaphore_acquire(&job.semaphore, shared_long_s));
}

/* Until all were notified: one may come late to its wait. */
static void notify(void)
{
    int64_t woken = 0;
    for (int64_t all = 0; all < WAITERS; all += woken) {
        CHECK_OK(parmap_lock_acquire(&job.condition.lock, shared_long_s));
        if (!CHECK_OK(parmap_condition_notify_all(&job.condition, &woken)))
            all = WAITERS;
        CHECK_OK(parmap_lock_release(&job.condition.lock));
        if (woken == 0)
            shared_sleep(0.001);
    }
}

static void wait_notified(void)
{
    CHECK_OK(parmap_lock_acquire(&job.condition.lock, shared_long_s));
    CHECK_OK(parmap_condition_wait(&job.condition, shared_long_s));
    CHECK_OK(parmap_lock_release(&job.condition.lock));
}

static void clear_event(void)
{
    CHECK_OK(parmap_event_clear(&job.event));
}

static void set_event(void)
{
    CHECK_OK(parmap_event_set(&job.event));
}

static void wait_event(void)
{
    CHECK_OK(parmap_event_wait(&job.event, shared_long_s));
}

static void wait_barrier(void)
{
    CHECK_OK(parmap_barrier_wait(&job.barrier, shared_long_s, NULL));
}

static void put(void)
{
    for (int i = 0; i < WAITERS; i++)
        CHECK_OK(parmap_queue_put(&job.queue, "item", 4, 0));
}

static void get(void)
{
    char item[4];
    CHECK_OK(parmap_queue_get(&job.queue, item, sizeof item, NULL, shared_long_s));
}

static const wait_kind kinds[] = {
    {"lock", take_lock, give_lock, take_and_give_lock},
    {"semaphore", nothing, release_semaphore, acquire_semaphore},
    {"condition", nothing, notify, wait_notified},
    {"event", clear_event, set_event, wait_event},
    {"barrier", nothing, wait_barrier, wait_barrier},
    {"queue", nothing, put, get},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- rounds ---------------------------------------------------------------------------------- */

static atomic_int prompt[KINDS]; /* wakes of this rank's waiters */

static void meet(const parmap_barrier *barrier)
{
    CHECK_OK(parmap_barrier_wait(barrier, shared_long_s, NULL));
}

static void release_late(const wait_kind *kind)
{
    kind->prepare();
    meet(&job.start);
    shared_sleep(0.005); /* they sleep by then */
    CHECK_OK(parmap_value_store(&job.released, shared_now()));
    kind->release();
}

static void wait_for_release(const wait_kind *kind, atomic_int *prompt_ones)
{
    double released = 0;
    meet(&job.start);
    kind->wait();
    const double woken = shared_now();
    CHECK_OK(parmap_value_load(&job.released, &released));
    *prompt_ones += woken - released < prompt_s;
}

static void take_part(int worker, void *context)
{
    (void)context;
    for (int kind = 0; kind < KINDS; kind++)
        for (int round = 0; round < ROUNDS; round++) {
            if (worker == 0)
                release_late(&kinds[kind]);
            else
                wait_for_release(&kinds[kind], &prompt[kind]);
            meet(&job.end);
        }
}

static void check_prompt(void)
{
    int64_t sums[KINDS];
    for (int kind = 0; kind < KINDS; kind++)
        sums[kind] = prompt[kind];
    CHECK_OK(parmap_sum(sums, KINDS));
    for (int kind = 0; kind < KINDS; kind++)
        CHECK_TEXT(kinds[kind].name, sums[kind] >= LEAST_PROMPT ? kinds[kind].name : "woken");
}

static void woken_in(shared_layout layout)
{
    memset(prompt, 0, sizeof prompt);
    SHARE_NEW(job.lock, parmap_lock_create(&job.lock));
    SHARE_NEW(job.semaphore, parmap_semaphore_create(&job.semaphore, 0));
    SHARE_NEW(job.condition, parmap_condition_create(&job.condition, NULL));
    SHARE_NEW(job.event, parmap_event_create(&job.event));
    SHARE_NEW(job.barrier, parmap_barrier_create(&job.barrier, WAITERS + 1, NULL));
    SHARE_NEW(job.queue, parmap_queue_create(&job.queue, 0));
    SHARE_NEW(job.released, parmap_value_create(&job.released, 'd', 0.0));
    SHARE_NEW(job.start, parmap_barrier_create(&job.start, WAITERS + 1, NULL));
    SHARE_NEW(job.end, parmap_barrier_create(&job.end, WAITERS + 1, NULL));
    shared_run_as(layout, WAITERS + 1, take_part, NULL);
    check_prompt();
    SHARE_FREE(parmap_lock_free(&job.lock));
    ON_ROOT(parmap_semaphore_free(&job.semaphore));
    ON_ROOT(parmap_condition_free(&job.condition));
    ON_ROOT(parmap_event_free(&job.event));
    ON_ROOT(parmap_barrier_free(&job.barrier));
    ON_ROOT(parmap_queue_free(&job.queue));
    ON_ROOT(parmap_value_free(&job.released));
    ON_ROOT(parmap_barrier_free(&job.start));
    ON_ROOT(parmap_barrier_free(&job.end));
}

static void woken(void)
{
    shared_each_layout(woken_in);
}

static const check_case cases[] = {
    {"who waits is woken", woken},
};

SHARED_MAIN(cases)
