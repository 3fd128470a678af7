/* Parts laid over the whole: compared with a map of the items, one by one. */
#include "work/join.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

enum { ITEMS = 64, PARTS = 12 };

static const parmap_int128 largest = (parmap_int128)(~(parmap_uint128)0 >> 1);

/* Lists as text: "0-5:2 5-9:0" for items 0 to 4 of part 2 and 5 to 8 of part 0; overlaps as
 * "3-5:0,1". */
static const char *text_of(const pm_shares *list, bool two)
{
    static char text[1024];
    size_t length = 0;
    text[0] = '\0';
    for (int i = 0; i < list->count; i++) {
        const pm_share *s = &list->items[i];
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%lld-%lld:%d",
                                   i ? " " : "", (long long)s->begin, (long long)s->end, s->part);
        if (two)
            length += (size_t)snprintf(text + length, sizeof text - length, ",%d", s->other);
    }
    return text;
}

static void check_join(const pm_range *whole, const pm_range *parts, int count, const char *shares,
                       const char *overlaps, const char *gaps)
{
    pm_join join;
    CHECK_INT(pm_join_make(&join, whole, parts, count), PARMAP_OK);
    CHECK_TEXT(text_of(&join.shares, false), shares);
    CHECK_TEXT(text_of(&join.overlaps, true), overlaps);
    CHECK_TEXT(text_of(&join.gaps, false), gaps);
    pm_join_free(&join);
}

static void few_parts(void)
{
    const pm_range whole = {1, 1, 10};
    check_join(&whole, &whole, 1, "0-10:0", "", "");
    check_join(&whole, (pm_range[]){{6, 1, 5}, {1, 1, 5}}, 2, "0-5:1 5-10:0", "", "");
    check_join(&whole, (pm_range[]){{2, 1, 3}, {7, 1, 2}}, 2, "1-4:0 6-8:1", "",
               "0-1:-1 4-6:-1 8-10:-1");
    check_join(&whole, (pm_range[]){{1, 1, 6}, {4, 1, 7}}, 2, "0-6:0 6-10:1", "3-6:0,1", "");
    check_join(&whole, (pm_range[]){{3, 1, 2}, {1, 1, 10}, {1, 1, 10}}, 3, "0-10:1",
               "0-10:1,2 2-4:1,0", "");
    check_join(&whole, (pm_range[]){{1, 1, 4}, {3, 1, 4}, {2, 1, 9}}, 3, "0-4:0 4-10:2",
               "1-4:0,2 2-4:0,1 4-6:2,1", "");
    /* one item has no step of its own */
    const pm_range down = {9, -2, 5};
    check_join(&down, (pm_range[]){{1, 1, 1}, {5, -2, 2}, {9, -2, 2}}, 3, "0-2:2 2-4:1 4-5:0", "",
               "");
}

/* Who has an item, by looking at every part. */
static void check_item(const pm_join *join, const pm_range *parts, int count, int64_t item)
{
    int holders = 0, shared = 0, missing = 0, given = -1;
    for (int i = 0; i < count; i++)
        holders += item >= join->places[i] && item < join->places[i] + parts[i].count;
    for (int i = 0; i < join->shares.count; i++)
        if (item >= join->shares.items[i].begin && item < join->shares.items[i].end) {
            CHECK_INT(given, -1);
            given = join->shares.items[i].part;
        }
    for (int i = 0; i < join->overlaps.count; i++) {
        const pm_share *o = &join->overlaps.items[i];
        const bool in = item >= o->begin && item < o->end;
        CHECK(!in || (o->part == given && o->other != given));
        shared += in;
    }
    for (int i = 0; i < join->gaps.count; i++)
        missing += item >= join->gaps.items[i].begin && item < join->gaps.items[i].end;
    CHECK_INT(given >= 0, holders > 0);
    CHECK_INT(shared, holders > 0 ? holders - 1 : 0);
    CHECK_INT(missing, holders == 0);
    CHECK(given < 0 ||
          (item >= join->places[given] && item < join->places[given] + parts[given].count));
    if (join->gaps.count == 0)
        CHECK_INT(pm_join_find(join, item)->part, given);
}

