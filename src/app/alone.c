/* One rank's pipeline, with nobody to talk to. */
#include "app/alone.h"

#include "work/kernel.h"

parmap_status pm_alone_topology(pm_topology *topology)
{
    pm_host here;
    pm_host_describe(&here);
    return pm_topology_derive(&here, 1, 0, 0, topology);
}

parmap_status pm_alone_run(const pm_flow *flow, pm_tally *tally)
{
    pm_topology topology;
    pm_hub hub;
    const pm_world alone = {.rank = 0, .size = 1};
    PM_TRY(pm_alone_topology(&topology));
    const int64_t blocks = flow->todo ? pm_todo_blocks(flow->todo) : flow->blocks.count;
    pm_claims claims = pm_claims_of(&pm_schedule_static, &topology,
                                    flow->todo ? flow->todo->places : blocks, 1, &hub);
    PM_TRY(claims.schedule->open(&claims));
    parmap_status status = pm_hub_open(&hub, &alone, false, NULL, NULL, NULL, NULL);
    if (status == PARMAP_OK)
        status = pm_pipeline_run(flow, &claims, &hub, tally);
    pm_hub_close(&hub);
    claims.schedule->close(&claims);
    if (status == PARMAP_OK && tally->blocks < blocks)
        return pm_fail(PARMAP_STOPPED, "stopped by a signal; run the same command again");
    return status;
}

parmap_status pm_alone_hash(const pm_file_source *source, const pm_blocks *blocks,
                            const pm_layout *item, uint64_t *checksum)
{
    pm_tally tally;
    const pm_flow flow = {.blocks = *blocks,
                          .result = *item,
                          .vector = pm_vector_best(),
                          .checksum = true,
                          .can_fail = source->statuses.fd >= 0,
                          .source = &pm_source_file,
                          .source_self = (void *)source,
                          .sink = &pm_sink_none};
    PM_TRY(pm_alone_run(&flow, &tally));
    *checksum = tally.checksum;
    return PARMAP_OK;
}

parmap_status pm_alone_compare(const pm_data *a, const pm_data *b, int64_t items,
                               const pm_layout *item, int64_t *differences, int64_t *first)
{
    pm_tally tally;
    pm_file_source source = {.data = *a, .statuses.fd = -1};
    pm_compare_sink compare = {.data = *b, .statuses.fd = -1, .first = INT64_MAX};
    const pm_flow flow = {.blocks = pm_blocks_plan(items, item->bytes, 0),
                          .result = *item,
                          .vector = pm_vector_best(),
                          .source = &pm_source_file,
                          .source_self = &source,
                          .sink = &pm_sink_compare,
                          .sink_self = &compare};
    PM_TRY(pm_alone_run(&flow, &tally));
    *differences = compare.differences;
    *first = compare.first;
    return PARMAP_OK;
}
