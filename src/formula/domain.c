/* Proofs hold for smaller boxes too, so that from a number for which the formula is proved each end
 * of the box is found by bisection. */
#include "formula/domain.h"

#include "base/types.h"
#include "formula/prove.h"

enum { SPLITS = 8 };

/* What the search knows. */
typedef struct search {
    const pm_parts *parts;
    parmap_int128
        splits[SPLITS]; /* ascending: numbers that the input is compared with for equality */
    int split_count;
} search;

static bool proved_whole(const pm_parts *parts, parmap_int128 low, parmap_int128 high)
{
    const pm_reach reach = {.whole = {low, high}};
    return pm_prove(parts, &reach);
}

/* Piece by piece: an interval cannot say "all but 0", which x != 0 ? 1/x : 0 needs. */
static bool proved(const search *s, parmap_int128 low, parmap_int128 high)
{
    if (proved_whole(s->parts, low, high))
        return true;
    bool split = false;
    for (int i = 0; i < s->split_count; i++) {
        const parmap_int128 at = s->splits[i];
        if (at < low || at > high)
            continue;
        if ((at > low && !proved_whole(s->parts, low, at - 1)) || !proved_whole(s->parts, at, at))
            return false;
        split = true;
        if (at == high)
            return true;
        low = at + 1;
    }
    return split && proved_whole(s->parts, low, high);
}

static void add_split(search *s, parmap_int128 number)
{
    int at = 0;
    while (at < s->split_count && s->splits[at] < number)
        at++;
    if (s->split_count == SPLITS || (at < s->split_count && s->splits[at] == number))
        return;
    for (int i = s->split_count++; i > at; i--)
        s->splits[i] = s->splits[i - 1];
    s->splits[at] = number;
}

/* Every x == 5, 5 != x. */
static void find_splits(search *s)
{
    const pm_tree *tree = &s->parts->tree;
    for (int i = 0; i < tree->count; i++) {
        const pm_node *node = &tree->nodes[i];
        if (node->op != PM_OP_EQUAL && node->op != PM_OP_NOT_EQUAL)
            continue;
        const pm_node *a = &tree->nodes[node->first], *b = &tree->nodes[a->next];
        if (a->kind == PM_NODE_INPUT && b->kind == PM_NODE_WHOLE)
            add_split(s, b->whole);
        if (b->kind == PM_NODE_INPUT && a->kind == PM_NODE_WHOLE)
            add_split(s, a->whole);
    }
}

/* A number between two, without overflow. */
static parmap_int128 between(parmap_int128 low, parmap_int128 high)
{
    return low + (parmap_int128)(((parmap_uint128)high - (parmap_uint128)low) / 2);
}

/* The highest end up to `most` with which the box from low..high on is proved. */
static parmap_int128 highest(const search *s, parmap_int128 low, parmap_int128 high,
                             parmap_int128 most)
{
    if (proved(s, low, most))
        return most;
    while (high + 1 < most) {
        const parmap_int128 middle = between(high, most);
        if (proved(s, low, middle))
            high = middle;
        else
            most = middle;
    }
    return high;
}

static parmap_int128 lowest(const search *s, parmap_int128 low, parmap_int128 high,
                            parmap_int128 least)
{
    if (proved(s, least, high))
        return least;
    while (least < low - 1) {
        const parmap_int128 middle = between(least, low);
        if (proved(s, middle, high))
            low = middle;
        else
            least = middle;
    }
    return low;
}

/* The box that grows from a first one; the empty one where that is not proved. */
static parmap_domain grow(const search *s, parmap_domain type, parmap_domain box)
{
    if (!proved(s, box.min, box.max))
        return PM_DOMAIN_EMPTY;
    box.max = highest(s, box.min, box.max, type.max);
    box.min = lowest(s, box.min, box.max, type.min);
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
    search s = {.parts = parts};
    find_splits(&s);
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        if (first[i].min < type.min || first[i].max > type.max || pm_domain_covers(best, first[i]))
            continue;
        const parmap_domain box = grow(&s, type, first[i]);
        if (common(box, used) > common(best, used))
            best = box;
        if (pm_domain_covers(best, used))
            break;
    }
    return best;
}
