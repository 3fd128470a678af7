/* Tasks that use shared objects and talk to each other; several pools at once. */
#include "shared/pool.h"

/* ---- shared objects in records --------------------------------------------------------------- */

typedef struct account {
    parmap_value sum, guarded;
    parmap_lock lock;
    parmap_queue queue;
    int64_t number;
} account;

static parmap_status book(const void *input, void *result)
{
    const account *a = input;
    int64_t before;
    (void)result;
    CHECK_OK(parmap_value_add(&a->sum, a->number));
    PARMAP_WITH(&a->lock) {
        CHECK_OK(parmap_value_load(&a->guarded, &before));
        CHECK_OK(parmap_value_store(&a->guarded, before + 1));
    }
    return parmap_queue_put(&a->queue, &a->number, sizeof a->number, shared_long_s);
}

static void book_all(parmap_pool *pool)
{
    const int64_t count = shared_count(300, 60);
    account *accounts = calloc((size_t)count, sizeof *accounts), first;
    int64_t sum = -1, guarded = -1, size = -1, queued = 0;
    CHECK_OK(parmap_value_create(&first.sum, 'q', 0));
    CHECK_OK(parmap_value_create(&first.guarded, 'q', 0));
    CHECK_OK(parmap_lock_create(&first.lock));
    CHECK_OK(parmap_queue_create(&first.queue, 0));
    for (int64_t i = 0; i < count; i++) {
        first.number = i;
        accounts[i] = first;
    }
    const parmap_job job = {
        .task = book, .inputs = accounts, .input_bytes = sizeof *accounts, .count = count};
    CHECK_OK(parmap_pool_run(pool, &job));
    CHECK_OK(parmap_value_load(&first.sum, &sum));
    CHECK_OK(parmap_value_load(&first.guarded, &guarded));
    CHECK_OK(parmap_queue_size(&first.queue, &size));
    CHECK_INT(sum, count * (count - 1) / 2);
    CHECK_INT(guarded, count);
    CHECK_INT(size, count);
    for (int64_t i = 0, number; i < count; i++) {
        CHECK_OK(parmap_queue_get(&first.queue, &number, sizeof number, NULL, 0));
        queued += number;
    }
    CHECK_INT(queued, sum);
    CHECK_OK(parmap_value_free(&first.sum));
    CHECK_OK(parmap_value_free(&first.guarded));
    CHECK_OK(parmap_lock_free(&first.lock));
    CHECK_OK(parmap_queue_free(&first.queue));
    free(accounts);
}

static void shared_objects(void)
{
    pool_each_size(book_all);
}

/* A task makes an object and gives it back. */
static parmap_status make_value(const void *input, void *result)
{
    return parmap_value_create((parmap_value *)result, 'q', *(const int64_t *)input);
}

static void made_by_tasks(void)
{
    enum { COUNT = 24 };
    parmap_pool *pool = pool_open(parmap_size() + 1);
    int64_t *numbers = pool_numbers(COUNT), number;
    parmap_value values[COUNT];
    CHECK_OK(parmap_pool_map(pool, make_value, numbers, values, COUNT, .chunk = 1));
    for (int i = 0; i < COUNT; i++) {
        CHECK_OK(parmap_value_load(&values[i], &number));
        CHECK_INT(number, i);
        CHECK_OK(parmap_value_free(&values[i]));
    }
    free(numbers);
    pool_end(pool);
}

/* ---- tasks that meet ------------------------------------------------------------------------- */

static parmap_status meet(const void *input, void *result)
{
    (void)result;
    return parmap_barrier_wait(input, shared_long_s, NULL);
}

