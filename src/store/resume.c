/* The order matters: first all marks into the first journal, with what is doubted written down as
 * such; then its header; then the others are made anew. */
#include "store/resume.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct merge {
    pm_marks *marks;
    const pm_journal_head *head;
    int64_t items;
    pm_recheck recheck;
    pm_todo *todo;
    pm_past *past;
    int fd; /* of the first journal */
    char path[PM_JOURNAL_PATH];
} merge;

/* What becomes of a block, and of its mark.  A mark that is trusted is vouched for by this attempt
 * from now on, so that its next sync covers it. */
static pm_task decide(const merge *m, int64_t block, pm_slot *slot)
{
    if (pm_slot_blank(slot))
        return PM_TASK_COMPUTE;
    const bool again = m->recheck == PM_RECHECK_ALL || slot->state == PM_SLOT_DOUBTED;
    if (slot->state == PM_SLOT_WRITTEN) {
        slot->state = again ? PM_SLOT_DOUBTED : PM_SLOT_WRITTEN;
        slot->session = (uint16_t)m->past->session;
        pm_slot_seal(slot, block, m->marks->seed);
    }
    return again ? PM_TASK_RECHECK : PM_TASK_NONE;
}

static parmap_status take(merge *m, int64_t block, pm_slot *slot)
{
    const int64_t first = block * m->head->block_items, rest = m->items - first;
    const pm_task task = decide(m, block, slot);
    if (task != PM_TASK_NONE) {
        m->past->rechecks += task == PM_TASK_RECHECK;
        return pm_todo_add(m->todo, block, task);
    }
    m->past->blocks++;
    m->past->items += rest < m->head->block_items ? rest : m->head->block_items;
    m->past->checksum += slot->hash;
    return PARMAP_OK;
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

/* What is appended to the journal must not land among the slots. */
static bool has_length(int fd, int64_t bytes)
{
    struct stat info;
    return fstat(fd, &info) == 0 && (info.st_size >= bytes || ftruncate(fd, bytes) == 0);
}

static parmap_status merge_all(merge *m)
{
    static pm_slot slots[PM_MARKS_WINDOW];
    const int64_t blocks = m->head->blocks;
    for (int64_t first = 0; first < blocks; first += PM_MARKS_WINDOW)
        PM_TRY(merge_window(
            m, first, blocks - first < PM_MARKS_WINDOW ? blocks - first : PM_MARKS_WINDOW, slots));
    m->past->torn = m->marks->torn;
    if (!has_length(m->fd, pm_journal_end(blocks)) || fdatasync(m->fd) != 0)
        return pm_fail(PARMAP_WRITE_ERROR, "cannot bring %s onto the disk: %s; %s", m->path,
                       strerror(errno), pm_data_way_out(errno));
    return PARMAP_OK;
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

parmap_status pm_resume(pm_marks *marks, pm_journal_head *head, int64_t items, int nodes,
                        pm_recheck recheck, pm_todo *todo, pm_past *past)
{
    *past = (pm_past){0};
    *todo = (pm_todo){0};
    PM_TRY(find_session(marks, head->blocks, &past->session));
    head->session = past->session;
    head->boot = 0; /* each node signs its own */
    merge m = {.marks = marks,
               .head = head,
               .items = items,
               .recheck = recheck,
               .todo = todo,
               .past = past};
    m.fd = open(pm_journal_path(m.path, marks->output, 0), O_RDWR | O_CLOEXEC);
    if (m.fd < 0)
        return pm_fail(PARMAP_WRITE_ERROR, "cannot open %s: %s; run the same command again", m.path,
                       strerror(errno));
    const parmap_status status = merge_all(&m);
    close(m.fd);
    PM_TRY(status);
    PM_TRY(pm_journal_head_write(marks->output, 0, head));
    return pm_journal_create(marks->output, 1, nodes, head);
}
