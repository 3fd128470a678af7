/* Iterators: order, how far ahead inputs are taken, freed early, after close and terminate. */
#include "shared/pool.h"

static parmap_job cubes_job(const int64_t *numbers, int64_t count)
{
    return (parmap_job){.task = pool_cube,
                        .inputs = numbers,
                        .input_bytes = sizeof *numbers,
                        .result_bytes = sizeof(int64_t),
                        .count = count};
}

/* ---- what comes ------------------------------------------------------------------------------ */

static void read_in_order(parmap_iterator *iterator, int64_t count)
{
    int64_t cube, index;
    for (int64_t i = 0; i < count; i++) {
        cube = index = -1;
        CHECK_OK(parmap_iterator_next(iterator, &cube, &index, shared_long_s));
        CHECK_INT(index, i);
        CHECK_INT(cube, i * i * i);
    }
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(parmap_iterator_next(iterator, &cube, &index, shared_long_s), PARMAP_EMPTY);
}

static void read_as_they_come(parmap_iterator *iterator, int64_t count)
{
    int64_t wrong = 0, cube, index, *seen = calloc((size_t)count + 1, sizeof *seen);
    for (int64_t i = 0; i < count; i++) {
        cube = index = -1;
        CHECK_OK(parmap_iterator_next(iterator, &cube, &index, shared_long_s));
        CHECK(index >= 0 && index < count);
        CHECK_INT(cube, index * index * index);
        seen[index >= 0 && index < count ? index : count]++;
    }
    for (int64_t i = 0; i < count; i++)
        wrong += seen[i] != 1;
    CHECK_INT(wrong, 0);
    CHECK_STATUS(parmap_iterator_next(iterator, &cube, &index, shared_long_s), PARMAP_EMPTY);
    free(seen);
}

static void iterate(parmap_pool *pool)
{
    const int64_t counts[] = {0, 1, 2, 13, shared_count(1009, 211)};
    for (int i = 0; i < 5; i++) {
        const int64_t count = counts[i], chunks[] = {0, 1, 7, count + 1, INT64_MAX};
        int64_t *numbers = pool_numbers(count);
        parmap_job job = cubes_job(numbers, count);
        parmap_iterator *iterator;
        for (int c = 0; c < 5; c++) {
            job.chunk = chunks[c];
            job.ahead = c == 3 ? 5 : 0;
            CHECK_OK(parmap_pool_imap(pool, &job, &iterator));
            read_in_order(iterator, count);
            parmap_iterator_free(iterator);
            CHECK_OK(parmap_pool_imap_unordered(pool, &job, &iterator));
            read_as_they_come(iterator, count);
            parmap_iterator_free(iterator);
        }
        free(numbers);
    }
}

static void iterated(void)
{
    pool_each_size(iterate);
}

static void results_that_nobody_wants(void)
{
    enum { COUNT = 100 };
    parmap_pool *pool = pool_open(2);
    pool_item *items = pool_items(COUNT);
    parmap_iterator *iterator;
    const parmap_job job = {.task = pool_count,
                            .inputs = items,
                            .input_bytes = sizeof *items,
                            .result_bytes = sizeof(int64_t),
                            .count = COUNT};
    CHECK_OK(parmap_pool_imap_unordered(pool, &job, &iterator));
    for (int i = 0; i < COUNT; i++)
        CHECK_OK(parmap_iterator_next(iterator, NULL, NULL, shared_long_s));
    CHECK_STATUS(parmap_iterator_next(iterator, NULL, NULL, shared_long_s), PARMAP_EMPTY);
    parmap_iterator_free(iterator);
    pool_check_counts(items, COUNT, 1);
    pool_end(pool);
}

/* 1 MiB there and back: no more of them under way than the heap has room for. */
enum { LARGE = 1 << 20 };

static parmap_status copy_large(const void *input, void *result)
{
    memcpy(result, input, LARGE);
    return PARMAP_OK;
}

static bool next_large(void *input, void *context)
{
    int *taken = context;
    memset(input, *taken, LARGE);
    return (*taken)++ < 40;
}

