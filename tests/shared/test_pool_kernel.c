/* Kernels in a pool: all types, over private and shared arrays, with items outside the domain. */
#include "shared/pool.h"

#include <math.h>

PARMAP_KERNEL_TYPES(cube, x, x *x *x);
PARMAP_DOMAINS(cube, (-2097152, 2097151), (0, 2642245),
               ((parmap_int128)-5541191377756, (parmap_int128)5541191377756), (-208063, 208063));

PARMAP_KERNEL(half, int64_t, x, double)
{
    return (double)x / 2;
}
PARMAP_DOMAIN(half, int64_t, -1000000, 1000000);

/* Odd numbers fail. */
PARMAP_KERNEL_CAN_FAIL(even, int64_t, x, double, y)
{
    if (x % 2 != 0)
        return parmap_fail("%lld is odd", (long long)x);
    *y = (double)x / 4;
    return PARMAP_OK;
}
PARMAP_DOMAIN(even, int64_t, -1000000, 1000000);

#define SPAN(FIELD) FIELD(int16_t, from) FIELD(double, to)
PARMAP_RECORD(span, SPAN);
PARMAP_ARRAY(ends, double, 2);

PARMAP_KERNEL(order, span, s, ends)
{
    const double from = s.from;
    return from < s.to ? (ends){{from, s.to}} : (ends){{s.to, from}};
}
PARMAP_DOMAIN(order, span, PARMAP_DOMAIN_NONE);

/* Arrays of `count` inputs, -100 .. or 0 .., and their results, in one kind of memory. */
#define MAP_CUBES(pool, type, name, inputs, results, count, first)                                 \
    do {                                                                                           \
        int64_t wrong_ = 0;                                                                        \
        for (int64_t i_ = 0; i_ < (count); i_++)                                                   \
            (inputs)[i_] = (type)((first) + i_);                                                   \
        CHECK_OK(parmap_pool_map_kernel(pool, name, inputs, results, count));                      \
        for (int64_t i_ = 0; i_ < (count); i_++)                                                   \
            wrong_ += (results)[i_] != (inputs)[i_] * (inputs)[i_] * (inputs)[i_];                 \
        CHECK_INT(wrong_, 0);                                                                      \
    } while (0)

#define MAP_TYPE(pool, type, count, first)                                                         \
    do {                                                                                           \
        const size_t bytes_ = (size_t)(count) * sizeof(type);                                      \
        type *inputs_ = aligned_alloc(16, bytes_ + 16),                                            \
             *results_ = aligned_alloc(16, bytes_ + 16);                                           \
        pool_memory in_ = pool_memory_create(bytes_), out_ = pool_memory_create(bytes_);           \
        MAP_CUBES(pool, type, &cube, inputs_, results_, count, first);                             \
        type *shared_in_ = in_.bytes, *shared_out_ = out_.bytes;                                   \
        MAP_CUBES(pool, type, &cube, shared_in_, shared_out_, count, first);                       \
        free(inputs_);                                                                             \
        free(results_);                                                                            \
        pool_memory_free(&in_);                                                                    \
        pool_memory_free(&out_);                                                                   \
    } while (0)

static void map_types(parmap_pool *pool)
{
    const int64_t counts[] = {2, 1009, 100003};
    for (int i = 0; i < 3; i++) {
        const int64_t count = counts[i] / 2 * 2;
        MAP_TYPE(pool, int64_t, count, -100);
        MAP_TYPE(pool, uint64_t, count, 0);
        MAP_TYPE(pool, parmap_int128, count, -100);
        MAP_TYPE(pool, double, count, -100);
    }
}

static void all_types(void)
{
    pool_each_size(map_types);
}

/* ---- one number; none ------------------------------------------------------------------------ */

static void map_few(parmap_pool *pool)
{
    int64_t number = 11, result = 0;
    double halves[3] = {0};
    const int64_t numbers[3] = {-3, 0, 5};
    CHECK_OK(parmap_pool_map_kernel(pool, &cube, &number, &result, 1));
    CHECK_INT(result, 1331);
    result = 5;
    CHECK_OK(parmap_pool_map_kernel(pool, &cube, &number, &result, 0));
    CHECK_INT(result, 5);
    CHECK_OK(parmap_pool_map_kernel(pool, &half, numbers, halves, 3, .chunk = 1));
    CHECK(halves[0] == -1.5 && halves[1] == 0 && halves[2] == 2.5);
}

