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

int main(void)
{
    static const check_case cases[] = {
        {"range: small ones", small_ranges},
        {"range: all items", items_between},
        {"range: the ends of types", ends_of_types},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
