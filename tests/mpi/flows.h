/* Running a flow on all ranks, and what came of it. */
#ifndef FLOWS_H
#define FLOWS_H

#include "mpi/hubs.h"

#include "map/pipeline.h"

static inline pm_chunk serve(void *claims)
{
    return ((pm_claims *)claims)->schedule->serve(claims);
}

/* What all ranks did, by plain MPI. */
typedef struct outcome {
    parmap_status status; /* of this rank */
    char message[256];
    parmap_status stop; /* the hub's, on this rank */
    int cause;
    pm_tally tally; /* of this rank */
} outcome;

static inline outcome run(const pm_flow *flow, const char *schedule, const pm_topology *t)
{
    outcome o;
    pm_hub hub;
    const int64_t places = flow->todo ? flow->todo->places : flow->blocks.count;
    pm_claims claims = pm_claims_of(pm_schedule_find(schedule), t, places,
                                    pm_blocks_per_page(&flow->blocks, 8), &hub);
    CHECK_INT(claims.schedule->open(&claims), PARMAP_OK);
    CHECK_INT(pm_hub_open(&hub, &world, false, NULL, NULL,
                          claims.schedule->serve && t->nodes > 1 ? serve : NULL, &claims),
              PARMAP_OK);
    o.status = pm_pipeline_run(flow, &claims, &hub, &o.tally);
    snprintf(o.message, sizeof o.message, "%s", parmap_message());
    if (o.status != PARMAP_OK)
        pm_hub_stop(&hub, o.status);
    hub_end(&hub);
    o.stop = pm_hub_status(&hub);
    o.cause = pm_hub_cause(&hub);
    claims.schedule->close(&claims);
    return o;
}

static inline pm_tally tally_of_all(const pm_tally *mine)
{
    pm_tally *all = calloc((size_t)world.size, sizeof *all), sum = pm_tally_none();
    gather_records(mine, all, sizeof *mine);
    for (int rank = 0; rank < world.size; rank++)
        pm_tally_add(&sum, &all[rank]);
    free(all);
    return sum;
}

#endif
