/* cubes ITEMS TIMES: the cubes of so many int64 in memory into an array, by all threads of OpenMP,
 * so many times; the median, in seconds. */
#include "bench.h"

enum { MOST_TIMES = 1000, LARGEST = 2000000 };

static void cubes(int64_t *restrict y, const int64_t *restrict x, int64_t items)
{
#pragma omp parallel for simd schedule(static)
    for (int64_t i = 0; i < items; i++)
        y[i] = x[i] * x[i] * x[i];
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const int64_t items = argc > 1 ? atoll(argv[1]) : 10000000;
    const int64_t times = smaller(argc > 2 ? atoll(argv[2]) : 15, MOST_TIMES);
    int64_t *x = block_buffer(items), *y = block_buffer(items);
    double seconds[MOST_TIMES];
    for (int64_t i = 0; i < items; i++)
        x[i] = i % LARGEST;
    cubes(y, x, items);
    for (int i = 0; i < times; i++) {
        const double start = now_s();
        cubes(y, x, items);
        keep(y);
        seconds[i] = now_s() - start;
    }
    printf("{\"seconds\": %.9f}\n", median(seconds, (int)times));
    free(x);
    free(y);
    MPI_Finalize();
    return 0;
}
