/* Terminating: processes that wait for something, that compute, that hold a lock; what is left. */
#include "shared/served.h"

#include <limits.h>
#include <stdatomic.h>

/* What a process waits in. */
typedef enum wait_place {
    IN_LOCK,
    IN_VALUE_LOCK,
    IN_SEMAPHORE,
    IN_CONDITION,
    IN_CONDITION_FOR,
    IN_EVENT,
    IN_BARRIER,
    IN_QUEUE_GET,
    IN_QUEUE_PUT,
    IN_LARGE_PUT,
    IN_QUEUE_JOIN,
    IN_RECEIVE,
    IN_POLL,
    IN_WAIT_FOR_ONE,
    IN_WAIT_FOR_SEVERAL,
    IN_SLEEP,
    IN_JOIN,
    IN_THREAD_JOIN,
    PLACES
} wait_place;

/* Nothing of this ever comes. */
typedef struct things {
    wait_place place;
    parmap_lock lock; /* held by main */
    parmap_value value;
    parmap_semaphore semaphore;
    parmap_condition condition;
    parmap_event event, other_event;
    parmap_barrier barrier;
    parmap_queue empty, full;
    parmap_connection receiver, sender;
    parmap_event begun;
} things;

static void make(things *t)
{
    const int item = 1;
    parmap_lock lock;
    CHECK_OK(parmap_lock_create(&t->lock));
    CHECK_OK(parmap_lock_acquire(&t->lock, 0));
    CHECK_OK(parmap_value_create(&t->value, 'i', 0));
    CHECK_OK(parmap_value_lock(&t->value, &lock));
    CHECK_OK(parmap_lock_acquire(&lock, 0));
    CHECK_OK(parmap_semaphore_create(&t->semaphore, 0));
    CHECK_OK(parmap_condition_create(&t->condition, NULL));
    CHECK_OK(parmap_event_create(&t->event));
    CHECK_OK(parmap_event_create(&t->other_event));
    CHECK_OK(parmap_barrier_create(&t->barrier, 2, NULL));
    CHECK_OK(parmap_queue_create(&t->empty, 0));
    CHECK_OK(parmap_queue_create(&t->full, 1));
    CHECK_OK(parmap_queue_put(&t->full, &item, sizeof item, 0));
    CHECK_OK(parmap_pipe_create(&t->receiver, &t->sender, false));
    CHECK_OK(parmap_event_create(&t->begun));
}

static void unmake(things *t)
{
    parmap_lock lock;
    CHECK_OK(parmap_lock_release(&t->lock));
    CHECK_OK(parmap_lock_free(&t->lock));
    CHECK_OK(parmap_value_lock(&t->value, &lock));
    CHECK_OK(parmap_lock_release(&lock));
    CHECK_OK(parmap_value_free(&t->value));
    CHECK_OK(parmap_semaphore_free(&t->semaphore));
    CHECK_OK(parmap_condition_free(&t->condition));
    CHECK_OK(parmap_event_free(&t->event));
    CHECK_OK(parmap_event_free(&t->other_event));
    CHECK_OK(parmap_barrier_free(&t->barrier));
    CHECK_OK(parmap_queue_free(&t->empty));
    CHECK_OK(parmap_queue_free(&t->full));
    CHECK_OK(parmap_connection_close(&t->receiver));
    CHECK_OK(parmap_connection_close(&t->sender));
    CHECK_OK(parmap_event_free(&t->begun));
}

static bool never(void *context)
{
    (void)context;
    return false;
}

static int wait_for_end(void *argument)
{
    (void)argument;
    while (!parmap_cancelled())
        shared_sleep(0.001);
    return 0;
}

static parmap_status wait_in_condition(const things *t)
{
    parmap_status status = parmap_lock_acquire(&t->condition.lock, shared_long_s);
    if (status != PARMAP_OK)
        return status;
    status = t->place == IN_CONDITION
                 ? parmap_condition_wait(&t->condition, PARMAP_FOREVER)
                 : parmap_condition_wait_for(&t->condition, never, NULL, PARMAP_FOREVER);
    CHECK_OK(parmap_lock_release(&t->condition.lock)); /* it is held again */
    return status;
}

