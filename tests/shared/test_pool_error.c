/* Tasks that fail: rank, index and text come back through every form, and the pool goes on. */
#include "shared/pool.h"

/* Fails for multiples of `divisor`; 0: never. */
typedef struct division {
    int64_t number, divisor;
} division;

static parmap_status divide(const void *input, void *result)
{
    const division *d = input;
    if (d->divisor != 0 && d->number % d->divisor == 0)
        return parmap_fail("%d on %d", (int)d->number, parmap_rank());
    *(int64_t *)result = d->number * d->number * d->number;
    return PARMAP_OK;
}

static division *divisions(int64_t count, int64_t divisor)
{
    division *all = malloc((size_t)count * sizeof *all);
    for (int64_t i = 0; i < count; i++)
        all[i] = (division){i + 1, divisor};
    return all;
}

/* The newest failure, and its message; `what` = how the message begins. */
static void check_failure(const char *what, int64_t number, int64_t index, int64_t count)
{
    char text[64];
    const parmap_failure failure = parmap_last_failure();
    CHECK_INT(failure.index, index);
    CHECK_INT(failure.count, count);
    CHECK_INT(failure.status, PARMAP_TASK_FAILED);
    CHECK(failure.rank >= 0 && failure.rank < parmap_size());
    snprintf(text, sizeof text, "%d on %d", (int)number, failure.rank);
    CHECK_TEXT(failure.text, text);
    CHECK_HOLDS(parmap_message(), text);
    snprintf(text, sizeof text, "%s failed on rank %d", what, failure.rank);
    CHECK_HOLDS(parmap_message(), text);
}

/* ---- through every form ---------------------------------------------------------------------- */

static void fail_apply(parmap_pool *pool)
{
    const division d = {21, 7};
    int64_t cube = -1;
    parmap_result *result;
    CHECK_STATUS(parmap_pool_apply(pool, divide, &d, &cube), PARMAP_TASK_FAILED);
    check_failure("task", 21, 0, 1);
    CHECK_OK(parmap_pool_apply_async(pool, divide, &d, &cube, &result));
    CHECK_STATUS(parmap_result_get(result, shared_long_s), PARMAP_TASK_FAILED);
    check_failure("task", 21, 0, 1);
    CHECK_STATUS(parmap_result_get(result, 0), PARMAP_TASK_FAILED); /* again */
    parmap_result_free(result);
    CHECK_INT(cube, -1);
    pool_check_works(pool);
}

static void apply_fails(void)
{
    pool_each_size(fail_apply);
}

static void check_the_others(const int64_t *cubes, int64_t count, int64_t divisor)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < count; i++)
        wrong += cubes[i] != ((i + 1) % divisor == 0 ? -1 : (i + 1) * (i + 1) * (i + 1));
    CHECK_INT(wrong, 0);
}

static void fail_map_of(parmap_pool *pool, const division *inputs, int64_t *cubes, int64_t count,
                        int64_t chunk)
{
    parmap_result *result;
    char words[64];
    for (int64_t i = 0; i < count; i++)
        cubes[i] = -1;
    CHECK_STATUS(parmap_pool_map(pool, divide, inputs, cubes, count, .chunk = chunk),
                 PARMAP_TASK_FAILED);
    check_failure("item 12", 13, 12, count / 13);
    snprintf(words, sizeof words, "%d of %d items failed", (int)(count / 13), (int)count);
    CHECK_HOLDS(parmap_message(), words);
    check_the_others(cubes, count, 13);
    CHECK_OK(parmap_pool_map_async(pool, divide, inputs, cubes, count, &result, .chunk = chunk));
    CHECK_OK(parmap_result_wait(result, shared_long_s));
    CHECK_STATUS(parmap_result_get(result, 0), PARMAP_TASK_FAILED);
    check_failure("item 12", 13, 12, count / 13);
    parmap_result_free(result);
}

static void fail_map(parmap_pool *pool)
{
    enum { COUNT = 509 };
    division *private = divisions(COUNT, 13);
    int64_t *cubes = pool_numbers(COUNT);
    pool_memory in = pool_memory_create(COUNT * sizeof *private),
                out = pool_memory_create(COUNT * sizeof *cubes);
    memcpy(in.bytes, private, COUNT * sizeof *private);
    for (int64_t chunk = 0; chunk < 9; chunk += 4) {
        fail_map_of(pool, private, cubes, COUNT, chunk);
        fail_map_of(pool, in.bytes, out.bytes, COUNT, chunk);
    }
    pool_check_works(pool);
    pool_memory_free(&in);
    pool_memory_free(&out);
    free(private);
    free(cubes);
}

