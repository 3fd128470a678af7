/* shm: all ranks are on one node.  Their segments are one object in shared memory, used through C11
 * atomics; waiting is a futex, so a rank that waits costs nothing. */
#include "comm/segment.h"
#include "comm/window_backend.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static pm_segment segments[PM_SPACES];

/* With the message of what failed before. */
static parmap_status refuse_room(uint32_t space)
{
    const uint64_t mib = (pm_spaces[space].bytes * pm_spaces[space].ranks >> 20) + 1;
    return pm_fail(PARMAP_NO_MEMORY,
                   "%s; the %s of all ranks together may take %" PRIu64
                   " MiB of it (--shm-size=%" PRIu64 "M)%s",
                   parmap_message(), space == 0 ? "heaps" : "parts", mib, mib,
                   space == 0 ? ", or set PARMAP_HEAP to less" : "");
}

static parmap_status open_shm(uint32_t space)
{
    char purpose[32];
    pm_memory *memory = &pm_spaces[space];
    snprintf(purpose, sizeof purpose, "shared%" PRIu32, memory->generation);
    parmap_status status = pm_segment_open_sparse(&pm_the_job.topology, purpose,
                                                  memory->bytes * memory->ranks, &segments[space]);
    if (status == PARMAP_OK) /* what the window itself uses of the heap's segment */
        status =
            pm_segment_reserve(&segments[space], memory->bytes * (uint64_t)pm_the_job.world.rank,
                               space == 0 ? PM_HEAP_BEGIN : 0);
    for (uint32_t r = 0; r < memory->ranks && status == PARMAP_OK; r++)
        memory->base[r] = (char *)segments[space].data + memory->bytes * r;
    if (status != PARMAP_OK)
        refuse_room(space);
    if (pm_agree(&pm_the_job.world, status, NULL) == PARMAP_OK)
        return PARMAP_OK;
    pm_segment_close(&segments[space]);
    return PARMAP_NO_MEMORY;
}

/* The heap stays: a thread that outlives the job may still be in it, and the process ends anyway.
 */
static parmap_status close_shm(uint32_t space)
{
    if (space > 0)
        pm_segment_close(&segments[space]);
    return PARMAP_OK;
}

static void *own_shm(uint32_t space)
{
    return pm_spaces[space].base[pm_the_job.world.rank];
}

static parmap_status reserve_shm(uint32_t space, uint64_t first, uint64_t bytes)
{
    const uint64_t own = pm_spaces[space].bytes * (uint64_t)pm_the_job.world.rank;
    const parmap_status status = pm_segment_reserve(&segments[space], own + first, bytes);
    return status == PARMAP_OK ? PARMAP_OK : refuse_room(space);
}

static long futex(const void *word, int op, uint32_t value, const struct timespec *time)
{
    return syscall(SYS_futex, word, op, value, time, NULL, 0);
}

/* The low half comes first: parmap runs on little-endian machines only. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a futex is the low half of a word");

static parmap_status wait_shm(pm_ref ref, uint64_t at, uint32_t expected, double seconds,
                              bool *timed_out)
{
    const char *word = pm_direct(ref);
    if (!word)
        return pm_refuse_ref(ref);
    const struct timespec time = {.tv_sec = (time_t)seconds,
                                  .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    *timed_out = futex(word + at, FUTEX_WAIT, expected, &time) != 0 && errno == ETIMEDOUT;
    return PARMAP_OK;
}

static parmap_status wake_shm(pm_ref ref, uint64_t at, int count)
{
    const char *word = pm_direct(ref);
    if (!word)
        return pm_refuse_ref(ref);
    futex(word + at, FUTEX_WAKE, (uint32_t)count, NULL);
    return PARMAP_OK;
}

const pm_backend pm_backend_shm = {.name = "shm",
                                   .open = open_shm,
                                   .close = close_shm,
                                   .own = own_shm,
                                   .reserve = reserve_shm,
                                   .wait = wait_shm,
                                   .wake = wake_shm};
