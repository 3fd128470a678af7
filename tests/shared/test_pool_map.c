/* apply, map and starmap against plain loops: counts, chunks, records of many sizes, arrays in
 * private and in shared memory. */
#include "shared/pool.h"

/* ---- apply ----------------------------------------------------------------------------------- */

static void apply(parmap_pool *pool)
{
    for (int64_t x = -3; x < 10; x++) {
        int64_t cube = 0;
        CHECK_OK(parmap_pool_apply(pool, pool_cube, &x, &cube));
        CHECK_INT(cube, x * x * x);
    }
}

static void applied(void)
{
    pool_each_size(apply);
}

/* ---- counts and chunks ----------------------------------------------------------------------- */

static const int64_t counts[] = {0, 1, 2, 13, 10007};
enum { COUNTS = sizeof counts / sizeof *counts };

/* `what` has inputs, results and count; the results are cubes of the indices. */
static void map_in_chunks(parmap_pool *pool, const parmap_job *what, int64_t *cubes)
{
    const int64_t chunks[] = {0, 1, 7, what->count + 1, INT64_MAX};
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        parmap_job job = *what;
        job.chunk = chunks[i];
        memset(cubes, 0xff, (size_t)(job.count + 1) * sizeof *cubes);
        CHECK_OK(parmap_pool_run(pool, &job));
        pool_check_cubes(cubes, job.count);
        CHECK_INT(cubes[job.count], -1); /* what is behind is not touched */
    }
}

static void map_private(parmap_pool *pool)
{
    for (int i = 0; i < COUNTS; i++) {
        int64_t *numbers = pool_numbers(counts[i]), *cubes = pool_numbers(counts[i]);
        const parmap_job job = {.task = pool_cube,
                                .inputs = numbers,
                                .input_bytes = sizeof *numbers,
                                .results = cubes,
                                .result_bytes = sizeof *cubes,
                                .count = counts[i]};
        map_in_chunks(pool, &job, cubes);
        free(numbers);
        free(cubes);
    }
}

static void mapped_private(void)
{
    pool_each_size(map_private);
}

static void map_shared(parmap_pool *pool)
{
    for (int i = 0; i < COUNTS; i++) {
        const size_t bytes = ((size_t)counts[i] + 1) * sizeof(int64_t);
        pool_memory numbers = pool_memory_create(bytes), cubes = pool_memory_create(bytes);
        for (int64_t n = 0; n < counts[i]; n++)
            ((int64_t *)numbers.bytes)[n] = n;
        const parmap_job job = {.task = pool_cube,
                                .inputs = numbers.bytes,
                                .input_bytes = sizeof(int64_t),
                                .results = cubes.bytes,
                                .result_bytes = sizeof(int64_t),
                                .count = counts[i]};
        map_in_chunks(pool, &job, cubes.bytes);
        pool_memory_free(&numbers);
        pool_memory_free(&cubes);
    }
}

static void mapped_shared(void)
{
    pool_each_size(map_shared);
}

static void map_half_shared(parmap_pool *pool)
{
    enum { COUNT = 1009 };
    pool_memory shared = pool_memory_create((COUNT + 1) * sizeof(int64_t));
    int64_t *private = pool_numbers(COUNT);
    CHECK_OK(parmap_pool_map(pool, pool_cube, private, (int64_t *)shared.bytes, COUNT));
    pool_check_cubes(shared.bytes, COUNT);
    memcpy(shared.bytes, private, COUNT * sizeof *private);
    CHECK_OK(parmap_pool_map(pool, pool_cube, (int64_t *)shared.bytes, private, COUNT));
    pool_check_cubes(private, COUNT);
    pool_memory_free(&shared);
    free(private);
}

static void mapped_half_shared(void)
{
    pool_each_size(map_half_shared);
}

/* Results over their own inputs. */
static void map_onto_itself(parmap_pool *pool)
{
    enum { COUNT = 1009 };
    pool_memory shared = pool_memory_create(COUNT * sizeof(int64_t));
    int64_t *private = pool_numbers(COUNT);
    memcpy(shared.bytes, private, COUNT * sizeof *private);
    CHECK_OK(parmap_pool_map(pool, pool_cube, private, private, COUNT));
    pool_check_cubes(private, COUNT);
    CHECK_OK(
        parmap_pool_map(pool, pool_cube, (int64_t *)shared.bytes, (int64_t *)shared.bytes, COUNT));
    pool_check_cubes(shared.bytes, COUNT);
    pool_memory_free(&shared);
    free(private);
}

static void mapped_onto_itself(void)
{
    pool_each_size(map_onto_itself);
}

/* ---- every item once ------------------------------------------------------------------------- */

