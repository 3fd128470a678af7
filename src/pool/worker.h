/* The workers of a pool: processes that take tickets, and near ones maps too. */
#ifndef PM_POOL_WORKER_H
#define PM_POOL_WORKER_H

#include "pool/pool.h"

/* Starts worker `number`, on the ranks from the caller's on in turn.  `reports` is a queue for how
 * the initializer ended, or NULL: there is none. */
parmap_status pm_worker_start(parmap_pool *pool, int number, const parmap_pool_options *options,
                              const parmap_queue *reports);

/* What a worker runs. */
int pm_worker_main(void *argument);

/* How a worker's initializer ended. */
typedef struct pm_worker_report {
    parmap_status status;
    parmap_failure failure; /* index = the worker */
} pm_worker_report;

#endif
