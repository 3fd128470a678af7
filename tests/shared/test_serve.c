/* Serving: what main cannot do while the others serve, and what they can do before and between. */
#include "shared/served.h"

#include <pthread.h>

static void collectives_are_refused(void)
{
    int64_t number = 1;
    parmap_array array;
    const char words[] = "between parmap_serve and parmap_finish";
    CHECK_FAILS(parmap_sync_all(), PARMAP_USAGE, words);
    CHECK_FAILS(parmap_broadcast(&number, sizeof number, 0), PARMAP_USAGE, words);
    CHECK_FAILS(parmap_sum(&number, 1), PARMAP_USAGE, words);
    CHECK_FAILS(parmap_run_workers(1, NULL, NULL), PARMAP_USAGE, words);
    CHECK_FAILS(parmap_array_create_distributed(&array, 'i', 5), PARMAP_USAGE, words);
}

/* ---- threads that parmap did not start ------------------------------------------------------- */

static int nothing(void *argument)
{
    (void)argument;
    return 0;
}

static void *start_one(void *unused)
{
    parmap_process process;
    (void)unused;
    CHECK_INT(parmap_process_current().id, 0);
    if (parmap_rank() == 0) {
        CHECK_OK(parmap_process_start(&process, nothing, NULL, 0));
        CHECK_INT(served_join(&process), 0);
    } else {
        CHECK_FAILS(parmap_process_start(&process, nothing, NULL, 0), PARMAP_USAGE,
                    "belongs to none of its processes");
    }
    return NULL;
}

static int start_strange_thread(void *argument)
{
    pthread_t thread;
    (void)argument;
    CHECK_INT(pthread_create(&thread, NULL, start_one, NULL), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    return 0;
}

static void strange_threads(void)
{
    start_strange_thread(NULL);
    for (int i = 0; i < parmap_size(); i++) {
        parmap_process process;
        CHECK_OK(parmap_process_start(&process, start_strange_thread, NULL, 0));
        CHECK_INT(served_join(&process), 0);
    }
}

/* ---- threads of processes -------------------------------------------------------------------- */

/* The parent's threads start and join for it. */
static int start_and_join(void *argument)
{
    parmap_process child;
    const parmap_process self = parmap_process_current();
    CHECK_INT(self.id, *(int64_t *)argument);
    CHECK_OK(parmap_process_start(&child, nothing, NULL, 0));
    CHECK(!strncmp(child.name, self.name, strlen(self.name)));
    CHECK_INT(served_join(&child), 0);
    return 0;
}

static int start_threads(void *argument)
{
    const int64_t id = parmap_process_current().id;
    parmap_thread threads[3];
    (void)argument;
    for (int i = 0; i < 3; i++)
        CHECK_OK(parmap_thread_start(&threads[i], start_and_join, &id, sizeof id));
    CHECK_OK(parmap_thread_join(&threads[1], shared_long_s));
    return 0; /* its end joins the others */
}

static void threads_of_processes(void)
{
    parmap_process processes[5];
    for (int i = 0; i < 5; i++)
        CHECK_OK(parmap_process_start(&processes[i], start_threads, NULL, 0));
    for (int i = 0; i < 5; i++)
        CHECK_INT(served_join(&processes[i]), 0);
}

/* ---- objects that outlive who made them ------------------------------------------------------ */

static int make_queue(void *argument)
{
    parmap_queue queue;
    const int item = 7;
    CHECK_OK(parmap_queue_create(&queue, 0));
    CHECK_OK(parmap_queue_put(&queue, &item, sizeof item, 0));
    return (int)parmap_queue_put(argument, &queue, sizeof queue, shared_long_s);
}

static void objects_of_processes(void)
{
    parmap_queue of_queues, queue;
    parmap_process process;
    CHECK_OK(parmap_queue_create(&of_queues, 0));
    START(&process, make_queue, of_queues);
    CHECK_INT(served_join(&process), 0);
    int item = 0;
    CHECK_OK(parmap_queue_get(&of_queues, &queue, sizeof queue, NULL, 0));
    CHECK_OK(parmap_queue_get(&queue, &item, sizeof item, NULL, 0));
    CHECK_INT(item, 7);
    CHECK_OK(parmap_queue_free(&queue));
    CHECK_OK(parmap_queue_free(&of_queues));
}

/* ---- many, one after the other and from everywhere ------------------------------------------- */

static int count_down(void *argument)
{
    int left = *(int *)argument;
    parmap_process child;
    if (left-- == 0)
        return 0;
    START(&child, count_down, left);
    return served_join(&child) + 1;
}

static void a_long_line(void)
{
    parmap_process process;
    const int length = 20;
    START(&process, count_down, length);
    CHECK_INT(served_join(&process), length);
}

static int add(void *argument)
{
    PARMAP_MUST(parmap_value_add((parmap_value *)argument, 1));
    return 0;
}

static void many(void)
{
    const int64_t count = shared_count(2000, 300);
    int64_t sum = 0, left = -1;
    parmap_value value;
    parmap_process process;
    CHECK_OK(parmap_value_create(&value, 'l', 0));
    for (int64_t i = 0; i < count; i++) {
        START(&process, add, value);
        if (i % 50 == 49)
            CHECK_INT(served_join(&process), 0);
    }
    while (left != 0) {
        CHECK_OK(parmap_process_children(NULL, 0, &left));
        CHECK_OK(parmap_sleep(0.001));
    }
    CHECK_OK(parmap_value_load(&value, &sum));
    CHECK_INT(sum, count);
    CHECK_OK(parmap_value_free(&value));
}

static const check_case cases[] = {
    {"collectives are refused", collectives_are_refused},
    {"strange threads", strange_threads},
    {"threads of processes", threads_of_processes},
    {"objects of processes", objects_of_processes},
    {"a long line", a_long_line},
    {"many", many},
};

SERVED_MAIN(cases)