static void many_parts(void)
{
    const pm_range whole = {-7, 3, ITEMS};
    uint64_t random = 1;
    for (int round = 0; round < 2000; round++) {
        pm_range parts[PARTS];
        pm_join join;
        const int count = 1 + round % PARTS;
        for (int i = 0; i < count; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            const int64_t begin = (int64_t)(random >> 33) % ITEMS;
            const int64_t length = 1 + (int64_t)(random >> 45) % (ITEMS - begin);
            parts[i] = (pm_range){pm_range_item(&whole, begin), 3, length};
        }
        CHECK_INT(pm_join_make(&join, &whole, parts, count), PARMAP_OK);
        for (int64_t item = 0; item < ITEMS; item++)
            check_item(&join, parts, count, item);
        pm_join_free(&join);
    }
}

/* Parts that divide a range are its shares, whatever their order. */
static void divided(void)
{
    const pm_range whole = {INT64_MAX, -1, INT64_MAX};
    pm_range parts[PARTS];
    pm_join join;
    for (int i = 0; i < PARTS; i++)
        parts[i] = pm_range_part(&whole, (pm_part){1 + (i * 5 + 3) % PARTS, PARTS});
    CHECK_INT(pm_join_make(&join, &whole, parts, PARTS), PARMAP_OK);
    CHECK_INT(join.shares.count, PARTS);
    CHECK_INT(join.overlaps.count + join.gaps.count, 0);
    for (int i = 0; i < PARTS; i++) {
        const pm_share *share = &join.shares.items[i];
        CHECK_INT(share->part, (i + 9) * 5 % PARTS); /* 5 is its own inverse mod 12 */
        CHECK(pm_join_find(&join, share->begin) == share);
        CHECK(pm_join_find(&join, share->end - 1) == share);
    }
    pm_join_free(&join);
}

static void meetings(void)
{
    static const struct {
        pm_range a, b;
        bool meets;
    } cases[] = {
        {{1, 3, 4}, {13, 3, 2}, true},  {{1, 3, 4}, {-5, 3, 2}, true},
        {{1, 3, 4}, {12, 3, 2}, false}, {{1, 3, 4}, {13, 2, 2}, false},
        {{1, 1, 4}, {9, -1, 2}, false}, {{9, -2, 4}, {1, -2, 4}, true},
        {{9, -2, 4}, {1, 1, 1}, true},  {{9, -2, 4}, {2, 1, 1}, false},
        {{9, 17, 1}, {2, 1, 1}, true},  {{9, 17, 1}, {2, 7, 2}, true},
        {{9, 17, 1}, {3, 7, 2}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_INT(pm_range_meets(&cases[i].a, &cases[i].b), cases[i].meets);
        CHECK_INT(pm_range_meets(&cases[i].b, &cases[i].a), cases[i].meets);
    }
    const parmap_int128 least = -largest - 1;
    CHECK(pm_range_meets(&(pm_range){least, 5, 2}, &(pm_range){largest, 5, 1})); /* 2^128 - 1 */
    CHECK(!pm_range_meets(&(pm_range){least, 2, 2}, &(pm_range){largest, 2, 1}));
}

static void check_widened(pm_range whole, const pm_range *range, const char *expected)
{
    char text[PM_RANGE_TEXT];
    CHECK_INT(pm_range_widen(&whole, range), PARMAP_OK);
    CHECK_TEXT(pm_range_format(text, &whole), expected);
}

static void widening(void)
{
    const pm_range up = {10, 5, 3}, down = {20, -5, 3};
    check_widened(up, &(pm_range){15, 5, 1}, "10..20:5");
    check_widened(up, &(pm_range){30, 5, 2}, "10..35:5");
    check_widened(up, &(pm_range){0, 5, 1}, "0..20:5");
    check_widened(up, &(pm_range){0, 5, 9}, "0..40:5");
    check_widened(down, &(pm_range){30, -5, 1}, "30..10:-5");
    check_widened(down, &(pm_range){5, -5, 2}, "20..0:-5");
    check_widened(down, &(pm_range){15, 1, 1}, "20..10:-5");
    pm_range whole = {-largest - 1, 1, 1};
    CHECK_INT(pm_range_widen(&whole, &(pm_range){largest, 1, 1}), PARMAP_USAGE);
    whole = (pm_range){0, 1, 1};
    CHECK_INT(pm_range_widen(&whole, &(pm_range){INT64_MAX - 1, 1, 1}), PARMAP_OK);
    CHECK_INT(whole.count, INT64_MAX);
    CHECK_INT(pm_range_widen(&whole, &(pm_range){INT64_MAX, 1, 1}), PARMAP_USAGE);
}

int main(void)
{
    static const check_case cases[] = {
        {"join: few parts", few_parts},     {"join: many parts", many_parts},
        {"join: a divided range", divided}, {"join: ranges that meet", meetings},
        {"join: widening", widening},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