static void few_items(void)
{
    pool_each_size(map_few);
}

/* ---- outside the domain ---------------------------------------------------------------------- */

static void fail_items(parmap_pool *pool, int64_t *numbers, int64_t *results, int64_t count)
{
    const int64_t outside[] = {count / 3, count / 2, count - 1};
    for (int64_t i = 0; i < count; i++) {
        numbers[i] = i % 1000;
        results[i] = -1;
    }
    for (int i = 0; i < 3; i++)
        numbers[outside[i]] = 3000000 + i;
    CHECK_FAILS(parmap_pool_map_kernel(pool, &cube, numbers, results, count), PARMAP_TASK_FAILED,
                "3000000");
    CHECK_HOLDS(parmap_message(), "rank ");
    const parmap_failure failure = parmap_last_failure();
    CHECK_INT(failure.index, outside[0]);
    CHECK_INT(failure.count, 3);
    CHECK_INT(failure.status, PARMAP_USAGE);
    CHECK(failure.rank >= 0 && failure.rank < parmap_size());
    int64_t wrong = 0;
    for (int64_t i = 0; i < count; i++)
        wrong += numbers[i] < 1000 && results[i] != numbers[i] * numbers[i] * numbers[i];
    CHECK_INT(wrong, 0);
}

static void map_outside(parmap_pool *pool)
{
    const int64_t counts[] = {7, 1009, 200003};
    for (int i = 0; i < 3; i++) {
        const int64_t count = counts[i];
        int64_t *numbers = pool_numbers(count), *results = pool_numbers(count);
        pool_memory in = pool_memory_create((size_t)count * 8),
                    out = pool_memory_create((size_t)count * 8);
        fail_items(pool, numbers, results, count);
        fail_items(pool, in.bytes, out.bytes, count);
        pool_memory_free(&in);
        pool_memory_free(&out);
        free(numbers);
        free(results);
    }
    int64_t number = 3000000, result = -1;
    CHECK_FAILS(parmap_pool_map_kernel(pool, &cube, &number, &result, 1), PARMAP_TASK_FAILED,
                "3000000");
    CHECK_INT(parmap_last_failure().index, 0);
}

static void outside_the_domain(void)
{
    pool_each_size(map_outside);
}

/* ---- items that can fail --------------------------------------------------------------------- */

static void map_failing(parmap_pool *pool)
{
    const int64_t counts[] = {1, 7, 1009, 20003};
    for (int c = 0; c < 4; c++) {
        const int64_t count = counts[c];
        int64_t *numbers = pool_numbers(count), wrong = 0, odd = 0;
        double *results = malloc((size_t)count * sizeof *results);
        for (int64_t i = 0; i < count; i++) {
            numbers[i] = 2 * i + (i % 10 == 6);
            results[i] = -1;
            odd += i % 10 == 6;
        }
        const parmap_status status = parmap_pool_map_kernel(pool, &even, numbers, results, count);
        CHECK_INT(status, odd > 0 ? PARMAP_TASK_FAILED : PARMAP_OK);
        for (int64_t i = 0; i < count; i++)
            wrong += i % 10 != 6 && results[i] != (double)i / 2;
        CHECK_INT(wrong, 0);
        if (odd > 0) {
            const parmap_failure failure = parmap_last_failure();
            CHECK_INT(failure.index, 6);
            CHECK_INT(failure.count, odd);
            CHECK_INT(failure.status, PARMAP_TASK_FAILED);
            CHECK_TEXT(failure.text, "13 is odd");
        }
        numbers[count - 1] = 1000001;
        CHECK_FAILS(parmap_pool_map_kernel(pool, &even, numbers + count - 1, results, 1),
                    PARMAP_TASK_FAILED, "1000001");
        CHECK_INT(parmap_last_failure().status, PARMAP_USAGE);
        free(numbers);
        free(results);
    }
}

