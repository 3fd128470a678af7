/* How a run ends, for tests that open a hub: everything sent is received, on all ranks. */
#ifndef HUBS_H
#define HUBS_H

#include "mpi/ranks.h"

#include "comm/collective.h"
#include "map/hub.h"

static inline int64_t sent_by(const void *all, int rank)
{
    return ((const int64_t *)all)[rank];
}

/* After the last message of this rank.  Leaves the hub closed, and MPI to the caller again. */
static inline void hub_end(pm_hub *hub)
{
    const pm_idle idle = {pm_hub_idle, hub};
    const int64_t sent = pm_hub_finish(hub);
    int64_t *all = calloc((size_t)world.size, sizeof *all);
    CHECK_INT(pm_gather(&world, &sent, all, sizeof sent, &idle), PARMAP_OK);
    if (world.rank == 0)
        pm_hub_drain_root(hub, sent_by, all);
    bool told_stop = hub->told_stop;
    CHECK_INT(pm_broadcast(&world, &told_stop, sizeof told_stop, &idle), PARMAP_OK);
    if (world.rank > 0)
        pm_hub_drain(hub, told_stop);
    pm_hub_close(hub);
    free(all);
    check_nothing_left();
}

#endif
