/* TEST seconds=180 */
/* Queues between many threads of many ranks at once: each item arrives exactly once and in the
 * order of its producer, whoever is blocked goes on, join waits for the last task. */
#include "shared/messages.h"
#include "shared/shared.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { PRODUCERS = 4, CONSUMERS = 3 };

typedef struct stream {
    parmap_queue queue;
    parmap_value running; /* producers */
    int64_t items;        /* of each producer */
    size_t largest;       /* item, in bytes */
    double patience_s;    /* of one put or get; they are repeated */
    _Atomic unsigned char *seen;
    _Atomic int64_t failures, out_of_order;
} stream;

/* Item `number` of a producer: both numbers, and then bytes that follow from them. */
typedef struct item {
    int64_t producer, number;
    char bytes[3000];
} item;

static size_t item_bytes(const stream *run, int64_t producer, int64_t number)
{
    uint64_t state = (uint64_t)(producer << 40 | number);
    const size_t least = offsetof(item, bytes);
    return run->largest <= least ? least : least + next_random(&state) % (run->largest - least);
}

static void produce(stream *run, int producer)
{
    item one = {.producer = producer};
    for (int64_t i = 0; i < run->items; i++) {
        const size_t bytes = item_bytes(run, producer, i);
        one.number = i;
        fill_message(one.bytes, bytes - offsetof(item, bytes), (uint64_t)(producer << 20 ^ i));
        parmap_status status;
        while ((status = parmap_queue_put(&run->queue, &one, bytes, run->patience_s)) ==
                   PARMAP_FULL &&
               run->patience_s < 1)
            sched_yield();
        if (status != PARMAP_OK) {
            run->failures++;
            break;
        }
    }
    int64_t before = 0;
    run->failures += parmap_value_fetch_add(&run->running, -1, &before) != PARMAP_OK;
    if (before == 1) /* the last one */
        run->failures += parmap_queue_close(&run->queue) != PARMAP_OK;
}

static void check_item(stream *run, const item *one, size_t bytes, int64_t *last)
{
    if (one->producer < 0 || one->producer >= PRODUCERS || one->number < 0 ||
        one->number >= run->items) {
        run->failures++;
        return;
    }
    if (one->number <= last[one->producer])
        run->out_of_order++;
    last[one->producer] = one->number;
    run->seen[one->producer * run->items + one->number]++;
    if (bytes != item_bytes(run, one->producer, one->number) ||
        !is_message(one->bytes, bytes - offsetof(item, bytes),
                    (uint64_t)(one->producer << 20 ^ one->number)))
        run->failures++;
}

static void consume(stream *run)
{
    int64_t last[PRODUCERS] = {-1, -1, -1, -1};
    item *one = malloc(sizeof *one);
    for (;;) {
        size_t bytes = 0;
        const parmap_status status =
            parmap_queue_get(&run->queue, one, sizeof *one, &bytes, run->patience_s);
        if (status == PARMAP_EMPTY && run->patience_s < 1) {
            sched_yield();
            continue;
        }
        if (status != PARMAP_OK) {
            run->failures += status != PARMAP_CLOSED;
            break;
        }
        check_item(run, one, bytes, last);
    }
    free(one);
}

static void produce_or_consume(int worker, void *context)
{
    if (worker < PRODUCERS)
        produce(context, worker);
    else
        consume(context);
}

/* Collective.  `total` items through a queue of `maxsize` places. */
static void run_stream(shared_layout layout, int64_t total, int64_t maxsize, size_t largest,
                       double patience_s)
{
    stream run = {.items = total / PRODUCERS, .largest = largest, .patience_s = patience_s};
    SHARE_NEW(run.queue, parmap_queue_create(&run.queue, maxsize));
    SHARE_NEW(run.running, parmap_value_create(&run.running, 'i', PRODUCERS));
    const int64_t count = run.items * PRODUCERS;
    run.seen = calloc((size_t)count, 1);
    int64_t *times = calloc((size_t)count, sizeof *times);
    shared_run_as(layout, PRODUCERS + CONSUMERS, produce_or_consume, &run);
    CHECK_INT(shared_sum(run.failures), 0);
    CHECK_INT(shared_sum(run.out_of_order), 0);
    for (int64_t i = 0; i < count; i++)
        times[i] = run.seen[i];
    CHECK_OK(parmap_sum(times, count));
    int64_t once = 0;
    for (int64_t i = 0; i < count; i++)
        once += times[i] == 1;
    CHECK_INT(once, count);
    int64_t size = -1;
    CHECK_OK(parmap_queue_size(&run.queue, &size));
    CHECK_INT(size, 0);
    free((void *)run.seen);
    free(times);
    SHARE_FREE(parmap_queue_free(&run.queue));
    ON_ROOT(parmap_value_free(&run.running));
}

