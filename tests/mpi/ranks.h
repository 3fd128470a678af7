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
#include <time.h>

static pm_world world;

/* Waits for a collective of plain MPI without keeping a core from the ranks that are still on their
 * way: MPICH's blocking ones take seconds where there are more ranks than cores. */
static inline void await(MPI_Request request)
{
    for (int done = 0; MPI_Test(&request, &done, MPI_STATUS_IGNORE), !done;)
        nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
}

static inline void meet(void)
{
    MPI_Request request;
    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    await(request);
}

/* Sums over all ranks, to all of them, in place. */
static inline void sum_ints(void *values, int64_t count)
{
    MPI_Request request;
    MPI_Iallreduce(MPI_IN_PLACE, values, (int)count, MPI_INT, MPI_SUM, MPI_COMM_WORLD, &request);
    await(request);
}

static inline void gather_records(const void *mine, void *all, size_t bytes)
{
    MPI_Request request;
    MPI_Iallgather(mine, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, MPI_COMM_WORLD, &request);
    await(request);
}

static inline int ranks_main(int argc, char **argv, const check_case *cases, size_t count)
{
    if (pm_world_start(&argc, &argv, &world) != PARMAP_OK) {
        printf("not ok - start: %s\n", parmap_message());
        return 1;
    }
    check_set_rank(world.rank);
    const int code = check_main(cases, count);
    meet();
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
    gather_records(&here, hosts, sizeof here);
    CHECK_INT(pm_topology_derive(hosts, world.size, world.rank, threads, &topology), PARMAP_OK);
    CHECK_INT(topology.nodes, nodes < world.size ? nodes : world.size);
    free(hosts);
    return topology;
}

/* That no message is under way to this rank, when no rank sends any more. */
static inline void check_nothing_left(void)
{
    int there = 1;
    meet();
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
    CHECK(!there);
    meet();
}

#endif
