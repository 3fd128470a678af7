/* What our programs of this group share: a start that all ranks take together, and the sums. */
#ifndef OURS_H
#define OURS_H

#include "../reference/loop.h"

#include <parmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Collective.  Handles that the last rank made, everywhere. */
static inline void share_of_last(void *handles, size_t bytes)
{
    PARMAP_MUST(parmap_broadcast(handles, bytes, parmap_size() - 1));
}

/* Collective.  A moment to come, the same on all ranks; everybody sleeps until then. */
static inline double start_together(void)
{
    double start = soon();
    PARMAP_MUST(parmap_broadcast(&start, sizeof start, 0));
    sleep_until(start);
    return start;
}

/* Collective. */
static inline double sum_of(double number)
{
    int64_t sum = (int64_t)(number * 1e3);
    PARMAP_MUST(parmap_sum(&sum, 1));
    return 1e-3 * (double)sum;
}

#endif