static void large_records(void)
{
    parmap_pool *pool = pool_open(parmap_size());
    char *result = malloc(LARGE);
    int taken = 0;
    int64_t index;
    parmap_iterator *iterator;
    const parmap_job job = {.task = copy_large,
                            .input_bytes = LARGE,
                            .result_bytes = LARGE,
                            .next = next_large,
                            .context = &taken};
    CHECK_OK(parmap_pool_imap(pool, &job, &iterator));
    for (int i = 0; i < 40; i++) {
        result[0] = result[LARGE - 1] = -1;
        CHECK_OK(parmap_iterator_next(iterator, result, &index, shared_long_s));
        CHECK_INT(index, i);
        CHECK_INT(result[0], i);
        CHECK_INT(result[LARGE - 1], i);
    }
    CHECK_STATUS(parmap_iterator_next(iterator, result, &index, shared_long_s), PARMAP_EMPTY);
    parmap_iterator_free(iterator);
    free(result);
    pool_end(pool);
}

/* ---- generators ------------------------------------------------------------------------------ */

typedef struct generator {
    int64_t taken, count, most; /* most: that were taken and not returned */
    int64_t returned;
} generator;

static bool generate(void *input, void *context)
{
    generator *g = context;
    if (g->taken == g->count)
        return false;
    *(int64_t *)input = g->taken++;
    if (g->taken - g->returned > g->most)
        g->most = g->taken - g->returned;
    return true;
}

static void generate_in(parmap_pool *pool, bool ordered, int64_t ahead, int64_t chunk)
{
    generator g = {.count = 200};
    parmap_iterator *iterator;
    int64_t cube, index;
    const parmap_job job = {.task = pool_cube,
                            .input_bytes = sizeof(int64_t),
                            .result_bytes = sizeof(int64_t),
                            .next = generate,
                            .context = &g,
                            .ahead = ahead,
                            .chunk = chunk};
    CHECK_OK((ordered ? parmap_pool_imap : parmap_pool_imap_unordered)(pool, &job, &iterator));
    for (int64_t i = 0; i < g.count; i++) {
        CHECK_OK(parmap_iterator_next(iterator, &cube, &index, shared_long_s));
        g.returned++;
        CHECK_INT(cube, index * index * index);
        if (ordered)
            CHECK_INT(index, i);
    }
    CHECK_STATUS(parmap_iterator_next(iterator, &cube, &index, shared_long_s), PARMAP_EMPTY);
    parmap_iterator_free(iterator);
    CHECK_INT(g.taken, g.count);
    CHECK(g.most <= ahead);
}

static void generate_all(parmap_pool *pool)
{
    const int64_t aheads[] = {8, 8, 8, 1, 4, 1000}, chunks[] = {0, 3, 100, 5, 7, 2};
    for (int i = 0; i < 6; i++) {
        generate_in(pool, true, aheads[i], chunks[i]);
        generate_in(pool, false, aheads[i], chunks[i]);
    }
}

static void generated(void)
{
    pool_each_size(generate_all);
}

/* Nobody reads: no more than `ahead` are taken, as many as that are computed. */
static void not_read(void)
{
    const int64_t aheads[] = {8, 0};
    parmap_pool *pool = pool_open(2);
    for (int i = 0; i < 2; i++) {
        generator g = {.count = INT64_C(1) << 40};
        parmap_iterator *iterator;
        const parmap_job job = {.task = pool_cube,
                                .input_bytes = sizeof(int64_t),
                                .result_bytes = sizeof(int64_t),
                                .next = generate,
                                .context = &g,
                                .ahead = aheads[i]};
        CHECK_OK(parmap_pool_imap(pool, &job, &iterator));
        shared_sleep(0.05);
        CHECK(g.taken > 0 && g.taken <= (aheads[i] > 0 ? aheads[i] : 100000));
        parmap_iterator_free(iterator);
        pool_check_works(pool);
    }
    pool_end(pool);
}

/* ---- slow ones ------------------------------------------------------------------------------- */

/* The first item takes until the last of the window is done. */
static parmap_status first_is_last(const void *input, void *result)
{
    const pool_item *item = input;
    *(int64_t *)result = item->index;
    if (item->index == 0) {
        int64_t done = 0;
        const double end = shared_now() + shared_long_s;
        while (done < 5 && shared_now() < end)
            CHECK_OK(parmap_array_load(&item->counts, 0, &done));
        CHECK(done >= 5);
    }
    return parmap_array_add(&item->counts, 0, 1);
}

