/* Non-blocking collectives, awaited politely. */
#include "comm/collective.h"

#include "comm/door.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* What needs no communication, and what MPI's int counts cannot carry. */
static parmap_status begin(const pm_world *world, const void *mine, void *all, size_t bytes)
{
    if (bytes > INT_MAX)
        return pm_fail(PARMAP_BUG, "a record of %zu bytes is too large for a collective; report it",
                       bytes);
    if (world->size == 1 && mine != all)
        memcpy(all, mine, bytes);
    return PARMAP_OK;
}

parmap_status pm_allgather(const pm_world *world, const void *mine, void *all, size_t bytes,
                           const pm_idle *idle)
{
    MPI_Request request;
    const int count = (int)bytes;
    PM_TRY(begin(world, mine, all, bytes));
    if (world->size == 1)
        return PARMAP_OK;
    PM_TRY(PM_MPI(
        MPI_Iallgather(mine, count, MPI_BYTE, all, count, MPI_BYTE, MPI_COMM_WORLD, &request)));
    return pm_mpi_await(&request, idle);
}

parmap_status pm_gather(const pm_world *world, const void *mine, void *all, size_t bytes,
                        const pm_idle *idle)
{
    MPI_Request request;
    const int count = (int)bytes;
    PM_TRY(begin(world, mine, all, bytes));
    if (world->size == 1)
        return PARMAP_OK;
    PM_TRY(PM_MPI(
        MPI_Igather(mine, count, MPI_BYTE, all, count, MPI_BYTE, 0, MPI_COMM_WORLD, &request)));
    return pm_mpi_await(&request, idle);
}

static parmap_status broadcast_piece(int root, void *data, size_t bytes, const pm_idle *idle)
{
    MPI_Request request;
    PM_TRY(PM_MPI(MPI_Ibcast(data, (int)bytes, MPI_BYTE, root, MPI_COMM_WORLD, &request)));
    return pm_mpi_await(&request, idle);
}

parmap_status pm_broadcast(const pm_world *world, void *data, size_t bytes, const pm_idle *idle)
{
    PM_TRY(begin(world, data, data, bytes));
    return world->size > 1 ? broadcast_piece(0, data, bytes, idle) : PARMAP_OK;
}

parmap_status pm_broadcast_from(const pm_world *world, int root, void *data, size_t bytes,
                                const pm_idle *idle)
{
    const size_t most = (size_t)1 << 30;
    if (world->size == 1)
        return PARMAP_OK;
    for (size_t done = 0; done < bytes; done += most) {
        const size_t piece = bytes - done < most ? bytes - done : most;
        PM_TRY(broadcast_piece(root, (char *)data + done, piece, idle));
    }
    return PARMAP_OK;
}

parmap_status pm_sum(const pm_world *world, uint64_t *values, int64_t count, const pm_idle *idle)
{
    const int64_t most = 1 << 24;
    if (world->size == 1)
        return PARMAP_OK;
    for (int64_t done = 0; done < count; done += most) {
        const int piece = (int)(count - done < most ? count - done : most);
        MPI_Request request;
        PM_TRY(PM_MPI(MPI_Iallreduce(MPI_IN_PLACE, values + done, piece, MPI_UINT64_T, MPI_SUM,
                                     MPI_COMM_WORLD, &request)));
        PM_TRY(pm_mpi_await(&request, idle));
    }
    return PARMAP_OK;
}

parmap_status pm_barrier(const pm_world *world, const pm_idle *idle)
{
    MPI_Request request;
    if (world->size == 1)
        return PARMAP_OK;
    PM_TRY(PM_MPI(MPI_Ibarrier(MPI_COMM_WORLD, &request)));
    return pm_mpi_await(&request, idle);
}

typedef struct verdict {
    int64_t rank; /* the lowest that failed, or the size */
    int64_t status;
    char message[1024];
} verdict;

/* One word from every rank; a message only when there is something to say. */
parmap_status pm_agree(const pm_world *world, parmap_status mine, const pm_idle *idle)
{
    if (world->size == 1)
        return mine;
    verdict first = {.rank = mine == PARMAP_OK ? world->size : world->rank, .status = mine};
    MPI_Request request;
    PM_TRY(PM_MPI(MPI_Iallreduce(MPI_IN_PLACE, &first.rank, 1, MPI_INT64_T, MPI_MIN, MPI_COMM_WORLD,
                                 &request)));
    PM_TRY(pm_mpi_await(&request, idle));
    if (first.rank == world->size)
        return PARMAP_OK;
    if (first.rank == world->rank)
        snprintf(first.message, sizeof first.message, "%s", parmap_message());
    PM_TRY(broadcast_piece((int)first.rank, &first, sizeof first, idle));
    return pm_fail((parmap_status)first.status, "%s", first.message);
}
