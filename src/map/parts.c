/* Reads across the borders of files. */
#include "map/parts.h"

parmap_status pm_parts_read(const pm_parts_source *source, int64_t item, int64_t count,
                            void *results)
{
    const pm_share *share = pm_join_find(source->join, item);
    for (const int64_t end = item + count; item < end; share++) {
        const pm_data *file = source->files[share->part];
        const int64_t here = (share->end < end ? share->end : end) - item;
        const size_t bytes = (size_t)here * file->item_bytes;
        PM_TRY(pm_data_read(file, item - source->join->places[share->part], results, bytes));
        results = (char *)results + bytes;
        item += here;
    }
    return PARMAP_OK;
}

static parmap_status produce_parts(void *self, pm_piece *piece)
{
    return pm_parts_read(self, piece->item, piece->count, piece->results);
}

const pm_source pm_source_parts = {.name = "parts", .produce = produce_parts};
