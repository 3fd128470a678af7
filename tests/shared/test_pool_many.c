/* Many pools one after the other, very many tasks: nothing is left of them. */
#include "shared/pool.h"

enum { HEAP_MIB = 8 }; /* PARMAP_HEAP; see main */

/* There is room in the heap of every rank for one array of most of it. */
static int fill_heap(void *unused)
{
    (void)unused;
    parmap_array array;
    if (CHECK_OK(parmap_array_create(&array, 'b', HEAP_MIB * 1024 * 1024 * 3 / 4)))
        CHECK_OK(parmap_array_free(&array));
    return 0;
}

static void check_room(void)
{
    for (int i = 0; i < parmap_size(); i++) {
        parmap_process process;
        CHECK_OK(parmap_process_start(&process, fill_heap, NULL, 0));
        CHECK_INT(served_join(&process), 0);
    }
}

static void room_at_the_beginning(void)
{
    check_room();
}

/* Everything once. */
static void use(parmap_pool *pool)
{
    enum { COUNT = 40 };
    int64_t *numbers = pool_numbers(COUNT), cubes[COUNT] = {0};
    parmap_result *result;
    parmap_iterator *iterator;
    const parmap_job job = {
        .task = pool_cube, .inputs = numbers, .input_bytes = 8, .result_bytes = 8, .count = COUNT};
    pool_check_works(pool);
    CHECK_OK(parmap_pool_map_async(pool, pool_cube, numbers, cubes, COUNT, &result));
    pool_get(result);
    CHECK_OK(parmap_pool_imap(pool, &job, &iterator));
    for (int i = 0; i < COUNT; i++)
        CHECK_OK(parmap_iterator_next(iterator, NULL, NULL, shared_long_s));
    parmap_iterator_free(iterator);
    pool_memory in = pool_memory_create(sizeof cubes), out = pool_memory_create(sizeof cubes);
    memcpy(in.bytes, numbers, sizeof cubes);
    CHECK_OK(parmap_pool_map(pool, pool_cube, (int64_t *)in.bytes, (int64_t *)out.bytes, COUNT));
    pool_check_cubes(out.bytes, COUNT);
    pool_memory_free(&in);
    pool_memory_free(&out);
    free(numbers);
}

static void fifty_pools(void)
{
    const int pools = (int)shared_count(50, 10);
    for (int i = 0; i < pools; i++) {
        parmap_pool *pool = pool_open(1 + i % (parmap_size() + 2));
        use(pool);
        pool_end(pool);
    }
    check_room();
}

/* With tasks that are dropped, and iterators that were not freed before. */
static void fifty_pools_terminated(void)
{
    enum { COUNT = 60 };
    const int pools = (int)shared_count(50, 10);
    int64_t *numbers = pool_numbers(COUNT), cubes[COUNT];
    const parmap_job job = {.task = pool_cube,
                            .inputs = numbers,
                            .input_bytes = 8,
                            .results = cubes,
                            .result_bytes = 8,
                            .count = COUNT};
    for (int i = 0; i < pools; i++) {
        parmap_pool *pool = pool_open(1 + i % (parmap_size() + 2));
        parmap_iterator *iterator;
        parmap_result *result;
        CHECK_OK(parmap_pool_imap(pool, &job, &iterator));
        CHECK_OK(parmap_pool_submit(pool, &job, &result));
        for (int n = 0; n < COUNT; n++)
            CHECK_OK(parmap_pool_apply_async(pool, pool_cube, &numbers[n], &cubes[n], NULL));
        CHECK_OK(parmap_pool_terminate(pool));
        CHECK_OK(parmap_pool_join(pool, shared_long_s));
        parmap_iterator_free(iterator);
        parmap_result_free(result);
    }
    check_room();
    free(numbers);
}

