/* Close, terminate, join: with tasks that are queued, that run, that wait, that compute. */
#include "shared/pool.h"

#include <stdatomic.h>

/* ---- close and join -------------------------------------------------------------------------- */

static void closed(void)
{
    int64_t number = 3, cube = 0;
    parmap_pool *pool = pool_open(parmap_size());
    parmap_result *result;
    CHECK_OK(parmap_pool_close(pool));
    CHECK_OK(parmap_pool_close(pool));
    CHECK_FAILS(parmap_pool_apply(pool, pool_cube, &number, &cube), PARMAP_CLOSED, "closed");
    CHECK_FAILS(parmap_pool_map(pool, pool_cube, &number, &cube, 0), PARMAP_CLOSED, "closed");
    CHECK_FAILS(parmap_pool_apply_async(pool, pool_cube, &number, &cube, &result), PARMAP_CLOSED,
                "closed");
    CHECK_OK(parmap_pool_join(pool, shared_long_s));
}

static void join_before_close(void)
{
    parmap_pool *pool = pool_open(2);
    CHECK_FAILS(parmap_pool_join(pool, 0), PARMAP_USAGE, "close or terminate");
    pool_check_works(pool);
    pool_end(pool);
}

/* What was given before close is done. */
static void close_with_tasks(parmap_pool *pool)
{
    const int64_t count = shared_count(1000, 100);
    pool_item *items = pool_items(count);
    int64_t *cubes = pool_numbers(count);
    for (int64_t i = 0; i < count; i++)
        CHECK_OK(parmap_pool_apply_async(pool, pool_count, &items[i], &cubes[i], NULL));
    CHECK_OK(parmap_pool_map_async(pool, pool_count, items, cubes, count, NULL));
    pool_end(pool);
    pool_check_cubes(cubes, count);
    pool_check_counts(items, count, 2);
    free(cubes);
}

static void closed_with_tasks(void)
{
    close_with_tasks(pool_open(1));
    close_with_tasks(pool_open(parmap_size()));
    close_with_tasks(pool_open(2 * parmap_size() + 1));
}

static void join_times_out(void)
{
    parmap_pool *pool = pool_open(parmap_size());
    pool_gate gate = pool_gate_create();
    const parmap_job job = pool_pass_job(&gate);
    CHECK_OK(parmap_pool_submit(pool, &job, NULL));
    CHECK_OK(parmap_semaphore_acquire(&gate.come, shared_long_s));
    CHECK_OK(parmap_pool_close(pool));
    CHECK_FAILS(parmap_pool_join(pool, 0), PARMAP_TIMED_OUT, "0 of 1");
    const double begun_s = shared_now();
    CHECK_STATUS(parmap_pool_join(pool, 0.2), PARMAP_TIMED_OUT);
    CHECK_TOOK(begun_s, 0.2);
    CHECK_OK(parmap_event_set(&gate.open));
    CHECK_OK(parmap_pool_join(pool, shared_long_s));
    pool_gate_free(&gate);
}

static int open_later(void *argument)
{
    shared_sleep(0.1);
    CHECK_OK(parmap_event_set(argument));
    return 0;
}

static void join_waits(void)
{
    parmap_pool *pool = pool_open(2);
    pool_gate gate = pool_gate_create();
    const parmap_job job = pool_pass_job(&gate);
    parmap_thread opener;
    parmap_result *result;
    CHECK_OK(parmap_pool_submit(pool, &job, &result));
    CHECK_OK(parmap_thread_start(&opener, open_later, &gate.open, sizeof gate.open));
    pool_end(pool);
    bool set = false;
    CHECK_OK(parmap_event_is_set(&gate.open, &set));
    CHECK(set);
    pool_get(result);
    CHECK_OK(parmap_thread_join(&opener, shared_long_s));
    pool_gate_free(&gate);
}

/* ---- terminate: tasks that wait -------------------------------------------------------------- */

static int get_closed(void *argument)
{
    parmap_result *result = *(parmap_result **)argument;
    CHECK_FAILS(parmap_result_get(result, shared_long_s), PARMAP_CLOSED, "terminated");
    return 0;
}

static void check_terminated(parmap_pool *pool)
{
    int64_t number = 3, cube = 0;
    CHECK_FAILS(parmap_pool_apply(pool, pool_cube, &number, &cube), PARMAP_CLOSED, "terminated");
    CHECK_OK(parmap_pool_terminate(pool));
    CHECK_OK(parmap_pool_close(pool));
}

