/* From finding what stands there to the last sync. */
#include "store/output.h"

#include "store/attempt.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { METADATA_BYTES = 2 << 20 }; /* attributes, and the data set's alignment */

const char *pm_output_state_word(pm_output_state state)
{
    static const char *const words[] = {"missing", "foreign", "running", "incomplete", "complete"};
    return words[state];
}

pm_output_state pm_output_inspect(const char *path, pm_file *file)
{
    parmap_status status = pm_output_read(path, file);
    if (pm_lock_is_held(path, NULL))
        return PM_OUTPUT_RUNNING;
    if (status == PARMAP_OK && !file->complete)
        status = pm_output_read(path, file); /* it may have ended in between */
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

static parmap_status check_kind(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0 || S_ISREG(info.st_mode))
        return PARMAP_OK;
    return pm_fail(PARMAP_CANNOT_CREATE, "cannot create %s: it is a %s; choose another --output%s",
                   path, S_ISDIR(info.st_mode) ? "folder" : "device or pipe",
                   S_ISDIR(info.st_mode) ? "" : ", or --output none to compute without writing");
}

/* The first journal, made for the lock alone; others may hold marks. */
static void drop_lock_file(const char *path)
{
    char journal[PM_JOURNAL_PATH];
    unlink(pm_journal_path(journal, path, 0));
}

/* With the lock held.  A journal that was there before stays after a failure. */
static parmap_status take(pm_output *output, pm_file *wanted, const pm_wish *wish, bool had_journal,
                          const char *text, pm_todo *todo)
{
    pm_present *there = calloc(1, sizeof *there); /* large */
    const char *why = "";
    const int64_t bytes = pm_file_bytes(wanted) + METADATA_BYTES;
    parmap_status status =
        there ? pm_present_look(output->path, there)
              : pm_fail(PARMAP_SYSTEM, "out of memory for what is known of %s", output->path);
    if (status == PARMAP_OK && !wish->force)
        status = pm_present_check_identity(output->path, there, text);
    if (status == PARMAP_OK)
        status = pm_present_check_room(output->path, bytes);
    if (status == PARMAP_OK && !wish->force &&
        pm_present_resumable(output->path, there, text, &why))
        status = pm_attempt_take_up(output, wanted, there, wish, todo);
    else if (status == PARMAP_OK)
        status = pm_attempt_afresh(output, wanted, wish, text, why, todo);
    if (status != PARMAP_OK && !had_journal)
        drop_lock_file(output->path);
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