/* Two tasks, given in any way, with two workers: near, far, both. */
static void meet_in_pairs(void)
{
    parmap_barrier pair[2];
    parmap_job job = {.task = meet, .inputs = pair, .input_bytes = sizeof *pair};
    CHECK_OK(parmap_barrier_create(&pair[0], 2, NULL));
    pair[1] = pair[0];
    for (int size = 2; size <= 2 * parmap_size() + 1; size += 2) {
        parmap_pool *pool = pool_open(size);
        for (int round = 0; round < 5; round++) {
            parmap_result *results[2];
            parmap_iterator *iterator;
            job.count = 1;
            for (int i = 0; i < 2; i++)
                CHECK_OK(parmap_pool_submit(pool, &job, &results[i]));
            for (int i = 0; i < 2; i++)
                pool_get(results[i]);
            job.count = 2;
            CHECK_OK(parmap_pool_run(pool, &job));
            CHECK_OK(parmap_pool_imap(pool, &job, &iterator));
            for (int i = 0; i < 2; i++)
                CHECK_OK(parmap_iterator_next(iterator, NULL, NULL, shared_long_s));
            parmap_iterator_free(iterator);
        }
        pool_end(pool);
    }
    CHECK_OK(parmap_barrier_free(&pair[0]));
}

/* A producer and a consumer. */
static parmap_status produce(const void *input, void *result)
{
    (void)result;
    for (int64_t i = 0; i < 100; i++)
        CHECK_OK(parmap_queue_put(input, &i, sizeof i, shared_long_s));
    return parmap_queue_close(input);
}

static parmap_status consume(const void *input, void *result)
{
    int64_t number, *sum = result;
    parmap_status status;
    *sum = 0;
    while ((status = parmap_queue_get(input, &number, sizeof number, NULL, shared_long_s)) ==
           PARMAP_OK)
        *sum += number;
    return status == PARMAP_CLOSED ? PARMAP_OK : status;
}

static void producer_and_consumer(void)
{
    const int sizes[] = {2, parmap_size() + 1};
    for (int i = 0; i < 2; i++) {
        parmap_pool *pool = pool_open(sizes[i]);
        parmap_queue queue;
        parmap_result *sum_result;
        int64_t sum = -1;
        CHECK_OK(parmap_queue_create(&queue, 3));
        CHECK_OK(parmap_pool_apply_async(pool, consume, &queue, &sum, &sum_result));
        const parmap_job job = {
            .task = produce, .inputs = &queue, .input_bytes = sizeof queue, .count = 1};
        CHECK_OK(parmap_pool_run(pool, &job));
        pool_get(sum_result);
        CHECK_INT(sum, 4950);
        CHECK_OK(parmap_queue_free(&queue));
        pool_end(pool);
    }
}

/* ---- tasks and main -------------------------------------------------------------------------- */

static parmap_status echo(const void *input, void *result)
{
    const parmap_queue *queues = input;
    (void)result;
    int64_t number;
    parmap_status status =
        parmap_queue_get(&queues[0], &number, sizeof number, NULL, shared_long_s);
    if (status == PARMAP_OK)
        status = parmap_queue_put(&queues[1], &number, sizeof number, shared_long_s);
    return status;
}

/* Also with one rank and one worker: main is not needed for a task to run. */
static void main_puts_and_gets(void)
{
    parmap_pool *pool = pool_open(1);
    parmap_queue queues[2];
    parmap_result *result;
    CHECK_OK(parmap_queue_create(&queues[0], 0));
    CHECK_OK(parmap_queue_create(&queues[1], 0));
    const parmap_job job = {
        .task = echo, .inputs = queues, .input_bytes = sizeof queues, .count = 1};
    for (int64_t i = 0; i < 20; i++) {
        int64_t back = -1;
        CHECK_OK(parmap_pool_submit(pool, &job, &result));
        CHECK_OK(parmap_queue_put(&queues[0], &i, sizeof i, 0));
        CHECK_OK(parmap_queue_get(&queues[1], &back, sizeof back, NULL, shared_long_s));
        CHECK_INT(back, i);
        pool_get(result);
    }
    CHECK_OK(parmap_queue_free(&queues[0]));
    CHECK_OK(parmap_queue_free(&queues[1]));
    pool_end(pool);
}