/* 100,000 tasks that nobody asks about; 8 bytes each way. */
static void fire_and_forget(void)
{
    const int64_t count = shared_count(100000, 2000);
    parmap_pool *pool = pool_open(parmap_size());
    int64_t *numbers = pool_numbers(count), *cubes = malloc((size_t)count * sizeof *cubes);
    memset(cubes, 0xff, (size_t)count * sizeof *cubes);
    for (int64_t i = 0; i < count; i++) {
        numbers[i] = i % 1000;
        CHECK_OK(parmap_pool_apply_async(pool, pool_cube, &numbers[i], &cubes[i], NULL));
    }
    pool_end(pool);
    int64_t wrong = 0;
    for (int64_t i = 0; i < count; i++)
        wrong += cubes[i] != numbers[i] * numbers[i] * numbers[i];
    CHECK_INT(wrong, 0);
    free(numbers);
    free(cubes);
    check_room();
}

/* What imap moves in all is much more than the heap. */
static void long_streams(void)
{
    enum { BYTES = 16384 };
    const int64_t count = shared_count(2000, 300);
    parmap_pool *pool = pool_open(parmap_size());
    char *inputs = calloc((size_t)count, BYTES), *result = malloc(BYTES);
    parmap_iterator *iterator;
    const parmap_job job = {.task = pool_cube, /* of the first 8 bytes */
                            .inputs = inputs,
                            .input_bytes = BYTES,
                            .result_bytes = BYTES,
                            .count = count};
    int64_t index, wrong = 0;
    for (int64_t i = 0; i < count; i++)
        memcpy(inputs + i * BYTES, &i, sizeof i);
    CHECK_OK(parmap_pool_imap_unordered(pool, &job, &iterator));
    for (int64_t i = 0; i < count; i++) {
        CHECK_OK(parmap_iterator_next(iterator, result, &index, shared_long_s));
        wrong += *(int64_t *)(void *)result != index * index * index;
    }
    CHECK_INT(wrong, 0);
    parmap_iterator_free(iterator);
    free(inputs);
    free(result);
    pool_end(pool);
    check_room();
}

/* Records that do not fit into the heap are computed where they are. */
static parmap_status add_ends(const void *input, void *result)
{
    const char *bytes = input;
    *(int *)result = bytes[0] + bytes[(HEAP_MIB << 20) - 1];
    return PARMAP_OK;
}

static void records_larger_than_the_heap(void)
{
    const size_t bytes = (size_t)HEAP_MIB << 20;
    parmap_pool *pool = pool_open(parmap_size());
    char *inputs = calloc(3, bytes);
    int sums[3] = {0};
    parmap_job job = {.task = add_ends,
                      .inputs = inputs,
                      .input_bytes = bytes,
                      .results = sums,
                      .result_bytes = sizeof *sums,
                      .count = 3};
    parmap_iterator *iterator;
    for (size_t i = 0; i < 3; i++) {
        inputs[i * bytes] = (char)(10 * i);
        inputs[(i + 1) * bytes - 1] = (char)(i + 1);
    }
    CHECK_OK(parmap_pool_run(pool, &job));
    for (int i = 0; i < 3; i++)
        CHECK_INT(sums[i], 11 * i + 1);
    job.count = 1;
    sums[0] = 0;
    CHECK_OK(parmap_pool_run(pool, &job));
    CHECK_INT(sums[0], 1);
    const parmap_status status = parmap_pool_imap(pool, &job, &iterator);
    if (status == PARMAP_OK)
        parmap_iterator_free(iterator);
    CHECK(status == PARMAP_OK || status == PARMAP_NO_MEMORY);
    pool_check_works(pool);
    free(inputs);
    pool_end(pool);
    check_room();
}

static const check_case cases[] = {
    {"room at the beginning", room_at_the_beginning},
    {"50 pools made and joined", fifty_pools},
    {"50 pools terminated", fifty_pools_terminated},
    {"100,000 tasks that nobody asks about", fire_and_forget},
    {"streams that are larger than the heap", long_streams},
    {"records that are larger than the heap", records_larger_than_the_heap},
};

int main(int argc, char **argv)
{
    char heap[16];
    snprintf(heap, sizeof heap, "%dM", HEAP_MIB);
    setenv("PARMAP_HEAP", heap, 1);
    return served_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