/* Those that wait for results are told, and workers that wait end. */
static void terminate_waiting(const parmap_job *job, const pool_gate *gate, int size)
{
    enum { WAITERS = 3 };
    parmap_pool *pool = pool_open(size);
    parmap_thread waiters[WAITERS];
    parmap_result *result;
    bool flag;
    CHECK_OK(parmap_pool_submit(pool, job, &result));
    CHECK_OK(parmap_semaphore_acquire(&gate->come, shared_long_s));
    for (int i = 0; i < WAITERS; i++)
        CHECK_OK(parmap_thread_start(&waiters[i], get_closed, &result, sizeof result));
    shared_sleep(0.01);
    const double begun_s = shared_now();
    CHECK_OK(parmap_pool_terminate(pool));
    for (int i = 0; i < WAITERS; i++)
        CHECK_OK(parmap_thread_join(&waiters[i], shared_long_s));
    CHECK_STATUS(parmap_result_ready(result, &flag), PARMAP_CLOSED);
    CHECK_STATUS(parmap_result_successful(result, &flag), PARMAP_CLOSED);
    CHECK_STATUS(parmap_result_wait(result, 0), PARMAP_CLOSED);
    check_terminated(pool);
    CHECK_OK(parmap_pool_join(pool, shared_long_s));
    CHECK(shared_now() < begun_s + shared_long_s); /* they did not wait until the end */
    CHECK_STATUS(parmap_result_get(result, 0), PARMAP_CLOSED);
    parmap_result_free(result);
}

static void terminated_waiting(void)
{
    enum { MOST = 20 };
    const int sizes[] = {1, parmap_size(), 2 * parmap_size() + 1};
    for (int i = 0; i < 6; i++) {
        pool_gate gate = pool_gate_create(), gates[MOST];
        for (int j = 0; j < MOST; j++)
            gates[j] = gate;
        parmap_job job = pool_pass_job(gates);
        job.count = i < 3 ? 1 : MOST;
        terminate_waiting(&job, &gate, sizes[i % 3]);
        pool_gate_free(&gate);
    }
}

static parmap_status nap(const void *input, void *result)
{
    (void)result;
    return parmap_sleep(*(const double *)input);
}

/* As a thread that has called map. */
static int run_closed(void *argument)
{
    enum { COUNT = 500 };
    parmap_pool *pool = *(parmap_pool **)argument;
    double naps[COUNT];
    for (int i = 0; i < COUNT; i++)
        naps[i] = 0.5;
    const parmap_job job = {
        .task = nap, .inputs = naps, .input_bytes = sizeof *naps, .count = COUNT};
    CHECK_FAILS(parmap_pool_run(pool, &job), PARMAP_CLOSED, "terminated");
    return 0;
}

static void terminated_under_a_map(void)
{
    const int sizes[] = {1, parmap_size(), 2 * parmap_size() + 1};
    for (int i = 0; i < 3; i++) {
        parmap_pool *pool = pool_open(sizes[i]);
        parmap_thread thread;
        CHECK_OK(parmap_thread_start(&thread, run_closed, &pool, sizeof pool));
        shared_sleep(0.1);
        const double begun_s = shared_now();
        CHECK_OK(parmap_pool_terminate(pool));
        CHECK_OK(parmap_thread_join(&thread, shared_long_s));
        CHECK_OK(parmap_pool_join(pool, shared_long_s));
        CHECK_TOOK(begun_s, 0);
    }
}

/* PARMAP_MUST takes PARMAP_CANCELLED as the worker's end: that is no accident. */
static parmap_status must_wait(const void *input, void *result)
{
    const pool_gate *gate = input;
    (void)result;
    PARMAP_MUST(parmap_semaphore_release(&gate->come));
    PARMAP_MUST(parmap_event_wait(&gate->open, shared_long_s));
    return PARMAP_OK;
}

static void terminated_in_must(void)
{
    const int sizes[] = {1, parmap_size(), 2 * parmap_size() + 1};
    for (int i = 0; i < 6; i++) {
        pool_gate gate = pool_gate_create(), gates[5] = {gate, gate, gate, gate, gate};
        parmap_job job = pool_pass_job(gates);
        job.task = must_wait;
        job.count = i < 3 ? 1 : 5;
        terminate_waiting(&job, &gate, sizes[i % 3]);
        pool_gate_free(&gate);
    }
}

/* ---- terminate: tasks that are queued -------------------------------------------------------- */