static parmap_status wait_in_lock(const things *t)
{
    parmap_lock lock = t->lock;
    if (t->place == IN_VALUE_LOCK)
        CHECK_OK(parmap_value_lock(&t->value, &lock));
    return parmap_lock_acquire(&lock, PARMAP_FOREVER);
}

static parmap_status wait_in_queue(const things *t)
{
    static const char large[1000];
    int item;
    switch (t->place) {
    case IN_QUEUE_GET:
        return parmap_queue_get(&t->empty, &item, sizeof item, NULL, PARMAP_FOREVER);
    case IN_QUEUE_PUT:
        return parmap_queue_put(&t->full, large, 4, PARMAP_FOREVER);
    case IN_LARGE_PUT:
        return parmap_queue_put(&t->full, large, sizeof large, PARMAP_FOREVER);
    default:
        return parmap_queue_join(&t->full, PARMAP_FOREVER);
    }
}

static parmap_status wait_in_pipe(const things *t)
{
    int item;
    bool ready = false;
    return t->place == IN_RECEIVE
               ? parmap_connection_receive(&t->receiver, &item, sizeof item, NULL, PARMAP_FOREVER)
               : parmap_connection_poll(&t->receiver, PARMAP_FOREVER, &ready);
}

static parmap_status wait_in_wait(const things *t)
{
    parmap_waitable objects[] = {
        {.event = &t->event}, {.queue = &t->empty}, {.connection = &t->receiver}};
    return parmap_wait(objects, t->place == IN_WAIT_FOR_ONE ? 1 : 3, PARMAP_FOREVER);
}

static atomic_bool joined;

static int wait_until_joined(void *argument)
{
    (void)argument;
    while (!atomic_load(&joined))
        shared_sleep(0.001);
    return 0;
}

static parmap_status wait_in_thread_join(void)
{
    parmap_thread thread;
    atomic_store(&joined, false);
    CHECK_OK(parmap_thread_start(&thread, wait_until_joined, NULL, 0));
    const parmap_status status = parmap_thread_join(&thread, PARMAP_FOREVER);
    atomic_store(&joined, true);
    return status;
}

static parmap_status wait_in_join(const things *t)
{
    parmap_process child;
    things childs = *t;
    childs.place = IN_EVENT;
    CHECK_OK(parmap_process_start_as(&child, wait_for_end, &childs, sizeof childs,
                                     &(parmap_process_options){.daemon = true}));
    return parmap_process_join(&child, PARMAP_FOREVER);
}

static parmap_status wait_in(const things *t)
{
    switch (t->place) {
    case IN_LOCK:
    case IN_VALUE_LOCK:
        return wait_in_lock(t);
    case IN_SEMAPHORE:
        return parmap_semaphore_acquire(&t->semaphore, PARMAP_FOREVER);
    case IN_CONDITION:
    case IN_CONDITION_FOR:
        return wait_in_condition(t);
    case IN_EVENT:
        return parmap_event_wait(&t->event, PARMAP_FOREVER);
    case IN_BARRIER:
        return parmap_barrier_wait(&t->barrier, PARMAP_FOREVER, NULL);
    case IN_QUEUE_GET:
    case IN_QUEUE_PUT:
    case IN_LARGE_PUT:
    case IN_QUEUE_JOIN:
        return wait_in_queue(t);
    case IN_RECEIVE:
    case IN_POLL:
        return wait_in_pipe(t);
    case IN_WAIT_FOR_ONE:
    case IN_WAIT_FOR_SEVERAL:
        return wait_in_wait(t);
    case IN_SLEEP:
        return parmap_sleep(1000);
    case IN_JOIN:
        return wait_in_join(t);
    default:
        return wait_in_thread_join();
    }
}

/* Each place says the same, the first time and ever after. */
static int wait_twice(void *argument)
{
    things *t = argument;
    CHECK_OK(parmap_event_set(&t->begun));
    CHECK_FAILS(wait_in(t), PARMAP_CANCELLED, parmap_process_current().name);
    CHECK(parmap_cancelled());
    if (t->place != IN_THREAD_JOIN && t->place != IN_JOIN)
        CHECK_STATUS(wait_in(t), PARMAP_CANCELLED);
    CHECK_STATUS(parmap_sleep(0), PARMAP_CANCELLED);
    CHECK_OK(parmap_event_set(&t->other_event)); /* what does not wait still works */
    PARMAP_MUST(parmap_lock_acquire(&t->lock, PARMAP_FOREVER));
    return 1; /* PARMAP_MUST has ended the process */
}

