/* The order matters: first all marks into the first journal, with what is doubted written down as
 * such; then its header; then the others are made anew. */
#include "store/resume.h"

#include "base/types.h"
#include "store/failed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct merge {
    pm_marks *marks;
    const pm_journal_head *head;
    const pm_resuming *how;
    pm_todo *todo;
    pm_past *past;
    int fd; /* of the first journal */
    char path[PM_JOURNAL_PATH];
} merge;

/* What becomes of a block, and of its mark.  A mark that is trusted is vouched for by this attempt
 * from now on, so that its next sync covers it.  One that is doubted stays so, in its old session,
 * until the block was read again: the mark that is made then is newer.  So is the hash of a block
 * that will be written over, because of its failed items. */
static pm_task decide(const merge *m, int64_t block, pm_slot *slot)
{
    if (pm_slot_blank(slot))
        return PM_TASK_COMPUTE;
    if (m->how->rerun && slot->flags & PM_SLOT_FAILED) {
        slot->state = PM_SLOT_DOUBTED;
        pm_slot_seal(slot, block, m->marks->seed);
        return PM_TASK_RERUN;
    }
    const bool again = m->how->recheck != PM_RECHECK_DOUBTED || slot->state == PM_SLOT_DOUBTED;
    if (again && (slot->state == PM_SLOT_WRITTEN || m->how->recheck == PM_RECHECK_SUSPECT))
        slot->state = PM_SLOT_DOUBTED;
    else if (slot->state == PM_SLOT_WRITTEN)
        slot->session = (uint16_t)m->past->session;
    pm_slot_seal(slot, block, m->marks->seed);
    return again ? PM_TASK_RECHECK : PM_TASK_NONE;
}

static parmap_status count_failed(merge *m, int64_t first, int64_t count)
{
    uint8_t *statuses = malloc((size_t)count);
    if (!statuses)
        return pm_fail(PARMAP_SYSTEM, "out of memory for a block of %lld items", (long long)count);
    const parmap_status status = pm_data_read(m->how->statuses, first, statuses, (size_t)count);
    if (status == PARMAP_OK)
        m->past->failed += pm_count_failed(statuses, count);
    free(statuses);
    return status;
}

static parmap_status take(merge *m, int64_t block, pm_slot *slot)
{
    const int64_t first = block * m->head->block_items, rest = m->how->items - first;
    const int64_t count = rest < m->head->block_items ? rest : m->head->block_items;
    const pm_task task = decide(m, block, slot);
    if (task != PM_TASK_NONE) {
        m->past->rechecks += task == PM_TASK_RECHECK;
        m->past->reruns += task == PM_TASK_RERUN;
        return pm_todo_add(m->todo, block, task);
    }
    m->past->blocks++;
    m->past->items += count;
    m->past->checksum += slot->hash;
    return m->how->statuses && slot->flags & PM_SLOT_FAILED ? count_failed(m, first, count)
                                                            : PARMAP_OK;
}

static parmap_status merge_window(merge *m, int64_t first, int64_t count, pm_slot *slots)
{
    static pm_slot there[PM_MARKS_WINDOW];
    PM_TRY(pm_marks_read(m->marks, first, count, slots));
    for (int64_t k = 0; k < count; k++)
        PM_TRY(take(m, first + k, &slots[k]));
    if (!pm_journal_slots_read(m->fd, first, count, there))
        return pm_fail(PARMAP_BAD_DATA, "cannot read %s: %s; make it readable, or use --force",
                       m->path, strerror(errno));
    if (memcmp(there, slots, (size_t)count * sizeof *slots) == 0)
        return PARMAP_OK;
    return pm_journal_slots_write(m->fd, m->path, first, count, slots);
}

/* What is appended to the journal must not land among the slots, nor behind half a record. */
static parmap_status lengthen(const merge *m, int64_t bytes)
{
    struct stat info;
    if (fstat(m->fd, &info) == 0) {
        const int64_t half = info.st_size > bytes ? (info.st_size - bytes) % PM_FAILED_BYTES : 0;
        const int64_t length = info.st_size < bytes ? bytes : info.st_size - half;
        if (length == info.st_size || ftruncate(m->fd, length) == 0)
            return PARMAP_OK;
    }
    return pm_fail(PARMAP_WRITE_ERROR, "cannot write %s: %s; %s", m->path, strerror(errno),
                   pm_data_way_out(errno));
}

/* The records of failed items in the other journals, which are made anew. */
static parmap_status bring_records(const merge *m)
{
    char path[PM_JOURNAL_PATH];
    const int64_t end = pm_journal_end(m->head->blocks);
    for (int i = 0; i < m->marks->count; i++)
        if (m->marks->files[i].node > 0)
            PM_TRY(pm_failed_bring(m->path,
                                   pm_journal_path(path, m->marks->output, m->marks->files[i].node),
                                   end, m->marks->seed));
    return PARMAP_OK;
}

static parmap_status merge_all(merge *m)
{
    static pm_slot slots[PM_MARKS_WINDOW];
    const int64_t blocks = m->head->blocks;
    for (int64_t first = 0; first < blocks; first += PM_MARKS_WINDOW)
        PM_TRY(merge_window(
            m, first, blocks - first < PM_MARKS_WINDOW ? blocks - first : PM_MARKS_WINDOW, slots));
    m->past->torn = m->marks->torn;
    PM_TRY(lengthen(m, pm_journal_end(blocks)));
    if (m->how->statuses)
        PM_TRY(bring_records(m));
    return pm_journal_sync(m->fd, m->path);
}

/* One more than any that was met.  Where the headers are lost, that takes a look at the slots. */
static parmap_status find_session(pm_marks *marks, int64_t blocks, int64_t *session)
{
    static pm_slot slots[PM_MARKS_WINDOW];
    for (int64_t first = 0; !marks->known && first < blocks; first += PM_MARKS_WINDOW)
        PM_TRY(pm_marks_read(marks, first,
                             blocks - first < PM_MARKS_WINDOW ? blocks - first : PM_MARKS_WINDOW,
                             slots));
    marks->torn = 0;
    *session = marks->last_session < UINT16_MAX ? marks->last_session + 1 : UINT16_MAX;
    return PARMAP_OK;
}

parmap_status pm_resume(pm_marks *marks, pm_journal_head *head, const pm_resuming *how,
                        pm_todo *todo, pm_past *past)
{
    *past = (pm_past){0};
    *todo = (pm_todo){0};
    PM_TRY(find_session(marks, head->blocks, &past->session));
    head->session = past->session;
    head->boot = marks->boot; /* what is still WRITTEN then is so on this machine */
    merge m = {.marks = marks, .head = head, .how = how, .todo = todo, .past = past};
    m.fd = open(pm_journal_path(m.path, marks->output, 0), O_RDWR | O_CLOEXEC);
    if (m.fd < 0)
        return pm_fail(PARMAP_WRITE_ERROR, "cannot open %s: %s; run the same command again", m.path,
                       strerror(errno));
    const parmap_status status = merge_all(&m);
    close(m.fd);
    PM_TRY(status);
    PM_TRY(pm_journal_head_write(marks->output, 0, head));
    return pm_journal_create(marks->output, 1, how->nodes, head);
}
