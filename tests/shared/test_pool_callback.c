/* Callbacks: once for each job, when its results are in place, one after the other. */
#include "shared/pool.h"

static parmap_status odd_fails(const void *input, void *result)
{
    const int64_t x = *(const int64_t *)input;
    if (x % 2 != 0)
        return parmap_fail("%d is odd", (int)x);
    *(int64_t *)result = x * x * x;
    return PARMAP_OK;
}

/* What callbacks find. */
typedef struct heard {
    _Atomic int well, failed, at_once;
    _Atomic int64_t sum;
    parmap_failure failure;
} heard;

static void enter(heard *h)
{
    CHECK_INT(h->at_once++, 0);
}

static void hear(void *results, void *context)
{
    heard *h = context;
    enter(h);
    h->sum += results ? *(int64_t *)results : 0;
    h->well++;
    h->at_once--;
}

static void hear_failure(const parmap_failure *failure, void *context)
{
    heard *h = context;
    enter(h);
    h->failure = *failure;
    h->sum += failure->index;
    h->failed++;
    h->at_once--;
}

/* Callbacks may come a little after a get. */
static void await_calls(heard *h, int calls)
{
    const double end = shared_now() + shared_long_s;
    while (h->well + h->failed < calls && shared_now() < end)
        shared_sleep(0.001);
    CHECK_INT(h->well + h->failed, calls);
}

/* ---- one job --------------------------------------------------------------------------------- */

static void call_back(parmap_pool *pool)
{
    enum { COUNT = 101 };
    int64_t *numbers = pool_numbers(COUNT), cubes[COUNT];
    for (int i = 0; i < 4; i++) {
        const int64_t count = i % 2 == 0 ? 1 : COUNT;
        parmap_result *result = NULL;
        heard h = {.well = 0};
        memset(cubes, 0, sizeof cubes);
        CHECK_OK(parmap_pool_map_async(pool, pool_cube, numbers + 2, cubes, count > 1 ? 99 : 1,
                                       i < 2 ? &result : NULL, .callback = hear,
                                       .error_callback = hear_failure, .context = &h));
        await_calls(&h, 1);
        CHECK_INT(h.well, 1);
        CHECK_INT(h.sum, 8);
        CHECK_INT(cubes[count > 1 ? 98 : 0], count > 1 ? 1000000 : 8);
        if (result)
            pool_get(result);
    }
    free(numbers);
}

static void called(void)
{
    pool_each_size(call_back);
}

static void call_back_failures(parmap_pool *pool)
{
    enum { COUNT = 100 };
    int64_t *numbers = pool_numbers(COUNT), cubes[COUNT];
    for (int i = 0; i < 4; i++) {
        const bool single = i % 2 == 0;
        parmap_result *result = NULL;
        heard h = {.well = 0};
        CHECK_OK(parmap_pool_map_async(pool, odd_fails, numbers + single, cubes, single ? 1 : COUNT,
                                       i < 2 ? &result : NULL, .callback = hear,
                                       .error_callback = hear_failure, .context = &h));
        await_calls(&h, 1);
        CHECK_INT(h.failed, 1);
        CHECK_INT(h.failure.index, single ? 0 : 1);
        CHECK_INT(h.failure.count, single ? 1 : COUNT / 2);
        CHECK_INT(h.failure.status, PARMAP_TASK_FAILED);
        CHECK_TEXT(h.failure.text, "1 is odd");
        CHECK(h.failure.rank >= 0 && h.failure.rank < parmap_size());
        if (!result)
            continue;
        CHECK_FAILS(parmap_result_get(result, shared_long_s), PARMAP_TASK_FAILED, "1 is odd");
        parmap_result_free(result);
    }
    free(numbers);
}

static void called_with_failures(void)
{
    pool_each_size(call_back_failures);
}

static void only_one_of_the_two(void)
{
    parmap_pool *pool = pool_open(2);
    int64_t numbers[2] = {1, 2}, cubes[2] = {0};
    heard h = {.well = 0};
    CHECK_OK(parmap_pool_apply_async(pool, odd_fails, &numbers[0], &cubes[0], NULL,
                                     .callback = hear, .context = &h));
    CHECK_OK(parmap_pool_apply_async(pool, odd_fails, &numbers[1], &cubes[1], NULL,
                                     .error_callback = hear_failure, .context = &h));
    pool_end(pool);
    CHECK_INT(h.well + h.failed, 0);
    CHECK_INT(cubes[1], 8);
}

static void of_no_items(void)
{
    parmap_pool *pool = pool_open(2);
    heard h = {.well = 0};
    CHECK_OK(parmap_pool_submit(
        pool, &(parmap_job){.task = pool_cube, .callback = hear, .context = &h}, NULL));
    await_calls(&h, 1);
    CHECK_INT(h.well, 1);
    pool_end(pool);
}

/* ---- many ------------------------------------------------------------------------------------ */

