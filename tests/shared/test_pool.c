/* Making a pool: its size, where its workers are, what each begins with, who may have one. */
#include "shared/pool.h"

/* ---- size ------------------------------------------------------------------------------------ */

static void sizes(void)
{
    const int asked[] = {1, 2, 3, parmap_size(), 2 * parmap_size() + 1, 13};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        parmap_pool *pool = pool_open(asked[i]);
        CHECK_INT(parmap_pool_size(pool), asked[i]);
        pool_check_works(pool);
        pool_end(pool);
    }
}

static void as_many_as_threads(void)
{
    parmap_pool *pool = pool_open(0);
    CHECK_INT(parmap_pool_size(pool), 2 * parmap_size()); /* see main */
    pool_check_works(pool);
    pool_end(pool);
}

static void sizes_that_cannot_be(void)
{
    parmap_pool *pool;
    CHECK_FAILS(parmap_pool_create(&pool, -1), PARMAP_USAGE, "-1 workers");
    CHECK_FAILS(parmap_pool_create(&pool, 1 << 30), PARMAP_USAGE, "workers");
}

static void without_tasks(void)
{
    for (int i = 0; i < 5; i++)
        pool_end(pool_open(1 + i));
}

/* ---- the initializer ------------------------------------------------------------------------- */

typedef struct beginning {
    parmap_array by_rank; /* how many initializers ran there */
    int64_t number;
    int failing_rank; /* -1: none */
} beginning;

static _Atomic int64_t begun; /* of this rank */

static parmap_status begin(const void *input, void *result)
{
    const beginning *b = input;
    CHECK(result == NULL);
    CHECK_INT(b->number, 4711);
    CHECK_OK(parmap_array_add(&b->by_rank, parmap_rank(), 1));
    if (parmap_rank() == b->failing_rank)
        return parmap_fail("no licence here");
    begun++;
    return PARMAP_OK;
}

PARMAP_TASK(tell_begun, int64_t, unused, int64_t)
{
    (void)unused;
    return begun > 0;
}

static beginning beginning_create(int failing_rank)
{
    beginning b = {.number = 4711, .failing_rank = failing_rank};
    CHECK_OK(parmap_array_create(&b.by_rank, 'i', parmap_size()));
    return b;
}

static parmap_status open_with(parmap_pool **pool, int size, const beginning *b)
{
    return parmap_pool_create_with(
        pool, &(parmap_pool_options){
                  .size = size, .initializer = begin, .input = b, .input_bytes = sizeof *b});
}

/* Worker i is on rank i modulo ranks, since main is on rank 0. */
static void once_in_each_worker(void)
{
    enum { ITEMS = 64 };
    const int ranks = parmap_size(), sizes[] = {1, ranks, 3 * ranks + 1};
    for (int s = 0; s < 3; s++) {
        beginning b = beginning_create(-1);
        int64_t items[ITEMS] = {0}, told[ITEMS] = {0};
        parmap_pool *pool;
        if (!CHECK_OK(open_with(&pool, sizes[s], &b)))
            return;
        CHECK_OK(parmap_pool_map(pool, tell_begun, items, told, ITEMS));
        for (int i = 0; i < ITEMS; i++)
            CHECK_INT(told[i], 1);
        pool_end(pool);
        for (int rank = 0; rank < ranks; rank++) {
            int64_t count = -1;
            CHECK_OK(parmap_array_load(&b.by_rank, rank, &count));
            CHECK_INT(count, (sizes[s] + ranks - 1 - rank) / ranks);
        }
        CHECK_OK(parmap_array_free(&b.by_rank));
    }
}

