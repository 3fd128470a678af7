/* When a run has to be over: as the user says, or at the end of the Slurm job. */
#ifndef PM_APP_TIME_LIMIT_H
#define PM_APP_TIME_LIMIT_H

#include "app/settings.h"

typedef struct pm_time_limit {
    double end;      /* by pm_now(); INFINITY = there is no limit */
    double margin_s; /* the run stops so long before it */
} pm_time_limit;

/* Local, rank 0.  `begun` = when the program began, by pm_now(): what the user says counts from
 * there. */
pm_time_limit pm_time_limit_find(const pm_settings *settings, double begun);

/* Local.  Seconds from now until the run has to have stopped: INFINITY without a limit, and not
 * above 0 when that is over. */
double pm_time_limit_left(const pm_time_limit *limit);

#endif
