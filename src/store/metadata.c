/* The metadata is a few KiB before and behind the data, with holes up to its alignment. */
#include "store/metadata.h"

#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 16 };

/* Called with a piece of metadata, and where it stands. */
typedef bool visitor(void *context, int64_t at, const char *bytes, size_t count);

/* All of it, so that pieces are the same whatever the system hands out at once. */
static bool read_piece(int fd, char *piece, size_t count, int64_t at)
{
    size_t have = 0;
    while (have < count) {
        const ssize_t got = pread(fd, piece + have, count - have, at + (int64_t)have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        have += (size_t)got;
    }
    return true;
}

static bool visit_range(int fd, int64_t begin, int64_t end, visitor *visit, void *context)
{
    char piece[PIECE];
    while (begin < end) {
        const size_t count = end - begin < PIECE ? (size_t)(end - begin) : PIECE;
        if (!read_piece(fd, piece, count, begin) || !visit(context, begin, piece, count))
            return false;
        begin += (int64_t)count;
    }
    return true;
}

static int64_t end_of(const pm_extent *extent)
{
    return extent->begin + extent->bytes;
}

/* The bytes before, between and behind the two extents. */
static bool visit_metadata(int fd, const pm_metadata *layout, visitor *visit, void *context)
{
    const bool swapped = layout->statuses.bytes > 0 && layout->statuses.begin < layout->data.begin;
    const pm_extent none = {end_of(&layout->data), 0};
    const pm_extent *first = swapped ? &layout->statuses : &layout->data;
    const pm_extent *second = swapped                      ? &layout->data
                              : layout->statuses.bytes > 0 ? &layout->statuses
                                                           : &none;
    return visit_range(fd, 0, first->begin, visit, context) &&
           visit_range(fd, end_of(first), second->begin, visit, context) &&
           visit_range(fd, end_of(second), layout->length, visit, context);
}

static bool hash_piece(void *context, int64_t at, const char *bytes, size_t count)
{
    uint64_t *hash = context;
    *hash += pm_hash_block(bytes, count, (uint64_t)at + 1);
    return true;
}

static bool length_of(int fd, int64_t *length)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return false;
    *length = (int64_t)info.st_size;
    return true;
}

static bool fingerprint(int fd, const pm_metadata *layout, uint64_t *hash)
{
    *hash = 1; /* 0 stands for none */
    if (!visit_metadata(fd, layout, hash_piece, hash))
        return false;
    *hash += *hash == 0;
    return true;
}

parmap_status pm_metadata_take(const char *path, const pm_file *file, pm_metadata *layout)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    memset(layout, 0, sizeof *layout);
    layout->data = (pm_extent){file->offset, file->items * (int64_t)file->item.bytes};
    if (file->has_statuses)
        layout->statuses = (pm_extent){file->statuses_offset, file->items};
    const bool good =
        fd >= 0 && length_of(fd, &layout->length) && fingerprint(fd, layout, &layout->fingerprint);
    const int error = errno;
    if (fd >= 0)
        close(fd);
    return good ? PARMAP_OK
                : pm_fail(PARMAP_BAD_DATA, "cannot read %s: %s; run the same command again", path,
                          strerror(error));
}

bool pm_metadata_holds(const char *path, const pm_metadata *layout)
{
    int64_t length = 0;
    uint64_t hash = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const bool holds = fd >= 0 && length_of(fd, &length) && length == layout->length &&
                       fingerprint(fd, layout, &hash) && hash == layout->fingerprint;
    if (fd >= 0)
        close(fd);
    return holds;
}

static bool write_piece(void *context, int64_t at, const char *bytes, size_t count)
{
    return pwrite(*(const int *)context, bytes, count, at) == (ssize_t)count;
}

bool pm_metadata_copy(const char *from_path, const char *to_path, const pm_metadata *layout)
{
    const int from = open(from_path, O_RDONLY | O_CLOEXEC);
    int to = open(to_path, O_RDWR | O_CLOEXEC);
    const bool good = from >= 0 && to >= 0 && ftruncate(to, layout->length) == 0 &&
                      visit_metadata(from, layout, write_piece, &to) && fsync(to) == 0;
    const int error = errno;
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    errno = error;
    return good;
}