static void one_that_fails(void)
{
    const int last = parmap_size() - 1;
    char words[100];
    beginning b = beginning_create(last);
    parmap_pool *pool;
    CHECK_STATUS(open_with(&pool, parmap_size(), &b), PARMAP_TASK_FAILED);
    snprintf(words, sizeof words, "worker %d failed on rank %d", last, last);
    CHECK_HOLDS(parmap_message(), words);
    CHECK_HOLDS(parmap_message(), "no licence here");
    const parmap_failure failure = parmap_last_failure();
    CHECK_INT(failure.index, last);
    CHECK_INT(failure.count, 1);
    CHECK_INT(failure.rank, last);
    CHECK_INT(failure.status, PARMAP_TASK_FAILED);
    CHECK_TEXT(failure.text, "no licence here");
    CHECK_OK(parmap_array_free(&b.by_rank));
    pool = pool_open(parmap_size()); /* nothing of it is in the way */
    pool_check_works(pool);
    pool_end(pool);
}

static parmap_status refuse(const void *input, void *result)
{
    CHECK(input == NULL);
    CHECK(result == NULL);
    return PARMAP_NO_INPUT;
}

static void all_fail(void)
{
    parmap_pool *pool;
    const parmap_pool_options options = {.size = 5, .initializer = refuse};
    CHECK_FAILS(parmap_pool_create_with(&pool, &options), PARMAP_TASK_FAILED, "worker 0");
    CHECK_INT(parmap_last_failure().count, 5);
    CHECK_INT(parmap_last_failure().status, PARMAP_NO_INPUT);
    CHECK_INT(parmap_last_failure().index, 0);
}

/* ---- who may have one ------------------------------------------------------------------------ */

static int try_to_have_one(void *unused)
{
    (void)unused;
    parmap_pool *pool;
    CHECK_FAILS(parmap_pool_create(&pool, 1), PARMAP_USAGE, "daemon");
    return 0;
}

static void not_a_daemon(void)
{
    for (int i = 0; i < parmap_size(); i++) {
        parmap_process process;
        CHECK_OK(parmap_process_start_as(&process, try_to_have_one, NULL, 0,
                                         &(parmap_process_options){.daemon = true}));
        CHECK_INT(served_join(&process), 0);
    }
}

PARMAP_TASK(have_one_in_a_task, int64_t, unused, int64_t)
{
    (void)unused;
    return try_to_have_one(NULL) + 1;
}

static void not_a_worker(void)
{
    int64_t unused = 0, tried = 0;
    parmap_pool *pool = pool_open(2);
    CHECK_OK(parmap_pool_apply(pool, have_one_in_a_task, &unused, &tried));
    CHECK_INT(tried, 1);
    pool_end(pool);
}

static parmap_status tell_rank(const void *input, void *result)
{
    (void)input;
    *(int *)result = parmap_rank();
    return parmap_fail("as always");
}

static int have_one(void *argument)
{
    (void)argument;
    int byte = 0, rank;
    parmap_pool *pool = pool_open(parmap_size() + 1);
    pool_check_works(pool);
    CHECK_FAILS(parmap_pool_apply(pool, tell_rank, &byte, &rank), PARMAP_TASK_FAILED, "as always");
    pool_end(pool);
    return 0;
}

static void a_process_on_each_rank(void)
{
    for (int i = 0; i < parmap_size(); i++) {
        parmap_process process;
        CHECK_OK(parmap_process_start(&process, have_one, NULL, 0));
        CHECK_INT(served_join(&process), 0);
    }
}

static void all_ranks_at_once(void)
{
    enum { MOST = 16 };
    parmap_process processes[MOST];
    for (int i = 0; i <= parmap_size(); i++)
        CHECK_OK(parmap_process_start(&processes[i], have_one, NULL, 0));
    for (int i = 0; i <= parmap_size(); i++)
        CHECK_INT(served_join(&processes[i]), 0);
}

static void a_thread(void)
{
    parmap_thread thread;
    CHECK_OK(parmap_thread_start(&thread, have_one, NULL, 0));
    CHECK_OK(parmap_thread_join(&thread, shared_long_s));
    CHECK_INT(thread.exit_code, 0);
}

/* ---- misuse ---------------------------------------------------------------------------------- */

