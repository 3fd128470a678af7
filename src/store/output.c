/* The rules for what a run may replace.  Nothing of anybody else's is ever overwritten, and nothing
 * of ours without being asked to. */
#include "store/output.h"

#include "base/text.h"
#include "base/types.h"
#include "store/repair.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { METADATA_BYTES = 2 << 20 }; /* attributes, and the data set's alignment */

const char *pm_output_state_word(pm_output_state state)
{
    static const char *const words[] = {"missing", "foreign", "running", "incomplete", "complete"};
    return words[state];
}

/* The journal says how the metadata was laid out, and that nothing touches it until the end: HDF5
 * is not asked to read anything else in the run's own file.  (One that was cut short it refuses,
 * and what somebody has put in its place has another inode, or hardly the same length.) */
static bool is_damaged(const char *path)
{
    char journal[PM_JOURNAL_PATH];
    pm_journal_head head;
    struct stat info;
    const int fd = open(pm_journal_path(journal, path, 0), O_RDONLY | O_CLOEXEC);
    const bool known = fd >= 0 && pm_journal_head_read(fd, &head);
    if (fd >= 0)
        close(fd);
    return known && head.layout.fingerprint != 0 && stat(path, &info) == 0 &&
           S_ISREG(info.st_mode) && (int64_t)info.st_ino == head.inode &&
           info.st_size == head.layout.length && !pm_layout_holds(path, &head.layout);
}

parmap_status pm_output_read(const char *path, pm_file *file)
{
    if (!is_damaged(path))
        return pm_file_read(path, file);
    memset(file, 0, sizeof *file);
    return pm_fail(PARMAP_BAD_DATA,
                   "the metadata of %s is damaged; the command that wrote it mends it, and goes on",
                   path);
}

pm_output_state pm_output_inspect(const char *path, pm_file *file)
{
    const parmap_status status = pm_output_read(path, file);
    if (pm_lock_is_held(path, NULL))
        return PM_OUTPUT_RUNNING;
    if (status == PARMAP_OK && file->complete)
        return PM_OUTPUT_COMPLETE;
    if (status == PARMAP_OK || pm_journal_exists(path))
        return PM_OUTPUT_INCOMPLETE;
    return status == PARMAP_NO_INPUT ? PM_OUTPUT_MISSING : PM_OUTPUT_FOREIGN;
}

static parmap_status too_long(void)
{
    return pm_fail(PARMAP_USAGE, "the name of the output is longer than %d bytes; shorten it",
                   PM_PATH - 1);
}

/* Of a file that is not there yet: its folder must be. */
static parmap_status resolve_new(const char *path, char absolute[PM_PATH])
{
    char folder[PM_PATH], base[PM_PATH], *real;
    strcpy(folder, path);
    strcpy(base, path);
    const char *parent = dirname(folder);
    real = realpath(parent, NULL);
    if (!real)
        return pm_fail(PARMAP_CANNOT_CREATE,
                       "cannot create %s: folder %s %s; create it, or choose another "
                       "--output",
                       path, parent, errno == ENOENT ? "does not exist" : strerror(errno));
    const int length =
        snprintf(absolute, PM_PATH, "%s/%s", strcmp(real, "/") ? real : "", basename(base));
    free(real);
    return length < PM_PATH ? PARMAP_OK : too_long();
}

/* A link is followed, so that a file has one name, and one lock, whatever it is called by. */
parmap_status pm_output_resolve(const char *path, char absolute[PM_PATH])
{
    struct stat info;
    const size_t length = strlen(path);
    if (length >= PM_PATH)
        return too_long();
    if (lstat(path, &info) != 0) {
        if (length > 0 && path[length - 1] == '/')
            return pm_fail(PARMAP_CANNOT_CREATE,
                           "cannot create %s: that is the name of a folder; choose a "
                           "file for --output",
                           path);
        return resolve_new(path, absolute);
    }
    char *real = realpath(path, NULL);
    if (!real)
        return pm_fail(PARMAP_CANNOT_CREATE,
                       "cannot create %s: it is a link, and %s; choose another --output", path,
                       errno == ENOENT ? "leads to nothing" : strerror(errno));
    const bool fits = strlen(real) < PM_PATH;
    if (fits)
        strcpy(absolute, real);
    free(real);
    return fits ? PARMAP_OK : too_long();
}