static parmap_status take_lock(const void *input, void *result)
{
    (void)result;
    const parmap_status status = parmap_lock_acquire(input, shared_long_s);
    return status == PARMAP_OK ? parmap_lock_release(input) : status;
}

/* A worker of rank 0 is not main: it waits for main's lock. */
static void main_holds_a_lock(void)
{
    parmap_pool *pool = pool_open(parmap_size());
    parmap_lock locks[8];
    parmap_result *result;
    CHECK_OK(parmap_lock_create(&locks[0]));
    for (int i = 1; i < 8; i++)
        locks[i] = locks[0];
    const parmap_job job = {
        .task = take_lock, .inputs = locks, .input_bytes = sizeof *locks, .count = 8};
    CHECK_OK(parmap_lock_acquire(&locks[0], 0));
    CHECK_OK(parmap_pool_submit(pool, &job, &result));
    CHECK_FAILS(parmap_result_get(result, 0.05), PARMAP_TIMED_OUT, "0 of 8");
    CHECK_OK(parmap_lock_release(&locks[0]));
    pool_get(result);
    CHECK_OK(parmap_lock_free(&locks[0]));
    pool_end(pool);
}

/* ---- several pools --------------------------------------------------------------------------- */

static void two_at_once(void)
{
    enum { COUNT = 301 };
    parmap_pool *pools[2] = {pool_open(parmap_size()), pool_open(parmap_size() + 1)};
    int64_t *numbers = pool_numbers(COUNT), cubes[2][COUNT] = {0}, single[2] = {0};
    parmap_result *results[2];
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 2; i++)
            CHECK_OK(
                parmap_pool_map_async(pools[i], pool_cube, numbers, cubes[i], COUNT, &results[i]));
        for (int i = 0; i < 2; i++)
            CHECK_OK(parmap_pool_apply(pools[1 - i], pool_cube, &numbers[5], &single[i]));
        for (int i = 0; i < 2; i++) {
            pool_get(results[i]);
            pool_check_cubes(cubes[i], COUNT);
            CHECK_INT(single[i], 125);
        }
    }
    pool_gate gate = pool_gate_create(); /* one is full, the other one works */
    pool_gate gates[40];
    for (int i = 0; i < 40; i++)
        gates[i] = gate;
    parmap_job job = pool_pass_job(gates);
    job.count = 40;
    CHECK_OK(parmap_pool_submit(pools[0], &job, &results[0]));
    CHECK_OK(parmap_semaphore_acquire(&gate.come, shared_long_s));
    pool_check_works(pools[1]);
    pool_end(pools[1]);
    CHECK_OK(parmap_event_set(&gate.open));
    pool_get(results[0]);
    pool_gate_free(&gate);
    pool_end(pools[0]);
    free(numbers);
}

/* A task of one pool gets its numbers from a task of another one. */
static void pools_that_talk(void)
{
    parmap_pool *pools[2] = {pool_open(1), pool_open(1)};
    parmap_barrier pair;
    parmap_result *results[2];
    CHECK_OK(parmap_barrier_create(&pair, 2, NULL));
    const parmap_job job = {.task = meet, .inputs = &pair, .input_bytes = sizeof pair, .count = 1};
    for (int i = 0; i < 2; i++)
        CHECK_OK(parmap_pool_submit(pools[i], &job, &results[i]));
    for (int i = 0; i < 2; i++) {
        pool_get(results[i]);
        pool_end(pools[i]);
    }
    CHECK_OK(parmap_barrier_free(&pair));
}

static const check_case cases[] = {
    {"shared objects in records", shared_objects},
    {"shared objects made by tasks", made_by_tasks},
    {"tasks that meet", meet_in_pairs},
    {"a producer and a consumer", producer_and_consumer},
    {"main puts, a task gets", main_puts_and_gets},
    {"main holds a lock that tasks need", main_holds_a_lock},
    {"two pools at once", two_at_once},
    {"pools that talk to each other", pools_that_talk},
};

SERVED_MAIN(cases)
