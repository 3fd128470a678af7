/* read_inc SECONDS: rank 0 alone, then all ranks at once call NGA_Read_inc of Global Arrays on an
 * element of the last rank, for so long; all calls together per second. */
#include "bench.h"

#include <ga.h>
#include <macdecls.h>

enum { LENGTH = 1024 };

static void read_inc(void *context)
{
    int index = LENGTH - 1;
    NGA_Read_inc(*(int *)context, &index, 1);
}

static double together(int ranks, int array, double seconds)
{
    double start = soon(), all = 0;
    MPI_Bcast(&start, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    sleep_until(start);
    const double mine = GA_Nodeid() < ranks ? rate_of(read_inc, &array, 8, seconds) : 0;
    MPI_Reduce(&mine, &all, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    return all;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    GA_Initialize();
    MA_init(C_DBL, 1000, 1000);
    const double seconds = argc > 1 ? atof(argv[1]) : 0.2;
    int length = LENGTH, array = NGA_Create(C_LONG, 1, &length, "counter", NULL);
    GA_Zero(array);
    const double one = together(1, array, seconds), all = together(GA_Nnodes(), array, seconds);
    if (GA_Nodeid() == 0)
        printf("{\"one\": %.0f, \"all\": %.0f}\n", one, all);
    GA_Destroy(array);
    GA_Terminate();
    MPI_Finalize();
    return 0;
}
