/* Items of an arithmetic progression.  Computed unsigned: a step times an index may pass the ends
 * of the signed type on the way to an item that lies within them. */
#include "work/range.h"

#include "base/text.h"

#include <stdio.h>

parmap_int128 pm_range_item(const pm_range *range, int64_t i)
{
    return (parmap_int128)((parmap_uint128)range->first +
                           (parmap_uint128)range->step * (parmap_uint128)(uint64_t)i);
}

parmap_int128 pm_range_last(const pm_range *range)
{
    return pm_range_item(range, range->count - 1);
}

void pm_range_input(const pm_range *range, int64_t i, parmap_type type, void *input)
{
    const parmap_int128 x = pm_range_item(range, i);
    if (type == PARMAP_INT128)
        *(parmap_int128 *)input = x;
    else if (type == PARMAP_FLOAT64)
        *(double *)input = (double)x;
    else
        *(uint64_t *)input = (uint64_t)x; /* the bits of an int64_t too */
}

char *pm_range_format(char text[PM_RANGE_TEXT], const pm_range *range)
{
    char first[PM_NUMBER_TEXT], last[PM_NUMBER_TEXT], step[PM_NUMBER_TEXT];
    pm_format_int128(first, range->first);
    pm_format_int128(last, pm_range_last(range));
    pm_format_int128(step, range->step);
    if (range->step == 1 || range->count == 1)
        snprintf(text, PM_RANGE_TEXT, "%s..%s", first, last);
    else
        snprintf(text, PM_RANGE_TEXT, "%s..%s:%s", first, last, step);
    return text;
}
