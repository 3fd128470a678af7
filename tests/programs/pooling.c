/* A pool as a user's program has it, for tests of how such programs end.  There is a
 * task on each rank; that on the rank WHERE says "running on rank R as PID" on stderr.
 *
 *   pooling early            a pool before parmap_serve and behind parmap_finish: what is said
 *   pooling cubes            cubes of 0 .. 9 by map, their sum by imap
 *   pooling drop             main ends with tasks queued, the pool neither closed nor joined
 *   pooling close            main ends with tasks queued, the pool closed and not joined
 *   pooling begin            the initializer calls parmap_exit on the last rank
 *   pooling return           main returns without parmap_finish
 *   pooling exit WHERE       the task calls exit(3)
 *   pooling leave WHERE      the task calls parmap_exit(3)
 *   pooling abort WHERE      the task calls abort()
 *   pooling must WHERE       the task's PARMAP_MUST fails
 *   pooling compute WHERE    the task computes for 100 s, main waits for it
 *   pooling drop-deaf WHERE  the same, and main ends
 */
#include <parmap.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

PARMAP_TASK(cube, int64_t, x, int64_t)
{
    return x * x * x;
}

/* ---- tasks ----------------------------------------------------------------------------------- */

typedef struct order {
    char what[16];
    int where;
    parmap_barrier all; /* of the tasks: one on each worker */
} order;

static void compute(double seconds)
{
    const time_t end = time(NULL) + (time_t)seconds;
    volatile double x = 1;
    while (time(NULL) < end)
        x = x * 1.0000001;
}

/* All workers have one: so one is on each rank. */
static parmap_status obey(const void *input, void *result)
{
    const order *o = input;
    (void)result;
    PARMAP_MUST(parmap_barrier_wait(&o->all, 60, NULL));
    if (parmap_rank() != o->where)
        return PARMAP_OK;
    fprintf(stderr, "running on rank %d as %d\n", parmap_rank(), (int)getpid());
    if (strcmp(o->what, "exit") == 0)
        exit(3);
    if (strcmp(o->what, "leave") == 0)
        parmap_exit(3);
    if (strcmp(o->what, "abort") == 0)
        abort();
    if (strcmp(o->what, "must") == 0)
        PARMAP_MUST(parmap_lock_acquire(&(parmap_lock){.handle = {.rank = 0}}, 0));
    compute(100);
    return PARMAP_OK;
}

/* ---- what main does -------------------------------------------------------------------------- */

static int tell_cubes(parmap_pool *pool)
{
    int64_t numbers[10], cubes[10] = {0}, result, sum = 0;
    parmap_iterator *iterator;
    for (int i = 0; i < 10; i++)
        numbers[i] = i;
    PARMAP_MUST(parmap_pool_map(pool, cube, numbers, cubes, 10));
    for (int i = 0; i < 10; i++)
        printf("%d ", (int)cubes[i]);
    const parmap_job job = {.task = cube,
                            .inputs = numbers,
                            .input_bytes = sizeof *numbers,
                            .result_bytes = sizeof *cubes,
                            .count = 10};
    PARMAP_MUST(parmap_pool_imap(pool, &job, &iterator));
    for (int i = 0; i < 10; i++, sum += result)
        PARMAP_MUST(parmap_iterator_next(iterator, &result, NULL, PARMAP_FOREVER));
    parmap_iterator_free(iterator);
    printf("%d\n", (int)sum);
    PARMAP_MUST(parmap_pool_close(pool));
    PARMAP_MUST(parmap_pool_join(pool, PARMAP_FOREVER));
    return parmap_finish();
}

static parmap_status nap(const void *input, void *result)
{
    (void)result;
    return parmap_sleep(*(const double *)input);
}

static int leave(parmap_pool *pool, bool closed)
{
    static const double seconds = 0.02;
    const parmap_job job = {
        .task = nap, .inputs = &seconds, .input_bytes = sizeof seconds, .count = 1};
    for (int i = 0; i < 200; i++)
        PARMAP_MUST(parmap_pool_submit(pool, &job, NULL));
    if (closed)
        PARMAP_MUST(parmap_pool_close(pool));
    return parmap_finish();
}

static int give_orders(parmap_pool *pool, const char *what, int where)
{
    const int size = parmap_pool_size(pool);
    order *orders = calloc((size_t)size, sizeof *orders);
    snprintf(orders[0].what, sizeof orders[0].what, "%s", what);
    orders[0].where = where;
    PARMAP_MUST(parmap_barrier_create(&orders[0].all, size, NULL));
    for (int i = 1; i < size; i++)
        orders[i] = orders[0];
    const parmap_job job = {
        .task = obey, .inputs = orders, .input_bytes = sizeof *orders, .count = size, .chunk = 1};
    parmap_result *result;
    PARMAP_MUST(parmap_pool_submit(pool, &job, &result));
    if (strcmp(what, "drop-deaf") == 0) {
        parmap_result_wait(result, 2);
        return parmap_finish();
    }
    PARMAP_MUST(parmap_result_get(result, PARMAP_FOREVER));
    return parmap_finish();
}

static parmap_status leave_at_once(const void *input, void *result)
{
    (void)input;
    (void)result;
    if (parmap_rank() == parmap_size() - 1)
        parmap_exit(3);
    return PARMAP_OK;
}

static int begin(void)
{
    parmap_pool *pool;
    const parmap_pool_options options = {.size = parmap_size(), .initializer = leave_at_once};
    PARMAP_MUST(parmap_pool_create_with(&pool, &options));
    return parmap_finish();
}

static void try_to_create(void)
{
    parmap_pool *pool;
    const parmap_status status = parmap_pool_create(&pool, 1);
    if (parmap_rank() == 0)
        printf("%s: %s\n", parmap_status_name(status), parmap_message());
}

static int begin_early(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    try_to_create();
    if (!parmap_serve())
        return parmap_finish();
    const int code = parmap_finish();
    try_to_create();
    return code;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "cubes";
    parmap_pool *pool;
    if (strcmp(what, "early") == 0)
        return begin_early(argc, argv);
    PARMAP_MUST(parmap_start(&argc, &argv));
    if (!parmap_serve())
        return parmap_finish();
    if (strcmp(what, "begin") == 0)
        return begin();
    PARMAP_MUST(parmap_pool_create(&pool, parmap_size()));
    if (strcmp(what, "cubes") == 0)
        return tell_cubes(pool);
    if (strcmp(what, "return") == 0)
        return 0;
    if (strcmp(what, "drop") == 0 || strcmp(what, "close") == 0)
        return leave(pool, strcmp(what, "close") == 0);
    return give_orders(pool, what, argc > 2 ? atoi(argv[2]) : 0);
}
