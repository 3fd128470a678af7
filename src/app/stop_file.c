/* A file whose being there is the message. */
#include "app/stop_file.h"

#include "base/log.h"
#include "comm/pause.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const double look_every_s = 1;

static bool before(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

/* A client of NFS believes for up to a minute that a name is not there; opening the folder makes it
 * ask the server. */
static bool find(const pm_stop_file *file, struct stat *found)
{
    char folder[sizeof file->path];
    const char *name = strrchr(file->path, '/') + 1;
    snprintf(folder, sizeof folder, "%.*s", (int)(name - file->path), file->path);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool there = fd >= 0 ? fstatat(fd, name, found, AT_SYMLINK_NOFOLLOW) == 0
                               : lstat(file->path, found) == 0;
    if (fd >= 0)
        close(fd);
    return there;
}

static bool remove_it(const pm_stop_file *file)
{
    if (unlink(file->path) == 0 || errno == ENOENT)
        return true;
    pm_log_warning("cannot remove %s: %s; remove it before the next run", file->path,
                   strerror(errno));
    return false;
}

void pm_stop_file_open(pm_stop_file *file, const char *output, struct timespec begun)
{
    struct stat found;
    *file = (pm_stop_file){.next_look = 0};
    snprintf(file->path, sizeof file->path, "%s.stop", output);
    if (!find(file, &found) || !before(found.st_mtim, begun))
        return;
    if (remove_it(file))
        pm_log_note("removed %s: it is older than this run", file->path);
    else
        file->stale = found.st_mtim;
}

bool pm_stop_file_seen(pm_stop_file *file)
{
    struct stat found;
    if (pm_now() < file->next_look)
        return false;
    file->next_look = pm_now() + look_every_s;
    if (!find(file, &found) || (found.st_mtim.tv_sec == file->stale.tv_sec &&
                                found.st_mtim.tv_nsec == file->stale.tv_nsec))
        return false;
    remove_it(file);
    return true;
}

void pm_stop_file_close(const pm_stop_file *file)
{
    unlink(file->path);
}
