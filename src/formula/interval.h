/* Intervals of whole numbers, ends included, within 128 bits.  Each operation gives an interval
 * that holds every result, and false when a result may not exist (a division by zero) or may not
 * fit 128 bits. */
#ifndef PM_FORMULA_INTERVAL_H
#define PM_FORMULA_INTERVAL_H

#include "formula/lex.h"

typedef struct pm_interval {
    parmap_int128 low, high;
} pm_interval;

bool pm_interval_binary(pm_op op, pm_interval a, pm_interval b, pm_interval *result);

/* a * a. */
bool pm_interval_square(pm_interval a, pm_interval *result);

/* -a, ~a, !a; |a|. */
bool pm_interval_unary(pm_op op, pm_interval a, pm_interval *result);
bool pm_interval_abs(pm_interval a, pm_interval *result);

/* The smallest interval that holds both. */
pm_interval pm_interval_join(pm_interval a, pm_interval b);

/* Whether a comparison holds for all pairs (1), for none (0), or for some (-1). */
int pm_interval_compare(pm_op op, pm_interval a, pm_interval b);

#endif
