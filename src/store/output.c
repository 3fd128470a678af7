/* The rules for what a run may replace.  Nothing of anybody else's is ever overwritten, and nothing
 * of ours without being asked to. */
#include "store/output.h"

#include "base/text.h"
#include "base/types.h"
#include "store/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
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

pm_output_state pm_output_inspect(const char *path, pm_file *file)
{
    const parmap_status status = pm_file_read(path, file);
    if (pm_journal_is_locked(path))
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

/* What makes two runs the same run. */
static void identity(const pm_file *file, char text[PM_IDENTITY])
{
    const pm_record *d = &file->data;
    snprintf(text, PM_IDENTITY,
             "%s version %" PRId64 ", range %s, %s%s, data set %s, probe %" PRIx64,
             pm_record_get_text(d, "kernel", "?"), pm_record_get_int(d, "kernel_version", -1),
             pm_record_get_text(d, "range", "?"), pm_record_get_text(d, "type", "?"),
             pm_record_get_int(d, "rounding", 0) ? " with rounding" : "", file->dataset,
             pm_record_get_uint(d, "probe", 0));
}

/* The part of an identity that a person reads: without the probe. */
static int readable(const char *text)
{
    const char *probe = strstr(text, ", probe ");
    return probe ? (int)(probe - text) : (int)strlen(text);
}

static parmap_status other_run(const char *path, const char *there, const char *wanted)
{
    if (readable(there) == readable(wanted) && strncmp(there, wanted, (size_t)readable(there)) == 0)
        return pm_fail(PARMAP_CANNOT_CREATE,
                       "%s holds another run: the same %.*s, but its kernel computes "
                       "different results; choose another --output, or --force to replace it",
                       path, readable(there), there);
    return pm_fail(PARMAP_CANNOT_CREATE,
                   "%s holds another run (%.*s); choose another --output, or --force to "
                   "replace it",
                   path, readable(there), there);
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

/* May the run replace what is there?  `had_journal`: an unfinished run of ours left one. */
static parmap_status check_present(const char *path, const char *wanted, bool had_journal,
                                   bool force, bool *restarted)
{
    pm_file there;
    pm_journal_head head;
    int64_t done;
    char text[PM_IDENTITY];
    const bool readable_file = pm_file_read(path, &there) == PARMAP_OK;
    if (!readable_file && (pm_file_is_foreign(path) || (!had_journal && !empty_or_absent(path))))
        return pm_fail(PARMAP_CANNOT_CREATE,
                       "%s is not a result of parmap and would be lost; choose "
                       "another --output (--force replaces only results of parmap)",
                       path);
    if (!readable_file && !had_journal)
        return PARMAP_OK;
    if (force)
        return PARMAP_OK;
    if (readable_file)
        identity(&there, text);
    else if (pm_journal_read(path, &head, &done) == PARMAP_OK)
        snprintf(text, sizeof text, "%s", head.identity);
    else
        return PARMAP_OK; /* killed before it had written anything */
    if (strcmp(text, wanted) != 0)
        return other_run(path, text, wanted);
    *restarted = true;
    return PARMAP_OK;
}

static parmap_status check_room(const char *path, int64_t bytes)
{
    char folder[PM_PATH], need[PM_NUMBER_TEXT], have[PM_NUMBER_TEXT];
    struct statvfs disk;
    struct rlimit limit;
    struct stat present;
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
    if (stat(path, &present) == 0)
        free_bytes += 512.0 * (double)present.st_blocks;
    if (free_bytes < (double)bytes)
        return pm_fail(PARMAP_WRITE_ERROR,
                       "%s needs %s, but %s has %s free; make room, or choose another "
                       "--output",
                       path, need, folder, pm_format_scaled(have, free_bytes, "B"));
    return PARMAP_OK;
}

static parmap_status create(pm_output *output, pm_file *wanted, int nodes, const char *text)
{
    pm_journal_head head = {.blocks = 0, .pid = getpid(), .started = time(NULL)};
    head.block_items = pm_record_get_int(&wanted->data, "block_items", 1);
    head.blocks = (wanted->items + head.block_items - 1) / head.block_items;
    snprintf(head.identity, sizeof head.identity, "%s", text);
    gethostname(head.host, sizeof head.host - 1);
    PM_TRY(pm_journal_create(output->path, nodes, &head));
    PM_TRY(pm_file_create(output->path, wanted));
    struct stat made;
    if (stat(output->path, &made) != 0)
        return pm_fail(PARMAP_CANNOT_CREATE,
                       "cannot find %s any more: %s; run the same command again", output->path,
                       strerror(errno));
    output->device = (int64_t)made.st_dev;
    output->inode = (int64_t)made.st_ino;
    return PARMAP_OK;
}

/* The complete file of an identical run: `wanted` becomes what it says. */
static bool adopt_complete(const char *path, const char *text, pm_file *wanted)
{
    pm_file there;
    char other[PM_IDENTITY];
    if (pm_file_read(path, &there) != PARMAP_OK || !there.complete)
        return false;
    identity(&there, other);
    if (strcmp(other, text) != 0)
        return false;
    *wanted = there;
    return true;
}

/* With the lock held. */
static parmap_status take(pm_output *output, pm_file *wanted, int nodes, bool force,
                          bool had_journal, const char *text)
{
    const int64_t bytes = wanted->items * (int64_t)pm_type_bytes(wanted->type) + METADATA_BYTES;
    parmap_status status =
        check_present(output->path, text, had_journal, force, &output->restarted);
    if (status == PARMAP_OK)
        status = check_room(output->path, bytes);
    if (status != PARMAP_OK) {
        if (!had_journal)
            pm_journal_remove(output->path);
        return status;
    }
    status = create(output, wanted, nodes, text);
    if (status != PARMAP_OK)
        pm_journal_remove(output->path);
    return status;
}

parmap_status pm_output_begin(pm_output *output, const char *path, pm_file *wanted, int nodes,
                              bool force, bool *already)
{
    char text[PM_IDENTITY];
    bool had_journal = false;
    *output = (pm_output){.lock_fd = -1};
    *already = false;
    snprintf(output->path, sizeof output->path, "%s", path);
    identity(wanted, text);
    PM_TRY(check_kind(path));
    /* without the lock first: a finished file may lie where nobody may write */
    if (!force && !pm_journal_exists(path) && adopt_complete(path, text, wanted)) {
        *already = true;
        return PARMAP_OK;
    }
    PM_TRY(pm_journal_lock(path, &output->lock_fd, &had_journal));
    parmap_status status = PARMAP_OK;
    if (!force && adopt_complete(path, text, wanted)) {
        *already = true; /* another run has just finished it, or was killed before its last step */
        pm_journal_remove(path);
    } else {
        status = take(output, wanted, nodes, force, had_journal, text);
    }
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
           (int64_t)named.st_ino == output->inode &&
           pm_journal_is_ours(output->path, output->lock_fd);
}

parmap_status pm_output_finish(pm_output *output, pm_file *file)
{
    parmap_status status;
    if (still_ours(output)) {
        status = pm_file_finish(output->path, file);
        if (status == PARMAP_OK)
            pm_journal_remove(output->path);
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
    if (output->lock_fd >= 0)
        close(output->lock_fd);
    output->lock_fd = -1;
}
