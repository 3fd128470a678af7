/* stream INPUT OFFSET N OUTPUT: y = sqrt(x * x + 1) of N doubles, which begin at that byte of the
 * input: pread + compute + pwrite, block by block, with as many OpenMP threads as OMP_NUM_THREADS
 * says, on each rank.  The reference of `parmap map` over a data set. */
#include "bench.h"

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#ifndef BLOCK_ITEMS
#define BLOCK_ITEMS (32 * 1024) /* by hand: the fastest of 8 Ki to 256 Ki */
#endif

typedef struct files {
    int input, output;
    off_t offset;
} files;

static void check(ssize_t done, size_t bytes)
{
    if (done != (ssize_t)bytes) {
        perror("stream");
        MPI_Abort(MPI_COMM_WORLD, 74);
    }
}

static void carry(const files *f, double *restrict x, double *restrict y, int64_t at, int64_t count)
{
    const size_t bytes = (size_t)count * sizeof *x;
    check(pread(f->input, x, bytes, f->offset + at * 8), bytes);
    for (int64_t i = 0; i < count; i++)
        y[i] = sqrt(x[i] * x[i] + 1);
    check(pwrite(f->output, y, bytes, at * 8), bytes);
}

static void carry_all(const files *f, share part)
{
#pragma omp parallel
    {
        double *x = (double *)block_buffer(BLOCK_ITEMS), *y = (double *)block_buffer(BLOCK_ITEMS);
#pragma omp for schedule(static)
        for (int64_t at = part.first; at < part.end; at += BLOCK_ITEMS)
            carry(f, x, y, at, smaller(BLOCK_ITEMS, part.end - at));
        free(x);
        free(y);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    if (argc != 5)
        MPI_Abort(MPI_COMM_WORLD, 64);
    const share part = share_of_rank(atoll(argv[3]), BLOCK_ITEMS);
    const double start = start_clock();
    const files f = {open(argv[1], O_RDONLY), open(argv[4], O_WRONLY | O_CREAT, 0666),
                     atoll(argv[2])};
    if (f.input < 0 || f.output < 0)
        MPI_Abort(MPI_COMM_WORLD, 73);
    carry_all(&f, part);
    close(f.input);
    close(f.output);
    print_seconds(start);
    MPI_Finalize();
    return 0;
}
