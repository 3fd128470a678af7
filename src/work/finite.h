/* NaN and infinities among items in memory. */
#ifndef PM_WORK_FINITE_H
#define PM_WORK_FINITE_H

#include "base/layout.h"

/* PARMAP_BAD_DATA, "x is NaN", when a number of the item is NaN or infinite. */
parmap_status pm_finite_check(const pm_layout *layout, const void *item);

/* How many of `count` items have one.  Fast where there is none. */
int64_t pm_finite_count_others(const pm_layout *layout, const void *items, int64_t count,
                               int64_t *first);

#endif
