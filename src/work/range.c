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

/* Where the part after the first `parts` begins. */
static int64_t border(const pm_range *whole, int64_t parts, int64_t of)
{
    return (int64_t)((parmap_int128)whole->count * parts / of);
}

pm_range pm_range_part(const pm_range *whole, pm_part part)
{
    if (part.of == 0)
        return *whole;
    return pm_range_between(whole, border(whole, part.number - 1, part.of),
                            border(whole, part.number, part.of));
}

parmap_int128 pm_range_last(const pm_range *range)
{
    return pm_range_item(range, range->count - 1);
}

pm_range pm_range_between(const pm_range *range, int64_t begin, int64_t end)
{
    return (pm_range){pm_range_item(range, begin), range->step, end - begin};
}

/* As the loops of a kernel make them: unsigned, so that no step overflows. */
#define FILL(CARRIER, VALUE, IN)                                                                   \
    for (int64_t i = 0; i < count; i++)                                                            \
        ((IN *)inputs)[i] =                                                                        \
            (IN)(VALUE)((CARRIER)first + (CARRIER)range->step * (CARRIER)(uint64_t)i);             \
    break

void pm_range_inputs(const pm_range *range, int64_t begin, int64_t count, parmap_type type,
                     void *inputs)
{
    const parmap_int128 first = pm_range_item(range, begin);
    switch (type) {
    case PARMAP_INT8:
    case PARMAP_UINT8:
        FILL(uint32_t, uint32_t, uint8_t);
    case PARMAP_INT16:
    case PARMAP_UINT16:
        FILL(uint32_t, uint32_t, uint16_t);
    case PARMAP_INT32:
    case PARMAP_UINT32:
        FILL(uint32_t, uint32_t, uint32_t);
    case PARMAP_INT64:
    case PARMAP_UINT64:
        FILL(uint64_t, uint64_t, uint64_t);
    case PARMAP_INT128:
        FILL(parmap_uint128, parmap_uint128, parmap_uint128);
    case PARMAP_FLOAT32:
        FILL(uint64_t, int64_t, float);
    case PARMAP_FLOAT64:
        FILL(uint64_t, int64_t, double);
    case PARMAP_TYPES:
        break;
    }
}

void pm_range_input(const pm_range *range, int64_t i, parmap_type type, void *input)
{
    pm_range_inputs(range, i, 1, type, input);
}

parmap_uint128 pm_range_steps(parmap_int128 from, parmap_int128 to, parmap_int128 step)
{
    const parmap_uint128 a = (parmap_uint128)from, b = (parmap_uint128)to;
    return step > 0 ? (b - a) / (parmap_uint128)step : (a - b) / (0 - (parmap_uint128)step);
}

int64_t pm_range_part_of(const pm_range *whole, int64_t of, int64_t i)
{
    /* the least number whose end, count * number / of, lies beyond i */
    return (int64_t)(((parmap_int128)(i + 1) * of + whole->count - 1) / whole->count);
}

char *pm_range_format(char text[PM_RANGE_TEXT], const pm_range *range)
{
    char first[PM_NUMBER_TEXT], last[PM_NUMBER_TEXT], step[PM_NUMBER_TEXT];
    pm_format_int128(first, range->first);
    pm_format_int128(last, pm_range_last(range));
    pm_format_int128(step, range->step);
    if (range->count == 0)
        snprintf(text, PM_RANGE_TEXT, PM_RANGE_NONE);
    else if (range->step == 1 || range->count == 1)
        snprintf(text, PM_RANGE_TEXT, "%s..%s", first, last);
    else
        snprintf(text, PM_RANGE_TEXT, "%s..%s:%s", first, last, step);
    return text;
}

char *pm_part_format(char text[PM_PART_TEXT], pm_part part)
{
    snprintf(text, PM_PART_TEXT, "%lld/%lld", (long long)part.number, (long long)part.of);
    return text;
}
