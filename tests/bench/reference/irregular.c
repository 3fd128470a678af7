/* irregular ITEMS SECONDS: items of every shape that take so long together, one by one to the
 * threads of OpenMP as they ask; the parallel efficiency on two cores. */
#include "irregular.h"
#include "bench.h"

static void compute_all(const int64_t *costs, int64_t *used, int64_t items)
{
#pragma omp parallel for schedule(dynamic, 1)
    for (int64_t i = 0; i < items; i++)
        used[i] = compute_for(costs[i]);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const int64_t items = argc > 1 ? atoll(argv[1]) : 5000;
    const double seconds = argc > 2 ? atof(argv[2]) : 1;
    int64_t *costs = block_buffer(items), *used = block_buffer(items);
    set_costs(costs, items, 0.02, UNIFORM);
    compute_all(costs, used, items);
    for (int shape = 0; shape < SHAPES; shape++) {
        set_costs(costs, items, seconds, shape);
        const double start = now_s();
        compute_all(costs, used, items);
        print_efficiency(shape, used, items, now_s() - start);
    }
    free(costs);
    free(used);
    MPI_Finalize();
    return 0;
}
