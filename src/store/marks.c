/* Window by window, so that memory stays flat however many blocks there are. */
#include "store/marks.h"

#include "base/filesystem.h"
#include "comm/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the journals ---------------------------------------------------------------------------- */

typedef struct opening {
    pm_marks *marks;
    int head_of; /* the node whose header is `marks->head` */
    bool no_memory;
    int unreadable; /* errno of a journal that is there */
} opening;

static bool add(pm_marks *marks, pm_marks_file file)
{
    if (marks->count == marks->room) {
        const int room = marks->room > 0 ? 2 * marks->room : 8;
        pm_marks_file *files = realloc(marks->files, (size_t)room * sizeof *files);
        if (!files)
            return false;
        marks->files = files;
        marks->room = room;
    }
    marks->files[marks->count++] = file;
    return true;
}

static void open_one(const char *path, int node, void *context)
{
    opening *o = context;
    pm_marks *m = o->marks;
    pm_journal_head head;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        if (errno != ENOENT)
            o->unreadable = errno;
        return;
    }
    struct stat info;
    const bool begun = fstat(fd, &info) == 0 && info.st_size >= pm_journal_place(0);
    const bool whole = begun && pm_journal_head_read(fd, &head);
    close(fd);
    if (!begun)
        return; /* made for the lock only, just now or before a kill */
    m->damaged |= !whole;
    if (whole && (!m->known || node == 0 || (o->head_of != 0 && head.session > m->head.session))) {
        m->known = true;
        m->head = head;
        o->head_of = node;
    }
    const bool trusted = whole && head.boot != 0 && head.boot == m->boot;
    const uint64_t seed = whole ? pm_journal_seed(head.identity) : 0;
    o->no_memory |= !add(m, (pm_marks_file){.node = node, .trusted = trusted, .seed = seed});
}

static void leave_out_other_runs(pm_marks *marks)
{
    int count = 0;
    for (int i = 0; i < marks->count; i++)
        if (marks->files[i].seed == 0 || marks->files[i].seed == marks->seed)
            marks->files[count++] = marks->files[i];
    marks->count = count;
}

static int by_node(const void *a, const void *b)
{
    return ((const pm_marks_file *)a)->node - ((const pm_marks_file *)b)->node;
}

parmap_status pm_marks_open(pm_marks *marks, const char *output)
{
    char path[PM_JOURNAL_PATH];
    pm_filesystem fs;
    pm_host here = {0};
    *marks = (pm_marks){0};
    snprintf(marks->output, sizeof marks->output, "%s", output);
    if (pm_filesystem_describe(pm_journal_path(path, output, 0), &fs) && fs.local)
        pm_host_describe(&here);
    marks->boot = here.boot;
    opening o = {.marks = marks};
    if (!pm_journal_each(output, open_one, &o))
        o.unreadable = errno;
    if (o.unreadable)
        return pm_fail(PARMAP_CANNOT_CREATE,
                       "cannot read the journals of %s: %s; make them and their folder readable, "
                       "since they say what is done",
                       output, strerror(o.unreadable));
    if (o.no_memory)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the journals of %s", output);
    if (marks->count > 0)
        qsort(marks->files, (size_t)marks->count, sizeof *marks->files, by_node);
    marks->seed = pm_journal_seed(marks->head.identity);
    marks->last_session = marks->head.session;
    leave_out_other_runs(marks);
    return PARMAP_OK;
}

void pm_marks_assume(pm_marks *marks, const pm_journal_head *head)
{
    marks->head = *head;
    marks->seed = pm_journal_seed(head->identity);
}

void pm_marks_close(pm_marks *marks)
{
    free(marks->files);
    marks->files = NULL;
    marks->count = marks->room = 0;
}

/* ---- the slots ------------------------------------------------------------------------------- */

static void take(pm_marks *marks, bool trusted, int64_t block, pm_slot slot, pm_slot *best)
{
    if (pm_slot_blank(&slot))
        return;
    if (!pm_slot_good(&slot, block, marks->seed)) {
        marks->torn++;
        return;
    }
    if (slot.session > marks->last_session)
        marks->last_session = slot.session;
    if (slot.state == PM_SLOT_WRITTEN && !trusted) {
        slot.state = PM_SLOT_DOUBTED;
        pm_slot_seal(&slot, block, marks->seed);
    }
    if (pm_slot_blank(best) || slot.session > best->session)
        *best = slot;
}

parmap_status pm_marks_read(pm_marks *marks, int64_t first, int64_t count, pm_slot *slots)
{
    static pm_slot window[PM_MARKS_WINDOW];
    char path[PM_JOURNAL_PATH];
    memset(slots, 0, (size_t)count * sizeof *slots);
    for (int i = 0; i < marks->count; i++) {
        pm_journal_path(path, marks->output, marks->files[i].node);
        const int fd = open(path, O_RDONLY | O_CLOEXEC);
        const bool got = fd >= 0 && pm_journal_slots_read(fd, first, count, window);
        const int error = errno;
        if (fd >= 0)
            close(fd);
        if (!got)
            return pm_fail(PARMAP_BAD_DATA, "cannot read %s: %s; make it readable, or use --force",
                           path, strerror(error));
        for (int64_t k = 0; k < count; k++)
            take(marks, marks->files[i].trusted, first + k, window[k], &slots[k]);
    }
    return PARMAP_OK;
}

static parmap_status count_all(pm_marks *marks, int64_t *done)
{
    static pm_slot slots[PM_MARKS_WINDOW];
    const int64_t blocks = marks->head.blocks;
    for (int64_t first = 0; first < blocks; first += PM_MARKS_WINDOW) {
        const int64_t count = blocks - first < PM_MARKS_WINDOW ? blocks - first : PM_MARKS_WINDOW;
        PM_TRY(pm_marks_read(marks, first, count, slots));
        for (int64_t k = 0; k < count; k++)
            *done += !pm_slot_blank(&slots[k]);
    }
    return PARMAP_OK;
}

parmap_status pm_marks_count(const char *output, pm_journal_head *head, int64_t *done)
{
    pm_marks marks;
    parmap_status status = pm_marks_open(&marks, output);
    *done = 0;
    *head = marks.head;
    if (status == PARMAP_OK && marks.count == 0)
        status = pm_fail(PARMAP_NO_INPUT, "%s has no journal", output);
    else if (status == PARMAP_OK && !marks.known)
        status = pm_fail(PARMAP_BAD_DATA,
                         "the journal of %s is damaged; run the same command again, which finds "
                         "what can be used",
                         output);
    else if (status == PARMAP_OK)
        status = count_all(&marks, done);
    pm_marks_close(&marks);
    return status;
}
