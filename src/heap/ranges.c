/* First fit, after a look at the stacks. */
#include "heap/ranges.h"

#include <stdlib.h>

struct pm_range {
    pm_range *next;
    uint64_t begin, end;
};

static pm_range *new_range(pm_ranges *ranges, uint64_t begin, uint64_t end)
{
    pm_range *range = ranges->spare;
    if (range)
        ranges->spare = range->next;
    else
        range = malloc(sizeof *range);
    if (range)
        *range = (pm_range){.begin = begin, .end = end};
    return range;
}

static void drop(pm_ranges *ranges, pm_range *range)
{
    range->next = ranges->spare;
    ranges->spare = range;
}

void pm_ranges_open(pm_ranges *ranges, uint64_t begin, uint64_t end)
{
    *ranges = (pm_ranges){0};
    ranges->first = new_range(ranges, begin, end);
}

static void free_list(pm_range **list)
{
    for (pm_range *next; *list; *list = next) {
        next = (*list)->next;
        free(*list);
    }
}

void pm_ranges_close(pm_ranges *ranges)
{
    free_list(&ranges->first);
    free_list(&ranges->spare);
    for (int units = 0; units <= PM_RANGE_SMALL; units++)
        free_list(&ranges->small[units]);
}

static pm_range **stack_of(pm_ranges *ranges, uint64_t bytes)
{
    return bytes <= (uint64_t)PM_RANGE_SMALL * PM_RANGE_UNIT ? &ranges->small[bytes / PM_RANGE_UNIT]
                                                             : NULL;
}

/* Into the list, joined to its neighbours. */
static parmap_status insert(pm_ranges *ranges, uint64_t begin, uint64_t end)
{
    pm_range **link = &ranges->first;
    while (*link && (*link)->end < begin)
        link = &(*link)->next;
    pm_range *range = *link;
    if (range && range->end == begin) {
        range->end = end;
        pm_range *next = range->next;
        if (next && next->begin == end) {
            range->end = next->end;
            range->next = next->next;
            drop(ranges, next);
        }
        return PARMAP_OK;
    }
    if (range && range->begin == end) {
        range->begin = begin;
        return PARMAP_OK;
    }
    pm_range *made = new_range(ranges, begin, end);
    if (!made)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the books of the heap");
    made->next = range;
    *link = made;
    return PARMAP_OK;
}

static bool take_from_list(pm_ranges *ranges, uint64_t bytes, uint64_t *begin)
{
    pm_range **link = &ranges->first;
    while (*link && (*link)->end - (*link)->begin < bytes)
        link = &(*link)->next;
    pm_range *range = *link;
    if (!range)
        return false;
    *begin = range->begin;
    range->begin += bytes;
    if (range->begin == range->end) {
        *link = range->next;
        drop(ranges, range);
    }
    return true;
}

/* Two lists in the order of addresses, as one. */
static pm_range *merge(pm_range *a, pm_range *b)
{
    pm_range *first = NULL, **link = &first;
    while (a && b) {
        pm_range **lower = a->begin < b->begin ? &a : &b;
        *link = *lower;
        link = &(*lower)->next;
        *lower = *link;
    }
    *link = a ? a : b;
    return first;
}

static pm_range *sort(pm_range *list)
{
    if (!list || !list->next)
        return list;
    pm_range *middle = list;
    for (pm_range *end = list->next; end && end->next; end = end->next->next)
        middle = middle->next;
    pm_range *second = middle->next;
    middle->next = NULL;
    return merge(sort(list), sort(second));
}

static void join_neighbours(pm_ranges *ranges)
{
    for (pm_range *range = ranges->first; range; range = range->next)
        while (range->next && range->next->begin == range->end) {
            pm_range *next = range->next;
            range->end = next->end;
            range->next = next->next;
            drop(ranges, next);
        }
}

/* All small ranges into the list: together they may be a large one. */
static bool empty_stacks(pm_ranges *ranges)
{
    pm_range *all = NULL;
    for (int units = 0; units <= PM_RANGE_SMALL; units++)
        while (ranges->small[units]) {
            pm_range *range = ranges->small[units];
            ranges->small[units] = range->next;
            range->next = all;
            all = range;
        }
    if (!all)
        return false;
    ranges->first = merge(ranges->first, sort(all));
    join_neighbours(ranges);
    return true;
}

bool pm_ranges_take(pm_ranges *ranges, uint64_t bytes, uint64_t *begin)
{
    pm_range **stack = stack_of(ranges, bytes);
    if (stack && *stack) {
        pm_range *range = *stack;
        *stack = range->next;
        *begin = range->begin;
        drop(ranges, range);
        return true;
    }
    return take_from_list(ranges, bytes, begin) ||
           (empty_stacks(ranges) && take_from_list(ranges, bytes, begin));
}

parmap_status pm_ranges_give(pm_ranges *ranges, uint64_t begin, uint64_t bytes)
{
    pm_range **stack = stack_of(ranges, bytes);
    if (!stack)
        return insert(ranges, begin, begin + bytes);
    pm_range *range = new_range(ranges, begin, begin + bytes);
    if (!range)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the books of the heap");
    range->next = *stack;
    *stack = range;
    return PARMAP_OK;
}
