/* What the tests with ranks share: start and end, and nodes that are made up. */
#ifndef RANKS_H
#define RANKS_H

#include "comm/host.h"
#include "comm/topology.h"
#include "comm/world.h"

#include "check.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static pm_world world;

static inline int ranks_main(int argc, char **argv, const check_case *cases, size_t count)
{
    if (pm_world_start(&argc, &argv, &world) != PARMAP_OK) {
        printf("not ok - start: %s\n", parmap_message());
        return 1;
    }
    check_set_rank(world.rank);
    const int code = check_main(cases, count);
    MPI_Barrier(MPI_COMM_WORLD);
    pm_world_finish(code, false);
    return code;
}

/* Rank r stands on node r % nodes, whatever the machine: nodes differ by their name. */
static inline pm_topology topology_of(int nodes, int threads)
{
    pm_host here, *hosts = calloc((size_t)world.size, sizeof *hosts);
    pm_topology topology;
    pm_host_describe(&here);
    snprintf(here.name, sizeof here.name, "made-up-%d", world.rank % nodes);
    MPI_Allgather(&here, sizeof here, MPI_BYTE, hosts, sizeof here, MPI_BYTE, MPI_COMM_WORLD);
    CHECK_INT(pm_topology_derive(hosts, world.size, world.rank, threads, &topology), PARMAP_OK);
    CHECK_INT(topology.nodes, nodes < world.size ? nodes : world.size);
    free(hosts);
    return topology;
}

/* That no message is under way to this rank, when no rank sends any more. */
static inline void check_nothing_left(void)
{
    int there = 1;
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
    CHECK(!there);
    MPI_Barrier(MPI_COMM_WORLD);
}

#endif
