/* TEST ranks=2 windows=shm,rma,msg label=full seconds=300 serial=1 */
/* Payloads of more than 2 GiB that travel through the heap, or lie there.  It takes some GiB; where
 * they are not free it says so and tests nothing. */
#include "shared/large.h"
#include "shared/pool.h"

static bool enough;

static void decide(void)
{
    if (!enough)
        large_say_skipped();
}

static const int64_t bytes = 2 * gib + 4096 + 5;

static void fill(void *memory)
{
    for (int64_t i = 0; i < bytes; i++)
        ((signed char *)memory)[i] = large_number_at(i);
}

static int64_t count_wrong(const void *memory)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < bytes; i++)
        wrong += ((const signed char *)memory)[i] != large_number_at(i);
    return wrong;
}

/* ---- one large record, on another rank ------------------------------------------------------- */

typedef struct told {
    int64_t wrong;
    int rank;
} told;

static parmap_status look_at_it(const void *input, void *result)
{
    *(told *)result = (told){count_wrong(input), parmap_rank()};
    return PARMAP_OK;
}

static parmap_status make_it(const void *input, void *result)
{
    (void)input;
    fill(result);
    return PARMAP_OK;
}

/* A task on each worker waits for the event of its rank. */
typedef struct stops {
    parmap_semaphore come;
    parmap_event go_on[2];
} stops;

static parmap_status stop(const void *input, void *result)
{
    const stops *s = input;
    (void)result;
    CHECK_OK(parmap_semaphore_release(&s->come));
    return parmap_event_wait(&s->go_on[parmap_rank()], 10 * shared_long_s);
}

static parmap_result *stop_both(parmap_pool *pool, stops *both)
{
    parmap_result *stopped;
    CHECK_OK(parmap_semaphore_create(&both[0].come, 0));
    for (int rank = 0; rank < 2; rank++)
        CHECK_OK(parmap_event_create(&both[0].go_on[rank]));
    both[1] = both[0];
    const parmap_job job = {
        .task = stop, .inputs = both, .input_bytes = sizeof *both, .count = 2, .chunk = 1};
    CHECK_OK(parmap_pool_submit(pool, &job, &stopped));
    for (int rank = 0; rank < 2; rank++)
        CHECK_OK(parmap_semaphore_acquire(&both->come, shared_long_s));
    return stopped;
}

static void let_both_go(parmap_result *stopped, stops *both, int rank)
{
    CHECK_OK(parmap_event_set(&both->go_on[1 - rank]));
    CHECK_OK(parmap_result_get(stopped, shared_long_s));
    parmap_result_free(stopped);
    CHECK_OK(parmap_semaphore_free(&both->come));
    for (int i = 0; i < 2; i++)
        CHECK_OK(parmap_event_free(&both->go_on[i]));
}

/* The other rank's worker is busy meanwhile. */
static void there_and_back(int rank)
{
    parmap_pool *pool = pool_open(2);
    stops both[2];
    parmap_result *stopped = stop_both(pool, both);
    void *memory = malloc((size_t)bytes);
    told t = {-1, -1};
    CHECK_OK(parmap_event_set(&both->go_on[rank]));
    fill(memory);
    parmap_job job = {.task = look_at_it,
                      .inputs = memory,
                      .input_bytes = (size_t)bytes,
                      .results = &t,
                      .result_bytes = sizeof t,
                      .count = 1};
    CHECK_OK(parmap_pool_run(pool, &job));
    CHECK_INT(t.wrong, 0);
    CHECK_INT(t.rank, rank);
    memset(memory, 0, (size_t)bytes);
    job =
        (parmap_job){.task = make_it, .results = memory, .result_bytes = (size_t)bytes, .count = 1};
    CHECK_OK(parmap_pool_run(pool, &job));
    CHECK_INT(count_wrong(memory), 0);
    let_both_go(stopped, both, rank);
    free(memory);
    pool_end(pool);
}

static void on_each_rank(void)
{
    for (int rank = 0; rank < 2 && enough; rank++)
        there_and_back(rank);
}

/* ---- arrays in the heap ---------------------------------------------------------------------- */

static parmap_status turn(const void *input, void *result)
{
    *(signed char *)result = (signed char)(127 - *(const signed char *)input);
    return PARMAP_OK;
}

static void items_in_the_heap(void)
{
    if (!enough)
        return;
    parmap_pool *pool = pool_open(2 * parmap_size());
    pool_memory memory = pool_memory_create((size_t)bytes);
    fill(memory.bytes);
    for (int i = 0; i < 2; i++)
        CHECK_OK(parmap_pool_map(pool, turn, (signed char *)memory.bytes,
                                 (signed char *)memory.bytes, bytes));
    CHECK_INT(count_wrong(memory.bytes), 0);
    pool_memory_free(&memory);
    pool_end(pool);
}

static const check_case cases[] = {
    {"enough memory", decide},
    {"a record there and back", on_each_rank},
    {"items in the heap", items_in_the_heap},
};

int main(int argc, char **argv)
{
    enough = large_is_possible();
    if (enough)
        setenv("PARMAP_HEAP", "3G", 1);
    return served_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
