/* Who acquired something and when, in one word that is cheap to make.
 *
 *   bit   53 .. 32                    29 .. 0
 *         quarters of a second,       executor
 *         modulo 12 days
 */
#ifndef PM_SHARE_STAMP_H
#define PM_SHARE_STAMP_H

#include "comm/executor.h"

#include <time.h>

enum {
    PM_STAMP_SHIFT = 32,
    PM_STAMP_TIME = (1 << 22) - 1, /* in units of the time's lowest bit */
    PM_STAMP_EXECUTOR = (1 << 30) - 1
};

/* The time alone.  Of the clock that all nodes set; it is read without a system call, and is good
 * to some milliseconds. */
static inline uint64_t pm_stamp_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    const uint64_t quarters = (uint64_t)now.tv_sec * 4 + (uint32_t)now.tv_nsec / 250000000U;
    return (quarters & PM_STAMP_TIME) << PM_STAMP_SHIFT;
}

static inline pm_executor pm_stamp_executor(uint64_t stamp)
{
    return (pm_executor)(stamp & PM_STAMP_EXECUTOR);
}

/* "14:03:22, 5 s ago": when that was.  Returns `text`. */
enum { PM_SINCE_BYTES = 64 };
const char *pm_stamp_since(uint64_t stamp, char text[PM_SINCE_BYTES]);

#endif
