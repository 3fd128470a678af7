/* apply SIZE SECONDS: the round trip of parmap_pool_apply, 8 bytes there and 8 back, with a pool of
 * SIZE workers (0 = default), in nanoseconds: median and mean; and how many of 100 left rank 0. */
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

static bool measure(char **arguments)
{
    const double seconds = atof(arguments[1]);
    target t = {.pool = pool_of(atoi(arguments[0]))};
    const double ns = ns_of(call, &t, seconds);
    const double mean = 1e9 / rate_of(call, &t, 8, seconds);
    printf("{\"ns\": %.1f, \"mean\": %.1f, \"elsewhere\": %.1f}\n", ns, mean,
           100 * (double)t.elsewhere / (double)t.calls);
    end_pool(t.pool);
    return true;
}

int main(int argc, char **argv)
{
    return with_workers(argc, argv, 2, measure);
}
