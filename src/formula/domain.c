/* Proofs hold for smaller boxes too, so that from a number for which the formula is proved each end
 * of the box is found by bisection. */
#include "formula/domain.h"

#include "base/types.h"
#include "formula/prove.h"

static bool proved(const pm_parts *parts, parmap_int128 low, parmap_int128 high)
{
    const pm_reach reach = {.whole = {low, high}};
    return pm_prove(parts, &reach);
}

/* A number between two, without overflow. */
static parmap_int128 between(parmap_int128 low, parmap_int128 high)
{
    return low + (parmap_int128)(((parmap_uint128)high - (parmap_uint128)low) / 2);
}

/* The highest end up to `most` with which the box from low..high on is proved. */
static parmap_int128 highest(const pm_parts *parts, parmap_int128 low, parmap_int128 high,
                             parmap_int128 most)
{
    if (proved(parts, low, most))
        return most;
    while (high + 1 < most) {
        const parmap_int128 middle = between(high, most);
        if (proved(parts, low, middle))
            high = middle;
        else
            most = middle;
    }
    return high;
}

static parmap_int128 lowest(const pm_parts *parts, parmap_int128 low, parmap_int128 high,
                            parmap_int128 least)
{
    if (proved(parts, least, high))
        return least;
    while (least < low - 1) {
        const parmap_int128 middle = between(least, low);
        if (proved(parts, middle, high))
            low = middle;
        else
            least = middle;
    }
    return low;
}

/* The box that grows from a first one; the empty one where that is not proved. */
static parmap_domain grow(const pm_parts *parts, parmap_domain type, parmap_domain box)
{
    if (!proved(parts, box.min, box.max))
        return PM_DOMAIN_EMPTY;
    box.max = highest(parts, box.min, box.max, type.max);
    box.min = lowest(parts, box.min, box.max, type.min);
    return box;
}

/* How many numbers two domains have in common. */
static parmap_uint128 common(parmap_domain a, parmap_domain b)
{
    const parmap_int128 low = a.min > b.min ? a.min : b.min, high = a.max < b.max ? a.max : b.max;
    if (low > high)
        return 0;
    const parmap_uint128 more = (parmap_uint128)high - (parmap_uint128)low;
    return more == (parmap_uint128)-1 ? more : more + 1;
}

parmap_domain pm_domain_find(const pm_parts *parts, parmap_domain used)
{
    const parmap_domain type = pm_type_domain(parts->inputs[0].type);
    const parmap_int128 middle = between(used.min, used.max);
    const parmap_domain first[] = {
        type, {0, 0}, used, {middle, middle}, {used.max, used.max}, {used.min, used.min}, {1, 1}};
    parmap_domain best = PM_DOMAIN_EMPTY;
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        if (first[i].min < type.min || first[i].max > type.max || pm_domain_covers(best, first[i]))
            continue;
        const parmap_domain box = grow(parts, type, first[i]);
        if (common(box, used) > common(best, used))
            best = box;
        if (pm_domain_covers(best, used))
            break;
    }
    return best;
}
