/* parmap info --failed. */
#include "app/commands.h"

#include "app/plan.h"
#include "base/text.h"
#include "store/failed_collect.h"
#include "store/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The records are in the order of the items, and so are the items that are visited. */
typedef struct listing {
    pm_range range;
    bool rows; /* of data sets: what stood in them is not known here */
    pm_failed_list records;
    int64_t next; /* record */
} listing;

static void print_item(void *context, int64_t item)
{
    listing *l = context;
    char x[PM_NUMBER_TEXT], number[PM_NUMBER_TEXT];
    while (l->next < l->records.count && l->records.items[l->next].item < item)
        l->next++;
    const pm_failed *record = l->next < l->records.count ? &l->records.items[l->next] : NULL;
    snprintf(x, sizeof x, "%s",
             l->rows ? "-" : pm_format_int128(number, pm_range_item(&l->range, item)));
    if (record && record->item == item)
        printf("%" PRId64 "\t%s\t%" PRId64 "\t%" PRId64 "\t%s\t%s\n", item,
               record->x[0] ? record->x : x, record->attempts, record->rank, record->host,
               record->message);
    else
        printf("%" PRId64 "\t%s\t-\t-\t-\tnot recorded: too many items have failed\n", item, x);
}

static parmap_status list_failed(const char *path, const pm_file *file)
{
    listing l = {.rows = pm_record_find(&file->data, "input")};
    int64_t failed;
    PM_TRY(pm_plan_read_range(&file->data, "range", &l.range));
    parmap_status status = file->complete ? pm_file_read_failed(path, &l.records)
                                          : pm_failed_collect(path, file, &l.records);
    if (status == PARMAP_OK)
        status = pm_failed_count(path, file, &failed, print_item, &l);
    pm_failed_list_free(&l.records);
    return status;
}

parmap_status pm_command_failed(const char *path)
{
    static pm_file file;
    PM_TRY(pm_output_read(path, &file));
    return file.has_statuses ? list_failed(path, &file) : PARMAP_OK;
}