static void terminate_in(wait_place place)
{
    things t = {.place = place};
    parmap_process process;
    int64_t waiting;
    bool set = false, broken = false;
    make(&t);
    START(&process, wait_twice, t);
    CHECK_OK(parmap_event_wait(&t.begun, shared_long_s));
    shared_sleep(place % 3 == 0 ? 0.02 : 0); /* now and then it does not wait yet */
    CHECK_OK(parmap_process_terminate(&process));
    CHECK_INT(served_join(&process), PARMAP_TERMINATED);
    CHECK_OK(parmap_event_is_set(&t.other_event, &set));
    CHECK(set);
    CHECK_OK(parmap_barrier_waiting(&t.barrier, &waiting));
    CHECK_INT(waiting, 0);
    CHECK_OK(parmap_barrier_broken(&t.barrier, &broken));
    CHECK(!broken || place == IN_BARRIER);
    CHECK_OK(parmap_process_terminate(&process)); /* no error when it has ended before */
    unmake(&t);
}

static void what_waits(void)
{
    for (int place = 0; place < PLACES; place++)
        terminate_in((wait_place)place);
}

/* Those who wait beside one that is terminated still get what comes. */
static int get_one(void *argument)
{
    int item = -1;
    const parmap_queue *queue = argument;
    PARMAP_MUST(parmap_queue_get(queue, &item, sizeof item, NULL, shared_long_s));
    return item;
}

static int acquire_one(void *argument)
{
    PARMAP_MUST(parmap_semaphore_acquire(argument, shared_long_s));
    return 1;
}

static void the_others_go_on(void)
{
    enum { WAITERS = 6 };
    parmap_process getters[WAITERS], takers[WAITERS];
    parmap_queue queue;
    parmap_semaphore semaphore;
    CHECK_OK(parmap_queue_create(&queue, 0));
    CHECK_OK(parmap_semaphore_create(&semaphore, 0));
    for (int i = 0; i < WAITERS; i++) {
        START(&getters[i], get_one, queue);
        START(&takers[i], acquire_one, semaphore);
    }
    shared_sleep(0.05);
    for (int i = 0; i < WAITERS; i += 2) {
        CHECK_OK(parmap_process_terminate(&getters[i]));
        CHECK_OK(parmap_process_terminate(&takers[i]));
    }
    for (int i = 0; i < WAITERS / 2; i++) {
        CHECK_OK(parmap_queue_put(&queue, &(int){5}, sizeof(int), 0));
        CHECK_OK(parmap_semaphore_release(&semaphore));
    }
    for (int i = 0; i < WAITERS; i += 2) { /* what they took before, the others get now */
        if (served_join(&getters[i]) != PARMAP_TERMINATED)
            CHECK_OK(parmap_queue_put(&queue, &(int){5}, sizeof(int), 0));
        if (served_join(&takers[i]) != PARMAP_TERMINATED)
            CHECK_OK(parmap_semaphore_release(&semaphore));
    }
    for (int i = 1; i < WAITERS; i += 2) {
        CHECK_INT(served_join(&getters[i]), 5);
        CHECK_INT(served_join(&takers[i]), 1);
    }
    CHECK_OK(parmap_queue_free(&queue));
    CHECK_OK(parmap_semaphore_free(&semaphore));
}

/* ---- one that computes ----------------------------------------------------------------------- */

static int compute(void *argument)
{
    CHECK_OK(parmap_event_set(argument));
    volatile double x = 1;
    while (!parmap_cancelled())
        x = x * 1.0000001;
    return 7;
}

static int compute_and_call(void *argument)
{
    CHECK_OK(parmap_event_set(argument));
    while (true)
        PARMAP_MUST(parmap_sleep(0));
    return 1;
}

