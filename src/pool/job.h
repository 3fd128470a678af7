/* A job of a pool: what Python's AsyncResult is, and what a map that is waited for is inside. */
#ifndef PM_POOL_JOB_H
#define PM_POOL_JOB_H

#include "pool/pool.h"

/* Parts of a map's private arrays, copied for far workers. */
typedef struct pm_feed {
    pm_pace pace;
    int64_t under_way; /* parcels */
    int64_t sent;      /* ever */
    bool over;         /* it does not pay, or there is no memory for it */
} pm_feed;

struct parmap_result {
    parmap_pool *pool; /* NULL once that is gone */
    parmap_job what;
    pm_call call;
    char *input; /* copy of a single item's; NULL: the caller's is used */
    _Atomic int references;
    parmap_result *next, *previous; /* in pool->jobs */
    bool listed;                    /* there */
    parmap_result *next_map;        /* in pool->maps */
    parmap_result *next_helped;     /* in pool->helped */
    parmap_result *next_attended;   /* in the handler's list */

    pthread_mutex_t mutex; /* of the progress that the owner makes */
    pthread_cond_t ended;
    pm_done done;           /* where its parcels come back, and where it is poked */
    pm_done_home done_home; /* unless that is elsewhere */
    pm_parcel *single;      /* either a single parcel */
    pm_map *map;            /* or a map */
    pm_ref map_block;       /* of a shared one */
    pm_feed feed;
    bool waited_for;          /* by the thread that gave it */
    bool attended;            /* by the pool's handler: it has callbacks, or must be fed */
    _Atomic int near_at_work; /* near workers that use the caller's arrays */

    _Atomic bool finished;
    _Atomic bool dropped; /* the pool was terminated */
    parmap_failure failure;
};

/* Makes the job and gives it to the workers.  `waited_for`: the caller waits for it at once. */
parmap_status pm_job_start(parmap_pool *pool, const parmap_job *what, bool waited_for,
                           parmap_result **job);

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
