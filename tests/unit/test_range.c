/* Items of a range, and its text. */
#include "work/range.h"

#include "check.h"

static const parmap_int128 largest = (parmap_int128)(~(parmap_uint128)0 >> 1);

static void check_range(parmap_int128 first, parmap_int128 step, int64_t count, parmap_int128 last,
                        const char *expected)
{
    char text[PM_RANGE_TEXT];
    const pm_range range = {.first = first, .step = step, .count = count};
    CHECK_INT(pm_range_item(&range, 0), first);
    CHECK_INT(pm_range_last(&range), last);
    CHECK_TEXT(pm_range_format(text, &range), expected);
}

static void small_ranges(void)
{
    check_range(1, 1, 1000000, 1000000, "1..1000000");
    check_range(-5, 1, 11, 5, "-5..5");
    check_range(0, 1, 1, 0, "0..0");
    check_range(1, 2, 5, 9, "1..9:2");
    check_range(9, -2, 5, 1, "9..1:-2");
    check_range(5, -1, 11, -5, "5..-5:-1");
    check_range(7, 100, 1, 7, "7..7");
    check_range(7, -1, 1, 7, "7..7");
}

static void items_between(void)
{
    static const int64_t steps[] = {1, 3, -7, 1000000007};
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
        const pm_range range = {.first = -12, .step = steps[s], .count = 1000};
        int64_t expected = -12;
        for (int64_t i = 0; i < 1000; i++, expected += steps[s])
            CHECK_INT(pm_range_item(&range, i), expected);
    }
}

/* The way to an item may pass the ends of a type when the item itself does not. */
static void ends_of_types(void)
{
    check_range(INT64_MIN, 1, INT64_MAX, -2, "-9223372036854775808..-2");
    check_range(0, 2, INT64_MAX, (parmap_int128)INT64_MAX * 2 - 2, "0..18446744073709551612:2");
    check_range(UINT64_MAX, -1, 5, (parmap_int128)UINT64_MAX - 4,
                "18446744073709551615..18446744073709551611:-1");
    check_range(-largest - 1, largest, 3, largest - 1,
                "-170141183460469231731687303715884105728.."
                "170141183460469231731687303715884105726:170141183460469231731687303715884105727");
    check_range(
        largest, -largest, 3, -largest,
        "170141183460469231731687303715884105727.."
        "-170141183460469231731687303715884105727:-170141183460469231731687303715884105727");
}

/* The parts follow each other without a gap, and are as equal as can be. */
static void check_parts(const pm_range *whole, int64_t of, int64_t step)
{
    const int64_t least = whole->count / of, most = least + (whole->count % of != 0);
    int64_t before = 0;
    for (int64_t number = 1;; number += step) {
        const pm_range part = pm_range_part(whole, (pm_part){number, of});
        CHECK(part.count >= least && part.count <= most);
        CHECK_INT(part.step, whole->step);
        if (step == 1)
            CHECK_INT(part.first, pm_range_item(whole, before));
        if (step == 1) {
            CHECK_INT(pm_range_part_of(whole, of, before), number);
            CHECK_INT(pm_range_part_of(whole, of, before + part.count - 1), number);
        }
        before += part.count;
        if (number > of - step)
            break;
    }
    if (step == 1)
        CHECK_INT(before, whole->count);
    const pm_range last = pm_range_part(whole, (pm_part){of, of});
    CHECK_INT(pm_range_last(&last), pm_range_last(whole));
    CHECK_INT(pm_range_part_of(whole, of, whole->count - 1), of);
}

static void parts(void)
{
    static const int64_t steps[] = {1, 3, -7}, lengths[] = {1, 2, 7, 8, 100, 999};
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
        for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++)
            for (int64_t of = 1; of <= lengths[l]; of++)
                check_parts(&(pm_range){-12, steps[s], lengths[l]}, of, 1);
    const pm_range all = {INT64_MIN, 1, INT64_MAX};
    check_parts(&all, 7, 1);
    check_parts(&all, INT64_MAX, INT64_MAX / 5);
    check_parts(&(pm_range){largest, -1, INT64_MAX}, 1000, 1);
}

static void part_texts(void)
{
    char text[PM_PART_TEXT];
    CHECK_TEXT(pm_part_format(text, (pm_part){3, 8}), "3/8");
    CHECK_TEXT(pm_part_format(text, (pm_part){INT64_MAX, INT64_MAX}),
               "9223372036854775807/9223372036854775807");
    const pm_range whole = {5, 2, 10}, same = pm_range_part(&whole, (pm_part){0, 0});
    CHECK(same.first == 5 && same.step == 2 && same.count == 10);
}

int main(void)
{
    static const check_case cases[] = {
        {"range: parts", parts},
        {"range: texts of parts", part_texts},
        {"range: small ones", small_ranges},
        {"range: all items", items_between},
        {"range: the ends of types", ends_of_types},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