static parmap_status other_run(const char *path, const char *there, const char *wanted)
{
    char list[PM_NOTE];
    pm_identity_differences(list, sizeof list, there, wanted);
    return pm_fail(PARMAP_CANNOT_CREATE,
                   "%s holds another run: %s; choose another --output, or --force to replace it",
                   path, list);
}

static parmap_status check_kind(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0 || S_ISREG(info.st_mode))
        return PARMAP_OK;
    return pm_fail(PARMAP_CANNOT_CREATE, "cannot create %s: it is a %s; choose another --output%s",
                   path, S_ISDIR(info.st_mode) ? "folder" : "device or pipe",
                   S_ISDIR(info.st_mode) ? "" : ", or --output none to compute without writing");
}

static bool empty_or_absent(const char *path)
{
    struct stat info;
    return stat(path, &info) != 0 || (S_ISREG(info.st_mode) && info.st_size == 0);
}

/* What stands at the place of an output. */
typedef struct present {
    bool readable; /* its HDF5 metadata is whole, and says `file` */
    pm_file file;
    pm_marks marks;
} present;

/* Nothing of anybody else's is replaced.  What cannot be read is ours only when the journal beside
 * it says what it is: an empty one may stand beside anything, left by a run that was killed when it
 * had just taken the lock. */
static parmap_status look(const char *path, present *there)
{
    there->readable = pm_output_read(path, &there->file) == PARMAP_OK;
    PM_TRY(pm_marks_open(&there->marks, path));
    if (!there->readable && ((!is_damaged(path) && pm_file_is_foreign(path)) ||
                             (!there->marks.known && !empty_or_absent(path))))
        return pm_fail(PARMAP_CANNOT_CREATE,
                       "%s is not a result of parmap and would be lost; choose "
                       "another --output (--force replaces only results of parmap)",
                       path);
    return PARMAP_OK;
}

/* Another run's, by what the file says, else the journal? */
static parmap_status check_identity(const char *path, const present *there, const char *wanted)
{
    char text[PM_IDENTITY];
    if (there->readable)
        pm_identity(text, &there->file);
    else if (there->marks.known)
        snprintf(text, sizeof text, "%s", there->marks.head.identity);
    else
        return PARMAP_OK;
    return pm_identity_agree(text, wanted) ? PARMAP_OK : other_run(path, text, wanted);
}

/* Whether there are marks to go on from; else *why is what stands against it, "" for a place that
 * is as good as new. */
static bool resumable(const char *path, const present *there, const char *wanted, const char **why)
{
    const pm_marks *m = &there->marks;
    const bool ours = m->known && pm_identity_agree(m->head.identity, wanted);
    const bool begun = ours && (there->readable || m->head.layout.data.bytes > 0);
    *why = "";
    if (begun && m->head.blocks == 0)
        *why = "it was begun with --journal off";
    else if (begun && empty_or_absent(path))
        *why = "it was removed";
    else if (begun || (there->readable && !m->known && m->count > 0))
        return true;
    else if (there->readable)
        *why = m->count > 0 ? "its journal is another run's" : "its journal is gone";
    return false;
}

static parmap_status check_room(const char *path, int64_t bytes)
{
    char folder[PM_PATH], need[PM_NUMBER_TEXT], have[PM_NUMBER_TEXT];
    struct statvfs disk;
    struct rlimit limit;
    struct stat there;
    snprintf(folder, sizeof folder, "%s", path);
    pm_format_scaled(need, (double)bytes, "B");
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < (rlim_t)bytes)
        return pm_fail(PARMAP_WRITE_ERROR,
                       "%s needs %s, but the file size limit is %s; raise it (ulimit -f "
                       "unlimited)",
                       path, need, pm_format_scaled(have, (double)limit.rlim_cur, "B"));
    if (statvfs(dirname(folder), &disk) != 0)
        return PARMAP_OK; /* the write will tell */
    double free_bytes = (double)disk.f_bavail * (double)disk.f_frsize;
    if (stat(path, &there) == 0)
        free_bytes += 512.0 * (double)there.st_blocks;
    if (free_bytes < (double)bytes)
        return pm_fail(PARMAP_WRITE_ERROR,
                       "%s needs %s, but %s has %s free; make room, or choose another "
                       "--output",
                       path, need, folder, pm_format_scaled(have, free_bytes, "B"));
    return PARMAP_OK;
}

