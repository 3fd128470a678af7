/* compute N: the squares of 1..N in blocks that fit L2, every block dropped.
 * The reference of `squares --output none`: as many OpenMP threads as OMP_NUM_THREADS says. */
#include "bench.h"

#ifndef BLOCK_ITEMS
#define BLOCK_ITEMS (64 * 1024) /* by hand: the fastest of 1 Ki to 256 Ki */
#endif

static void compute(share part)
{
#pragma omp parallel
    {
        int64_t *buffer = block_buffer(BLOCK_ITEMS);
#pragma omp for schedule(static)
        for (int64_t at = part.first; at < part.end; at += BLOCK_ITEMS) {
            squares(buffer, at + 1, smaller(BLOCK_ITEMS, part.end - at));
            keep(buffer);
        }
        free(buffer);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const int64_t items = argc > 1 ? atoll(argv[1]) : 1000000000;
    const share part = share_of_rank(items, BLOCK_ITEMS);
    const double start = start_clock();
    compute(part);
    print_seconds(start);
    MPI_Finalize();
    return 0;
}
