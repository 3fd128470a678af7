/* Kernels in a pool: all types, over private and shared arrays, with items outside the domain. */
#include "shared/pool.h"

PARMAP_KERNEL_TYPES(cube, x, x *x *x);
PARMAP_DOMAINS(cube, (-2097152, 2097151), (0, 2642245),
               ((parmap_int128)-5541191377756, (parmap_int128)5541191377756), (-208063, 208063));

/* The same of a narrow type, by its name. */
#define CUBE_OF(T, low, high)                                                                      \
    PARMAP_KERNEL(cube_##T, T, x, T)                                                               \
    {                                                                                              \
        return (T)(x * x * x);                                                                     \
    }                                                                                              \
    PARMAP_DOMAIN(cube_##T, T, low, high);
CUBE_OF(int8_t, -5, 5)
CUBE_OF(int16_t, -31, 31)
CUBE_OF(int32_t, -1290, 1290)
CUBE_OF(float, -256, 256)

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

#define MAP_TYPE(pool, kernel, type, count, first)                                                 \
    do {                                                                                           \
        const size_t bytes_ = (size_t)(count) * sizeof(type);                                      \
        type *inputs_ = aligned_alloc(16, (bytes_ + 31) / 16 * 16),                                \
             *results_ = aligned_alloc(16, (bytes_ + 31) / 16 * 16);                               \
        pool_memory in_ = pool_memory_create(bytes_), out_ = pool_memory_create(bytes_);           \
        MAP_CUBES(pool, type, kernel, inputs_, results_, count, first);                            \
        type *shared_in_ = in_.bytes, *shared_out_ = out_.bytes;                                   \
        MAP_CUBES(pool, type, kernel, shared_in_, shared_out_, count, first);                      \
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
        MAP_TYPE(pool, &cube, int64_t, count, -100);
        MAP_TYPE(pool, &cube, uint64_t, count, 0);
        MAP_TYPE(pool, &cube, parmap_int128, count, -100);
        MAP_TYPE(pool, &cube, double, count, -100);
        MAP_TYPE(pool, &cube_int8_t, int8_t, count < 6 ? count : 6, -2);
        MAP_TYPE(pool, &cube_int16_t, int16_t, count < 60 ? count : 60, -30);
        MAP_TYPE(pool, &cube_int32_t, int32_t, count < 2000 ? count : 2000, -1000);
        MAP_TYPE(pool, &cube_float, float, count < 500 ? count : 500, -250);
    }
}

static void all_types(void)
{
    pool_each_size(map_types);
}

/* ---- records --------------------------------------------------------------------------------- */

#define BODY(FIELD) FIELD(uint8_t, kind) FIELD(double, place, 3) FIELD(int16_t, charge)
PARMAP_RECORD(body, BODY);
#define SEEN(FIELD) FIELD(int8_t, sign) FIELD(parmap_int128, key) FIELD(float, distance)
PARMAP_RECORD(seen, SEEN);
PARMAP_ARRAY(point, float, 2);

PARMAP_KERNEL(look, body, b, seen)
{
    return (seen){(int8_t)(b.charge < 0 ? -1 : b.charge > 0), (parmap_int128)b.kind << 70,
                  (float)(b.place[0] + b.place[1] * b.place[2])};
}
PARMAP_DOMAIN(look, body, PARMAP_DOMAIN_NONE);

PARMAP_KERNEL(place_of, int64_t, x, point)
{
    return (point){{(float)x, (float)(-x) / 2}};
}
PARMAP_DOMAIN(place_of, int64_t, -100000, 100000);

PARMAP_KERNEL_BLOCK(sum_of, point, p, double, y, count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = (double)p[i].at[0] + (double)p[i].at[1];
}
PARMAP_DOMAIN(sum_of, point, PARMAP_DOMAIN_NONE);

/* Bodies without a charge fail. */
PARMAP_KERNEL_CAN_FAIL(pull, body, b, point, p)
{
    if (b.charge == 0)
        return parmap_fail("no charge at %g", b.place[0]);
    *p = (point){{(float)b.charge, (float)b.place[0]}};
    return PARMAP_OK;
}
PARMAP_DOMAIN(pull, body, PARMAP_DOMAIN_NONE);

static body body_of(int64_t i)
{
    return (body){(uint8_t)i, {(double)i / 2, 3, -(double)(i % 17)}, (int16_t)(i % 5 - 2)};
}

static bool is_seen(const seen *s, int64_t i)
{
    return s->sign == (i % 5 > 2) - (i % 5 < 2) && s->key == (parmap_int128)(uint8_t)i << 70 &&
           s->distance == (float)((double)i / 2 - 3 * (double)(i % 17));
}

static void map_looks(parmap_pool *pool, body *bodies, seen *looks, int64_t count)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < count; i++)
        bodies[i] = body_of(i);
    memset(looks, 0xa5, (size_t)count * sizeof *looks);
    CHECK_OK(parmap_pool_map_kernel(pool, &look, bodies, looks, count));
    for (int64_t i = 0; i < count; i++)
        wrong += !is_seen(&looks[i], i);
    CHECK_INT(wrong, 0);
}

static void map_pulls(parmap_pool *pool, const body *bodies, int64_t count)
{
    int64_t wrong = 0;
    point *points = malloc((size_t)count * sizeof *points);
    const parmap_status status = parmap_pool_map_kernel(pool, &pull, bodies, points, count);
    CHECK_INT(status, count > 2 ? PARMAP_TASK_FAILED : PARMAP_OK);
    for (int64_t i = 0; i < count; i++)
        wrong += i % 5 != 2 && (points[i].at[0] != (float)(i % 5 - 2) ||
                                points[i].at[1] != (float)((double)i / 2));
    CHECK_INT(wrong, 0);
    if (count > 2) {
        CHECK_TEXT(parmap_last_failure().text, "no charge at 1");
        CHECK_INT(parmap_last_failure().index, 2);
        CHECK_INT(parmap_last_failure().count, (count + 2) / 5);
    }
    free(points);
}