static void order(void)
{
    enum { COUNT = 20 };
    parmap_pool *pool = pool_open(3);
    parmap_iterator *iterator;
    for (int ordered = 0; ordered < 2; ordered++) {
        pool_item *items = pool_items(COUNT);
        int64_t index = -1, first = -1, sum = 0;
        const parmap_job job = {.task = first_is_last,
                                .inputs = items,
                                .input_bytes = sizeof *items,
                                .result_bytes = sizeof(int64_t),
                                .count = COUNT};
        CHECK_OK((ordered ? parmap_pool_imap : parmap_pool_imap_unordered)(pool, &job, &iterator));
        for (int i = 0; i < COUNT; i++) {
            int64_t number = -1;
            CHECK_OK(parmap_iterator_next(iterator, &number, &index, shared_long_s));
            CHECK_INT(number, index);
            if (ordered)
                CHECK_INT(index, i);
            if (i == 0)
                first = index;
            sum += index;
        }
        CHECK((first == 0) == ordered);
        CHECK_INT(sum, COUNT * (COUNT - 1) / 2);
        parmap_iterator_free(iterator);
        CHECK_OK(parmap_array_free(&items->counts));
        free(items);
    }
    pool_end(pool);
}

static void time_outs(void)
{
    parmap_pool *pool = pool_open(2);
    pool_gate gate = pool_gate_create(), gates[3] = {gate, gate, gate};
    parmap_job job = pool_pass_job(gates);
    parmap_iterator *iterator;
    int64_t index = -1;
    job.count = 3;
    CHECK_OK(parmap_pool_imap(pool, &job, &iterator));
    CHECK_FAILS(parmap_iterator_next(iterator, NULL, &index, 0), PARMAP_TIMED_OUT, "no result");
    const double begun_s = shared_now();
    CHECK_STATUS(parmap_iterator_next(iterator, NULL, &index, 0.2), PARMAP_TIMED_OUT);
    CHECK_TOOK(begun_s, 0.2);
    CHECK_OK(parmap_event_set(&gate.open));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(parmap_iterator_next(iterator, NULL, &index, shared_long_s));
        CHECK_INT(index, i);
    }
    CHECK_STATUS(parmap_iterator_next(iterator, NULL, &index, 0), PARMAP_EMPTY);
    parmap_iterator_free(iterator);
    pool_gate_free(&gate);
    pool_end(pool);
}

/* ---- freed early, the pool's end ------------------------------------------------------------- */

static void free_early(parmap_pool *pool)
{
    enum { COUNT = 400 };
    int64_t *numbers = pool_numbers(COUNT), cube, index;
    for (int read = 0; read < 40; read += 13)
        for (int ordered = 0; ordered < 2; ordered++) {
            parmap_iterator *iterator;
            parmap_job job = cubes_job(numbers, COUNT);
            job.chunk = 1 + read % 5;
            CHECK_OK(
                (ordered ? parmap_pool_imap : parmap_pool_imap_unordered)(pool, &job, &iterator));
            for (int i = 0; i < read; i++)
                CHECK_OK(parmap_iterator_next(iterator, &cube, &index, shared_long_s));
            parmap_iterator_free(iterator);
        }
    pool_check_works(pool);
    free(numbers);
}

static void freed_early(void)
{
    pool_each_size(free_early);
}

/* Several iterators at once, read in turn. */
static void several_at_once(void)
{
    enum { ITERATORS = 5, COUNT = 90 };
    parmap_pool *pool = pool_open(parmap_size());
    int64_t *numbers = pool_numbers(COUNT), cube, index;
    parmap_iterator *iterators[ITERATORS];
    const parmap_job job = cubes_job(numbers, COUNT);
    for (int i = 0; i < ITERATORS; i++)
        CHECK_OK(parmap_pool_imap(pool, &job, &iterators[i]));
    for (int n = 0; n < COUNT; n++)
        for (int i = 0; i < ITERATORS; i++) {
            CHECK_OK(parmap_iterator_next(iterators[i], &cube, &index, shared_long_s));
            CHECK_INT(index, n);
            CHECK_INT(cube, (int64_t)n * n * n);
        }
    for (int i = 0; i < ITERATORS; i++)
        parmap_iterator_free(iterators[i]);
    free(numbers);
    pool_end(pool);
}