/* 10,000 tasks of 1 ms: it does not wait for them. */
static void terminate_queued(parmap_pool *pool)
{
    const int64_t count = shared_count(10000, 500);
    double *naps = malloc((size_t)count * sizeof *naps);
    for (int64_t i = 0; i < count; i++) {
        naps[i] = 1e-3 * (double)shared_count(1, 20);
        const parmap_job job = {
            .task = nap, .inputs = &naps[i], .input_bytes = sizeof *naps, .count = 1};
        CHECK_OK(parmap_pool_submit(pool, &job, NULL));
    }
    const double begun_s = shared_now();
    CHECK_OK(parmap_pool_terminate(pool));
    CHECK_OK(parmap_pool_join(pool, shared_long_s));
    CHECK(shared_now() < begun_s + 5); /* all of them take 10 s and more */
    free(naps);
}

static void terminated_queued(void)
{
    terminate_queued(pool_open(1));
    terminate_queued(pool_open(parmap_size()));
}

static void terminate_behind_close(void)
{
    parmap_pool *pool = pool_open(2);
    pool_gate gate = pool_gate_create(), gates[9];
    for (int i = 0; i < 9; i++)
        gates[i] = gate;
    parmap_job job = pool_pass_job(gates);
    job.count = 9;
    CHECK_OK(parmap_pool_submit(pool, &job, NULL));
    CHECK_OK(parmap_semaphore_acquire(&gate.come, shared_long_s));
    CHECK_OK(parmap_pool_close(pool));
    CHECK_STATUS(parmap_pool_join(pool, 0.01), PARMAP_TIMED_OUT);
    CHECK_OK(parmap_pool_terminate(pool));
    CHECK_OK(parmap_pool_join(pool, shared_long_s));
    pool_gate_free(&gate);
}

/* While it joins. */
static int terminate_later(void *argument)
{
    shared_sleep(0.1);
    CHECK_OK(parmap_pool_terminate(*(parmap_pool **)argument));
    return 0;
}

static void terminated_under_join(void)
{
    parmap_pool *pool = pool_open(parmap_size());
    pool_gate gate = pool_gate_create();
    const parmap_job job = pool_pass_job(&gate);
    parmap_thread thread;
    CHECK_OK(parmap_pool_submit(pool, &job, NULL));
    CHECK_OK(parmap_pool_close(pool));
    CHECK_OK(parmap_thread_start(&thread, terminate_later, &pool, sizeof pool));
    CHECK_OK(parmap_pool_join(pool, shared_long_s));
    CHECK_OK(parmap_thread_join(&thread, shared_long_s));
    pool_gate_free(&gate);
}

/* ---- terminate: tasks that compute ----------------------------------------------------------- */

static parmap_status compute_until_told(const void *input, void *result)
{
    const pool_gate *gate = input;
    const double end = shared_now() + shared_long_s;
    (void)result;
    CHECK_OK(parmap_semaphore_release(&gate->come));
    while (!parmap_cancelled() && shared_now() < end)
        shared_compute(0.001);
    CHECK(parmap_cancelled());
    CHECK_STATUS(parmap_sleep(1), PARMAP_CANCELLED);
    return PARMAP_OK;
}

static void terminated_computing(void)
{
    const int sizes[] = {1, parmap_size()};
    for (int i = 0; i < 2; i++) {
        parmap_pool *pool = pool_open(sizes[i]);
        pool_gate gate = pool_gate_create();
        parmap_job job = pool_pass_job(&gate);
        job.task = compute_until_told;
        CHECK_OK(parmap_pool_submit(pool, &job, NULL));
        CHECK_OK(parmap_semaphore_acquire(&gate.come, shared_long_s));
        const double begun_s = shared_now();
        CHECK_OK(parmap_pool_terminate(pool));
        CHECK_OK(parmap_pool_join(pool, shared_long_s));
        CHECK(shared_now() < begun_s + shared_long_s);
        pool_gate_free(&gate);
    }
}

/* One that does not ask: join says who still runs, and waits until it comes back. */
static parmap_status compute_on(const void *input, void *result)
{
    const pool_gate *gate = input;
    (void)result;
    CHECK_OK(parmap_semaphore_release(&gate->come));
    shared_compute(0.5);
    return PARMAP_OK;
}

