/* What others need of the job: agreeing, ending it, and what the floors above add to its end. */
#ifndef PM_SHARE_SESSION_H
#define PM_SHARE_SESSION_H

#include "base/status.h"
#include "comm/topology.h"

/* Collective.  pm_agree for the ranks of the job; `mine` itself before parmap_start. */
parmap_status pm_session_agree(parmap_status mine);

/* PARMAP_OK from parmap_start to parmap_finish. */
parmap_status pm_session_check_started(void);

/* For collective calls: PARMAP_USAGE while rank 0 is alone in main. */
parmap_status pm_session_check_collective(void);

/* Who runs where, after parmap_start. */
const pm_topology *pm_session_topology(void);

/* From parmap_serve on the ranks but 0 serve. */
void pm_session_set_serving(bool serving);

/* Ends the job, every rank, with the status as exit code; what was printed is out before. */
_Noreturn void pm_session_abort(parmap_status status);

/* Whether that is under way. */
bool pm_session_aborting(void);

/* What processes and threads of parmap add. */
typedef struct pm_session_hooks {
    /* First thing in parmap_finish.  Anything but PARMAP_OK: the job goes on as it is. */
    parmap_status (*leave)(void);
    /* Ends the calling process or thread of parmap; returns if it is none. */
    void (*end_caller)(int code);
} pm_session_hooks;

void pm_session_hook(const pm_session_hooks *hooks);

#endif
