/* What the journals say, as far as the statuses agree. */
#include "store/failed_collect.h"

#include "base/types.h"
#include "store/data.h"
#include "store/marks.h"

enum { WINDOW = 1 << 16 };

static parmap_status read_all(pm_marks *marks, pm_failed_list *list)
{
    char path[PM_JOURNAL_PATH];
    const int64_t begin = pm_journal_end(marks->head.blocks);
    for (int i = 0; i < marks->count; i++)
        PM_TRY(pm_failed_read(pm_journal_path(path, marks->output, marks->files[i].node), begin,
                              marks->seed, list));
    return PARMAP_OK;
}

/* Statuses, read one window after the other: the items come in order. */
typedef struct reader {
    pm_data data;
    int64_t items, first, count; /* of the window */
    parmap_status status;
    uint8_t window[WINDOW];
} reader;

static uint8_t status_of(reader *r, int64_t item)
{
    if (item < 0 || item >= r->items || r->status != PARMAP_OK)
        return PM_ITEM_PENDING;
    if (item < r->first || item >= r->first + r->count) {
        r->first = item;
        r->count = r->items - item < WINDOW ? r->items - item : WINDOW;
        r->status = pm_data_read(&r->data, item, r->window, (size_t)r->count);
    }
    return r->status == PARMAP_OK ? r->window[item - r->first] : PM_ITEM_PENDING;
}

static bool has_failed(void *context, const pm_failed *failed)
{
    return status_of(context, failed->item) == PM_ITEM_FAILED;
}

static parmap_status open_statuses(reader *r, const char *path, const pm_file *file)
{
    r->items = file->items;
    r->first = r->count = 0;
    r->status = PARMAP_OK;
    return pm_data_open(&r->data, path, file->statuses_offset, 1, false);
}

parmap_status pm_failed_collect(const char *path, const pm_file *file, pm_failed_list *list)
{
    reader r;
    pm_marks marks;
    parmap_status status = pm_marks_open(&marks, path);
    if (status == PARMAP_OK)
        status = read_all(&marks, list);
    pm_marks_close(&marks);
    PM_TRY(status);
    pm_failed_list_settle(list);
    PM_TRY(open_statuses(&r, path, file));
    pm_failed_list_keep(list, has_failed, &r);
    pm_data_close(&r.data);
    return r.status;
}

parmap_status pm_failed_count(const char *path, const pm_file *file, int64_t *failed,
                              void (*visit)(void *context, int64_t item), void *context)
{
    reader r;
    *failed = 0;
    PM_TRY(open_statuses(&r, path, file));
    for (int64_t item = 0; item < file->items && r.status == PARMAP_OK; item++)
        if (status_of(&r, item) == PM_ITEM_FAILED) {
            ++*failed;
            if (visit)
                visit(context, item);
        }
    pm_data_close(&r.data);
    return r.status;
}
