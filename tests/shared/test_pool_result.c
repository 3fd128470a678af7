/* Results by handle: waiting for them, callbacks, from one thread and from many. */
#include "shared/pool.h"

/* ---- get and wait ---------------------------------------------------------------------------- */

static void get(parmap_pool *pool)
{
    enum { COUNT = 503 };
    int64_t *numbers = pool_numbers(COUNT), cubes[COUNT] = {0}, cube = 0;
    parmap_result *result;
    CHECK_OK(parmap_pool_map_async(pool, pool_cube, numbers, cubes, COUNT, &result));
    pool_get(result);
    pool_check_cubes(cubes, COUNT);
    CHECK_OK(parmap_pool_apply_async(pool, pool_cube, &numbers[9], &cube, &result));
    CHECK_OK(parmap_result_wait(result, shared_long_s));
    CHECK_INT(cube, 729);
    pool_get(result);
    int64_t *untouched = NULL;
    CHECK_OK(parmap_pool_map_async(pool, pool_cube, numbers, untouched, 0, &result));
    pool_get(result);
    free(numbers);
}

static void got(void)
{
    pool_each_size(get);
}

/* The input of one item up to 4096 bytes may change at once, larger ones are the job's. */
static void inputs_are_copied(void)
{
    enum { COUNT = 200 };
    parmap_pool *pool = pool_open(parmap_size());
    int64_t cubes[COUNT] = {0};
    parmap_result *results[COUNT];
    for (int64_t i = 0; i < COUNT; i++) {
        int64_t number = i;
        CHECK_OK(parmap_pool_apply_async(pool, pool_cube, &number, &cubes[i], &results[i]));
        number = -1;
        CHECK_INT(number, -1);
    }
    for (int i = 0; i < COUNT; i++)
        pool_get(results[i]);
    pool_check_cubes(cubes, COUNT);
    pool_end(pool);
}

static void time_outs(parmap_pool *pool)
{
    pool_gate gate = pool_gate_create();
    const parmap_job job = pool_pass_job(&gate);
    parmap_result *result;
    bool flag = true;
    CHECK_OK(parmap_pool_submit(pool, &job, &result));
    CHECK_FAILS(parmap_result_get(result, 0), PARMAP_TIMED_OUT, "0 of 1");
    CHECK_FAILS(parmap_result_wait(result, -1), PARMAP_TIMED_OUT, "0 of 1");
    const double begun_s = shared_now();
    CHECK_FAILS(parmap_result_get(result, 0.2), PARMAP_TIMED_OUT, "0 of 1");
    CHECK_TOOK(begun_s, 0.2);
    CHECK_OK(parmap_result_ready(result, &flag));
    CHECK(!flag);
    CHECK_FAILS(parmap_result_successful(result, &flag), PARMAP_USAGE, "not done");
    CHECK_OK(parmap_event_set(&gate.open));
    CHECK_OK(parmap_result_get(result, shared_long_s));
    CHECK_OK(parmap_result_get(result, 0)); /* as often as one likes */
    CHECK_OK(parmap_result_ready(result, &flag));
    CHECK(flag);
    flag = false;
    CHECK_OK(parmap_result_successful(result, &flag));
    CHECK(flag);
    parmap_result_free(result);
    pool_gate_free(&gate);
}

static void timed_out(void)
{
    pool_each_size(time_outs);
}

/* Passes where the gate is open from the beginning. */
static void a_map_half_done(void)
{
    enum { COUNT = 10 };
    parmap_pool *pool = pool_open(1);
    pool_gate open = pool_gate_create(), shut = pool_gate_create(), gates[COUNT];
    parmap_result *result;
    CHECK_OK(parmap_event_set(&open.open));
    for (int i = 0; i < COUNT; i++)
        gates[i] = i < 7 ? open : shut;
    parmap_job job = pool_pass_job(gates);
    job.count = COUNT;
    job.chunk = 1;
    CHECK_OK(parmap_pool_submit(pool, &job, &result));
    CHECK_OK(parmap_semaphore_acquire(&shut.come, shared_long_s));
    CHECK_FAILS(parmap_result_get(result, 0.01), PARMAP_TIMED_OUT, "7 of 10");
    CHECK_OK(parmap_event_set(&shut.open));
    pool_get(result);
    pool_gate_free(&open);
    pool_gate_free(&shut);
    pool_end(pool);
}

