/* pwrite and pread until all is done, with the reasons of a failure in words. */
#include "store/data.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *pm_data_way_in(int error)
{
    return error == ENOENT || error == ESTALE   ? "its folder must be one that all nodes share"
           : error == EMFILE || error == ENFILE ? "raise the limit of open files (ulimit -n)"
                                                : "make it writable, or choose another --output";
}

parmap_status pm_data_open(pm_data *data, const char *path, int64_t offset, size_t item_bytes,
                           bool writable)
{
    *data = (pm_data){.fd = -1, .offset = offset, .item_bytes = item_bytes};
    snprintf(data->path, sizeof data->path, "%s", path);
    data->fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC |
                              O_NONBLOCK); /* not to hang on a pipe */
    if (data->fd < 0)
        return writable ? pm_fail(PARMAP_WRITE_ERROR, "cannot open %s: %s; %s", path,
                                  strerror(errno), pm_data_way_in(errno))
                        : pm_fail(PARMAP_NO_INPUT, "cannot open %s: %s; check its name", path,
                                  strerror(errno));
    struct stat info;
    if (writable || (fstat(data->fd, &info) == 0 && S_ISREG(info.st_mode)))
        return PARMAP_OK;
    pm_data_close(data);
    return pm_fail(PARMAP_BAD_DATA,
                   "%s is not a result of parmap, or is damaged: it is no regular file; give one "
                   "that a parmap program wrote",
                   path);
}

void pm_data_close(pm_data *data)
{
    if (data->fd >= 0)
        close(data->fd);
    data->fd = -1;
}

const char *pm_data_way_out(int error)
{
    switch (error) {
    case ENOSPC:
        return "make room on the disk, or choose another --output";
    case EDQUOT:
        return "your quota is used up: make room, or choose another --output";
    case EFBIG:
        return "the file size limit is reached: raise it (ulimit -f unlimited)";
    default:
        return "choose another --output";
    }
}

static parmap_status write_failed(const pm_data *data, int64_t item, int error)
{
    return pm_fail(PARMAP_WRITE_ERROR,
                   "cannot write %s at item %lld: %s; %s; the file is incomplete", data->path,
                   (long long)item, strerror(error), pm_data_way_out(error));
}

parmap_status pm_data_write(const pm_data *data, int64_t item, const void *items, size_t bytes)
{
    const char *from = items;
    int64_t at = data->offset + item * (int64_t)data->item_bytes;
    while (bytes > 0) {
        const ssize_t written = pwrite(data->fd, from, bytes, at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return write_failed(data, item, written < 0 ? errno : ENOSPC);
        from += written;
        at += written;
        bytes -= (size_t)written;
    }
    return PARMAP_OK;
}

parmap_status pm_data_read(const pm_data *data, int64_t item, void *items, size_t bytes)
{
    char *to = items;
    int64_t at = data->offset + item * (int64_t)data->item_bytes;
    while (bytes > 0) {
        const ssize_t got = pread(data->fd, to, bytes, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return pm_fail(
                PARMAP_BAD_DATA, "cannot read %s at item %lld: %s; compute it again with --force",
                data->path, (long long)item, got < 0 ? strerror(errno) : "the file ends there");
        to += got;
        at += got;
        bytes -= (size_t)got;
    }
    return PARMAP_OK;
}

parmap_status pm_data_sync(const pm_data *data)
{
    if (fdatasync(data->fd) == 0)
        return PARMAP_OK;
    return pm_fail(PARMAP_WRITE_ERROR,
                   "cannot bring %s onto the disk: %s; %s; the file is incomplete", data->path,
                   strerror(errno), pm_data_way_out(errno));
}
