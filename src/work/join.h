/* Ranges joined into one: which of several parts gives which items of the whole, what none of them
 * has, and what more than one has.  Places in the whole are counted from 0. */
#ifndef PM_WORK_JOIN_H
#define PM_WORK_JOIN_H

#include "work/range.h"

/* Items begin <= i < end of the whole. */
typedef struct pm_share {
    int64_t begin, end;
    int part;  /* that gives them */
    int other; /* that has them too, in a list of overlaps */
} pm_share;

typedef struct pm_shares {
    pm_share *items;
    int count, room;
} pm_shares;

typedef struct pm_join {
    pm_range whole;
    int64_t *places;    /* where each part begins */
    pm_shares shares;   /* without gaps and overlaps these are the parts in their order */
    pm_shares overlaps; /* each item of a further part with the part that gives it */
    pm_shares gaps;
} pm_join;

/* Whether items of both can belong to one range: the same step, and a whole number of steps between
 * them.  A range of one item has no step of its own. */
bool pm_range_meets(const pm_range *a, const pm_range *b);

/* `whole` grows until it holds `range`, which it meets; its step stays.  PARMAP_USAGE when it gets
 * more than 2^63-1 items. */
parmap_status pm_range_widen(pm_range *whole, const pm_range *range);

/* Lays the parts, which meet the whole and lie in it, over the whole.  Of parts that have the same
 * items, the one that begins first gives them; of those, the longest; of those, the first named.
 * The caller frees it, also after a failure. */
parmap_status pm_join_make(pm_join *join, const pm_range *whole, const pm_range *parts, int count);
void pm_join_free(pm_join *join);

/* The share that holds an item of a whole without gaps. */
const pm_share *pm_join_find(const pm_join *join, int64_t item);

#endif