/* What was given before close can be read behind it; an iterator begun before counts as given. */
static void read_after_close(void)
{
    enum { COUNT = 1000 };
    parmap_pool *pool = pool_open(2);
    int64_t *numbers = pool_numbers(COUNT), cube, index;
    parmap_iterator *iterator;
    const parmap_job job = cubes_job(numbers, COUNT);
    CHECK_OK(parmap_pool_imap(pool, &job, &iterator));
    CHECK_OK(parmap_iterator_next(iterator, &cube, &index, shared_long_s));
    CHECK_OK(parmap_pool_close(pool));
    for (int i = 1; i < COUNT; i++) {
        CHECK_OK(parmap_iterator_next(iterator, &cube, &index, shared_long_s));
        CHECK_INT(index, i);
    }
    CHECK_STATUS(parmap_iterator_next(iterator, &cube, &index, 0), PARMAP_EMPTY);
    parmap_iterator_free(iterator);
    CHECK_FAILS(parmap_pool_imap(pool, &job, &iterator), PARMAP_CLOSED, "closed");
    CHECK_FAILS(parmap_pool_imap_unordered(pool, &job, &iterator), PARMAP_CLOSED, "closed");
    CHECK_OK(parmap_pool_join(pool, shared_long_s));
    free(numbers);
}

static void read_after_join(void)
{
    enum { COUNT = 1000 };
    int64_t *numbers = pool_numbers(COUNT), cube, index;
    const parmap_job job = cubes_job(numbers, COUNT);
    for (int terminated = 0; terminated < 2; terminated++) {
        parmap_pool *pool = pool_open(2);
        parmap_iterator *iterator;
        CHECK_OK(parmap_pool_imap(pool, &job, &iterator));
        CHECK_OK(parmap_iterator_next(iterator, &cube, &index, shared_long_s));
        CHECK_OK((terminated ? parmap_pool_terminate : parmap_pool_close)(pool));
        CHECK_OK(parmap_pool_join(pool, shared_long_s));
        CHECK_STATUS(parmap_iterator_next(iterator, &cube, &index, 0), PARMAP_CLOSED);
        parmap_iterator_free(iterator);
    }
    free(numbers);
}

static void read_after_terminate(void)
{
    parmap_pool *pool = pool_open(2);
    pool_gate gate = pool_gate_create(), gates[3] = {gate, gate, gate};
    parmap_job job = pool_pass_job(gates);
    parmap_iterator *iterators[2];
    job.count = 3;
    CHECK_OK(parmap_pool_imap(pool, &job, &iterators[0]));
    CHECK_OK(parmap_pool_imap_unordered(pool, &job, &iterators[1]));
    CHECK_OK(parmap_semaphore_acquire(&gate.come, shared_long_s));
    CHECK_OK(parmap_pool_terminate(pool));
    for (int i = 0; i < 2; i++)
        CHECK_STATUS(parmap_iterator_next(iterators[i], NULL, NULL, shared_long_s), PARMAP_CLOSED);
    parmap_iterator_free(iterators[0]);
    CHECK_OK(parmap_pool_join(pool, shared_long_s));
    CHECK_STATUS(parmap_iterator_next(iterators[1], NULL, NULL, shared_long_s), PARMAP_CLOSED);
    parmap_iterator_free(iterators[1]);
    pool_gate_free(&gate);
}

static int read_one(void *argument)
{
    CHECK_STATUS(parmap_iterator_next(*(parmap_iterator **)argument, NULL, NULL, shared_long_s),
                 PARMAP_CLOSED);
    return 0;
}

/* The reader sleeps meanwhile. */
static void terminated_under_a_reader(void)
{
    parmap_pool *pool = pool_open(parmap_size());
    pool_gate gate = pool_gate_create();
    const parmap_job job = pool_pass_job(&gate);
    parmap_iterator *iterator;
    parmap_thread reader;
    CHECK_OK(parmap_pool_imap(pool, &job, &iterator));
    CHECK_OK(parmap_thread_start(&reader, read_one, &iterator, sizeof iterator));
    CHECK_OK(parmap_semaphore_acquire(&gate.come, shared_long_s));
    shared_sleep(0.05);
    const double begun_s = shared_now();
    CHECK_OK(parmap_pool_terminate(pool));
    CHECK_OK(parmap_thread_join(&reader, shared_long_s));
    CHECK_TOOK(begun_s, 0);
    CHECK_OK(parmap_pool_join(pool, shared_long_s));
    parmap_iterator_free(iterator);
    pool_gate_free(&gate);
}

static const check_case cases[] = {
    {"counts and chunks", iterated},
    {"results that nobody wants", results_that_nobody_wants},
    {"large records", large_records},
    {"generators, as far ahead as allowed", generated},
    {"generators that nobody reads", not_read},
    {"order of slow items", order},
    {"time-outs", time_outs},
    {"freed early", freed_early},
    {"several at once", several_at_once},
    {"read after close", read_after_close},
    {"read after join", read_after_join},
    {"read after terminate", read_after_terminate},
    {"terminated under a reader", terminated_under_a_reader},
};

SERVED_MAIN(cases)
