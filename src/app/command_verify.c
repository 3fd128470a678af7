/* parmap verify: the pipeline once more, from the file to nowhere. */
#include "app/commands.h"

#include "app/alone.h"
#include "base/types.h"
#include "store/file.h"

#include <inttypes.h>
#include <stdio.h>

parmap_status pm_command_verify(const char *path)
{
    static pm_file file;
    pm_data data;
    uint64_t checksum;
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
    PM_TRY(pm_data_open(&data, path, file.offset, pm_type_bytes(file.type), false));
    const pm_blocks blocks = pm_blocks_of(file.items, pm_file_block_items(&file));
    const parmap_status status = pm_alone_hash(&data, &blocks, file.type, &checksum);
    pm_data_close(&data);
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