static void each_item_once_and_in_order(void)
{
    run_stream(SHARED_RANKS, shared_count(200000, 2000), 6, 0, shared_long_s);
}

static void stream_in(shared_layout layout)
{
    run_stream(layout, shared_count(20000, 200), 6, 0, shared_long_s);
    run_stream(layout, shared_count(20000, 200), 1, 0, shared_long_s);
    run_stream(layout, shared_count(20000, 200), 0, 0, shared_long_s);
}

static void in_any_layout(void)
{
    shared_each_layout(stream_in);
}

static void items_of_all_sizes(void)
{
    run_stream(SHARED_MIXED, shared_count(10000, 200), 6, sizeof(item), shared_long_s);
    run_stream(SHARED_RANKS, shared_count(10000, 200), 0, sizeof(item), shared_long_s);
}

/* Waits that end and begin again all the time lose and double nothing. */
static void impatient(void)
{
    run_stream(SHARED_RANKS, shared_count(2000, 100), 2, 0, 0);
    run_stream(SHARED_RANKS, shared_count(2000, 100), 2, 200, 0.0005);
}

/* ---- blocked producers and consumers --------------------------------------------------------- */

typedef struct blocked {
    parmap_queue queue;
    parmap_semaphore ready; /* released by each worker just before it blocks */
    _Atomic int64_t closed, done, failures;
} blocked;

enum { BLOCKED = 5 };

static void take_note(blocked *all, parmap_status status)
{
    all->closed += status == PARMAP_CLOSED;
    all->done += status == PARMAP_OK;
    all->failures += status != PARMAP_OK && status != PARMAP_CLOSED;
}

static void block_in_get(int worker, void *context)
{
    blocked *all = context;
    int64_t number = 0;
    if (worker < BLOCKED) {
        all->failures += parmap_semaphore_release(&all->ready) != PARMAP_OK;
        take_note(all, parmap_queue_get(&all->queue, &number, sizeof number, NULL, shared_long_s));
        return;
    }
    for (int i = 0; i < BLOCKED; i++)
        CHECK_OK(parmap_semaphore_acquire(&all->ready, shared_long_s));
    shared_sleep(0.05); /* now they wait, or nearly */
    CHECK_OK(parmap_queue_put(&all->queue, &number, sizeof number, shared_long_s));
    CHECK_OK(parmap_queue_put(&all->queue, &number, sizeof number, shared_long_s));
    CHECK_OK(parmap_queue_close(&all->queue));
}

static void block_in_put(int worker, void *context)
{
    blocked *all = context;
    int64_t number = worker;
    if (worker < BLOCKED) {
        all->failures += parmap_semaphore_release(&all->ready) != PARMAP_OK;
        take_note(all, parmap_queue_put(&all->queue, &number, sizeof number, shared_long_s));
        return;
    }
    for (int i = 0; i < BLOCKED; i++)
        CHECK_OK(parmap_semaphore_acquire(&all->ready, shared_long_s));
    shared_sleep(0.05);
    CHECK_OK(parmap_queue_get(&all->queue, &number, sizeof number, NULL, shared_long_s));
    CHECK_INT(number, 1000);
    CHECK_OK(parmap_queue_get(&all->queue, &number, sizeof number, NULL, shared_long_s));
    int64_t size = 0;
    while (CHECK_OK(parmap_queue_size(&all->queue, &size)) && size < 1)
        shared_sleep(0.001); /* until the second has come in, and nobody else may */
    shared_sleep(0.05);
    CHECK_OK(parmap_queue_close(&all->queue));
}

