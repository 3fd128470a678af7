/* What the tests of pools share: making and ending one, tasks that count their calls, memory that
 * all ranks of the node reach. */
#ifndef POOL_H
#define POOL_H

#include "shared/served.h"

#include <stdlib.h>

/* ---- pools ----------------------------------------------------------------------------------- */

static inline parmap_pool *pool_open(int size)
{
    parmap_pool *pool = NULL;
    CHECK_OK(parmap_pool_create(&pool, size));
    return pool;
}

static inline void pool_end(parmap_pool *pool)
{
    CHECK_OK(parmap_pool_close(pool));
    CHECK_OK(parmap_pool_join(pool, shared_long_s));
}

/* Calls test(pool) with one worker, with one on each rank, and with more than ranks. */
static inline void pool_each_size(void (*test)(parmap_pool *pool))
{
    const int ranks = parmap_size();
    const int sizes[] = {1, ranks, 2 * ranks + 1};
    for (int i = ranks == 1; i < 3; i++) {
        parmap_pool *pool = pool_open(sizes[i]);
        test(pool);
        pool_end(pool);
    }
}

/* Waits until the job is done and well; who sleeps through that is late. */
static inline void pool_await(parmap_result *result)
{
    const double begun_s = shared_now();
    CHECK_OK(parmap_result_get(result, shared_long_s));
    CHECK(shared_now() < begun_s + shared_long_s);
}

static inline void pool_get(parmap_result *result)
{
    pool_await(result);
    parmap_result_free(result);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

PARMAP_TASK(pool_cube, int64_t, x, int64_t)
{
    return x * x * x;
}

/* 0, 1, 2 ... */
static inline int64_t *pool_numbers(int64_t count)
{
    int64_t *numbers = malloc((size_t)(count + 1) * sizeof *numbers);
    for (int64_t i = 0; i < count; i++)
        numbers[i] = i;
    return numbers;
}

static inline void pool_check_cubes(const int64_t *cubes, int64_t count)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < count; i++)
        wrong += cubes[i] != i * i * i;
    CHECK_INT(wrong, 0);
}

/* That the pool still computes. */
static inline void pool_check_works(parmap_pool *pool)
{
    enum { COUNT = 100 };
    int64_t *numbers = pool_numbers(COUNT), cubes[COUNT] = {0}, seven = 7, cube = 0;
    CHECK_OK(parmap_pool_map(pool, pool_cube, numbers, cubes, COUNT));
    pool_check_cubes(cubes, COUNT);
    CHECK_OK(parmap_pool_apply(pool, pool_cube, &seven, &cube));
    CHECK_INT(cube, 343);
    free(numbers);
}

/* An item that counts how often it is computed. */
typedef struct pool_item {
    parmap_array counts;
    int64_t index;
} pool_item;

static inline parmap_status pool_count(const void *input, void *result)
{
    const pool_item *item = input;
    *(int64_t *)result = item->index * item->index * item->index;
    return parmap_array_add(&item->counts, item->index, 1);
}

static inline pool_item *pool_items(int64_t count)
{
    pool_item *items = malloc((size_t)(count + 1) * sizeof *items);
    parmap_array counts;
    CHECK_OK(parmap_array_create(&counts, 'q', count + 1));
    for (int64_t i = 0; i <= count; i++)
        items[i] = (pool_item){counts, i};
    return items;
}

/* That each of the items was computed `times` times; frees them. */
static inline void pool_check_counts(pool_item *items, int64_t count, int64_t times)
{
    int64_t wrong = 0, *counts = calloc((size_t)count + 1, sizeof *counts);
    CHECK_OK(parmap_array_read(&items->counts, 0, count, counts));
    for (int64_t i = 0; i < count; i++)
        wrong += counts[i] != times;
    CHECK_INT(wrong, 0);
    CHECK_OK(parmap_array_free(&items->counts));
    free(counts);
    free(items);
}

/* Waits for an event, until the process is terminated. */
static inline parmap_status pool_wait_for_event(const void *input, void *result)
{
    (void)result;
    return parmap_event_wait(input, shared_long_s);
}

/* Says that it has come, then waits. */
typedef struct pool_gate {
    parmap_semaphore come;
    parmap_event open;
} pool_gate;

static inline pool_gate pool_gate_create(void)
{
    pool_gate gate;
    CHECK_OK(parmap_semaphore_create(&gate.come, 0));
    CHECK_OK(parmap_event_create(&gate.open));
    return gate;
}

static inline void pool_gate_free(pool_gate *gate)
{
    CHECK_OK(parmap_semaphore_free(&gate->come));
    CHECK_OK(parmap_event_free(&gate->open));
}

static inline parmap_status pool_pass(const void *input, void *result)
{
    const pool_gate *gate = input;
    (void)result;
    const parmap_status status = parmap_semaphore_release(&gate->come);
    return status == PARMAP_OK ? parmap_event_wait(&gate->open, shared_long_s) : status;
}

/* A job of one pool_pass; `gate` must stay. */
static inline parmap_job pool_pass_job(const pool_gate *gate)
{
    return (parmap_job){.task = pool_pass, .inputs = gate, .input_bytes = sizeof *gate, .count = 1};
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Bytes in the heap of this rank; all ranks of the node can reach them. */
typedef struct pool_memory {
    parmap_array array;
    void *bytes;
} pool_memory;

static inline pool_memory pool_memory_create(size_t bytes)
{
    pool_memory memory = {.bytes = NULL};
    int64_t first, count;
    CHECK_OK(parmap_array_create(&memory.array, 'B', (int64_t)bytes + 1));
    CHECK_OK(parmap_array_local(&memory.array, &memory.bytes, &first, &count));
    CHECK((uintptr_t)memory.bytes % 16 == 0);
    return memory;
}

static inline void pool_memory_free(pool_memory *memory)
{
    CHECK_OK(parmap_array_free(&memory->array));
}

#endif
