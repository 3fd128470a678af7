/* What fails in a job: the failing item with the lowest index, and how many there are. */
#ifndef PM_POOL_FAILURE_H
#define PM_POOL_FAILURE_H

#include "base/status.h"

#include <parmap.h>

/* Item `index` has failed on this rank with the calling thread's message. */
void pm_failure_add(parmap_failure *failure, int64_t index, parmap_status status);

/* Adds those of another part of the job. */
void pm_failure_merge(parmap_failure *failure, const parmap_failure *other);

/* PARMAP_OK when there is none; else PARMAP_TASK_FAILED in words, and it becomes the thread's last
 * failure.  One of `count` that are called `what`: "item"; NULL: it is the only one. */
parmap_status pm_failure_status(const parmap_failure *failure, int64_t count, const char *what);

#endif