/* Two of the five go on, the others hear that it was closed. */
static void close_wakes(shared_layout layout, void (*block)(int worker, void *context), bool full)
{
    blocked all = {0};
    SHARE_NEW(all.queue, parmap_queue_create(&all.queue, 1));
    SHARE_NEW(all.ready, parmap_semaphore_create(&all.ready, 0));
    if (full)
        ON_ROOT(parmap_queue_put(&all.queue, &(int64_t){1000}, sizeof(int64_t), 0));
    CHECK_OK(parmap_sync_all());
    shared_run_as(layout, BLOCKED + 1, block, &all);
    CHECK_INT(shared_sum(all.failures), 0);
    CHECK_INT(shared_sum(all.done), 2);
    CHECK_INT(shared_sum(all.closed), BLOCKED - 2);
    SHARE_FREE(parmap_queue_free(&all.queue));
    ON_ROOT(parmap_semaphore_free(&all.ready));
}

static void close_wakes_consumers(shared_layout layout)
{
    close_wakes(layout, block_in_get, false);
}

static void close_wakes_producers(shared_layout layout)
{
    close_wakes(layout, block_in_put, true);
}

static void closing_wakes_all(void)
{
    shared_each_layout(close_wakes_consumers);
    shared_each_layout(close_wakes_producers);
}

/* ---- join ------------------------------------------------------------------------------------ */

typedef struct tasks {
    parmap_queue queue;
    parmap_value finished;
    int64_t count;
    _Atomic int64_t failures, too_early;
} tasks;

enum { JOINERS = 3, TASK_WORKERS = JOINERS };

/* What was put before join is dealt with after it.  Then a task that stops one worker. */
static void put_and_join(tasks *all)
{
    int64_t finished = -1;
    const int64_t stop = -1;
    for (int64_t i = 0; i < all->count; i++)
        all->failures += parmap_queue_put(&all->queue, &i, sizeof i, shared_long_s) != PARMAP_OK;
    all->failures += parmap_queue_join(&all->queue, shared_long_s) != PARMAP_OK;
    all->failures += parmap_value_load(&all->finished, &finished) != PARMAP_OK;
    all->too_early += finished < all->count;
    all->failures += parmap_queue_put(&all->queue, &stop, sizeof stop, shared_long_s) != PARMAP_OK;
}

static void work_or_join(int worker, void *context)
{
    tasks *all = context;
    if (worker < JOINERS) {
        put_and_join(all);
        return;
    }
    for (int64_t number = 0; number >= 0;) {
        if (parmap_queue_get(&all->queue, &number, sizeof number, NULL, shared_long_s) !=
            PARMAP_OK) {
            all->failures++;
            return;
        }
        if (number % 16 == 0)
            shared_sleep(0.001);
        if (number >= 0)
            all->failures += parmap_value_add(&all->finished, 1) != PARMAP_OK;
        all->failures += parmap_queue_task_done(&all->queue) != PARMAP_OK;
    }
}

static void join_waits_for_the_last_task(shared_layout layout)
{
    tasks all = {.count = shared_count(100, 20)};
    SHARE_NEW(all.queue, parmap_queue_create(&all.queue, 5));
    SHARE_NEW(all.finished, parmap_value_create(&all.finished, 'q', 0));
    shared_run_as(layout, TASK_WORKERS + JOINERS, work_or_join, &all);
    CHECK_INT(shared_sum(all.failures), 0);
    CHECK_INT(shared_sum(all.too_early), 0);
    int64_t finished = -1;
    CHECK_OK(parmap_value_load(&all.finished, &finished));
    CHECK_INT(finished, JOINERS * all.count);
    SHARE_FREE(parmap_queue_free(&all.queue));
    ON_ROOT(parmap_value_free(&all.finished));
}

static void join_in_any_layout(void)
{
    shared_each_layout(join_waits_for_the_last_task);
}

static const check_case cases[] = {
    {"each item once and in order", each_item_once_and_in_order},
    {"in any layout", in_any_layout},
    {"items of all sizes", items_of_all_sizes},
    {"impatient", impatient},
    {"closing wakes all", closing_wakes_all},
    {"join waits for the last task", join_in_any_layout},
};

SHARED_MAIN(cases)
