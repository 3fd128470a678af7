/* The data of the files that parmap merge joins, read once before anything is written: a damaged
 * file would get a new and right checksum otherwise. */
#include "app/part_files.h"

#include "app/alone.h"
#include "base/log.h"
#include "base/text.h"

#include <inttypes.h>

static parmap_status check_data(const pm_part_file *part, const pm_layout *item)
{
    uint64_t checksum;
    if (!part->has_checksum)
        return PARMAP_OK;
    const pm_file_source source = {.data = part->data, .statuses.fd = -1};
    PM_TRY(pm_alone_hash(&source, &part->blocks, item, &checksum));
    if (checksum == part->checksum)
        return PARMAP_OK;
    return pm_fail(PARMAP_BAD_DATA,
                   "%s: checksum %016" PRIx64 " differs from the stored %016" PRIx64
                   "; the data was changed: compute it again with --force",
                   part->path, checksum, part->checksum);
}

/* The file's data from an item of the whole on. */
static pm_data data_from(const pm_part_files *parts, int part, int64_t item)
{
    pm_data data = parts->files[part].data;
    data.offset += (item - parts->join.places[part]) * (int64_t)data.item_bytes;
    return data;
}

static parmap_status check_overlap(const pm_part_files *parts, const pm_share *overlap)
{
    const int64_t items = overlap->end - overlap->begin;
    const pm_data a = data_from(parts, overlap->part, overlap->begin),
                  b = data_from(parts, overlap->other, overlap->begin);
    const char *one = parts->files[overlap->part].path, *other = parts->files[overlap->other].path;
    int64_t differences, first;
    PM_TRY(pm_alone_compare(&a, &b, items, &parts->first.item, &differences, &first));
    if (differences > 0) {
        char x[PM_NUMBER_TEXT];
        const int64_t item = overlap->begin + first;
        pm_format_int128(x, pm_range_item(&parts->join.whole, item));
        return pm_fail(PARMAP_BAD_DATA,
                       "%s and %s differ in %" PRId64 " of %" PRId64
                       " elements that are in both: first at index %" PRId64
                       " (x = %s); find the wrong one with --verify of its program",
                       one, other, differences, items, item, x);
    }
    char inputs[PM_RANGE_TEXT];
    const pm_range shared = pm_range_between(&parts->join.whole, overlap->begin, overlap->end);
    pm_log_note("%s and %s both hold the %" PRId64 " elements %s; they are equal", one, other,
                items, pm_range_format(inputs, &shared));
    return PARMAP_OK;
}

/* Bad data keeps nobody from looking further; a stop does. */
static parmap_status note(pm_complaints *complaints, parmap_status status)
{
    if (status != PARMAP_BAD_DATA)
        return status;
    pm_complain(complaints, status);
    return PARMAP_OK;
}

parmap_status pm_part_files_check(const pm_part_files *parts, pm_complaints *complaints)
{
    for (int i = 0; i < parts->count; i++)
        PM_TRY(note(complaints, check_data(&parts->files[i], &parts->first.item)));
    if (complaints->status != PARMAP_OK)
        return PARMAP_OK;
    for (int i = 0; i < parts->join.overlaps.count; i++)
        PM_TRY(note(complaints, check_overlap(parts, &parts->join.overlaps.items[i])));
    return PARMAP_OK;
}