static void map_once(parmap_pool *pool)
{
    const int64_t count = shared_count(2003, 211), chunks[] = {0, 1, 7};
    pool_memory shared = pool_memory_create((size_t)count * sizeof(pool_item)),
                cubes = pool_memory_create((size_t)count * sizeof(int64_t));
    int64_t *private = pool_numbers(count);
    pool_item *items = pool_items(count);
    memcpy(shared.bytes, items, (size_t)count * sizeof *items);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(parmap_pool_map(pool, pool_count, items, private, count, .chunk = chunks[i]));
        pool_check_cubes(private, count);
        CHECK_OK(parmap_pool_map(pool, pool_count, (pool_item *)shared.bytes,
                                 (int64_t *)cubes.bytes, count, .chunk = chunks[i]));
        pool_check_cubes(cubes.bytes, count);
    }
    pool_check_counts(items, count, 6);
    pool_memory_free(&shared);
    pool_memory_free(&cubes);
    free(private);
}

static void each_item_once(void)
{
    pool_each_size(map_once);
}

/* ---- records --------------------------------------------------------------------------------- */

/* Each byte of the result is a function of the input's byte and its place. */
static unsigned char changed(unsigned char byte, size_t place)
{
    return (unsigned char)(byte * 3u + place * 7u + (place >> 8) + 1u);
}

static parmap_status change(const void *input, void *result, size_t bytes)
{
    CHECK((input == NULL) == (bytes == 0));
    CHECK((result == NULL) == (bytes == 0));
    CHECK(bytes % 16 != 0 || (uintptr_t)input % 16 == 0);
    CHECK(bytes % 16 != 0 || (uintptr_t)result % 16 == 0);
    for (size_t i = 0; i < bytes; i++)
        ((unsigned char *)result)[i] = changed(((const unsigned char *)input)[i], i);
    return PARMAP_OK;
}

#define CHANGE(bytes)                                                                              \
    static parmap_status change_##bytes(const void *input, void *result)                           \
    {                                                                                              \
        return change(input, result, bytes);                                                       \
    }
CHANGE(0)
CHANGE(1) CHANGE(3) CHANGE(8) CHANGE(16) CHANGE(48) CHANGE(4096) CHANGE(1048576)

    static const struct {
    parmap_task *task;
    size_t bytes;
    int64_t count;
} records[] = {
    {change_0, 0, 101},      {change_1, 1, 1009},          {change_3, 3, 101},
    {change_8, 8, 101},      {change_16, 16, 101},         {change_48, 48, 101},
    {change_4096, 4096, 31}, {change_1048576, 1048576, 3},
};

static void check_changed(const unsigned char *inputs, const unsigned char *results, size_t bytes,
                          int64_t count)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < count; i++)
        for (size_t j = 0; j < bytes; j++)
            wrong += results[(size_t)i * bytes + j] != changed(inputs[(size_t)i * bytes + j], j);
    CHECK_INT(wrong, 0);
}

static void map_and_apply(parmap_pool *pool, parmap_job *job)
{
    const size_t all = (size_t)job->count * job->input_bytes;
    const int64_t count = job->count;
    memset(job->results, 0, all);
    CHECK_OK(parmap_pool_run(pool, job));
    check_changed(job->inputs, job->results, job->input_bytes, count);
    memset(job->results, 0, all);
    job->count = 1;
    CHECK_OK(parmap_pool_run(pool, job));
    check_changed(job->inputs, job->results, job->input_bytes, 1);
    job->count = count;
}

static void map_records(parmap_pool *pool)
{
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        const size_t bytes = records[i].bytes, all = bytes * (size_t)records[i].count;
        pool_memory inputs = pool_memory_create(all), results = pool_memory_create(all);
        unsigned char *private_inputs = aligned_alloc(16, (all + 16) & ~(size_t)15);
        unsigned char *private_results = aligned_alloc(16, (all + 16) & ~(size_t)15);
        for (size_t j = 0; j < all; j++)
            private_inputs[j] = (unsigned char)(j * 31 + j / 251);
        memcpy(inputs.bytes, private_inputs, all);
        parmap_job job = {.task = records[i].task,
                          .inputs = private_inputs,
                          .input_bytes = bytes,
                          .results = private_results,
                          .result_bytes = bytes,
                          .count = records[i].count};
        map_and_apply(pool, &job);
        job.inputs = inputs.bytes;
        job.results = results.bytes;
        map_and_apply(pool, &job);
        free(private_inputs);
        free(private_results);
        pool_memory_free(&inputs);
        pool_memory_free(&results);
    }
}

static void records_of_any_size(void)
{
    pool_each_size(map_records);
}

/* ---- input or result only -------------------------------------------------------------------- */

static parmap_status make_answer(const void *input, void *result)
{
    CHECK(input == NULL);
    *(int *)result = 42;
    return PARMAP_OK;
}

static parmap_status take_number(const void *input, void *result)
{
    CHECK(result == NULL);
    const pool_item *item = input;
    return parmap_array_add(&item->counts, item->index, 1);
}

