/* Joining: time-outs, copies of handles, strangers, daemons, many at once; what is refused. */
#include "shared/served.h"

#include <stdlib.h>

static int wait_for_event(void *argument)
{
    PARMAP_MUST(parmap_event_wait(argument, shared_long_s));
    return 5;
}

static int nothing(void *argument)
{
    (void)argument;
    return 0;
}

static int number(void *argument)
{
    return *(int *)argument;
}

/* ---- time ------------------------------------------------------------------------------------ */

static void in_time(void)
{
    parmap_process process;
    parmap_event event;
    char words[PARMAP_NAME_BYTES + 32];
    bool alive = false;
    CHECK_OK(parmap_event_create(&event));
    START(&process, wait_for_event, event);
    snprintf(words, sizeof words, "%s on rank %d on ", process.name, process.rank);
    const double times[] = {-1, 0, 0.3};
    for (int i = 0; i < 3; i++) {
        const double begun = shared_now();
        CHECK_FAILS(parmap_process_join(&process, times[i]), PARMAP_TIMED_OUT, words);
        CHECK_TOOK(begun, times[i]);
        CHECK_INT(process.exit_code, PARMAP_ALIVE);
    }
    CHECK_OK(parmap_process_is_alive(&process, &alive));
    CHECK(alive);
    CHECK_OK(parmap_event_set(&event));
    CHECK_INT(served_join(&process), 5);
    CHECK_OK(parmap_event_free(&event));
}

/* ---- copies ---------------------------------------------------------------------------------- */

static void by_copies(void)
{
    enum { PROCESSES = 30, COPIES = 4 };
    parmap_process processes[PROCESSES];
    for (int i = 0; i < PROCESSES; i++)
        START(&processes[i], number, i);
    /* in another order than they were started */
    for (int c = 0; c < COPIES; c++)
        for (int i = 0; i < PROCESSES; i++) {
            const int which = (i * 7 + c) % PROCESSES;
            parmap_process copy = processes[which];
            CHECK_INT(copy.exit_code, PARMAP_ALIVE);
            CHECK_INT(served_join(&copy), which);
            CHECK_INT(served_join(&copy), which);
        }
    for (int i = 0; i < PROCESSES; i++) {
        bool alive = true;
        CHECK_OK(parmap_process_is_alive(&processes[i], &alive));
        CHECK(!alive);
        CHECK_INT(processes[i].exit_code, i);
    }
}

/* By threads of main, all at once. */
static int join_it(void *argument)
{
    parmap_process *process = argument;
    return served_join(process);
}

static void by_threads(void)
{
    enum { THREADS = 5 };
    parmap_thread threads[THREADS];
    parmap_process process;
    parmap_event event;
    CHECK_OK(parmap_event_create(&event));
    START(&process, wait_for_event, event);
    for (int i = 0; i < THREADS; i++)
        CHECK_OK(parmap_thread_start(&threads[i], join_it, &process, sizeof process));
    shared_sleep(0.02);
    CHECK_OK(parmap_event_set(&event));
    CHECK_INT(served_join(&process), 5);
    for (int i = 0; i < THREADS; i++) {
        CHECK_OK(parmap_thread_join(&threads[i], shared_long_s));
        CHECK_INT(threads[i].exit_code, 5);
    }
    CHECK_OK(parmap_event_free(&event));
}

/* ---- strangers ------------------------------------------------------------------------------- */

static int meddle(void *argument)
{
    parmap_process *other = argument, self = parmap_process_current();
    bool alive;
    CHECK_FAILS(parmap_process_join(other, 0), PARMAP_USAGE, "not started");
    CHECK_FAILS(parmap_process_is_alive(other, &alive), PARMAP_USAGE, "not started");
    CHECK_FAILS(parmap_process_terminate(other), PARMAP_USAGE, "not started");
    CHECK_FAILS(parmap_process_join(&self, 0), PARMAP_USAGE, "is the calling process");
    CHECK_FAILS(parmap_process_terminate(&self), PARMAP_USAGE, "is the calling process");
    CHECK_INT(parmap_finish(), PARMAP_USAGE);
    return 0;
}

