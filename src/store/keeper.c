/* The marks are read first, then the data is synced, then exactly those marks become "on the disk":
 * a block that is marked in between has to wait for the next round.  fdatasync covers what all
 * ranks of the node have written, since they share one page cache. */
#include "store/keeper.h"

#include "base/todo.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WINDOW = 4096 };

static bool is_new(const pm_keeper *k, const pm_slot *slot, int64_t block)
{
    return slot->state == PM_SLOT_WRITTEN && slot->session == k->journal->session &&
           pm_slot_good(slot, block, k->journal->seed);
}

static int64_t window_at(const pm_keeper *k, int64_t first)
{
    return k->blocks - first < WINDOW ? k->blocks - first : WINDOW;
}

/* The blocks that are written and not on the disk.  What is settled at the front is not looked at
 * again. */
static parmap_status find_new(pm_keeper *k, pm_todo *found)
{
    pm_slot slots[WINDOW];
    bool settled = true;
    for (int64_t first = k->settled; first < k->blocks; first += WINDOW) {
        const int64_t count = window_at(k, first);
        if (!pm_journal_slots_read(k->journal->fd, first, count, slots))
            return pm_fail(PARMAP_WRITE_ERROR, "cannot read %s: %s; run the same command again",
                           k->journal->path, strerror(errno));
        for (int64_t i = 0; i < count; i++) {
            settled = settled && slots[i].state == PM_SLOT_SYNCED;
            if (is_new(k, &slots[i], first + i))
                PM_TRY(pm_todo_add(found, first + i, PM_TASK_COMPUTE));
        }
        if (settled)
            k->settled = first + count;
    }
    return PARMAP_OK;
}

static parmap_status mark_run(const pm_keeper *k, pm_todo_run run)
{
    pm_slot slots[WINDOW];
    for (int64_t first = run.begin; first < run.end; first += WINDOW) {
        const int64_t count = run.end - first < WINDOW ? run.end - first : WINDOW;
        if (!pm_journal_slots_read(k->journal->fd, first, count, slots))
            return pm_fail(PARMAP_WRITE_ERROR, "cannot read %s: %s; run the same command again",
                           k->journal->path, strerror(errno));
        for (int64_t i = 0; i < count; i++) {
            if (!is_new(k, &slots[i], first + i))
                continue; /* damaged since it was looked at */
            slots[i].state = PM_SLOT_SYNCED;
            pm_slot_seal(&slots[i], first + i, k->journal->seed);
        }
        PM_TRY(pm_journal_slots_write(k->journal->fd, k->journal->path, first, count, slots));
    }
    return PARMAP_OK;
}

static parmap_status mark_synced(const pm_keeper *k, const pm_todo *found)
{
    parmap_status status = PARMAP_OK;
    for (int64_t i = 0; i < found->count && status == PARMAP_OK; i++)
        status = mark_run(k, found->runs[i]);
    return status == PARMAP_OK ? pm_journal_sync(k->journal->fd, k->journal->path) : status;
}

/* From now on nothing that the node has marked is to be trusted, and nothing more is marked as on
 * the disk: the system tells of an error once, and a sync that succeeds later proves nothing. */
static parmap_status give_up(pm_keeper *k, parmap_status status)
{
    k->status = status;
    snprintf(k->message, sizeof k->message, "%s", parmap_message());
    pm_journal_disown(k->journal);
    return pm_fail(status, "%s", k->message);
}

/* A file system may keep the data of a new file and lose its name.  One that cannot sync a folder
 * needs no such care. */
static void sync_names(pm_keeper *k)
{
    char path[PM_PATH];
    snprintf(path, sizeof path, "%s", k->data->path);
    const int folder = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return;
    fsync(folder);
    close(folder);
    k->named = true;
}

parmap_status pm_keeper_sync(pm_keeper *keeper)
{
    pm_todo found = {0};
    if (keeper->status != PARMAP_OK)
        return pm_fail(keeper->status, "%s", keeper->message);
    if (!keeper->named)
        sync_names(keeper);
    parmap_status status = find_new(keeper, &found);
    if (status == PARMAP_OK && found.count > 0)
        status = pm_data_sync(keeper->data);
    if (status == PARMAP_OK && found.count > 0)
        status = mark_synced(keeper, &found);
    pm_todo_free(&found);
    return status == PARMAP_OK ? PARMAP_OK : give_up(keeper, status);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static bool sync_now(void *context)
{
    pm_keeper *k = context;
    if (pm_keeper_sync(k) == PARMAP_OK)
        return true;
    k->failed(k->context, k->status);
    return false;
}

parmap_status pm_keeper_start(pm_keeper *keeper, const pm_data *data, const pm_journal *journal,
                              int64_t blocks, double every_s, pm_keeper_failed *failed,
                              void *context)
{
    *keeper = (pm_keeper){.data = data,
                          .journal = journal,
                          .blocks = journal->keeps ? blocks : 0,
                          .failed = failed,
                          .context = context};
    if (!journal->keeps || every_s <= 0)
        return PARMAP_OK;
    return pm_ticker_start(&keeper->ticker, every_s, sync_now, keeper);
}

parmap_status pm_keeper_stop(pm_keeper *keeper, bool sync)
{
    pm_ticker_stop(&keeper->ticker);
    return sync || keeper->status != PARMAP_OK ? pm_keeper_sync(keeper) : PARMAP_OK;
}
