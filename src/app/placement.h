/* Where the job runs, as one line, and the warnings that go with it. */
#ifndef PM_APP_PLACEMENT_H
#define PM_APP_PLACEMENT_H

#include "app/plan.h"

/* Local, rank 0. */
void pm_placement_log(const pm_plan *plan, const pm_topology *topology);

#endif