/* ---- afresh ---------------------------------------------------------------------------------- */

static parmap_status note_file(pm_output *output)
{
    struct stat made;
    if (stat(output->path, &made) != 0)
        return pm_fail(PARMAP_CANNOT_CREATE,
                       "cannot find %s any more: %s; run the same command again", output->path,
                       strerror(errno));
    output->device = (int64_t)made.st_dev;
    output->inode = (int64_t)made.st_ino;
    return PARMAP_OK;
}

static int64_t blocks_of(const pm_file *file, int64_t block_items)
{
    return (file->items + block_items - 1) / block_items;
}

/* The journals know how the file is laid out only once it is there: until then there is nothing to
 * resume. */
static parmap_status announce(const pm_output *output, const pm_file *file, int nodes,
                              pm_journal_head *head)
{
    head->inode = output->inode;
    PM_TRY(pm_layout_take(output->path, file, &head->layout));
    for (int node = 0; node < nodes; node++)
        PM_TRY(pm_journal_head_write(output->path, node, head));
    return PARMAP_OK;
}

static parmap_status create(pm_output *output, pm_file *wanted, const pm_wish *wish,
                            const char *text, pm_todo *todo)
{
    pm_journal_head head;
    memset(&head, 0, sizeof head); /* the padding too */
    head.block_items = pm_record_get_int(&wanted->data, "block_items", 1);
    const int64_t blocks = blocks_of(wanted, head.block_items);
    head.blocks = wish->journal ? blocks : 0;
    head.session = output->past.session = 1;
    output->keeps = wish->journal;
    snprintf(head.identity, sizeof head.identity, "%s", text);
    PM_TRY(pm_journal_create(output->path, 0, wish->nodes, &head));
    PM_TRY(pm_file_create(output->path, wanted));
    PM_TRY(note_file(output));
    PM_TRY(announce(output, wanted, wish->nodes, &head));
    return pm_todo_all(todo, blocks);
}

/* ---- taken up -------------------------------------------------------------------------------- */

