/* A POSIX shared memory object per node.  The name comes from the node leader's nonce, which all
 * ranks know from the exchange at the start; the count of attached ranks in its first page decides
 * who unlinks it. */
#include "comm/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 64 };

typedef struct segment_head {
    _Atomic int attached;
} segment_head;

static parmap_status refuse(const char *name, size_t bytes)
{
    return pm_fail(PARMAP_SYSTEM,
                   "cannot share %zu bytes as /dev/shm%s between the ranks of a node: %s; "
                   "make /dev/shm larger (docker: --shm-size), or use --schedule static",
                   bytes, name, strerror(errno));
}

/* Touching a page that /dev/shm has no room for is a SIGBUS, so the room is reserved first. */
static parmap_status map(int file, const char *name, size_t bytes, pm_segment *segment)
{
    errno = ftruncate(file, (off_t)bytes) == 0 ? posix_fallocate(file, 0, (off_t)bytes) : errno;
    if (errno != 0)
        return refuse(name, bytes);
    void *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapping == MAP_FAILED)
        return refuse(name, bytes);
    *segment =
        (pm_segment){.mapping = mapping, .data = (char *)mapping + HEAD, .bytes = bytes - HEAD};
    return PARMAP_OK;
}

parmap_status pm_segment_open(const pm_topology *topology, const char *purpose, size_t bytes,
                              pm_segment *segment)
{
    char name[64];
    snprintf(name, sizeof name, "/parmap-%s-%016" PRIx64, purpose, topology->node_id);
    const int file = shm_open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return refuse(name, bytes);
    const parmap_status status = map(file, name, bytes + HEAD, segment);
    close(file);
    if (status != PARMAP_OK) {
        shm_unlink(name);
        return status;
    }
    segment_head *head = segment->mapping;
    if (atomic_fetch_add(&head->attached, 1) + 1 == topology->node_ranks)
        shm_unlink(name);
    return PARMAP_OK;
}

void pm_segment_close(pm_segment *segment)
{
    if (segment->mapping)
        munmap(segment->mapping, segment->bytes + HEAD);
    *segment = (pm_segment){0};
}