/* Numbers to arrays, and these in blocks to numbers. */
static void map_points(parmap_pool *pool, int64_t count)
{
    int64_t *numbers = pool_numbers(count), wrong = 0;
    point *points = malloc((size_t)count * sizeof *points);
    double *sums = malloc((size_t)count * sizeof *sums);
    CHECK_OK(parmap_pool_map_kernel(pool, &place_of, numbers, points, count));
    CHECK_OK(parmap_pool_map_kernel(pool, &sum_of, points, sums, count, .chunk = count / 3 + 1));
    for (int64_t i = 0; i < count; i++)
        wrong += points[i].at[0] != (float)i || points[i].at[1] != (float)(-i) / 2 ||
                 sums[i] != (double)i - (double)i / 2;
    CHECK_INT(wrong, 0);
    free(numbers);
    free(points);
    free(sums);
}

static void map_records(parmap_pool *pool)
{
    const int64_t counts[] = {1, 7, 1009, 20011};
    for (int c = 0; c < 4; c++) {
        const int64_t count = counts[c];
        pool_memory in = pool_memory_create((size_t)count * sizeof(body)),
                    out = pool_memory_create((size_t)count * sizeof(seen));
        body *bodies = malloc((size_t)count * sizeof *bodies);
        seen *looks = aligned_alloc(16, (size_t)count * sizeof *looks);
        map_looks(pool, bodies, looks, count);
        map_looks(pool, in.bytes, out.bytes, count);
        map_pulls(pool, bodies, count);
        map_points(pool, count);
        free(bodies);
        free(looks);
        pool_memory_free(&in);
        pool_memory_free(&out);
    }
}

static void records(void)
{
    pool_each_size(map_records);
}

/* One result after the other, of inputs that are made as they are needed. */
static bool next_body(void *input, void *context)
{
    int64_t *next = context;
    *(body *)input = body_of(*next);
    return (*next)++ < 300;
}

static void iterate_records(parmap_pool *pool)
{
    int64_t next = 0, index = -1;
    seen look_is;
    parmap_iterator *iterator;
    const parmap_job job = {
        .kernel = &look, .type = PARMAP_RECORD, .next = next_body, .context = &next, .chunk = 7};
    CHECK_OK(parmap_pool_imap(pool, &job, &iterator));
    for (int64_t i = 0; i < 300; i++) {
        CHECK_OK(parmap_iterator_next(iterator, &look_is, &index, shared_long_s));
        CHECK(index == i && is_seen(&look_is, i));
    }
    CHECK_STATUS(parmap_iterator_next(iterator, &look_is, &index, 0), PARMAP_EMPTY);
    parmap_iterator_free(iterator);
}

static void iterated_records(void)
{
    pool_each_size(iterate_records);
}

/* A record through a queue, by value, as what Python would use a namedtuple for. */
static int send_bodies(void *queue)
{
    for (int64_t i = 0; i < 50; i++) {
        const body b = body_of(i);
        PARMAP_MUST(parmap_queue_put(queue, &b, sizeof b, shared_long_s));
    }
    return 0;
}

static void through_a_queue(void)
{
    parmap_queue queue;
    CHECK_OK(parmap_queue_create(&queue, 3));
    for (int p = 0; p <= parmap_size(); p++) { /* on each rank one at least */
        parmap_process process;
        CHECK_OK(parmap_process_start(&process, send_bodies, &queue, sizeof queue));
        for (int64_t i = 0; i < 50; i++) {
            body b;
            size_t bytes = 0;
            CHECK_OK(parmap_queue_get(&queue, &b, sizeof b, &bytes, shared_long_s));
            CHECK_INT(bytes, sizeof b);
            const body expected = body_of(i);
            CHECK(b.kind == expected.kind && b.charge == expected.charge &&
                  memcmp(b.place, expected.place, sizeof b.place) == 0);
        }
        CHECK_OK(parmap_process_join(&process, shared_long_s));
        CHECK_INT(process.exit_code, 0);
    }
    CHECK_OK(parmap_queue_free(&queue));
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
    strange.type = (parmap_type)(PARMAP_RECORD + 1);
    CHECK_FAILS(parmap_pool_run(pool, &strange), PARMAP_USAGE, "type");
    strange.type = PARMAP_RECORD;
    CHECK_FAILS(parmap_pool_run(pool, &strange), PARMAP_USAGE, "half has no kernel for records");
    const body b = body_of(1);
    seen s;
    point p;
    CHECK_FAILS(parmap_pool_map_kernel(pool, &look, &real, &s, 1), PARMAP_USAGE,
                "look takes records, no numbers");
    CHECK_FAILS(parmap_pool_map_kernel(pool, &look, &p, &s, 1), PARMAP_USAGE,
                "look takes records of 40 bytes and gives such of 48, not 8 and 48");
    CHECK_FAILS(parmap_pool_map_kernel(pool, &look, &b, &p, 1), PARMAP_USAGE, "not 40 and 8");
    CHECK_OK(parmap_pool_map_kernel(pool, &look, &b, &s, 1));
    pool_end(pool);
}

static const check_case cases[] = {
    {"all types", all_types},
    {"records and arrays", records},
    {"imap of records", iterated_records},
    {"a record through a queue", through_a_queue},
    {"one number, none, another type of results", few_items},
    {"items outside the domain", outside_the_domain},
    {"items that can fail", failing_items},
    {"imap of a kernel", iterated},
    {"types that a kernel has not", types_it_has_not},
};

SERVED_MAIN(cases)
