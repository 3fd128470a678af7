/* Reading, writing and removing, without surprises: no waiting for pipes, no links followed. */
#include "work/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static parmap_status check_file(const char *path, int fd, size_t most, size_t *size)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return pm_fail(PARMAP_NO_INPUT, "cannot look at %s: %s; give a file that can be read", path,
                       strerror(errno));
    if (!S_ISREG(info.st_mode))
        return pm_fail(PARMAP_BAD_DATA, "%s is %s; give a file", path,
                       S_ISDIR(info.st_mode) ? "a folder" : "no regular file");
    if ((uint64_t)info.st_size > most)
        return pm_fail(PARMAP_BAD_DATA, "%s has %lld bytes, and at most %zu are read; give another",
                       path, (long long)info.st_size, most);
    *size = (size_t)info.st_size;
    return PARMAP_OK;
}

/* As many as the file has, or had a moment ago. */
static parmap_status read_all(const char *path, int fd, size_t size, pm_bytes *bytes)
{
    bytes->data = malloc(size + 1);
    if (!bytes->data)
        return pm_fail(PARMAP_SYSTEM, "no memory for the %zu bytes of %s; free some", size, path);
    while (bytes->size < size) {
        const ssize_t got = read(fd, (char *)bytes->data + bytes->size, size - bytes->size);
        if (got == 0)
            break;
        if (got > 0)
            bytes->size += (size_t)got;
        else if (errno != EINTR)
            return pm_fail(PARMAP_NO_INPUT, "cannot read %s: %s; give a file that can be read",
                           path, strerror(errno));
    }
    ((char *)bytes->data)[bytes->size] = '\0'; /* for those who take it as a text */
    return PARMAP_OK;
}

parmap_status pm_bytes_read_open(const char *path, int fd, size_t most, pm_bytes *bytes)
{
    size_t size = 0;
    *bytes = (pm_bytes){NULL, 0};
    parmap_status status = check_file(path, fd, most, &size);
    if (status == PARMAP_OK)
        status = read_all(path, fd, size, bytes);
    if (status != PARMAP_OK)
        pm_bytes_free(bytes);
    return status;
}

parmap_status pm_bytes_read(const char *path, size_t most, pm_bytes *bytes)
{
    *bytes = (pm_bytes){NULL, 0};
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return pm_fail(PARMAP_NO_INPUT, "cannot open %s: %s; give a file that can be read", path,
                       strerror(errno));
    const parmap_status status = pm_bytes_read_open(path, fd, most, bytes);
    close(fd);
    return status;
}

bool pm_bytes_write(int fd, const void *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        const ssize_t written = write(fd, (const char *)data + at, size - at);
        if (written > 0)
            at += (size_t)written;
        else if (written == 0 || errno != EINTR)
            return false;
    }
    return true;
}

void pm_bytes_free(pm_bytes *bytes)
{
    free(bytes->data);
    *bytes = (pm_bytes){NULL, 0};
}

bool pm_private_folder_make(int place, char path[PM_PRIVATE_FOLDER])
{
    static const char *const places[PM_PRIVATE_PLACES] = {NULL, "/tmp", "/dev/shm", "/var/tmp",
                                                          "."};
    const char *where = place == 0 ? getenv("TMPDIR") : places[place];
    const int length =
        snprintf(path, PM_PRIVATE_FOLDER, "%s/parmap-XXXXXX", where && *where ? where : "/tmp");
    if (length < PM_PRIVATE_FOLDER && mkdtemp(path)) /* which gives it the mode 0700 */
        return true;
    if (length >= PM_PRIVATE_FOLDER)
        errno = ENAMETOOLONG;
    path[0] = '\0';
    return false;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    remove(path);
    return 0;
}

void pm_private_folder_remove(char path[PM_PRIVATE_FOLDER])
{
    enum { OPEN_FOLDERS = 8 };
    if (path[0] != '\0')
        nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    path[0] = '\0';
}