static void map_one_side(parmap_pool *pool)
{
    enum { COUNT = 103 };
    int answers[COUNT + 1] = {0};
    parmap_job job = {
        .task = make_answer, .results = answers, .result_bytes = sizeof *answers, .count = COUNT};
    CHECK_OK(parmap_pool_run(pool, &job));
    for (int i = 0; i < COUNT; i++)
        CHECK_INT(answers[i], 42);
    CHECK_INT(answers[COUNT], 0);
    pool_item *items = pool_items(COUNT);
    job = (parmap_job){
        .task = take_number, .inputs = items, .input_bytes = sizeof *items, .count = COUNT};
    CHECK_OK(parmap_pool_run(pool, &job));
    job.count = 1;
    CHECK_OK(parmap_pool_run(pool, &job));
    CHECK_OK(parmap_array_add(&items->counts, 0, -1));
    pool_check_counts(items, COUNT, 1);
}

static void one_side(void)
{
    pool_each_size(map_one_side);
}

/* ---- starmap --------------------------------------------------------------------------------- */

PARMAP_TASK2(power, int64_t, base, int, exponent, int64_t)
{
    int64_t result = 1;
    for (int i = 0; i < exponent; i++)
        result *= base;
    return result;
}

PARMAP_TASK3(line, double, a, float, x, char, b, double)
{
    return a * (double)x + (double)b;
}

static void starmap(parmap_pool *pool)
{
    enum { COUNT = 57 };
    power_arguments powers[COUNT];
    line_arguments lines[COUNT];
    int64_t results[COUNT] = {0};
    double reals[COUNT] = {0};
    for (int i = 0; i < COUNT; i++) {
        powers[i] = (power_arguments){i, i % 5};
        lines[i] = (line_arguments){0.5 * i, (float)i, (char)i};
    }
    CHECK_OK(parmap_pool_starmap(pool, power, powers, results, COUNT));
    CHECK_OK(parmap_pool_starmap(pool, line, lines, reals, COUNT, .chunk = 3));
    for (int i = 0; i < COUNT; i++) {
        int64_t expected = 1;
        for (int j = 0; j < i % 5; j++)
            expected *= i;
        CHECK_INT(results[i], expected);
        CHECK(reals[i] == 0.5 * i * i + i);
    }
    memset(results, 0, sizeof results);
    parmap_result *result;
    CHECK_OK(parmap_pool_starmap_async(pool, power, powers, results, COUNT, &result, .chunk = 2));
    pool_get(result);
    CHECK_INT(results[56], 56);
    CHECK_INT(results[4], 256);
}

static void starmapped(void)
{
    pool_each_size(starmap);
}

/* ---- all workers take part ------------------------------------------------------------------- */

static parmap_status meet(const void *input, void *result)
{
    *(int *)result = parmap_rank();
    return parmap_barrier_wait(input, shared_long_s, NULL);
}

/* As many items as workers, which wait for each other. */
static void meet_all(parmap_pool *pool, bool shared, int64_t chunk)
{
    enum { MOST = 32 };
    const int size = parmap_pool_size(pool), ranks = parmap_size();
    parmap_barrier barrier, private_barriers[MOST];
    int private_places[MOST], by_rank[MOST] = {0};
    CHECK_OK(parmap_barrier_create(&barrier, size, NULL));
    pool_memory barriers = pool_memory_create(sizeof private_barriers),
                places = pool_memory_create(sizeof private_places);
    for (int i = 0; i < size; i++)
        private_barriers[i] = ((parmap_barrier *)barriers.bytes)[i] = barrier;
    int *found = shared ? places.bytes : private_places;
    CHECK_OK(parmap_pool_map(pool, meet,
                             shared ? (const parmap_barrier *)barriers.bytes : private_barriers,
                             found, size, .chunk = chunk));
    for (int i = 0; i < size; i++)
        by_rank[found[i] % MOST]++;
    for (int rank = 0; rank < ranks; rank++)
        CHECK_INT(by_rank[rank], (size + ranks - 1 - rank) / ranks);
    pool_memory_free(&barriers);
    pool_memory_free(&places);
    CHECK_OK(parmap_barrier_free(&barrier));
}

static void meet_in_a_map(parmap_pool *pool)
{
    for (int64_t chunk = 0; chunk < 2; chunk++) {
        meet_all(pool, false, chunk);
        meet_all(pool, true, chunk);
    }
}

static void all_workers_at_once(void)
{
    pool_each_size(meet_in_a_map);
}

static const check_case cases[] = {
    {"apply", applied},
    {"map over private arrays", mapped_private},
    {"map over shared arrays", mapped_shared},
    {"map from private to shared and back", mapped_half_shared},
    {"map onto its own inputs", mapped_onto_itself},
    {"each item is computed once", each_item_once},
    {"records of any size", records_of_any_size},
    {"inputs only, results only", one_side},
    {"starmap", starmapped},
    {"all workers work at once", all_workers_at_once},
};

SERVED_MAIN(cases)
