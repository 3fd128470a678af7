/* One rank's part of a run, and the parts put together. */
#ifndef PM_APP_RUN_H
#define PM_APP_RUN_H

#include "app/failures.h"
#include "app/plan.h"
#include "map/pipeline.h"

/* What a rank says at its end.  Plain data: it travels. */
typedef struct pm_end {
    pm_tally tally;
    int64_t differences;      /* when verifying */
    int64_t first_difference; /* INT64_MAX = none */
    int64_t others;           /* items with a NaN or an infinity among their inputs */
    int64_t sent;             /* pm_hub_finish */
    parmap_status status;
    char message[PM_MESSAGE_BYTES];
    char host[PM_HOST_NAME];
    pm_first_failures failures;
} pm_end;

/* What the whole job did.  On rank 0. */
typedef struct pm_outcome {
    pm_tally tally;
    double seconds; /* from the start of the map to the last rank's end, data on disk */
    double balance; /* slowest rank over mean */
    int64_t differences, first_difference;
    int64_t others; /* items with a NaN or an infinity among their inputs */
    pm_first_failures failures;
    parmap_status status; /* when not all blocks were done and no rank failed: PARMAP_STOPPED, or
                             PARMAP_ITEMS_FAILED for too many failed items */
    char message[PM_MESSAGE_BYTES];
} pm_outcome;

/* How many places a node claims at once: whole pages of the file, where there are several nodes. */
int64_t pm_run_unit(const pm_plan *plan, const pm_topology *topology);

/* Collective.  Runs the plan on the blocks of `todo`, sealed for pm_run_unit; rank 0 gets the
 * outcome.  `watch` (rank 0) may be NULL.  The caller drains the hub after it (pm_hub_drain with
 * rank 0's told_stop) and closes it. */
parmap_status pm_run(const pm_plan *plan, const pm_todo *todo, const pm_mapping *mapping,
                     const pm_topology *topology, const pm_world *world, pm_hub_watch *watch,
                     void *watch_context, pm_hub *hub, pm_outcome *outcome);

#endif
