/* Who waits on an object that another one frees is told so, long before its time is over. */
#include "shared/shared.h"

static const double patience_s = 30, prompt_s = 10;

enum { WORKERS = 5 };

static struct {
    parmap_condition condition;
    parmap_barrier barrier;
    parmap_semaphore semaphore;
    parmap_event event;
    parmap_queue queue;
} job;

static void free_all(void)
{
    parmap_condition condition = job.condition; /* handles are shared by the threads of a rank */
    parmap_barrier barrier = job.barrier;
    parmap_semaphore semaphore = job.semaphore;
    parmap_event event = job.event;
    parmap_queue queue = job.queue;
    CHECK_OK(parmap_condition_free(&condition));
    CHECK_OK(parmap_barrier_free(&barrier));
    CHECK_OK(parmap_semaphore_free(&semaphore));
    CHECK_OK(parmap_event_free(&event));
    CHECK_OK(parmap_queue_free(&queue));
}

static parmap_status wait_on(int which)
{
    int item;
    switch (which) {
    case 0:
        CHECK_OK(parmap_lock_acquire(&job.condition.lock, patience_s));
        return parmap_condition_wait(&job.condition, patience_s);
    case 1:
        return parmap_barrier_wait(&job.barrier, patience_s, NULL);
    case 2:
        return parmap_semaphore_acquire(&job.semaphore, patience_s);
    case 3:
        return parmap_event_wait(&job.event, patience_s);
    default:
        return parmap_queue_get(&job.queue, &item, sizeof item, NULL, patience_s);
    }
}

static void wait_or_free(int worker, void *unused)
{
    (void)unused;
    if (worker == 0) {
        shared_sleep(0.2);
        free_all();
        return;
    }
    if (worker - 1 >= 2 && !shared_sees_stale())
        return; /* nobody tells these; they see it themselves, or not at all */
    const double begun = shared_now();
    const parmap_status status = wait_on(worker - 1);
    CHECK(status == PARMAP_STALE || (worker - 1 == 4 && status == PARMAP_CLOSED));
    CHECK(shared_now() - begun < prompt_s);
}

static void create_all(void)
{
    CHECK_OK(parmap_condition_create(&job.condition, NULL));
    CHECK_OK(parmap_barrier_create(&job.barrier, 100, NULL));
    CHECK_OK(parmap_semaphore_create(&job.semaphore, 0));
    CHECK_OK(parmap_event_create(&job.event));
    CHECK_OK(parmap_queue_create(&job.queue, 0));
}

/* Made by the last rank, freed by the first, waited on by all. */
static void freed_under_those_that_wait(void)
{
    if (parmap_rank() == parmap_size() - 1)
        create_all();
    CHECK_OK(parmap_broadcast(&job, sizeof job, parmap_size() - 1));
    CHECK_OK(parmap_run_workers(WORKERS + 1, wait_or_free, NULL));
}

static const check_case cases[] = {{"freed under those that wait", freed_under_those_that_wait}};

int main(int argc, char **argv)
{
    return shared_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
