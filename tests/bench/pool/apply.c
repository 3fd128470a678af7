/* apply WHERE SIZE SECONDS: the round trip of parmap_pool_apply, 8 bytes there and 8 back, with a
 * pool of SIZE (0 = default), in nanoseconds: median and mean; and how many of 100 left rank 0.
 *   any         whichever worker takes it
 *   elsewhere   the workers of rank 0 have something else to do */
#include "main.h"

typedef struct target {
    parmap_pool *pool;
    int64_t calls, elsewhere;
} target;

PARMAP_TASK(where_am_i, int64_t, x, int64_t)
{
    return x + parmap_rank();
}

static void call(void *context)
{
    target *t = context;
    const int64_t zero = 0;
    int64_t rank;
    PARMAP_MUST(parmap_pool_apply(t->pool, where_am_i, &zero, &rank));
    t->calls++;
    t->elsewhere += rank != 0;
}

typedef struct post {
    parmap_barrier all;
    parmap_event end;
} post;

/* One for each worker: those of rank 0 stay until the end, the others are free at once. */
static parmap_status hold(const void *input, void *result)
{
    const post *p = input;
    (void)result;
    const parmap_status status = parmap_barrier_wait(&p->all, 60, NULL);
    if (status || parmap_rank() != 0)
        return status;
    return parmap_event_wait(&p->end, PARMAP_FOREVER);
}

static parmap_result *hold_rank_0(parmap_pool *pool, post *posts, int size)
{
    parmap_result *held;
    PARMAP_MUST(parmap_barrier_create(&posts[0].all, size + 1, NULL));
    PARMAP_MUST(parmap_event_create(&posts[0].end));
    for (int i = 1; i < size; i++)
        posts[i] = posts[0];
    PARMAP_MUST(parmap_pool_submit(
        pool,
        &(parmap_job){
            .task = hold, .inputs = posts, .input_bytes = sizeof *posts, .count = size, .chunk = 1},
        &held));
    PARMAP_MUST(parmap_barrier_wait(&posts[0].all, 60, NULL));
    return held;
}

static void release_rank_0(const post *p, parmap_result *held)
{
    PARMAP_MUST(parmap_event_set(&p->end));
    PARMAP_MUST(parmap_result_get(held, PARMAP_FOREVER));
    parmap_result_free(held);
    post copy = *p;
    PARMAP_MUST(parmap_barrier_free(&copy.all));
    PARMAP_MUST(parmap_event_free(&copy.end));
}

static bool measure(char **arguments)
{
    const bool elsewhere = !strcmp(arguments[0], "elsewhere");
    const double seconds = atof(arguments[2]);
    target t = {.pool = pool_of(atoi(arguments[1]))};
    const int size = parmap_pool_size(t.pool);
    post *posts = memory_of((size_t)size * sizeof *posts);
    parmap_result *held = elsewhere && size > 1 ? hold_rank_0(t.pool, posts, size) : NULL;
    const double ns = ns_of(call, &t, seconds);
    const double mean = 1e9 / rate_of(call, &t, 8, seconds);
    printf("{\"ns\": %.1f, \"mean\": %.1f, \"elsewhere\": %.1f}\n", ns, mean,
           100 * (double)t.elsewhere / (double)t.calls);
    if (held)
        release_rank_0(posts, held);
    free(posts);
    end_pool(t.pool);
    return !elsewhere || t.elsewhere == t.calls;
}

int main(int argc, char **argv)
{
    return with_workers(argc, argv, 3, measure);
}