static void strangers(void)
{
    parmap_process process, stranger, never_started = {.id = 0}, self = parmap_process_current();
    parmap_event event;
    bool alive;
    CHECK_OK(parmap_event_create(&event));
    START(&process, wait_for_event, event);
    START(&stranger, meddle, process);
    CHECK_INT(served_join(&stranger), 0);
    CHECK_OK(parmap_event_set(&event));
    CHECK_INT(served_join(&process), 5);
    CHECK_OK(parmap_event_free(&event));
    CHECK_FAILS(parmap_process_join(&never_started, 0), PARMAP_USAGE, "never started");
    CHECK_FAILS(parmap_process_join(NULL, 0), PARMAP_USAGE, "never started");
    CHECK_FAILS(parmap_process_is_alive(&self, &alive), PARMAP_USAGE, "never started");
    CHECK_FAILS(parmap_process_start(NULL, nothing, NULL, 0), PARMAP_USAGE, "handle");
    CHECK_FAILS(parmap_process_start(&process, NULL, NULL, 0), PARMAP_USAGE, "function");
    CHECK_FAILS(parmap_process_start(&process, nothing, NULL, 5), PARMAP_USAGE, "argument");
    CHECK_FAILS(parmap_process_children(&process, 1, NULL), PARMAP_USAGE, "number");
}

static void an_argument_that_does_not_fit(void)
{
    const size_t bytes = (size_t)1 << 30;
    char *argument = calloc(1, bytes);
    parmap_process process;
    int64_t count = -1;
    if (!argument)
        return;
    CHECK_FAILS(parmap_process_start(&process, nothing, argument, bytes), PARMAP_NO_MEMORY,
                "PARMAP_HEAP");
    free(argument);
    CHECK_OK(parmap_process_children(NULL, 0, &count));
    CHECK_INT(count, 0);
}

/* ---- daemons --------------------------------------------------------------------------------- */

static int sleep_long(void *argument)
{
    (void)argument;
    PARMAP_MUST(parmap_sleep(1000));
    return 0;
}

static int cannot_start(void *argument)
{
    parmap_process process;
    (void)argument;
    CHECK(parmap_process_current().daemon);
    CHECK_FAILS(parmap_process_start(&process, nothing, NULL, 0), PARMAP_USAGE, "daemon");
    return 3;
}

static void daemons(void)
{
    const parmap_process_options daemon = {.daemon = true};
    parmap_process process;
    CHECK_OK(parmap_process_start_as(&process, cannot_start, NULL, 0, &daemon));
    CHECK(process.daemon);
    CHECK_INT(served_join(&process), 3);
    /* parmap_finish ends these */
    for (int i = 0; i < parmap_size() + 1; i++)
        CHECK_OK(parmap_process_start_as(&process, sleep_long, NULL, 0, &daemon));
}

/* ---- those that nobody joins ----------------------------------------------------------------- */

static int start_some(void *argument)
{
    parmap_process process;
    for (int i = 0; i < *(int *)argument; i++)
        CHECK_OK(parmap_process_start(&process, nothing, NULL, 0));
    return 4;
}

static void left_alone(void)
{
    parmap_process process, first;
    const int some = 5;
    START(&process, start_some, some);
    CHECK_INT(served_join(&process), 4);
    START(&first, number, some);
    for (int i = 0; i < 100; i++)
        CHECK_OK(parmap_process_start(&process, nothing, NULL, 0));
    CHECK_INT(served_join(&process), 0);
    CHECK_INT(served_join(&first), some); /* also when it was tidied away */
}

static const check_case cases[] = {
    {"in time", in_time},
    {"by copies", by_copies},
    {"by threads", by_threads},
    {"strangers", strangers},
    {"an argument that does not fit", an_argument_that_does_not_fit},
    {"daemons", daemons},
    {"left alone", left_alone},
};

SERVED_MAIN(cases)
