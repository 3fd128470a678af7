/* A deadline and the longest block, which is slowly forgotten. */
#include "map/limit.h"

#include <math.h>

enum { FORGET = 64 }; /* each block takes off so small a part: half is forgotten after 44 */

pm_limit pm_limit_of(double until, double block_s)
{
    return (pm_limit){until > 0 ? until : INFINITY, (int64_t)(block_s * 1e9)};
}

bool pm_limit_fits(const pm_limit *limit, double now)
{
    const int64_t longest = atomic_load_explicit(&limit->longest_ns, memory_order_relaxed);
    return now + 1e-9 * (double)longest <= limit->until;
}

bool pm_limit_over(const pm_limit *limit, double now)
{
    return now > limit->until;
}

void pm_limit_learn(pm_limit *limit, double seconds)
{
    const int64_t took = (int64_t)(seconds * 1e9);
    int64_t longest, before = atomic_load_explicit(&limit->longest_ns, memory_order_relaxed);
    do {
        const int64_t faded = before - before / FORGET;
        longest = took > faded ? took : faded;
    } while (longest != before &&
             !atomic_compare_exchange_weak(&limit->longest_ns, &before, longest));
}
