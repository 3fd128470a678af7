/* parmap verify: the pipeline once more, from the file to nowhere. */
#include "app/commands.h"

#include "app/alone.h"
#include "base/types.h"
#include "store/output.h"

#include <inttypes.h>
#include <stdio.h>

parmap_status pm_command_verify(const char *path)
{
    static pm_file file;
    pm_file_source source = {.data.fd = -1, .statuses.fd = -1};
    uint64_t checksum = 0;
    PM_TRY(pm_output_read(path, &file));
    if (!file.complete)
        return pm_fail(PARMAP_BAD_DATA, "%s is incomplete; run its program again to finish it",
                       path);
    if (!pm_record_find(&file.data, "checksum"))
        return pm_fail(PARMAP_BAD_DATA,
                       "%s has no checksum (it was written with --checksum off); verify it "
                       "with --verify of its program",
                       path);
    if (pm_file_block_items(&file) == 0)
        return pm_fail(PARMAP_BAD_DATA,
                       "%s does not say rightly how long its blocks are: it is damaged; compute "
                       "it again with --force",
                       path);
    parmap_status status = pm_data_open(&source.data, path, file.offset, file.item.bytes, false);
    if (status == PARMAP_OK && file.has_statuses)
        status = pm_data_open(&source.statuses, path, file.statuses_offset, 1, false);
    const pm_blocks blocks = pm_blocks_of(file.items, pm_file_block_items(&file));
    if (status == PARMAP_OK)
        status = pm_alone_hash(&source, &blocks, &file.item, &checksum);
    pm_data_close(&source.data);
    pm_data_close(&source.statuses);
    if (status != PARMAP_OK)
        return status;
    const uint64_t stored = pm_record_get_uint(&file.data, "checksum", 0);
    if (checksum != stored)
        return pm_fail(PARMAP_BAD_DATA,
                       "%s: checksum %016" PRIx64 " differs from the stored %016" PRIx64
                       "; the data was changed: compute it again with --force",
                       path, checksum, stored);
    printf("%s: checksum %016" PRIx64 " matches\n", path, stored);
    return PARMAP_OK;
}