static void what_computes(void)
{
    parmap_process process;
    parmap_event begun;
    CHECK_OK(parmap_event_create(&begun));
    START(&process, compute, begun);
    CHECK_OK(parmap_event_wait(&begun, shared_long_s));
    CHECK_OK(parmap_process_terminate(&process));
    CHECK_INT(served_join(&process), 7); /* it ended by itself */
    CHECK_OK(parmap_event_clear(&begun));
    START(&process, compute_and_call, begun);
    CHECK_OK(parmap_event_wait(&begun, shared_long_s));
    CHECK_OK(parmap_process_terminate(&process));
    CHECK_INT(served_join(&process), PARMAP_TERMINATED);
    CHECK_OK(parmap_event_free(&begun));
}

/* ---- at once, often, when it has ended --------------------------------------------------------
 */

static int sleep_long(void *argument)
{
    (void)argument;
    PARMAP_MUST(parmap_sleep(1000));
    return 0;
}

static int nothing(void *argument)
{
    (void)argument;
    return 0;
}

static void at_any_time(void)
{
    for (int i = 0; i < 20; i++) {
        parmap_process sleeper, quick;
        CHECK_OK(parmap_process_start(&sleeper, sleep_long, NULL, 0));
        CHECK_OK(parmap_process_start(&quick, nothing, NULL, 0));
        for (int again = 0; again < 3; again++) {
            CHECK_OK(parmap_process_terminate(&sleeper));
            CHECK_OK(parmap_process_terminate(&quick));
        }
        CHECK_INT(served_join(&sleeper), PARMAP_TERMINATED);
        const int code = served_join(&quick);
        CHECK(code == 0 || code == PARMAP_TERMINATED);
    }
}

/* A lock that it held stays locked; its number is not given to the next one at once. */
static int hold_lock(void *argument)
{
    PARMAP_MUST(parmap_lock_acquire(argument, 0));
    PARMAP_MUST(parmap_sleep(1000));
    return 0;
}

static void what_it_holds(void)
{
    parmap_lock lock;
    parmap_process process;
    bool held = false;
    CHECK_OK(parmap_lock_create(&lock));
    START(&process, hold_lock, lock);
    while (!held)
        CHECK_OK(parmap_lock_locked(&lock, &held));
    CHECK_OK(parmap_process_terminate(&process));
    CHECK_INT(served_join(&process), PARMAP_TERMINATED);
    CHECK_STATUS(parmap_lock_acquire(&lock, 0), PARMAP_TIMED_OUT);
    CHECK_OK(parmap_lock_free(&lock));
}

/* ---- its threads and children ---------------------------------------------------------------- */

static int wait_in_threads(void *argument)
{
    parmap_thread threads[3];
    for (int i = 0; i < 3; i++)
        CHECK_OK(parmap_thread_start(&threads[i], sleep_long, NULL, 0));
    CHECK_OK(parmap_event_set(argument));
    for (int i = 0; i < 2; i++)
        while (parmap_thread_join(&threads[i], 0) != PARMAP_OK && !parmap_cancelled())
            shared_sleep(0.001);
    return 3;
}

static int have_daemon(void *argument)
{
    parmap_process child;
    CHECK_OK(parmap_process_start_as(&child, sleep_long, NULL, 0,
                                     &(parmap_process_options){.daemon = true}));
    return *(int *)argument;
}

static void threads_and_daemons(void)
{
    parmap_process process;
    parmap_event begun;
    const int code = 9;
    CHECK_OK(parmap_event_create(&begun));
    START(&process, wait_in_threads, begun);
    CHECK_OK(parmap_event_wait(&begun, shared_long_s));
    CHECK_OK(parmap_process_terminate(&process));
    CHECK_INT(served_join(&process), 3);
    CHECK_OK(parmap_event_free(&begun));
    START(&process, have_daemon, code); /* its end ends the daemon */
    CHECK_INT(served_join(&process), code);
}

static const check_case cases[] = {
    {"what waits", what_waits},       {"the others go on", the_others_go_on},
    {"what computes", what_computes}, {"at any time", at_any_time},
    {"what it holds", what_it_holds}, {"threads and daemons", threads_and_daemons},
};

SERVED_MAIN(cases)