/* Appends to what the user is told: clauses, with a semicolon between them. */
static void tell(pm_output *output, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(pm_output *output, const char *format, ...)
{
    size_t used = strlen(output->note);
    if (used > 0)
        used += (size_t)snprintf(output->note + used, sizeof output->note - used, "; ");
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(output->note + used, sizeof output->note - used, format, arguments);
    va_end(arguments);
}

/* Every block of a file that was damaged, or that the journal was not written with, is suspect. */
static pm_recheck suspect(pm_output *output, const pm_journal_head *head, bool readable,
                          pm_recheck recheck)
{
    if (!readable)
        tell(output,
             "its metadata was damaged and is written again, and every block is read again");
    else if (head->inode != 0 && head->inode != output->inode)
        tell(output, "it was replaced since, so every block is read again");
    else
        return recheck;
    return PM_RECHECK_SUSPECT;
}

/* What the file says of its data, and of this attempt what fits its attributes. */
static void adopt(pm_file *wanted, const pm_file *there)
{
    pm_file file = *there;
    for (int i = 0; i < wanted->run.count; i++) {
        const pm_field *field = &wanted->run.fields[i];
        if (strcmp(field->name, "started") != 0)
            pm_record_update(&file.run, field);
    }
    *wanted = file;
}

/* The metadata is written again, as the run would lay it out today. */
static parmap_status repair(pm_output *output, pm_file *wanted, const pm_journal_head *head,
                            present *there)
{
    pm_record_int(&wanted->data, "block_items", head->block_items);
    if (wanted->has_statuses) /* as the run began */
        pm_record_text(&wanted->data, "probe", pm_identity_probe(head->identity));
    PM_TRY(pm_file_repair(output->path, wanted, &head->layout));
    return pm_file_read(output->path, &there->file);
}

/* What the journals shall say from now on. */
static parmap_status describe(const pm_output *output, const present *there, const pm_file *file,
                              pm_journal_head *head)
{
    memset(head, 0, sizeof *head);
    if (there->marks.known)
        *head = there->marks.head;
    else
        pm_identity(head->identity, file);
    if (there->readable)
        head->block_items = pm_file_block_items(file);
    if (head->block_items == 0)
        return pm_fail(PARMAP_BAD_DATA,
                       "%s does not say rightly how long its blocks are: it is damaged; compute it "
                       "again with --force",
                       output->path);
    head->blocks = blocks_of(file, head->block_items);
    return PARMAP_OK;
}

static parmap_status resume(pm_output *output, present *there, const pm_file *file,
                            pm_journal_head *head, const pm_wish *wish, pm_recheck recheck,
                            pm_todo *todo)
{
    pm_data statuses = {.fd = -1};
    if (file->has_statuses)
        PM_TRY(pm_data_open(&statuses, output->path,
                            there->readable ? file->statuses_offset : head->layout.statuses.begin,
                            1, false));
    const pm_resuming how = {.items = file->items,
                             .nodes = wish->nodes,
                             .recheck = recheck,
                             .rerun = wish->rerun,
                             .statuses = file->has_statuses ? &statuses : NULL};
    const parmap_status status = pm_resume(&there->marks, head, &how, todo, &output->past);
    pm_data_close(&statuses);
    return status;
}

/* A damaged file is repaired only when its marks are doubted for good: this may be killed too. */
static parmap_status take_up(pm_output *output, pm_file *wanted, present *there,
                             const pm_wish *wish, pm_todo *todo)
{
    pm_journal_head head;
    const pm_file *file = there->readable ? &there->file : wanted;
    PM_TRY(describe(output, there, file, &head));
    PM_TRY(note_file(output));
    const bool needs_all = pm_record_find(&file->data, "min") != NULL; /* values, for statistics */
    const pm_recheck asked = needs_all ? PM_RECHECK_ALL : wish->recheck;
    const pm_recheck recheck = suspect(output, &head, there->readable, asked);
    output->keeps = true;
    pm_marks_assume(&there->marks, &head);
    PM_TRY(resume(output, there, file, &head, wish, recheck, todo));
    if (!there->readable)
        PM_TRY(repair(output, wanted, &head, there));
    else if (there->file.complete)
        PM_TRY(pm_file_reopen(output->path, &there->file));
    PM_TRY(announce(output, &there->file, wish->nodes, &head));
    if (there->marks.damaged)
        tell(output, "the header of a journal was damaged");
    if (output->past.torn > 0)
        tell(output, "%" PRId64 " of its marks were torn or damaged", output->past.torn);
    adopt(wanted, &there->file);
    return PARMAP_OK;
}

/* ---- both ------------------------------------------------------------------------------------ */

static parmap_status create_afresh(pm_output *output, pm_file *wanted, const pm_wish *wish,
                                   const char *text, const char *why, pm_todo *todo)
{
    if (wish->rerun)
        return pm_fail(PARMAP_CANNOT_CREATE, "cannot compute only the failed items of %s: %s; %s",
                       output->path, *why ? why : "it was not begun",
                       *why ? "use --force to compute all of it again"
                            : "leave out --rerun-failed");
    if (wish->resume)
        return pm_fail(PARMAP_CANNOT_CREATE,
                       "there is nothing to resume in %s: %s; leave out --resume to compute it",
                       output->path, *why ? why : "it was not begun");
    if (*why)
        tell(output, "%s, so it is computed from the start", why);
    const parmap_status status = create(output, wanted, wish, text, todo);
    if (status != PARMAP_OK)
        pm_journal_remove(output->path);
    return status;
}

/* With the lock held.  A journal that was there before stays after a failure. */
static parmap_status take(pm_output *output, pm_file *wanted, const pm_wish *wish, bool had_journal,
                          const char *text, pm_todo *todo)
{
    present *there = calloc(1, sizeof *there); /* large */
    const char *why = "";
    const int64_t bytes = pm_file_bytes(wanted) + METADATA_BYTES;
    parmap_status status =
        there ? look(output->path, there)
              : pm_fail(PARMAP_SYSTEM, "out of memory for what is known of %s", output->path);
    if (status == PARMAP_OK && !wish->force)
        status = check_identity(output->path, there, text);
    if (status == PARMAP_OK)
        status = check_room(output->path, bytes);
    if (status == PARMAP_OK && !wish->force && resumable(output->path, there, text, &why))
        status = take_up(output, wanted, there, wish, todo);
    else if (status == PARMAP_OK)
        status = create_afresh(output, wanted, wish, text, why, todo);
    if (status != PARMAP_OK && !had_journal)
        pm_journal_remove(output->path);
    if (there)
        pm_marks_close(&there->marks);
    free(there);
    return status;
}

/* Is the complete file of an identical run there, with no failed items to be computed again? */
static bool is_finished(const char *path, const char *text, const pm_wish *wish, pm_file *there)
{
    char other[PM_IDENTITY];
    return !wish->force && pm_output_read(path, there) == PARMAP_OK && there->complete &&
           pm_identity_agree(pm_identity(other, there), text) &&
           !(wish->rerun && pm_file_failed(there) > 0);
}

/* With the lock held: another run has just finished it, or was killed before its last step.  Its
 * journal stays as long as items could be computed again. */
static parmap_status adopt_finished(const char *path, const pm_file *there, pm_file *wanted)
{
    *wanted = *there;
    PM_TRY(pm_file_sync(path));
    if (pm_file_failed(wanted) == 0)
        pm_journal_remove(path);
    return PARMAP_OK;
}

parmap_status pm_output_begin(pm_output *output, const char *path, pm_file *wanted,
                              const pm_wish *wish, pm_todo *todo, bool *already)
{
    char text[PM_IDENTITY];
    pm_file there;
    bool had_journal = false;
    *output = (pm_output){.lock.fd = -1};
    snprintf(output->path, sizeof output->path, "%s", path);
    pm_identity(text, wanted);
    PM_TRY(check_kind(path));
    /* without the lock first: a finished file may lie where nobody may write */
    *already = is_finished(path, text, wish, &there) &&
               (!pm_journal_exists(path) || pm_file_failed(&there) > 0);
    if (*already) {
        *wanted = there;
        return PARMAP_OK;
    }
    PM_TRY(pm_lock_take(&output->lock, path, &had_journal));
    *already = is_finished(path, text, wish, &there);
    const parmap_status status = *already ? adopt_finished(path, &there, wanted)
                                          : take(output, wanted, wish, had_journal, text, todo);
    if (status != PARMAP_OK || *already)
        pm_output_abandon(output);
    return status;
}

/* Still the file that this run made, and its journal?  Both may have been removed, and made anew by
 * another run. */
static bool still_ours(const pm_output *output)
{
    struct stat named;
    return stat(output->path, &named) == 0 && (int64_t)named.st_dev == output->device &&
           (int64_t)named.st_ino == output->inode && pm_lock_is_ours(&output->lock, output->path);
}

/* From now on the metadata changes. */
static parmap_status begin_end(const pm_output *output)
{
    pm_journal_head head;
    if (!pm_journal_head_read(output->lock.fd, &head))
        return PARMAP_OK; /* then nobody goes by it */
    head.layout.fingerprint = 0;
    PM_TRY(pm_journal_head_write(output->path, 0, &head));
    return pm_journal_sync(output->lock.fd, output->path);
}

static parmap_status finish(const pm_output *output, pm_file *file, pm_failed_list *failed)
{
    PM_TRY(begin_end(output));
    if (file->has_statuses)
        PM_TRY(pm_file_write_failed(output->path, failed));
    PM_TRY(pm_file_finish(output->path, file));
    if (pm_file_failed(file) == 0 || !output->keeps)
        pm_journal_remove(output->path);
    return PARMAP_OK;
}

parmap_status pm_output_finish(pm_output *output, pm_file *file, pm_failed_list *failed)
{
    parmap_status status;
    if (still_ours(output)) {
        status = finish(output, file, failed);
    } else {
        status = pm_fail(PARMAP_WRITE_ERROR,
                         "%s was removed or replaced while the run lasted; run the same "
                         "command again",
                         output->path);
    }
    pm_output_abandon(output);
    return status;
}

void pm_output_abandon(pm_output *output)
{
    pm_lock_release(&output->lock);
}
