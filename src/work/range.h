/* The inputs of a run: item i is first + i * step. */
#ifndef PM_WORK_RANGE_H
#define PM_WORK_RANGE_H

#include "base/status.h"

enum { PM_RANGE_TEXT = 160, PM_PART_TEXT = 48 };

typedef struct pm_range {
    parmap_int128 first;
    parmap_int128 step; /* not 0; negative = descending */
    int64_t count;      /* at least 1, but for the range of no rows */
} pm_range;

#define PM_RANGE_NONE "none"
static inline pm_range pm_range_of_none(void)
{
    return (pm_range){0, 1, 0};
}

/* One of the equal parts of a range: the `number`-th of `of`, from 1 on.  of = 0: not divided. */
typedef struct pm_part {
    int64_t number, of;
} pm_part;

/* The items of a part, of at most as many parts as there are items.  Their numbers differ by one at
 * most, and they follow from the range's length alone. */
pm_range pm_range_part(const pm_range *whole, pm_part part);

/* Which of `of` parts holds item i. */
int64_t pm_range_part_of(const pm_range *whole, int64_t of, int64_t i);

parmap_int128 pm_range_item(const pm_range *range, int64_t i);
parmap_int128 pm_range_last(const pm_range *range);

/* Items begin <= i < end. */
pm_range pm_range_between(const pm_range *range, int64_t begin, int64_t end);

/* Items begin .. begin + count - 1 as values of a type of inputs, and one of them. */
void pm_range_inputs(const pm_range *range, int64_t begin, int64_t count, parmap_type type,
                     void *inputs);
void pm_range_input(const pm_range *range, int64_t i, parmap_type type, void *input);

/* How many whole steps lead from `from` to `to`, which lies in the step's direction.  Unsigned:
 * they may be far apart. */
parmap_uint128 pm_range_steps(parmap_int128 from, parmap_int128 to, parmap_int128 step);

/* "1..1000000", "9..1:-2": the last item that is reached.  Returns `text`. */
char *pm_range_format(char text[PM_RANGE_TEXT], const pm_range *range);

/* "3/8".  Returns `text`. */
char *pm_part_format(char text[PM_PART_TEXT], pm_part part);

#endif