static void no_pool(void)
{
    int64_t number = 1, cube = 0;
    parmap_iterator *iterator;
    bool flag;
    CHECK_FAILS(parmap_pool_apply(NULL, pool_cube, &number, &cube), PARMAP_USAGE, "the pool");
    CHECK_STATUS(parmap_pool_submit(NULL, &(parmap_job){.task = pool_cube}, NULL), PARMAP_USAGE);
    CHECK_STATUS(parmap_pool_imap(NULL, &(parmap_job){.task = pool_cube}, &iterator), PARMAP_USAGE);
    CHECK_STATUS(parmap_pool_close(NULL), PARMAP_USAGE);
    CHECK_STATUS(parmap_pool_terminate(NULL), PARMAP_USAGE);
    CHECK_STATUS(parmap_pool_join(NULL, 0), PARMAP_USAGE);
    CHECK_INT(parmap_pool_size(NULL), 0);
    CHECK_STATUS(parmap_result_get(NULL, 0), PARMAP_USAGE);
    CHECK_STATUS(parmap_result_wait(NULL, 0), PARMAP_USAGE);
    CHECK_STATUS(parmap_result_ready(NULL, &flag), PARMAP_USAGE);
    CHECK_STATUS(parmap_result_successful(NULL, &flag), PARMAP_USAGE);
    CHECK_STATUS(parmap_iterator_next(NULL, NULL, NULL, 0), PARMAP_USAGE);
    parmap_result_free(NULL);
    parmap_iterator_free(NULL);
}

static void jobs_that_cannot_be(void)
{
    parmap_pool *pool = pool_open(2);
    int64_t numbers[2] = {1, 2}, cubes[2];
    const parmap_job good = {.task = pool_cube,
                             .inputs = numbers,
                             .input_bytes = 8,
                             .results = cubes,
                             .result_bytes = 8,
                             .count = 2};
    parmap_job job = good;
    job.task = NULL;
    CHECK_FAILS(parmap_pool_run(pool, &job), PARMAP_USAGE, "task or a kernel");
    job = good;
    job.count = -1;
    CHECK_FAILS(parmap_pool_run(pool, &job), PARMAP_USAGE, "-1");
    job = good;
    job.chunk = -2;
    CHECK_FAILS(parmap_pool_run(pool, &job), PARMAP_USAGE, "-2");
    job = good;
    job.inputs = NULL;
    CHECK_FAILS(parmap_pool_run(pool, &job), PARMAP_USAGE, "inputs");
    job = good;
    job.results = NULL;
    CHECK_FAILS(parmap_pool_run(pool, &job), PARMAP_USAGE, "results");
    CHECK_FAILS(parmap_pool_submit(pool, &job, NULL), PARMAP_USAGE, "results");
    parmap_iterator *iterator;
    job = good;
    job.ahead = -1;
    CHECK_FAILS(parmap_pool_imap(pool, &job, &iterator), PARMAP_USAGE, "ahead");
    job = good;
    job.inputs = NULL;
    CHECK_FAILS(parmap_pool_imap_unordered(pool, &job, &iterator), PARMAP_USAGE, "inputs");
    pool_check_works(pool);
    pool_end(pool);
}

static const check_case cases[] = {
    {"sizes", sizes},
    {"as many workers as the job has threads", as_many_as_threads},
    {"sizes that cannot be", sizes_that_cannot_be},
    {"without tasks", without_tasks},
    {"the initializer runs once in each worker", once_in_each_worker},
    {"an initializer that fails", one_that_fails},
    {"all initializers fail", all_fail},
    {"a daemon cannot have one", not_a_daemon},
    {"a worker cannot have one", not_a_worker},
    {"a process on each rank has one", a_process_on_each_rank},
    {"processes on all ranks have one at once", all_ranks_at_once},
    {"a thread has one", a_thread},
    {"no pool, no result", no_pool},
    {"jobs that cannot be", jobs_that_cannot_be},
};

int main(int argc, char **argv)
{
    setenv("PARMAP_THREADS", "2", 1); /* of each rank */
    return served_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
