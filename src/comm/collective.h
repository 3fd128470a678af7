/* The few collectives of a run, as bytes, waiting politely: started non-blocking, then tested, with
 * the core given away in between.  (A blocking collective of MPICH spins: 33 ms for a barrier of 8
 * ranks on 2 cores.)  With one rank they are copies and need no MPI. */
#ifndef PM_COMM_COLLECTIVE_H
#define PM_COMM_COLLECTIVE_H

#include "comm/world.h"

/* What a rank does between two tests of a wait; NULL = nothing. */
typedef struct pm_idle {
    void (*call)(void *context);
    void *context;
} pm_idle;

/* Collective.  all[rank] = mine of that rank; `all` holds size * bytes. */
parmap_status pm_allgather(const pm_world *world, const void *mine, void *all, size_t bytes,
                           const pm_idle *idle);

/* Collective.  The same, with the result on rank 0 only; `all` is not read elsewhere. */
parmap_status pm_gather(const pm_world *world, const void *mine, void *all, size_t bytes,
                        const pm_idle *idle);

/* Collective.  `data` of rank 0 everywhere. */
parmap_status pm_broadcast(const pm_world *world, void *data, size_t bytes, const pm_idle *idle);

#endif