static void failing_items(void)
{
    pool_each_size(map_failing);
}

/* ---- iterators ------------------------------------------------------------------------------- */

static void iterate(parmap_pool *pool)
{
    enum { COUNT = 500, BAD = 321 };
    int64_t *numbers = pool_numbers(COUNT), index = -1, result = 0, sum = 0;
    parmap_iterator *iterator;
    numbers[BAD] = -3000000;
    const parmap_job job = {
        .kernel = &cube, .type = PARMAP_INT64, .inputs = numbers, .count = COUNT, .chunk = 7};
    CHECK_OK(parmap_pool_imap(pool, &job, &iterator));
    for (int64_t i = 0; i < COUNT; i++) {
        const parmap_status status = parmap_iterator_next(iterator, &result, &index, shared_long_s);
        CHECK_INT(status, i == BAD ? PARMAP_TASK_FAILED : PARMAP_OK);
        CHECK_INT(index, i);
        if (i != BAD)
            CHECK_INT(result, i * i * i);
        else
            CHECK_INT(parmap_last_failure().index, BAD);
    }
    CHECK_STATUS(parmap_iterator_next(iterator, &result, &index, 0), PARMAP_EMPTY);
    parmap_iterator_free(iterator);
    CHECK_OK(parmap_pool_imap_unordered(pool, &job, &iterator));
    for (int64_t i = 0; i < COUNT; i++)
        if (parmap_iterator_next(iterator, &result, &index, shared_long_s) == PARMAP_OK)
            sum += index;
    CHECK_INT(sum, (int64_t)COUNT * (COUNT - 1) / 2 - BAD);
    parmap_iterator_free(iterator);
    free(numbers);
}

static void iterated(void)
{
    pool_each_size(iterate);
}

/* ---- records --------------------------------------------------------------------------------- */

static void map_records(parmap_pool *pool)
{
    enum { COUNT = 1009 };
    span *spans = calloc(COUNT, sizeof *spans);
    ends *found = calloc(COUNT, sizeof *found);
    int64_t wrong = 0;
    for (int i = 0; i < COUNT; i++) {
        spans[i].from = (int16_t)(500 - i);
        spans[i].to = 0.5 * i;
    }
    CHECK_OK(parmap_pool_map_kernel(pool, &order, spans, found, COUNT, .chunk = 7));
    for (int i = 0; i < COUNT; i++) {
        const double from = 500 - i, to = 0.5 * i;
        wrong += found[i].at[0] != fmin(from, to) || found[i].at[1] != fmax(from, to);
    }
    CHECK_INT(wrong, 0);
    free(spans);
    free(found);
}

static void records(void)
{
    pool_each_size(map_records);
}

/* ---- misuse ---------------------------------------------------------------------------------- */

static void types_it_has_not(void)
{
    parmap_pool *pool = pool_open(2);
    const double real = 1;
    double result;
    const parmap_job job = {
        .kernel = &half, .type = PARMAP_FLOAT64, .inputs = &real, .results = &result, .count = 1};
    CHECK_FAILS(parmap_pool_run(pool, &job), PARMAP_USAGE, "half");
    parmap_job both = job;
    both.task = pool_cube;
    CHECK_FAILS(parmap_pool_run(pool, &both), PARMAP_USAGE, "one of the two");
    parmap_job strange = job;
    strange.type = PARMAP_TYPES;
    CHECK_FAILS(parmap_pool_run(pool, &strange), PARMAP_USAGE, "type");
    const int64_t numbers[1] = {1};
    float small[1];
    CHECK_FAILS(parmap_pool_map_kernel(pool, &half, numbers, small, 1), PARMAP_USAGE,
                "results of kernel half have 8 bytes each, not 4");
    pool_end(pool);
}

static const check_case cases[] = {
    {"all types", all_types},
    {"one number, none, another type of results", few_items},
    {"items outside the domain", outside_the_domain},
    {"items that can fail", failing_items},
    {"imap of a kernel", iterated},
    {"records and arrays", records},
    {"types that a kernel has not", types_it_has_not},
};

SERVED_MAIN(cases)
