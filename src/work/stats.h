/* Minimum, maximum and exact sum of the results, folded block by block while they are in cache. */
#ifndef PM_WORK_STATS_H
#define PM_WORK_STATS_H

#include "base/status.h"

enum { PM_STATS_TEXT = 48 };

/* Of one type; which fields count follows from it.  Exchanged between ranks: plain numbers only. */
typedef struct pm_stats {
    parmap_int128 min, max;    /* integer types */
    double real_min, real_max; /* float64; NaNs are passed over */
    parmap_int128 sum;         /* integers, and whole numbers in float64 */
    int32_t inexact; /* float64: values that are not whole numbers below 2^53: no exact sum */
    int32_t reserved;
} pm_stats;

pm_stats pm_stats_none(void);

/* Adds `count` numbers of a type, 64-byte aligned. */
void pm_stats_add(pm_stats *stats, parmap_type type, parmap_vector vector, const void *results,
                  int64_t count);

/* The same of `count` items of `elements` numbers each, for those whose status is `good` only. */
void pm_stats_add_some(pm_stats *stats, parmap_type type, int64_t elements, const void *results,
                       const uint8_t *statuses, uint8_t good, int64_t count);

void pm_stats_merge(pm_stats *stats, const pm_stats *other);

/* As decimal text; `sum` is "" for int128 and "not exact" where it is not. */
void pm_stats_format(const pm_stats *stats, parmap_type type, char min[PM_STATS_TEXT],
                     char max[PM_STATS_TEXT], char sum[PM_STATS_TEXT]);

#endif
