/* The free ranges of a segment: a list in the order of addresses, where neighbours become one, and
 * before it stacks of small ranges that come and go often. */
#ifndef PM_HEAP_RANGES_H
#define PM_HEAP_RANGES_H

#include "base/status.h"

enum { PM_RANGE_UNIT = 64, PM_RANGE_SMALL = 256 }; /* ranges are multiples of the unit */

typedef struct pm_range pm_range;

typedef struct pm_ranges {
    pm_range *first;
    pm_range *small[PM_RANGE_SMALL + 1]; /* of so many units; not joined to their neighbours */
    pm_range *spare;                     /* list nodes in no use */
} pm_ranges;

/* Everything from begin to end - 1 is free. */
void pm_ranges_open(pm_ranges *ranges, uint64_t begin, uint64_t end);
void pm_ranges_close(pm_ranges *ranges);

/* The lowest range that has `bytes`; false when there is none. */
bool pm_ranges_take(pm_ranges *ranges, uint64_t bytes, uint64_t *begin);

/* PARMAP_SYSTEM when there is no memory for the books; the range is lost then. */
parmap_status pm_ranges_give(pm_ranges *ranges, uint64_t begin, uint64_t bytes);

#endif