/* As Python's test_async_timeout and a program that polls. */
static void polled(void)
{
    enum { COUNT = 64 };
    parmap_pool *pool = pool_open(parmap_size() + 1);
    int64_t *numbers = pool_numbers(COUNT), cubes[COUNT] = {0};
    parmap_result *results[COUNT];
    for (int i = 0; i < COUNT; i++)
        CHECK_OK(parmap_pool_apply_async(pool, pool_cube, &numbers[i], &cubes[i], &results[i]));
    const double end = shared_now() + shared_long_s;
    for (int i = 0; i < COUNT; i++) {
        bool ready = false;
        while (!ready && shared_now() < end)
            CHECK_OK(parmap_result_ready(results[i], &ready));
        CHECK(ready);
        parmap_result_free(results[i]);
    }
    pool_check_cubes(cubes, COUNT);
    free(numbers);
    pool_end(pool);
}

static void wait_is_well_when_the_job_is_not(void)
{
    parmap_pool *pool = pool_open(2);
    bool successful = true;
    parmap_result *result;
    const parmap_event never_made = {.handle = {.rank = 0}};
    const parmap_job job = {.task = pool_wait_for_event,
                            .inputs = &never_made,
                            .input_bytes = sizeof never_made,
                            .count = 1};
    CHECK_OK(parmap_pool_submit(pool, &job, &result));
    CHECK_OK(parmap_result_wait(result, shared_long_s));
    CHECK_OK(parmap_result_successful(result, &successful));
    CHECK(!successful);
    CHECK_STATUS(parmap_result_get(result, 0), PARMAP_TASK_FAILED);
    CHECK_INT(parmap_last_failure().status, PARMAP_USAGE);
    parmap_result_free(result);
    pool_end(pool);
}

/* ---- freed early ----------------------------------------------------------------------------- */

static void free_early(parmap_pool *pool)
{
    enum { COUNT = 307 };
    pool_item *items = pool_items(COUNT);
    int64_t *numbers = pool_numbers(COUNT);
    parmap_result *result;
    CHECK_OK(parmap_pool_map_async(pool, pool_count, items, numbers, COUNT, &result));
    parmap_result_free(result);
    for (int i = 0; i < COUNT; i++) {
        CHECK_OK(parmap_pool_apply_async(pool, pool_count, &items[i], &numbers[i], &result));
        parmap_result_free(result);
    }
    pool_end(pool);
    pool_check_cubes(numbers, COUNT);
    pool_check_counts(items, COUNT, 2);
    free(numbers);
}

static void freed_early(void)
{
    free_early(pool_open(1));
    free_early(pool_open(parmap_size()));
    free_early(pool_open(2 * parmap_size() + 1));
}

static void read_after_join(void)
{
    enum { COUNT = 50 };
    int64_t *numbers = pool_numbers(COUNT), cubes[COUNT] = {0}, cube = 0;
    parmap_pool *pool = pool_open(parmap_size());
    parmap_result *map, *single;
    bool successful = false;
    CHECK_OK(parmap_pool_map_async(pool, pool_cube, numbers, cubes, COUNT, &map));
    CHECK_OK(parmap_pool_apply_async(pool, pool_cube, &numbers[5], &cube, &single));
    pool_end(pool);
    pool_check_cubes(cubes, COUNT);
    CHECK_INT(cube, 125);
    CHECK_OK(parmap_result_successful(map, &successful));
    CHECK(successful);
    pool_get(map);
    pool_get(single);
    free(numbers);
}

/* ---- threads --------------------------------------------------------------------------------- */

enum { THREADS = 4 };

typedef struct crowd {
    parmap_pool *pool;
    parmap_result *result;
    _Atomic int got;
    pool_item *items;
    int64_t *cubes;
    int64_t count;
} crowd;

