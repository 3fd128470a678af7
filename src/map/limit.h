/* When a rank has to have stopped, and whether another block still fits before it. */
#ifndef PM_MAP_LIMIT_H
#define PM_MAP_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct pm_limit {
    double until;               /* by pm_now(); INFINITY = no limit */
    _Atomic int64_t longest_ns; /* of the rank's blocks of late */
} pm_limit;

/* `until` 0 = no limit.  `block_s` is what a block should take, as far as that is known before the
 * first. */
pm_limit pm_limit_of(double until, double block_s);

/* Local, any thread.  Whether a block that is begun now will end in time, as far as the longest of
 * late tells. */
bool pm_limit_fits(const pm_limit *limit, double now);

/* Local, any thread.  Whether it is over. */
bool pm_limit_over(const pm_limit *limit, double now);

/* Local, any thread.  A block took so many seconds. */
void pm_limit_learn(pm_limit *limit, double seconds);

#endif
