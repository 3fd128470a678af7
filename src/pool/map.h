/* Items that workers take by a counter: a map whose arrays they can reach.  The counter lies in the
 * heap where workers of other ranks of the node help, else in private memory. */
#ifndef PM_POOL_MAP_H
#define PM_POOL_MAP_H

#include "pool/call.h"
#include "pool/done.h"
#include "pool/pace.h"

typedef struct pm_map {
    _Alignas(64) _Atomic int64_t next;     /* items that were taken */
    _Alignas(64) _Atomic int64_t finished; /* and that are done */
    _Atomic int64_t tickets; /* to other ranks, that were not given back: they may still look */

    /* what does not change */
    _Alignas(64) int64_t count;
    int64_t chunk; /* 0 = by measurement */
    int64_t workers;
    pm_done done; /* to be poked when all items are done */
    pm_packed_call call;
    pm_ref inputs, results; /* for other ranks */

    _Atomic bool failing; /* somebody writes: */
    parmap_failure failure;
} pm_map;

/* How many items are left, nearly. */
static inline int64_t pm_map_left(const pm_map *map)
{
    const int64_t left = map->count - atomic_load(&map->next);
    return left > 0 ? left : 0;
}

/* Items *first .. *first + count - 1 are the caller's, count <= size; 0: there are none left. */
int64_t pm_map_claim(pm_map *map, int64_t size, int64_t *first);

/* They are done, and what of them failed. */
void pm_map_finish(pm_map *map, int64_t count, const parmap_failure *failure);

static inline bool pm_map_is_done(const pm_map *map)
{
    return atomic_load(&map->finished) == map->count;
}

/* Computes items until none are left, or the process is terminated. */
void pm_map_work(pm_map *map, const pm_call *call, const char *inputs, char *results);

/* A map in the heap, for workers of the node's other ranks. */
parmap_status pm_map_create_shared(pm_ref *block, pm_map **map);

/* Computes items of a shared map for a ticket, and gives the ticket back. */
void pm_map_help(pm_ref block);

#endif
