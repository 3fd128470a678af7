/* parmap_finish while threads of the program still wait for something: they are told, and the
 * program ends. */
#include "shared/shared.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

/* On rank 0.  Nobody will ever release, set, put ... */
static struct {
    parmap_lock lock;
    parmap_semaphore semaphore;
    parmap_event event;
    parmap_barrier barrier;
    parmap_queue queue;
    parmap_condition condition;
} job;

/* ---- the waits ------------------------------------------------------------------------------- */

static parmap_status wait_lock(void)
{
    return parmap_lock_acquire(&job.lock, PARMAP_FOREVER);
}

static parmap_status wait_lock_long(void)
{
    return parmap_lock_acquire(&job.lock, 1e6);
}

static parmap_status wait_semaphore(void)
{
    return parmap_semaphore_acquire(&job.semaphore, PARMAP_FOREVER);
}

static parmap_status wait_event(void)
{
    return parmap_event_wait(&job.event, PARMAP_FOREVER);
}

static parmap_status wait_barrier(void)
{
    return parmap_barrier_wait(&job.barrier, PARMAP_FOREVER, NULL);
}

static parmap_status wait_queue(void)
{
    char item[8];
    return parmap_queue_get(&job.queue, item, sizeof item, NULL, PARMAP_FOREVER);
}

static parmap_status wait_condition(void)
{
    const parmap_status status = parmap_lock_acquire(&job.condition.lock, PARMAP_FOREVER);
    return status != PARMAP_OK ? status : parmap_condition_wait(&job.condition, PARMAP_FOREVER);
}

static parmap_status wait_several(void)
{
    parmap_waitable objects[] = {{.queue = &job.queue}, {.event = &job.event}};
    return parmap_wait(objects, 2, PARMAP_FOREVER);
}

typedef struct waiter {
    const char *name;
    parmap_status (*wait)(void);
    parmap_status status;
    pthread_t thread;
    atomic_long id; /* the system's, once it runs */
} waiter;

static waiter waiters[] = {
    {.name = "lock", .wait = wait_lock},
    {.name = "lock, with a time-out", .wait = wait_lock_long},
    {.name = "semaphore", .wait = wait_semaphore},
    {.name = "event", .wait = wait_event},
    {.name = "barrier", .wait = wait_barrier},
    {.name = "queue", .wait = wait_queue},
    {.name = "condition", .wait = wait_condition},
    {.name = "several", .wait = wait_several},
};
enum { WAITERS = sizeof waiters / sizeof *waiters };

static void *run(void *context)
{
    waiter *me = context;
    me->id = syscall(SYS_gettid);
    me->status = me->wait();
    return NULL;
}

/* As the system sees it: it has gone to sleep, and not just been deprived of its core. */
static bool sleeps(const waiter *w)
{
    char path[64], state = '?';
    snprintf(path, sizeof path, "/proc/self/task/%ld/stat", w->id);
    FILE *file = w->id != 0 ? fopen(path, "r") : NULL;
    if (!file)
        return false;
    const int fields = fscanf(file, "%*d (%*[^)]) %c", &state);
    fclose(file);
    return fields == 1 && state == 'S';
}

/* ---- the program ----------------------------------------------------------------------------- */

static void start_waiters(void)
{
    SHARE_NEW(job.lock, parmap_lock_create(&job.lock));
    SHARE_NEW(job.semaphore, parmap_semaphore_create(&job.semaphore, 0));
    SHARE_NEW(job.event, parmap_event_create(&job.event));
    SHARE_NEW(job.barrier, parmap_barrier_create(&job.barrier, WAITERS * parmap_size() + 1, NULL));
    SHARE_NEW(job.queue, parmap_queue_create(&job.queue, 0));
    SHARE_NEW(job.condition, parmap_condition_create(&job.condition, NULL));
    ON_ROOT(parmap_lock_acquire(&job.lock, 0));
    CHECK_OK(parmap_sync_all());
    for (int i = 0; i < WAITERS; i++)
        CHECK_INT(pthread_create(&waiters[i].thread, NULL, run, &waiters[i]), 0);
    for (int i = 0; i < WAITERS; i++)
        while (!sleeps(&waiters[i]))
            shared_sleep(0.001);
    /* without shared memory it may have been a step on the way, for which it waits for a reply */
    shared_sleep(strcmp(parmap_window(), "shm") == 0 ? 0 : 0.3);
}

static double finishing_since;

static void all_were_told(void)
{
    for (int i = 0; i < WAITERS; i++) {
        CHECK_INT(pthread_join(waiters[i].thread, NULL), 0);
        CHECK_TEXT(waiters[i].name, waiters[i].status == PARMAP_CLOSED
                                        ? waiters[i].name
                                        : parmap_status_name(waiters[i].status));
    }
    CHECK(shared_now() - finishing_since < shared_long_s);
}

static void after_finish(void)
{
    CHECK_TEXT(parmap_window(), "");
    CHECK_FAILS(parmap_sync_all(), PARMAP_CLOSED, "finishes");
    CHECK_STATUS(parmap_lock_acquire(&job.lock, 0), PARMAP_CLOSED);
    CHECK_STATUS(parmap_event_set(&job.event), PARMAP_CLOSED);
    CHECK_STATUS(parmap_semaphore_release(&job.semaphore), PARMAP_CLOSED);
    CHECK_STATUS(parmap_queue_put(&job.queue, "x", 1, 0), PARMAP_CLOSED);
    CHECK_STATUS(parmap_event_create(&job.event), PARMAP_CLOSED);
}

static const check_case before_cases[] = {{"threads begin to wait", start_waiters}};
static const check_case after_cases[] = {
    {"all that waited are told", all_were_told},
    {"nothing works after parmap_finish", after_finish},
};

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    check_set_rank(parmap_rank());
    const int before = check_main(before_cases, 1);
    finishing_since = shared_now();
    const int finish = parmap_finish();
    const int after = check_main(after_cases, 2);
    if (finish != 0)
        printf("not ok - parmap_finish returned %d: %s\n", finish, parmap_message());
    return before != 0 ? before : finish != 0 ? finish : after;
}
