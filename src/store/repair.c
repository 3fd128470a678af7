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

/* Before and behind the data; the length too, which HDF5 compares. */
static bool copy_metadata(const char *from_path, const char *to_path, const pm_file *file)
{
    struct stat info;
    const int64_t data_end = file->offset + file->items * (int64_t)pm_type_bytes(file->type);
    const int from = open(from_path, O_RDONLY | O_CLOEXEC);
    const int to = open(to_path, O_RDWR | O_CLOEXEC);
    const bool good = from >= 0 && to >= 0 && fstat(from, &info) == 0 &&
                      ftruncate(to, info.st_size) == 0 && copy(from, to, 0, file->offset) &&
                      copy(from, to, data_end, info.st_size) && fsync(to) == 0;
    const int error = errno;
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    errno = error;
    return good;
}

parmap_status pm_file_repair(const char *path, pm_file *file, int64_t offset)
{
    char fresh[PM_PATH + 16];
    snprintf(fresh, sizeof fresh, "%s.repair", path);
    PM_TRY(pm_file_create(fresh, file));
    parmap_status status = PARMAP_OK;
    if (file->offset != offset)
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