static void run_threads(parmap_function *function, crowd *c)
{
    parmap_thread threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK_OK(parmap_thread_start(&threads[i], function, &c, sizeof c));
    for (int i = 0; i < THREADS; i++) {
        CHECK_OK(parmap_thread_join(&threads[i], 2 * shared_long_s));
        CHECK_INT(threads[i].exit_code, 0);
    }
}

static int get_it(void *argument)
{
    crowd *c = *(crowd **)argument;
    pool_await(c->result);
    c->got++;
    return 0;
}

/* The job is done while they wait, or before: single items and maps, many times. */
static void several_wait_for_one(void)
{
    const int64_t rounds = shared_count(150, 30);
    parmap_pool *pool = pool_open(parmap_size());
    int64_t numbers[2] = {4, 5}, cubes[2];
    for (int64_t round = 0; round < rounds; round++) {
        crowd c = {.pool = pool};
        cubes[0] = cubes[1] = 0;
        CHECK_OK(parmap_pool_map_async(pool, pool_cube, numbers, cubes, 1 + round % 2, &c.result));
        run_threads(get_it, &c);
        CHECK_INT(c.got, THREADS);
        CHECK_INT(cubes[0], 64);
        CHECK_INT(cubes[1], 125 * (round % 2));
        parmap_result_free(c.result);
    }
    pool_end(pool);
}

static int open_later(void *argument)
{
    shared_sleep(0.3);
    CHECK_OK(parmap_event_set(argument));
    return 0;
}

static void several_wait_for_one_that_lasts(void)
{
    parmap_pool *pool = pool_open(parmap_size());
    for (int i = 0; i < 2; i++) {
        crowd c = {.pool = pool};
        pool_gate gate = pool_gate_create(), gates[2] = {gate, gate};
        parmap_job job = pool_pass_job(gates);
        parmap_thread opener;
        job.count = 1 + i;
        CHECK_OK(parmap_pool_submit(pool, &job, &c.result));
        CHECK_OK(parmap_thread_start(&opener, open_later, &gate.open, sizeof gate.open));
        run_threads(get_it, &c);
        CHECK_INT(c.got, THREADS);
        CHECK_OK(parmap_thread_join(&opener, shared_long_s));
        parmap_result_free(c.result);
        pool_gate_free(&gate);
    }
    pool_end(pool);
}

/* Each has results of its own, which stay until the pool is joined. */
static int give_tasks(void *argument)
{
    crowd *c = *(crowd **)argument;
    int64_t *mine = c->cubes + c->got++ * c->count;
    for (int round = 0; round < 3; round++) {
        CHECK_OK(parmap_pool_map(c->pool, pool_count, c->items, mine, c->count));
        pool_check_cubes(mine, c->count);
        memset(mine, 0, (size_t)c->count * sizeof *mine);
        for (int64_t i = 0; i < c->count; i++)
            CHECK_OK(parmap_pool_apply_async(c->pool, pool_count, &c->items[i], &mine[i], NULL));
        int64_t cube = -1;
        CHECK_OK(parmap_pool_apply(c->pool, pool_count, &c->items[c->count], &cube));
        CHECK_INT(cube, c->count * c->count * c->count);
    }
    return 0;
}

static void several_give_tasks(void)
{
    crowd c = {.pool = pool_open(2 * parmap_size()), .count = shared_count(211, 31)};
    c.items = pool_items(c.count);
    c.cubes = pool_numbers(THREADS * c.count);
    run_threads(give_tasks, &c);
    pool_end(c.pool);
    for (int i = 0; i < THREADS; i++)
        pool_check_cubes(c.cubes + i * c.count, c.count);
    free(c.cubes);
    pool_check_counts(c.items, c.count, 6 * THREADS);
}

static const check_case cases[] = {
    {"get and wait", got},
    {"inputs of single items are copied", inputs_are_copied},
    {"time-outs", timed_out},
    {"a time-out says how far a map is", a_map_half_done},
    {"polled", polled},
    {"wait does not tell of failures", wait_is_well_when_the_job_is_not},
    {"results freed early", freed_early},
    {"results read after join", read_after_join},
    {"several threads wait for one result", several_wait_for_one},
    {"several threads wait for one that lasts", several_wait_for_one_that_lasts},
    {"several threads give tasks", several_give_tasks},
};

SERVED_MAIN(cases)
