/* A pool as its owner's process sees it, and what the files of the pool share.
 *
 * Two ways for a task to reach a worker:
 *   - a parcel (parcel.h): inputs are copied and carried to any worker (carrier.h).  For single
 * tasks, imap, and parts of a map whose private arrays other ranks cannot reach.
 *   - a map (map.h): workers take items by a counter, in place.  Those of the owner's process find
 * it in a list; those of other ranks of the node by tickets, when the arrays lie in shared memory.
 *
 * "Near" workers run in the owner's process, "far" ones do not. */
#ifndef PM_POOL_POOL_H
#define PM_POOL_POOL_H

#include "pool/map.h"
#include "pool/parcel.h"

#include <pthread.h>

typedef struct pm_carrier pm_carrier; /* carrier.h */

/* What a far worker needs to find the owner. */
typedef struct pm_carrier_route {
    int owner;            /* rank */
    parmap_queue tickets; /* shared memory */
    uint64_t address;     /* letters: where the owner receives */
} pm_carrier_route;

typedef enum pm_pool_state { PM_POOL_OPEN, PM_POOL_CLOSED, PM_POOL_TERMINATED } pm_pool_state;

struct parmap_pool {
    const void *owner; /* the context of the process that made it */
    int size, far;
    parmap_process *workers;
    const pm_carrier *carrier;
    pm_carrier_route route;
    struct pm_letter_box *letters; /* of one of the carriers */
    _Atomic int state;             /* pm_pool_state */
    _Atomic int64_t
        outstanding; /* parcels under way, to see whether far workers have enough to do */

    pthread_mutex_t ending; /* held while it is terminated, so that it is not freed meanwhile */
    pthread_mutex_t mutex;  /* of what follows */
    pthread_cond_t changed;
    uint64_t gate;                   /* counts what near workers may want to look at */
    int idle;                        /* near workers that wait for it */
    bool leaving;                    /* near workers end when there is nothing to do */
    parmap_result *maps, **maps_end; /* with items for near workers, first come first served */
    parmap_result *jobs;             /* all that are not finished */
    parmap_result *orphans, **orphans_end; /* whose handle was freed before they were done */
    parmap_result *_Atomic helped;         /* maps for which far workers have tickets, or had */
    struct parmap_iterator *iterators;     /* all that are not freed */
    pm_parcel *overflow;                   /* for near workers: the heap had no room for a ticket */
    pm_parcel *spare;                      /* of one item, to be used again */
    int spares;
    pm_parcel *parcels;         /* all, for the end */
    struct pm_handler *handler; /* NULL until it is needed */
};

/* PARMAP_CLOSED when no more tasks are taken. */
parmap_status pm_pool_check_open(const parmap_pool *pool);

/* One more ticket; near workers are called when the far ones have enough to do. */
parmap_status pm_pool_send(parmap_pool *pool, const pm_ticket *ticket);

/* A parcel came back. */
static inline void pm_pool_settle(parmap_pool *pool)
{
    atomic_fetch_sub(&pool->outstanding, 1);
}

/* Near workers look around: up to `count` of them. */
void pm_pool_call_near(parmap_pool *pool, int64_t count);

/* stock.c.  A parcel of `room` items; PARMAP_NO_MEMORY. */
parmap_status pm_pool_get_parcel(parmap_pool *pool, const pm_call *call, int64_t room,
                                 pm_parcel **parcel);
void pm_pool_give_back(parmap_pool *pool, pm_parcel *parcel);
void pm_pool_free_parcels(parmap_pool *pool);

#endif
