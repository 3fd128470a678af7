/* The rules for what a run may replace.  Nothing of anybody else's is ever overwritten, and nothing
 * of ours without being asked to. */
#include "store/present.h"

#include "base/text.h"
#include "store/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

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
           info.st_size == head.layout.length && !pm_metadata_holds(path, &head.layout);
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

static parmap_status other_run(const char *path, const char *there, const char *wanted)
{
    char list[PM_NOTE];
    pm_identity_differences(list, sizeof list, there, wanted);
    return pm_fail(PARMAP_CANNOT_CREATE,
                   "%s holds another run: %s; choose another --output, or --force to replace it",
                   path, list);
}

static bool empty_or_absent(const char *path)
{
    struct stat info;
    return stat(path, &info) != 0 || (S_ISREG(info.st_mode) && info.st_size == 0);
}

/* Nothing of anybody else's is replaced.  What cannot be read is ours only when the journal beside
 * it says what it is: an empty one may stand beside anything, left by a run that was killed when it
 * had just taken the lock. */
parmap_status pm_present_look(const char *path, pm_present *there)
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
parmap_status pm_present_check_identity(const char *path, const pm_present *there,
                                        const char *wanted)
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
bool pm_present_resumable(const char *path, const pm_present *there, const char *wanted,
                          const char **why)
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

parmap_status pm_present_check_room(const char *path, int64_t bytes)
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
