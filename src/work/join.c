/* A sweep over the parts in their order. */
#include "work/join.h"

#include <stdlib.h>

static bool multiple(parmap_int128 a, parmap_int128 b, parmap_int128 step)
{
    const parmap_uint128 distance =
        a > b ? (parmap_uint128)a - (parmap_uint128)b : (parmap_uint128)b - (parmap_uint128)a;
    const parmap_uint128 stride = step > 0 ? (parmap_uint128)step : 0 - (parmap_uint128)step;
    return distance % stride == 0;
}

bool pm_range_meets(const pm_range *a, const pm_range *b)
{
    if (a->count > 1 && b->count > 1 && a->step != b->step)
        return false;
    return (a->count == 1 && b->count == 1) ||
           multiple(a->first, b->first, a->count > 1 ? a->step : b->step);
}

static parmap_int128 earlier(parmap_int128 a, parmap_int128 b, parmap_int128 step)
{
    return (a < b) == (step > 0) ? a : b;
}

parmap_status pm_range_widen(pm_range *whole, const pm_range *range)
{
    const parmap_int128 step = whole->step, end = pm_range_last(whole),
                        other_end = pm_range_last(range);
    const parmap_int128 last = earlier(end, other_end, step) == end ? other_end : end;
    whole->first = earlier(whole->first, range->first, step);
    const parmap_uint128 steps = pm_range_steps(whole->first, last, step);
    if (steps >= INT64_MAX)
        return pm_fail(PARMAP_USAGE, "more than 2^63-1 elements");
    whole->count = (int64_t)steps + 1;
    return PARMAP_OK;
}

static parmap_status add(pm_shares *list, pm_share share)
{
    if (list->count == list->room) {
        const int room = list->room > 0 ? 2 * list->room : 16;
        pm_share *items = realloc(list->items, (size_t)room * sizeof *items);
        if (!items)
            return pm_fail(PARMAP_SYSTEM, "out of memory for the parts");
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = share;
    return PARMAP_OK;
}

static int by_place(const void *left, const void *right)
{
    const pm_share *a = left, *b = right;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    if (a->end != b->end)
        return a->end > b->end ? -1 : 1;
    return a->part - b->part;
}

/* What `part` has and others give already, up to `end`. */
static parmap_status add_overlaps(pm_join *join, const pm_share *part, int64_t end)
{
    int first = join->shares.count;
    while (first > 0 && join->shares.items[first - 1].end > part->begin)
        first--;
    for (int i = first; i < join->shares.count; i++) {
        const pm_share *given = &join->shares.items[i];
        if (given->begin >= end)
            break;
        const int64_t from = given->begin > part->begin ? given->begin : part->begin;
        const int64_t to = given->end < end ? given->end : end;
        PM_TRY(add(&join->overlaps, (pm_share){from, to, given->part, part->part}));
    }
    return PARMAP_OK;
}

/* `sorted` by place.  All before `covered` is given, or is a gap. */
static parmap_status sweep(pm_join *join, const pm_share *sorted, int count)
{
    int64_t covered = 0;
    for (int i = 0; i < count; i++) {
        pm_share part = sorted[i];
        if (part.begin > covered)
            PM_TRY(add(&join->gaps, (pm_share){covered, part.begin, -1, -1}));
        const int64_t shared = part.end < covered ? part.end : covered;
        if (part.begin < shared)
            PM_TRY(add_overlaps(join, &part, shared));
        if (part.end <= covered)
            continue;
        part.begin = part.begin > covered ? part.begin : covered;
        PM_TRY(add(&join->shares, part));
        covered = part.end;
    }
    if (covered < join->whole.count)
        PM_TRY(add(&join->gaps, (pm_share){covered, join->whole.count, -1, -1}));
    return PARMAP_OK;
}

parmap_status pm_join_make(pm_join *join, const pm_range *whole, const pm_range *parts, int count)
{
    *join = (pm_join){.whole = *whole};
    pm_share *sorted = calloc((size_t)count, sizeof *sorted);
    join->places = calloc((size_t)count, sizeof *join->places);
    parmap_status status = PARMAP_OK;
    if (!sorted || !join->places)
        PM_TRY_DONE(pm_fail(PARMAP_SYSTEM, "out of memory for %d parts", count));
    for (int i = 0; i < count; i++) {
        join->places[i] = (int64_t)pm_range_steps(whole->first, parts[i].first, whole->step);
        sorted[i] = (pm_share){join->places[i], join->places[i] + parts[i].count, i, -1};
    }
    qsort(sorted, (size_t)count, sizeof *sorted, by_place);
    status = sweep(join, sorted, count);
done:
    free(sorted);
    return status;
}

void pm_join_free(pm_join *join)
{
    free(join->places);
    free(join->shares.items);
    free(join->overlaps.items);
    free(join->gaps.items);
    *join = (pm_join){.places = NULL};
}

const pm_share *pm_join_find(const pm_join *join, int64_t item)
{
    int low = 0, high = join->shares.count - 1;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (join->shares.items[middle].end > item)
            high = middle;
        else
            low = middle + 1;
    }
    return &join->shares.items[low];
}