static void terminated_deaf(void)
{
    parmap_pool *pool = pool_open(1);
    pool_gate gate = pool_gate_create();
    parmap_job job = pool_pass_job(&gate);
    job.task = compute_on;
    CHECK_OK(parmap_pool_submit(pool, &job, NULL));
    CHECK_OK(parmap_semaphore_acquire(&gate.come, shared_long_s));
    CHECK_OK(parmap_pool_terminate(pool));
    if (CHECK_STATUS(parmap_pool_join(pool, 0), PARMAP_TIMED_OUT)) {
        CHECK_HOLDS(parmap_message(), "PoolWorker-1");
        CHECK_HOLDS(parmap_message(), "rank 0");
        CHECK_OK(parmap_pool_join(pool, shared_long_s));
    }
    pool_gate_free(&gate);
}

/* ---- an owner that ends ---------------------------------------------------------------------- */

static int leave_with_a_pool(void *argument)
{
    const pool_gate *gate = argument;
    const parmap_job job = pool_pass_job(gate);
    parmap_pool *pool = pool_open(2);
    CHECK_OK(parmap_pool_submit(pool, &job, NULL));
    CHECK_OK(parmap_semaphore_acquire(&gate->come, shared_long_s));
    return 7;
}

/* Its pool is terminated, and said to be. */
static void a_process_that_leaves(void)
{
    for (int i = 0; i < 2; i++) {
        pool_gate gate = pool_gate_create();
        parmap_process process;
        START(&process, leave_with_a_pool, gate);
        CHECK_INT(served_join(&process), 7);
        pool_gate_free(&gate);
    }
}

static int wait_in_a_pool(void *argument)
{
    const pool_gate *gate = argument;
    const parmap_job job = pool_pass_job(gate);
    parmap_pool *pool = pool_open(2);
    CHECK_STATUS(parmap_pool_run(pool, &job), PARMAP_CANCELLED);
    CHECK_STATUS(parmap_pool_run(pool, &job), PARMAP_CANCELLED);
    return 7;
}

static void a_process_that_is_terminated(void)
{
    for (int i = 0; i < 2; i++) {
        pool_gate gate = pool_gate_create();
        parmap_process process;
        START(&process, wait_in_a_pool, gate);
        CHECK_OK(parmap_semaphore_acquire(&gate.come, shared_long_s));
        CHECK_OK(parmap_process_terminate(&process));
        const int code = served_join(&process);
        CHECK(code == 7 || code == PARMAP_TERMINATED);
        pool_gate_free(&gate);
    }
}

/* ---- the caller's arrays ----------------------------------------------------------------------
 */

static atomic_int began, ended;

/* In the caller's process, which is that of a pool's first worker. */
static parmap_status write_late(const void *input, void *result)
{
    (void)input;
    atomic_store(&began, 1);
    shared_sleep(0.5);
    *(int64_t *)result = 1;
    atomic_store(&ended, 1);
    return PARMAP_OK;
}

/* Whoever is told that the pool was terminated may free what the task would write to. */
static void arrays_are_free_when_told(void)
{
    int64_t number = 1, cube = 0;
    parmap_pool *pool = pool_open(1);
    parmap_result *result;
    atomic_store(&began, 0);
    atomic_store(&ended, 0);
    CHECK_OK(parmap_pool_apply_async(pool, write_late, &number, &cube, &result));
    while (!atomic_load(&began))
        shared_sleep(0.001);
    CHECK_OK(parmap_pool_terminate(pool));
    CHECK_FAILS(parmap_result_get(result, 0), PARMAP_TIMED_OUT, "has not ended");
    CHECK_FAILS(parmap_result_get(result, shared_long_s), PARMAP_CLOSED, "terminated");
    CHECK_INT(atomic_load(&ended), 1);
    parmap_result_free(result);
    CHECK_OK(parmap_pool_join(pool, shared_long_s));
}

static const check_case cases[] = {
    {"closed", closed},
    {"join before close is refused", join_before_close},
    {"closed with tasks", closed_with_tasks},
    {"join times out", join_times_out},
    {"join waits", join_waits},
    {"terminated with tasks that wait", terminated_waiting},
    {"terminated with tasks in PARMAP_MUST", terminated_in_must},
    {"terminated under a map", terminated_under_a_map},
    {"terminated with 10,000 tasks queued", terminated_queued},
    {"terminated behind close", terminate_behind_close},
    {"terminated under join", terminated_under_join},
    {"terminated with a task that computes", terminated_computing},
    {"terminated with a task that does not hear", terminated_deaf},
    {"arrays are free when told", arrays_are_free_when_told},
    {"a process that leaves its pool", a_process_that_leaves},
    {"a process that is terminated in its pool", a_process_that_is_terminated},
};

SERVED_MAIN(cases)
