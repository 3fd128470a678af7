/* Threads: on every rank, without parmap_serve. */
#include "shared/shared.h"

#include <stdatomic.h>
#include <stdlib.h>

static atomic_int calls;

typedef struct numbered {
    int number;
    int *place; /* of the starter: the memory is the same */
} numbered;

static int put_square(void *argument)
{
    const numbered *n = argument;
    CHECK((uintptr_t)argument % 16 == 0);
    *n->place = n->number * n->number;
    atomic_fetch_add(&calls, 1);
    return n->number;
}

static void ten_threads(void)
{
    enum { THREADS = 10 };
    parmap_thread threads[THREADS];
    int squares[THREADS] = {0};
    atomic_store(&calls, 0);
    for (int i = 0; i < THREADS; i++) {
        numbered n = {i, &squares[i]};
        CHECK_OK(parmap_thread_start(&threads[i], put_square, &n, sizeof n));
        CHECK_INT(threads[i].exit_code, PARMAP_ALIVE);
        n.number = -1; /* it has a copy */
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK_OK(parmap_thread_join(&threads[i], PARMAP_FOREVER));
        CHECK_INT(threads[i].exit_code, i);
        CHECK_INT(squares[i], i * i);
        CHECK_OK(parmap_thread_join(&threads[i], 0));
    }
    CHECK_INT(atomic_load(&calls), THREADS);
}

/* ---- names ----------------------------------------------------------------------------------- */

static int copy_name(void *argument)
{
    char *place = *(char **)argument;
    snprintf(place, PARMAP_NAME_BYTES, "%s", parmap_thread_name());
    return 0;
}

static void names(void)
{
    char name[PARMAP_NAME_BYTES], *place = name;
    parmap_thread first, second;
    CHECK_TEXT(parmap_thread_name(), "MainThread");
    CHECK_OK(parmap_thread_start(&first, copy_name, &place, sizeof place));
    CHECK_OK(parmap_thread_join(&first, shared_long_s));
    CHECK_TEXT(name, first.name);
    CHECK_OK(parmap_thread_start(&second, copy_name, &place, sizeof place));
    CHECK_OK(parmap_thread_join(&second, shared_long_s));
    CHECK_TEXT(name, second.name);
    CHECK(!strncmp(first.name, "Thread-", 7));
    CHECK_INT(atoi(second.name + 7), atoi(first.name + 7) + 1);
    CHECK_OK(parmap_thread_start_as(&first, copy_name, &place, sizeof place,
                                    &(parmap_thread_options){.name = "reader"}));
    CHECK_OK(parmap_thread_join(&first, shared_long_s));
    CHECK_TEXT(name, "reader");
    CHECK_TEXT(parmap_thread_name(), "MainThread");
}

/* ---- ends ------------------------------------------------------------------------------------ */

static int leave(void *argument)
{
    (void)argument;
    parmap_exit(11);
}

static int leave_from_within(void *argument)
{
    return leave(argument) + 1;
}

static int join_self(void *argument)
{
    parmap_thread *self = *(parmap_thread **)argument;
    bool alive = false;
    while (!self->state) /* until it was filled in */
        CHECK_OK(parmap_sleep(0.001));
    CHECK_FAILS(parmap_thread_join(self, PARMAP_FOREVER), PARMAP_DEADLOCK, "own end");
    CHECK_OK(parmap_thread_is_alive(self, &alive));
    CHECK(alive);
    CHECK_INT(parmap_finish(), PARMAP_USAGE);
    return 2;
}

