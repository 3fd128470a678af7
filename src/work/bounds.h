/* Whether items of an array lie within bounds: vectorised, for checks that cost next to nothing. */
#ifndef PM_WORK_BOUNDS_H
#define PM_WORK_BOUNDS_H

#include <parmap.h>

/* How items of a type are compared with both ends. */
typedef enum pm_bounds_check {
    PM_BOUNDS_EMPTY, /* nothing is within */
    PM_BOUNDS_NARROW64,
    PM_BOUNDS_WIDE64,
    PM_BOUNDS_NARROW128,
    PM_BOUNDS_WIDE128,
    PM_BOUNDS_REAL,
    PM_BOUNDS_NONE, /* everything is */
    PM_BOUNDS_CHECKS
} pm_bounds_check;

/* An end in the type of the items, whole numbers as their bits. */
typedef union pm_bound {
    uint64_t bits64;
    parmap_uint128 bits128;
    double real;
} pm_bound;

typedef struct pm_bounds {
    pm_bounds_check check;
    parmap_type type; /* of the items; narrow ones are looked at in their wide type */
    pm_bound low;
    pm_bound high;
} pm_bounds;

/* The domain, ends included, for items of a type; for whole numbers its ends lie within the
 * type. */
pm_bounds pm_bounds_of(parmap_domain domain, parmap_type type);
pm_bounds pm_bounds_none(void);

/* Whether one of `count` items lies outside; a NaN does.  `next`: items that will be asked about
 * next, as many, which are fetched into the cache meanwhile; or `items` when there are none. */
bool pm_bounds_exceeded(const pm_bounds *bounds, parmap_vector vector, const void *items,
                        int64_t count, const void *next);

#endif
