/* Intervals of real numbers, ends included, and whether a NaN may be among them.  Rounding is
 * monotonic, so that the ends, computed as the formula computes, hold every result. */
#ifndef PM_FORMULA_REAL_INTERVAL_H
#define PM_FORMULA_REAL_INTERVAL_H

#include "formula/functions.h"
#include "formula/interval.h"

typedef struct pm_real_interval {
    double low, high;
    bool nan;
} pm_real_interval;

/* Everything. */
pm_real_interval pm_real_any(void);

/* Whole numbers converted to a type. */
pm_real_interval pm_real_of_whole(pm_interval a, parmap_type type);

/* Rounded to a type. */
pm_real_interval pm_real_round(pm_real_interval a, parmap_type type);

/* + - * / ** in a type. */
pm_real_interval pm_real_binary(pm_op op, pm_real_interval a, pm_real_interval b, parmap_type type);

pm_real_interval pm_real_negate(pm_real_interval a);
pm_real_interval pm_real_join(pm_real_interval a, pm_real_interval b);

/* A function of math.h; `a` is its first argument. */
pm_real_interval pm_real_call(const pm_callable *callable, pm_real_interval a, parmap_type type);

/* The whole numbers that remain when the fraction is dropped; false when one of them, infinity or
 * NaN does not fit 128 bits. */
bool pm_real_truncate(pm_real_interval a, pm_interval *result);

#endif
