/* What the pool needs of processes besides parmap_process.h. */
#ifndef PM_POOL_PROCESS_H
#define PM_POOL_PROCESS_H

#include "base/status.h"

/* How and where a process is started. */
typedef struct pm_process_place {
    const char *name; /* NULL: Process-1, ... */
    bool daemon;
    int rank; /* -1 = in turn */
} pm_process_place;

/* As parmap_process_start. */
parmap_status pm_process_start_at(parmap_process *process, parmap_function *function,
                                  const void *argument, size_t bytes,
                                  const pm_process_place *place);

/* PARMAP_OK when the caller may start processes: PARMAP_USAGE, with the way out, before
 * parmap_serve and for a daemon; PARMAP_CLOSED when it ends; PARMAP_CANCELLED. */
parmap_status pm_serve_check(void);

/* What is called when the calling process ends, for main first thing in parmap_finish: after its
 * threads have ended, before its children are waited for; the latest first.  Nothing is cut short
 * there. */
parmap_status pm_process_at_end(void (*call)(void *context), void *context);

/* Takes the latest such call back, in the same process. */
void pm_process_not_at_end(void (*call)(void *context), void *context);

#endif
