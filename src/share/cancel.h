/* Whether the calling thread's process was terminated: then calls that may wait return
 * PARMAP_CANCELLED.  They ask at their entry and, in share/block.c, while they wait.  Waits that
 * belong to the inside of an object are never cut short. */
#ifndef PM_SHARE_CANCEL_H
#define PM_SHARE_CANCEL_H

#include "comm/window.h"

#include <pthread.h>

/* A thread that sleeps on a word; on its stack. */
typedef struct pm_sleeper {
    pm_ref ref;
    uint64_t at;
    struct pm_sleeper *next, **link;
} pm_sleeper;

/* Of a process; its threads share it. */
typedef struct pm_cancel {
    atomic_bool requested;
    char name[PARMAP_NAME_BYTES]; /* of the process */
    pthread_mutex_t mutex;        /* of the next */
    pm_sleeper *sleepers;
} pm_cancel;

/* The calling thread's; NULL in main, which nobody terminates, and where nothing may be cut short.
 */
extern __attribute__((visibility("hidden"),
                      tls_model("initial-exec"))) _Thread_local pm_cancel *pm_cancel_mine;

static inline bool pm_cancelled(void)
{
    return __builtin_expect(pm_cancel_mine != NULL, 0) &&
           atomic_load_explicit(&pm_cancel_mine->requested, memory_order_relaxed);
}

/* PARMAP_CANCELLED, with the name of the process. */
parmap_status pm_refuse_cancelled(void);

static inline parmap_status pm_check_cancelled(void)
{
    return __builtin_expect(pm_cancelled(), 0) ? pm_refuse_cancelled() : PARMAP_OK;
}

/* By any thread of the rank: from now on it is terminated.  Those that sleep are woken. */
void pm_cancel_request(pm_cancel *cancel);

/* Around a sleep of the calling thread that may be cut short. */
void pm_cancel_enter(pm_sleeper *sleeper, pm_ref ref, uint64_t at);
void pm_cancel_leave(pm_sleeper *sleeper);

#endif
