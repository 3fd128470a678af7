/* irregular ITEMS SECONDS: parmap_pool_map, chunks as it chooses, over items of every shape that
 * take so long together; its parallel efficiency on two cores. */
#include "../reference/irregular.h"
#include "main.h"

PARMAP_TASK(compute, int64_t, ns, int64_t)
{
    return compute_for(ns);
}

static bool measure(char **arguments)
{
    const int64_t items = atoll(arguments[0]);
    const double seconds = atof(arguments[1]);
    int64_t *costs = memory_of((size_t)items * sizeof *costs);
    int64_t *used = memory_of((size_t)items * sizeof *used);
    parmap_pool *pool = pool_of(0);
    set_costs(costs, items, 0.02, UNIFORM);
    PARMAP_MUST(parmap_pool_map(pool, compute, costs, used, items));
    for (int shape = 0; shape < SHAPES; shape++) {
        set_costs(costs, items, seconds, shape);
        const double start = now_s();
        PARMAP_MUST(parmap_pool_map(pool, compute, costs, used, items));
        print_efficiency(shape, used, items, now_s() - start);
    }
    end_pool(pool);
    free(costs);
    free(used);
    return true;
}

int main(int argc, char **argv)
{
    return with_workers(argc, argv, 2, measure);
}