static void map_fails(void)
{
    pool_each_size(fail_map);
}

static void check_item(const parmap_iterator *iterator, parmap_status status, int64_t index,
                       int64_t cube)
{
    (void)iterator;
    const int64_t number = index + 1;
    char what[32];
    snprintf(what, sizeof what, "item %d", (int)index);
    CHECK_INT(status, number % 13 == 0 ? PARMAP_TASK_FAILED : PARMAP_OK);
    if (number % 13 == 0)
        check_failure(what, number, index, 1);
    else
        CHECK_INT(cube, number * number * number);
}

/* As Python's test_imap_handle_iterable_exception: it goes on behind a failing item. */
static void fail_imap_of(parmap_pool *pool, bool ordered, int64_t chunk)
{
    enum { COUNT = 100 };
    division *inputs = divisions(COUNT, 13);
    bool seen[COUNT] = {false};
    parmap_iterator *iterator;
    const parmap_job job = {.task = divide,
                            .inputs = inputs,
                            .input_bytes = sizeof *inputs,
                            .result_bytes = sizeof(int64_t),
                            .count = COUNT,
                            .chunk = chunk};
    CHECK_OK((ordered ? parmap_pool_imap : parmap_pool_imap_unordered)(pool, &job, &iterator));
    for (int64_t i = 0; i < COUNT; i++) {
        int64_t cube = -1, index = -1;
        const parmap_status status = parmap_iterator_next(iterator, &cube, &index, shared_long_s);
        check_item(iterator, status, index, cube);
        if (ordered)
            CHECK_INT(index, i);
        CHECK(!seen[index % COUNT]);
        seen[index % COUNT] = true;
    }
    CHECK_STATUS(parmap_iterator_next(iterator, NULL, NULL, shared_long_s), PARMAP_EMPTY);
    parmap_iterator_free(iterator);
    free(inputs);
}

static void fail_imap(parmap_pool *pool)
{
    for (int64_t chunk = 0; chunk < 3; chunk++) {
        fail_imap_of(pool, true, chunk);
        fail_imap_of(pool, false, chunk);
    }
    pool_check_works(pool);
}

static void imap_fails(void)
{
    pool_each_size(fail_imap);
}

/* Several of one chunk fail, each with its own text. */
static void several_of_a_chunk(void)
{
    enum { COUNT = 24 };
    parmap_pool *pool = pool_open(2);
    division *inputs = divisions(COUNT, 2);
    parmap_iterator *iterator;
    const parmap_job job = {.task = divide,
                            .inputs = inputs,
                            .input_bytes = sizeof *inputs,
                            .result_bytes = sizeof(int64_t),
                            .count = COUNT,
                            .chunk = 8};
    CHECK_OK(parmap_pool_imap(pool, &job, &iterator));
    for (int64_t i = 0; i < COUNT; i++) {
        int64_t cube = -1, index = -1;
        const parmap_status status = parmap_iterator_next(iterator, &cube, &index, shared_long_s);
        CHECK_INT(index, i);
        CHECK_INT(status, i % 2 == 1 ? PARMAP_TASK_FAILED : PARMAP_OK);
        const parmap_failure failure = parmap_last_failure();
        if (i % 2 == 0)
            continue;
        CHECK_INT(failure.index, i);
        CHECK_INT(failure.count, 1);
        CHECK_INT(failure.status, PARMAP_TASK_FAILED);
    }
    parmap_iterator_free(iterator);
    free(inputs);
    pool_end(pool);
}

/* ---- the lowest index ------------------------------------------------------------------------ */

static parmap_status fail_late_first(const void *input, void *result)
{
    const int64_t number = *(const int64_t *)input;
    (void)result;
    if (number < 4)
        shared_sleep(0.005 * (double)(4 - number)); /* the first ones fail last */
    return parmap_fail("%d", (int)number);
}

