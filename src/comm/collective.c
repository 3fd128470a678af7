/* Non-blocking collectives, awaited politely. */
#include "comm/collective.h"

#include "comm/door.h"
#include "comm/pause.h"

#include <limits.h>
#include <string.h>

static parmap_status await(MPI_Request *request, const pm_idle *idle)
{
    pm_pause pause = {0};
    for (;;) {
        int done = 0;
        PM_TRY(PM_MPI(MPI_Test(request, &done, MPI_STATUS_IGNORE)));
        if (done)
            return PARMAP_OK;
        if (idle)
            idle->call(idle->context);
        pm_pause_once(&pause);
    }
}

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
    return await(&request, idle);
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
    return await(&request, idle);
}

parmap_status pm_broadcast(const pm_world *world, void *data, size_t bytes, const pm_idle *idle)
{
    MPI_Request request;
    PM_TRY(begin(world, data, data, bytes));
    if (world->size == 1)
        return PARMAP_OK;
    PM_TRY(PM_MPI(MPI_Ibcast(data, (int)bytes, MPI_BYTE, 0, MPI_COMM_WORLD, &request)));
    return await(&request, idle);
}
