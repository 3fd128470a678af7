/* A POSIX shared memory object per node.  The name comes from the node leader's nonce, which all
 * ranks know from the exchange at the start; the count of attached ranks in its first page decides
 * who unlinks it.  A rank that is alone on its node needs no name. */
#include "comm/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { HEAD = 64 };

typedef struct segment_head {
    _Atomic int attached;
} segment_head;

static parmap_status refuse(parmap_status status, size_t bytes)
{
    const int error = errno;
    struct statvfs room = {0};
    statvfs("/dev/shm", &room);
    const uint64_t free_mib = (uint64_t)room.f_bavail * room.f_frsize >> 20;
    return pm_fail(status,
                   "cannot share %zu MiB between the ranks of a node: %s (/dev/shm has %" PRIu64
                   " MiB free); make /dev/shm larger",
                   (bytes + (1 << 20) - 1) >> 20, strerror(error), free_mib);
}

static parmap_status reserve(int file, size_t first, size_t bytes, parmap_status otherwise)
{
    do
        errno = posix_fallocate(file, (off_t)first, (off_t)bytes);
    while (errno == EINTR);
    return errno == 0 ? PARMAP_OK : refuse(otherwise, bytes);
}

static parmap_status map(int file, size_t bytes, pm_segment *segment)
{
    if (file >= 0 && ftruncate(file, (off_t)bytes) != 0)
        return refuse(PARMAP_SYSTEM, bytes);
    const int flags = file >= 0 ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE;
    void *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, file, 0);
    if (mapping == MAP_FAILED)
        return refuse(PARMAP_SYSTEM, bytes);
    *segment = (pm_segment){
        .mapping = mapping, .data = (char *)mapping + HEAD, .bytes = bytes - HEAD, .file = file};
    return PARMAP_OK;
}

/* The head is reserved first, since this function touches it. */
static parmap_status attach(int file, const char *name, int ranks, size_t bytes, size_t reserved,
                            pm_segment *segment)
{
    PM_TRY(map(file, bytes, segment));
    const parmap_status status = reserve(file, 0, reserved, PARMAP_SYSTEM);
    if (status != PARMAP_OK) {
        munmap(segment->mapping, bytes);
        *segment = (pm_segment){.file = -1};
        return status;
    }
    segment_head *head = segment->mapping;
    if (atomic_fetch_add(&head->attached, 1) + 1 == ranks)
        shm_unlink(name);
    return PARMAP_OK;
}

static parmap_status open_segment(const pm_topology *topology, const char *purpose, size_t bytes,
                                  size_t reserved, pm_segment *segment)
{
    char name[64];
    *segment = (pm_segment){.file = -1};
    if (topology->node_ranks == 1)
        return map(-1, bytes + HEAD, segment);
    snprintf(name, sizeof name, "/parmap-%s-%016" PRIx64, purpose, topology->node_id);
    const int file = shm_open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return refuse(PARMAP_SYSTEM, bytes);
    const parmap_status status =
        attach(file, name, topology->node_ranks, bytes + HEAD, reserved + HEAD, segment);
    if (status != PARMAP_OK) {
        shm_unlink(name);
        close(file);
    }
    return status;
}

parmap_status pm_segment_open(const pm_topology *topology, const char *purpose, size_t bytes,
                              pm_segment *segment)
{
    PM_TRY(open_segment(topology, purpose, bytes, bytes, segment));
    if (segment->file >= 0)
        close(segment->file);
    segment->file = -1;
    return PARMAP_OK;
}

parmap_status pm_segment_open_sparse(const pm_topology *topology, const char *purpose, size_t bytes,
                                     pm_segment *segment)
{
    return open_segment(topology, purpose, bytes, 0, segment);
}

parmap_status pm_segment_reserve(const pm_segment *segment, size_t first, size_t bytes)
{
    if (segment->file < 0 || bytes == 0)
        return PARMAP_OK;
    return reserve(segment->file, first + HEAD, bytes, PARMAP_NO_MEMORY);
}

void pm_segment_close(pm_segment *segment)
{
    if (segment->mapping)
        munmap(segment->mapping, segment->bytes + HEAD);
    if (segment->mapping && segment->file >= 0)
        close(segment->file);
    *segment = (pm_segment){.file = -1};
}
