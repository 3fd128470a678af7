/* The thread of a pool that does what nobody may be waiting to do: it calls callbacks, and feeds
 * maps of private arrays to far workers.  It is started when first needed. */
#ifndef PM_POOL_HANDLER_H
#define PM_POOL_HANDLER_H

#include "pool/job.h"

/* The job will be attended: its parcels come back to the handler.  PARMAP_SYSTEM: no thread. */
parmap_status pm_handler_prepare(parmap_pool *pool, parmap_result *job);

/* A map, or a job without items, that was prepared and has been started. */
parmap_status pm_handler_attend(parmap_pool *pool, parmap_result *job);

/* Whether the calling thread is the handler: it is in a callback. */
bool pm_handler_is_caller(const parmap_pool *pool);

/* When no job is attended any more: ends the thread. */
void pm_handler_stop(parmap_pool *pool);

#endif
