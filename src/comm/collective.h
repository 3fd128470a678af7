/* The few collectives of a run, as bytes, waiting politely: started non-blocking, then tested, with
 * the core given away in between.  (A blocking collective of MPICH spins: 33 ms for a barrier of 8
 * ranks on 2 cores.)  With one rank they are copies and need no MPI. */
#ifndef PM_COMM_COLLECTIVE_H
#define PM_COMM_COLLECTIVE_H

#include "comm/pause.h"
#include "comm/world.h"

/* Collective.  all[rank] = mine of that rank; `all` holds size * bytes. */
parmap_status pm_allgather(const pm_world *world, const void *mine, void *all, size_t bytes,
                           const pm_idle *idle);

/* Collective.  The same, with the result on rank 0 only; `all` is not read elsewhere. */
parmap_status pm_gather(const pm_world *world, const void *mine, void *all, size_t bytes,
                        const pm_idle *idle);

/* Collective.  `data` of rank 0 everywhere. */
parmap_status pm_broadcast(const pm_world *world, void *data, size_t bytes, const pm_idle *idle);

/* Collective.  The same from any rank, and of any size. */
parmap_status pm_broadcast_from(const pm_world *world, int root, void *data, size_t bytes,
                                const pm_idle *idle);

/* Collective.  Each of `count` values becomes its sum over all ranks, modulo 2^64. */
parmap_status pm_sum(const pm_world *world, uint64_t *values, int64_t count, const pm_idle *idle);

/* Collective.  Returns when all ranks have come. */
parmap_status pm_barrier(const pm_world *world, const pm_idle *idle);

/* Collective.  PARMAP_OK when all ranks come with it; else the status and message of the lowest
 * rank that comes with another one. */
parmap_status pm_agree(const pm_world *world, parmap_status mine, const pm_idle *idle);

#endif
