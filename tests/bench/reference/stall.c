/* stall SECONDS: rank 1 computes for so long without a call of MPI; the longest that rank 0 waits
 * for a MPI_Fetch_and_op + MPI_Win_flush there meanwhile, in milliseconds. */
#include "bench.h"

static MPI_Win window;

static void fetch_and_op(void *context)
{
    const int64_t one = 1;
    int64_t before;
    (void)context;
    MPI_Fetch_and_op(&one, &before, MPI_INT64_T, 1, 0, MPI_SUM, window);
    MPI_Win_flush(1, window);
}

int main(int argc, char **argv)
{
    int rank, level;
    int64_t *word;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    const double seconds = argc > 1 ? atof(argv[1]) : 2;
    MPI_Win_allocate(sizeof *word, sizeof *word, MPI_INFO_NULL, MPI_COMM_WORLD, &word, &window);
    *word = 0;
    MPI_Win_lock_all(MPI_MODE_NOCHECK, window);
    double start = soon();
    MPI_Bcast(&start, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    sleep_until(start);
    if (rank == 1)
        compute_until(start + seconds);
    else if (rank == 0)
        printf("{\"add\": %.4f}\n", longest_ms(fetch_and_op, NULL, start + seconds - 0.05));
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_unlock_all(window);
    MPI_Win_free(&window);
    MPI_Finalize();
    return 0;
}
