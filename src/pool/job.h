/* A job of a pool: what Python's AsyncResult is, and what a map that is waited for is inside. */
#ifndef PM_POOL_JOB_H
#define PM_POOL_JOB_H

#include "pool/feed.h"
#include "pool/pool.h"

/* Who waits for it: the thread that gave it, somebody some time, nobody. */
typedef enum pm_job_waiter { PM_WAITER_NOW, PM_WAITER_LATER, PM_WAITER_NONE } pm_job_waiter;

struct parmap_result {
    parmap_pool *pool; /* may be gone when the job has ended */
    parmap_job what;
    pm_call call;
    char *input; /* copy of a single item's; NULL: the caller's is used */
    _Atomic int references;
    parmap_result *next, *previous; /* in pool->jobs */
    bool listed;                    /* there */
    parmap_result *next_map;        /* in pool->maps */
    parmap_result *next_helped;     /* in pool->helped */
    parmap_result *next_attended;   /* in the handler's list */
    parmap_result *next_orphan;     /* in pool->orphans */

    pthread_mutex_t mutex; /* of the progress that the owner makes */
    pthread_cond_t ended;
    pm_done done;           /* where its parcels come back, and where it is poked */
    pm_done_home done_home; /* unless that is elsewhere */
    pm_parcel *single;      /* either a single parcel */
    pm_map *map;            /* or a map */
    pm_ref map_block;       /* of a shared one */
    pm_feed feed;
    pm_job_waiter waiter;
    bool awaited;             /* a thread sleeps on the done word, and will make progress then */
    bool attended;            /* by the pool's handler: it has callbacks, or must be fed */
    _Atomic int near_at_work; /* near workers that use the caller's arrays */

    _Atomic bool finished;
    _Atomic bool dropped; /* the pool was terminated */
    parmap_failure failure;
};

static inline bool pm_job_has_ended(const parmap_result *job)
{
    return job->finished || job->dropped;
}

/* Makes the job and gives it to the workers. */
parmap_status pm_job_start(parmap_pool *pool, const parmap_job *what, pm_job_waiter waiter,
                           parmap_result **job);

/* To the workers; it has items. */
parmap_status pm_job_give(parmap_pool *pool, parmap_result *job);

/* With the pool's mutex: off the list of those that have not ended. */
void pm_job_unlist(parmap_pool *pool, parmap_result *job);

/* Releases it for a caller who may not have waited for it. */
void pm_job_orphan(parmap_result *job);

/* Deals with what has come back and gives out more, unless the handler does. */
parmap_status pm_job_progress(parmap_result *job);

/* By the handler: the same for one parcel, and for the rest. */
void pm_job_settle(parmap_result *job, pm_parcel *parcel);
parmap_status pm_job_look(parmap_result *job);

/* The pool was terminated: whoever waits is told, and nobody takes more of its items. */
void pm_job_drop(parmap_result *job);

/* Until the job has ended.  PARMAP_TIMED_OUT, PARMAP_CLOSED, PARMAP_CANCELLED in words. */
parmap_status pm_job_await(parmap_result *job, pm_deadline deadline);

/* How many far workers may be busy with maps; forgets the maps with which none is. */
int64_t pm_job_far_at_maps(parmap_pool *pool);

void pm_job_hold(parmap_result *job);
void pm_job_release(parmap_result *job);

/* Near workers: computes items of the first map that has some; false when none has. */
bool pm_job_help_map(parmap_pool *pool);

#endif
