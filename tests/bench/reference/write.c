/* write N FILE: the squares of 1..N into a plain file, compute + pwrite, block by block.
 * The reference of `squares --output FILE`: one thread per rank, each rank its part of the file. */
#include "bench.h"
#include <fcntl.h>
#include <unistd.h>

#ifndef BLOCK_ITEMS
#define BLOCK_ITEMS (128 * 1024) /* by hand: the fastest of 8 Ki to 256 Ki */
#endif

static void write_all(int file, const void *data, size_t bytes, off_t offset)
{
    if (pwrite(file, data, bytes, offset) != (ssize_t)bytes) {
        perror("pwrite");
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

static void compute_and_write(int file, share part)
{
    int64_t *buffer = block_buffer(BLOCK_ITEMS);
    for (int64_t at = part.first; at < part.end; at += BLOCK_ITEMS) {
        const int64_t count = smaller(BLOCK_ITEMS, part.end - at);
        squares(buffer, at + 1, count);
        write_all(file, buffer, (size_t)count * sizeof *buffer, (off_t)(at * 8));
    }
    free(buffer);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    if (argc != 3)
        MPI_Abort(MPI_COMM_WORLD, 64);
    const share part = share_of_rank(atoll(argv[1]), BLOCK_ITEMS);
    const double start = start_clock();
    const int file = open(argv[2], O_WRONLY | O_CREAT, 0666);
    if (file < 0) {
        perror(argv[2]);
        MPI_Abort(MPI_COMM_WORLD, 73);
    }
    compute_and_write(file, part);
    close(file);
    print_seconds(start);
    MPI_Finalize();
    return 0;
}
