/* The file is laid out once more under another name, and everything but the data is copied over. */
#include "store/repair.h"

#include "base/types.h"
#include "store/data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 16 };

static bool copy(int from, int to, int64_t begin, int64_t end)
{
    char piece[PIECE];
    while (begin < end) {
        const size_t want = end - begin < PIECE ? (size_t)(end - begin) : PIECE;
        const ssize_t got = pread(from, piece, want, begin);
        if (got <= 0 || pwrite(to, piece, (size_t)got, begin) != got)
            return false;
        begin += got;
    }
    return true;
}

/* What lies between two bytes, but for a data set. */
static bool copy_beside(int from, int to, int64_t begin, int64_t end, int64_t offset, int64_t bytes)
{
    return copy(from, to, begin, offset < end ? offset : end) &&
           copy(from, to, offset + bytes > begin ? offset + bytes : begin, end);
}

/* Everything but the data sets; the data lies on one side of the statuses. */
static bool copy_around(int from, int to, const pm_file *file, int64_t size)
{
    const int64_t bytes = file->items * (int64_t)pm_type_bytes(file->type);
    if (!file->has_statuses)
        return copy_beside(from, to, 0, size, file->offset, bytes);
    return copy_beside(from, to, 0, file->statuses_offset, file->offset, bytes) &&
           copy_beside(from, to, file->statuses_offset + file->items, size, file->offset, bytes);
}

/* The length too, which HDF5 compares. */
static bool copy_metadata(const char *from_path, const char *to_path, const pm_file *file)
{
    struct stat info;
    const int from = open(from_path, O_RDONLY | O_CLOEXEC);
    const int to = open(to_path, O_RDWR | O_CLOEXEC);
    const bool good = from >= 0 && to >= 0 && fstat(from, &info) == 0 &&
                      ftruncate(to, info.st_size) == 0 &&
                      copy_around(from, to, file, info.st_size) && fsync(to) == 0;
    const int error = errno;
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    errno = error;
    return good;
}

parmap_status pm_file_repair(const char *path, pm_file *file, int64_t offset,
                             int64_t statuses_offset)
{
    char fresh[PM_PATH + 16];
    snprintf(fresh, sizeof fresh, "%s.repair", path);
    PM_TRY(pm_file_create(fresh, file));
    parmap_status status = PARMAP_OK;
    if (file->offset != offset || (file->has_statuses && file->statuses_offset != statuses_offset))
        status = pm_fail(PARMAP_BAD_DATA,
                         "the metadata of %s is damaged, and HDF5 %s cannot lay it out as the run "
                         "did; continue with the HDF5 library that began it, or use --force",
                         path, pm_file_library());
    else if (!copy_metadata(fresh, path, file))
        status = pm_fail(PARMAP_WRITE_ERROR, "cannot write the metadata of %s again: %s; %s", path,
                         strerror(errno), pm_data_way_out(errno));
    unlink(fresh);
    return status;
}
