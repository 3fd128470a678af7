/* parmap verify: the pipeline once more, from the file to nowhere. */
#include "app/commands.h"

#include "base/types.h"
#include "map/ends.h"
#include "store/file.h"
#include "work/kernel.h"

#include <inttypes.h>
#include <stdio.h>

/* Hashes all blocks on the threads of this process. */
static parmap_status hash_again(const pm_file *file, pm_file_source *source, pm_tally *tally)
{
    pm_host here;
    pm_topology topology;
    pm_hub hub;
    const pm_world alone = {.rank = 0, .size = 1};
    pm_host_describe(&here);
    PM_TRY(pm_topology_derive(&here, 1, 0, 0, &topology));
    const pm_blocks blocks = pm_blocks_of(file->items, pm_file_block_items(file));
    const pm_flow flow = {.blocks = blocks,
                          .type = file->type,
                          .vector = pm_vector_best(),
                          .checksum = true,
                          .can_fail = file->has_statuses,
                          .source = &pm_source_file,
                          .source_self = source,
                          .sink = &pm_sink_none};
    pm_claims claims = pm_claims_of(&pm_schedule_static, &topology, blocks.count, 1, &hub);
    PM_TRY(claims.schedule->open(&claims));
    parmap_status status = pm_hub_open(&hub, &alone, false, NULL, NULL, NULL, NULL);
    if (status == PARMAP_OK)
        status = pm_pipeline_run(&flow, &claims, &hub, tally);
    pm_hub_close(&hub);
    claims.schedule->close(&claims);
    return status;
}

parmap_status pm_command_verify(const char *path)
{
    static pm_file file;
    pm_file_source source = {.data.fd = -1, .statuses.fd = -1};
    pm_tally tally;
    PM_TRY(pm_file_read(path, &file));
    if (!file.complete)
        return pm_fail(PARMAP_BAD_DATA, "%s is incomplete; run its program again to finish it",
                       path);
    if (!pm_record_find(&file.data, "checksum"))
        return pm_fail(PARMAP_BAD_DATA,
                       "%s has no checksum (it was written with --checksum off); verify it "
                       "with --verify of its program",
                       path);
    if (pm_file_block_items(&file) == 0 || file.items == 0)
        return pm_fail(PARMAP_BAD_DATA,
                       "%s does not say rightly how long its blocks are: it is damaged; compute "
                       "it again with --force",
                       path);
    parmap_status status =
        pm_data_open(&source.data, path, file.offset, pm_type_bytes(file.type), false);
    if (status == PARMAP_OK && file.has_statuses)
        status = pm_data_open(&source.statuses, path, file.statuses_offset, 1, false);
    if (status == PARMAP_OK)
        status = hash_again(&file, &source, &tally);
    pm_data_close(&source.data);
    pm_data_close(&source.statuses);
    if (status != PARMAP_OK)
        return status;
    const uint64_t stored = pm_record_get_uint(&file.data, "checksum", 0);
    if (tally.checksum != stored)
        return pm_fail(PARMAP_BAD_DATA,
                       "%s: checksum %016" PRIx64 " differs from the stored %016" PRIx64
                       "; the data was changed: compute it again with --force",
                       path, tally.checksum, stored);
    printf("%s: checksum %016" PRIx64 " matches\n", path, stored);
    return PARMAP_OK;
}