static void fail_all(parmap_pool *pool)
{
    enum { COUNT = 40 };
    int64_t *numbers = pool_numbers(COUNT);
    parmap_job job = {
        .task = fail_late_first, .inputs = numbers, .input_bytes = 8, .count = COUNT, .chunk = 1};
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(parmap_pool_run(pool, &job), PARMAP_TASK_FAILED);
        const parmap_failure failure = parmap_last_failure();
        CHECK_INT(failure.index, 0);
        CHECK_INT(failure.count, COUNT);
        CHECK_TEXT(failure.text, "0");
    }
    free(numbers);
}

static void the_lowest_index(void)
{
    pool_each_size(fail_all);
}

/* ---- other statuses, other texts ------------------------------------------------------------- */

static parmap_status return_it(const void *input, void *result)
{
    (void)result;
    return *(const parmap_status *)input;
}

static parmap_status use_it_wrongly(const void *input, void *result)
{
    (void)input;
    (void)result;
    return parmap_lock_acquire(&(parmap_lock){.handle = {.rank = 0}}, 0);
}

static void fail_otherwise(parmap_pool *pool)
{
    const parmap_status statuses[] = {PARMAP_USAGE,     PARMAP_BAD_DATA, PARMAP_SYSTEM,
                                      PARMAP_TIMED_OUT, PARMAP_CLOSED,   PARMAP_CANCELLED,
                                      PARMAP_EMPTY,     (parmap_status)1};
    enum { COUNT = sizeof statuses / sizeof *statuses };
    parmap_status inputs[COUNT];
    memcpy(inputs, statuses, sizeof inputs);
    parmap_job job = {.task = return_it, .inputs = inputs, .input_bytes = sizeof *inputs};
    for (int i = 0; i < COUNT; i++) {
        job.inputs = &inputs[i];
        job.count = 1;
        CHECK_STATUS(parmap_pool_run(pool, &job), PARMAP_TASK_FAILED);
        CHECK_INT(parmap_last_failure().status, statuses[i]);
        job.count = COUNT - i;
        CHECK_STATUS(parmap_pool_run(pool, &job), PARMAP_TASK_FAILED);
        CHECK_INT(parmap_last_failure().status, statuses[i]);
        CHECK_INT(parmap_last_failure().count, COUNT - i);
    }
    job = (parmap_job){.task = use_it_wrongly, .count = 1};
    CHECK_FAILS(parmap_pool_run(pool, &job), PARMAP_TASK_FAILED, "created");
    CHECK_INT(parmap_last_failure().status, PARMAP_USAGE);
    CHECK_HOLDS(parmap_last_failure().text, "created");
    pool_check_works(pool);
}

static void other_statuses(void)
{
    pool_each_size(fail_otherwise);
}

static parmap_status fail_at_length(const void *input, void *result)
{
    char text[2000];
    (void)input;
    (void)result;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    return parmap_fail("%s", text);
}

static void long_texts(void)
{
    parmap_pool *pool = pool_open(parmap_size());
    const parmap_job job = {.task = fail_at_length, .count = 2};
    CHECK_FAILS(parmap_pool_run(pool, &job), PARMAP_TASK_FAILED, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    const size_t length = strlen(parmap_last_failure().text);
    CHECK(length > 200 && length < sizeof parmap_last_failure().text);
    pool_end(pool);
}

/* ---- of the calling thread ------------------------------------------------------------------- */

static int look_at_failure(void *unused)
{
    (void)unused;
    const parmap_failure failure = parmap_last_failure();
    CHECK_INT(failure.count, 0);
    CHECK_INT(failure.index, 0);
    CHECK_INT(failure.status, 0);
    CHECK_TEXT(failure.text, "");
    return 0;
}

static void each_thread_has_its_own(void)
{
    parmap_pool *pool = pool_open(1);
    parmap_thread thread;
    fail_apply(pool);
    CHECK_OK(parmap_thread_start(&thread, look_at_failure, NULL, 0));
    CHECK_OK(parmap_thread_join(&thread, shared_long_s));
    check_failure("task", 21, 0, 1);
    pool_end(pool);
}

static const check_case cases[] = {
    {"apply", apply_fails},
    {"map", map_fails},
    {"imap goes on behind a failing item", imap_fails},
    {"several items of a chunk", several_of_a_chunk},
    {"the lowest index", the_lowest_index},
    {"other statuses than parmap_fail's", other_statuses},
    {"long texts are cut", long_texts},
    {"each thread has its own newest failure", each_thread_has_its_own},
};

SERVED_MAIN(cases)