/* Join waits for the callbacks, too. */
static void of_many_jobs(void)
{
    const int64_t count = shared_count(2000, 200);
    parmap_pool *pool = pool_open(2 * parmap_size());
    int64_t *numbers = pool_numbers(count), *cubes = pool_numbers(count), sum = 0;
    heard h = {.well = 0};
    for (int64_t i = 0; i < count; i++) {
        CHECK_OK(parmap_pool_apply_async(pool, odd_fails, &numbers[i], &cubes[i], NULL,
                                         .callback = hear, .error_callback = hear_failure,
                                         .context = &h));
        sum += i % 2 == 0 ? i * i * i : 0;
    }
    pool_end(pool);
    CHECK_INT(h.well, count / 2);
    CHECK_INT(h.failed, count / 2);
    CHECK_INT(h.sum, sum);
    free(numbers);
    free(cubes);
}

typedef struct submitter {
    parmap_pool *pool;
    heard *heard;
    int64_t *numbers, *cubes;
} submitter;

enum { EACH = 50 };

static int submit_many(void *argument)
{
    const submitter *s = argument;
    for (int i = 0; i < EACH; i++)
        CHECK_OK(parmap_pool_map_async(s->pool, pool_cube, &s->numbers[i], &s->cubes[2 * i],
                                       1 + i % 2, NULL, .callback = hear, .context = s->heard));
    return 0;
}

static void from_many_threads(void)
{
    enum { THREADS = 4 };
    parmap_pool *pool = pool_open(parmap_size());
    parmap_thread threads[THREADS];
    int64_t *numbers = pool_numbers(EACH + 1), cubes[THREADS][2 * EACH];
    heard h = {.well = 0};
    for (int i = 0; i < THREADS; i++) {
        const submitter s = {pool, &h, numbers, cubes[i]};
        CHECK_OK(parmap_thread_start(&threads[i], submit_many, &s, sizeof s));
    }
    for (int i = 0; i < THREADS; i++)
        CHECK_OK(parmap_thread_join(&threads[i], shared_long_s));
    pool_end(pool);
    CHECK_INT(h.well, THREADS * EACH);
    CHECK_INT(h.sum, (int64_t)THREADS * (EACH * (EACH - 1) / 2) * (EACH * (EACH - 1) / 2));
    free(numbers);
}

/* ---- callbacks that go on -------------------------------------------------------------------- */

typedef struct chain {
    parmap_pool *pool;
    int64_t number, cube;
    _Atomic int left;
    _Atomic int64_t sum;
} chain;

static void go_on(void *results, void *context)
{
    chain *c = context;
    CHECK(results == &c->cube);
    c->sum += c->cube;
    if (--c->left > 0)
        CHECK_OK(parmap_pool_apply_async(c->pool, pool_cube, &c->number, &c->cube, NULL,
                                         .callback = go_on, .context = c));
}

static void await_chain(chain *c)
{
    const double end = shared_now() + shared_long_s;
    while (c->left > 0 && shared_now() < end)
        shared_sleep(0.001);
    CHECK_INT(c->left, 0);
}

static void that_submit_more(void)
{
    enum { LENGTH = 100 };
    const int sizes[] = {1, parmap_size(), 2 * parmap_size() + 1};
    for (int i = 0; i < 3; i++) {
        chain c = {.pool = pool_open(sizes[i]), .number = 3, .left = LENGTH};
        CHECK_OK(parmap_pool_apply_async(c.pool, pool_cube, &c.number, &c.cube, NULL,
                                         .callback = go_on, .context = &c));
        await_chain(&c);
        CHECK_INT(c.sum, LENGTH * 27);
        pool_end(c.pool);
    }
}

/* A map that is waited for, within a callback. */
static void compute_more(void *results, void *context)
{
    chain *c = context;
    (void)results;
    pool_check_works(c->pool);
    c->left--;
}

static void that_wait_for_more(void)
{
    chain c = {.pool = pool_open(parmap_size()), .number = 3, .left = 3};
    for (int i = 0; i < 3; i++)
        CHECK_OK(parmap_pool_apply_async(c.pool, pool_cube, &c.number, &c.cube, NULL,
                                         .callback = compute_more, .context = &c));
    await_chain(&c);
    pool_end(c.pool);
}

static void close_it(void *results, void *context)
{
    chain *c = context;
    (void)results;
    CHECK_OK(parmap_pool_close(c->pool));
    c->left--;
}

static void that_close_the_pool(void)
{
    chain c = {.pool = pool_open(2), .number = 3, .left = 1};
    CHECK_OK(parmap_pool_apply_async(c.pool, pool_cube, &c.number, &c.cube, NULL,
                                     .callback = close_it, .context = &c));
    await_chain(&c);
    CHECK_STATUS(parmap_pool_apply(c.pool, pool_cube, &c.number, &c.cube), PARMAP_CLOSED);
    CHECK_OK(parmap_pool_join(c.pool, shared_long_s));
}

static const check_case cases[] = {
    {"called once with the results in place", called},
    {"called with the failure", called_with_failures},
    {"only one of the two", only_one_of_the_two},
    {"of a job without items", of_no_items},
    {"of many jobs", of_many_jobs},
    {"from many threads", from_many_threads},
    {"callbacks that submit more", that_submit_more},
    {"callbacks that wait for more", that_wait_for_more},
    {"callbacks that close the pool", that_close_the_pool},
};

SERVED_MAIN(cases)