static void ends(void)
{
    static parmap_thread thread;
    parmap_thread *place = &thread, unused = {.state = NULL, .exit_code = PARMAP_ALIVE};
    CHECK_OK(parmap_thread_start(&thread, leave_from_within, NULL, 0));
    CHECK_OK(parmap_thread_join(&thread, shared_long_s));
    CHECK_INT(thread.exit_code, 11);
    thread.state = NULL;
    CHECK_OK(parmap_thread_start(&thread, join_self, &place, sizeof place));
    CHECK_OK(parmap_sleep(0.01));
    CHECK_OK(parmap_thread_join(&thread, shared_long_s));
    CHECK_INT(thread.exit_code, 2);
    CHECK_FAILS(parmap_thread_join(&unused, 0), PARMAP_USAGE, "never started");
    CHECK_FAILS(parmap_thread_start(NULL, leave, NULL, 0), PARMAP_USAGE, "handle");
    CHECK_FAILS(parmap_thread_start(&unused, NULL, NULL, 0), PARMAP_USAGE, "function");
    CHECK_FAILS(parmap_thread_start(&unused, leave, NULL, 3), PARMAP_USAGE, "argument");
}

static int wait_for_event(void *argument)
{
    return (int)parmap_event_wait(argument, shared_long_s);
}

static void in_time(void)
{
    parmap_thread thread;
    parmap_event event;
    bool alive = false;
    CHECK_OK(parmap_event_create(&event));
    CHECK_OK(parmap_thread_start(&thread, wait_for_event, &event, sizeof event));
    const double begun = shared_now();
    CHECK_STATUS(parmap_thread_join(&thread, 0), PARMAP_TIMED_OUT);
    CHECK_FAILS(parmap_thread_join(&thread, 0.3), PARMAP_TIMED_OUT, thread.name);
    CHECK_TOOK(begun, 0.3);
    CHECK_OK(parmap_thread_is_alive(&thread, &alive));
    CHECK(alive);
    CHECK_OK(parmap_event_set(&event));
    CHECK_OK(parmap_thread_join(&thread, shared_long_s));
    CHECK_INT(thread.exit_code, 0);
    CHECK_OK(parmap_thread_is_alive(&thread, &alive));
    CHECK(!alive);
    CHECK_OK(parmap_event_free(&event));
}

/* ---- who they are ---------------------------------------------------------------------------- */

static int of_main(void *argument)
{
    (void)argument;
    CHECK_INT(parmap_process_current().id, 0);
    CHECK_INT(parmap_process_current().rank, parmap_rank());
    CHECK_TEXT(parmap_process_current().name, "MainProcess");
    CHECK_INT(parmap_process_parent().id, -1);
    CHECK(!parmap_cancelled());
    return 0;
}

static void who_they_are(void)
{
    parmap_thread thread;
    parmap_process process;
    CHECK_INT(of_main(NULL), 0);
    CHECK_OK(parmap_thread_start(&thread, of_main, NULL, 0));
    CHECK_OK(parmap_thread_join(&thread, shared_long_s));
    CHECK_FAILS(parmap_process_start(&process, of_main, NULL, 0), PARMAP_USAGE, "parmap_serve()");
}

static void sleeping(void)
{
    const double begun = shared_now();
    CHECK_OK(parmap_sleep(0.3));
    CHECK_TOOK(begun, 0.3);
    CHECK_OK(parmap_sleep(0));
    CHECK_OK(parmap_sleep(-1));
}

/* ---- left to parmap_finish ------------------------------------------------------------------- */

static int sleep_long(void *argument)
{
    (void)argument;
    return (int)parmap_sleep(1000);
}

static int sleep_a_little(void *argument)
{
    (void)argument;
    return (int)parmap_sleep(0.2);
}

static void left_alone(void)
{
    const parmap_thread_options daemon = {.daemon = true};
    parmap_thread thread;
    CHECK_OK(parmap_thread_start_as(&thread, sleep_long, NULL, 0, &daemon));
    CHECK(thread.daemon);
    CHECK_OK(parmap_thread_start_as(&thread, sleep_a_little, NULL, 0, &daemon));
    CHECK_OK(parmap_thread_start(&thread, sleep_a_little, NULL, 0));
    CHECK(!thread.daemon);
}

static const check_case cases[] = {
    {"ten threads", ten_threads},
    {"names", names},
    {"ends", ends},
    {"in time", in_time},
    {"who they are", who_they_are},
    {"sleeping", sleeping},
    {"left alone", left_alone},
};

SHARED_MAIN(cases)
