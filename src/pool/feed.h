/* Feeding far workers with parts of a map, copied; see docs/main-and-workers.md. */
#ifndef PM_POOL_FEED_H
#define PM_POOL_FEED_H

#include "pool/pace.h"
#include "pool/pool.h"

typedef struct pm_feed {
    pm_pace pace;
    int64_t under_way;    /* parcels */
    int64_t sent;         /* ever */
    double looked_s;      /* at the progress of all workers, by pm_now() */
    int64_t looked_items; /* that were done then */
    bool over;            /* it cannot pay */
} pm_feed;

/* Before the map is given to anybody. */
void pm_feed_prepare(parmap_pool *pool, parmap_result *job);

/* With the job's mutex: sends parts, as many as are good to have under way. */
parmap_status pm_feed_far(parmap_result *job);

/* How long the next look at the map's progress may be put off, in seconds. */
double pm_feed_patience(const parmap_result *job);

#endif
