/* What the reference programs share: the clock, the loop, a rank's share, the one line they print.
 * No more than that: each program's own work stands in its own file, as one would write it by hand.
 */
#ifndef BENCH_H
#define BENCH_H

#include "loop.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct share {
    int64_t first; /* index of the first item of this rank */
    int64_t end;   /* one past the last */
} share;

/* The compiler must believe that somebody reads what `p` points to. */
static inline void keep(const void *p)
{
    __asm__ volatile("" : : "r"(p) : "memory");
}

/* y[i] = (first + i)^2; the whole of what a hand-written program computes. */
static inline void squares(int64_t *restrict y, int64_t first, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = (first + i) * (first + i);
}

static inline int64_t *block_buffer(int64_t items)
{
    int64_t *buffer = aligned_alloc(4096, (size_t)items * sizeof *buffer);
    if (!buffer)
        abort();
    return buffer;
}

static inline int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Equal parts, cut at block borders. */
static inline share share_of_rank(int64_t items, int64_t block)
{
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int64_t blocks = (items + block - 1) / block;
    return (share){smaller(blocks * rank / ranks * block, items),
                   smaller(blocks * (rank + 1) / ranks * block, items)};
}

/* All ranks set off together. */
static inline double start_clock(void)
{
    MPI_Barrier(MPI_COMM_WORLD);
    return now_s();
}

/* The slowest rank's time, printed by rank 0. */
static inline void print_seconds(double start)
{
    int rank;
    double mine = now_s() - start, slowest = 0;
    MPI_Reduce(&mine, &slowest, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0)
        printf("{\"seconds\": %.9f}\n", slowest);
}

#endif
