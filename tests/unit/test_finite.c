/* NaN and infinities among items: which items have one, and which number it is. */
#include "work/finite.h"

#include "check.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define WEIGHED(FIELD)                                                                             \
    FIELD(int64_t, bits) FIELD(double, x) FIELD(float, weights, 3) FIELD(uint8_t, flag)
PARMAP_RECORD(weighed, WEIGHED);
PARMAP_ARRAY(row, float, 2, 3);

enum { ITEMS = 307 };

static pm_layout layout_of(const parmap_layout *described)
{
    pm_layout layout;
    CHECK_INT(pm_layout_read(PARMAP_RECORD, described, &layout), PARMAP_OK);
    return layout;
}

static const double odd_doubles[] = {NAN, -NAN, INFINITY, -INFINITY};
static const float odd_floats[] = {NAN, -NAN, INFINITY, -INFINITY};

/* Every number of a type is finite or not as isfinite says, at the ends of the finite ones too. */
static void numbers(void)
{
    const double doubles[] = {0,         -0.0, 5e-324, DBL_MAX, -DBL_MAX, INFINITY,
                              -INFINITY, NAN,  -NAN,   1e308,   DBL_MIN};
    const float floats[] = {0, -0.0f, 1e-45f, FLT_MAX, -FLT_MAX, INFINITY, -INFINITY, NAN, -NAN};
    const pm_layout real = pm_layout_of_type(PARMAP_FLOAT64),
                    narrow = pm_layout_of_type(PARMAP_FLOAT32);
    int64_t first;
    for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) {
        const bool finite = isfinite(doubles[i]);
        CHECK_INT(pm_finite_check(&real, &doubles[i]), finite ? PARMAP_OK : PARMAP_BAD_DATA);
        CHECK_INT(pm_finite_count_others(&real, &doubles[i], 1, &first), !finite);
        CHECK_INT(first, finite ? -1 : 0);
    }
    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++) {
        const bool finite = isfinite(floats[i]);
        CHECK_INT(pm_finite_check(&narrow, &floats[i]), finite ? PARMAP_OK : PARMAP_BAD_DATA);
        CHECK_INT(pm_finite_count_others(&narrow, &floats[i], 1, &first), !finite);
    }
    CHECK_INT(pm_finite_count_others(&real, doubles, 11, &first), 4);
    CHECK_INT(first, 5);
    CHECK_INT(pm_finite_count_others(&real, doubles, 0, &first), 0);
    CHECK_INT(first, -1);
}

/* Whole numbers have none, whatever their bits. */
static void whole_numbers(void)
{
    _Alignas(16) char ones[16 * 5];
    int64_t first;
    memset(ones, 0xff, sizeof ones);
    for (parmap_type type = 0; type < PARMAP_TYPES; type++) {
        const pm_layout layout = pm_layout_of_type(type);
        const bool real = pm_type_is_real(type); /* all ones are a NaN */
        CHECK_INT(pm_finite_count_others(&layout, ones, 5, &first), real ? 5 : 0);
        CHECK_INT(pm_finite_check(&layout, ones), real ? PARMAP_BAD_DATA : PARMAP_OK);
    }
}

static void words(void)
{
    const pm_layout real = pm_layout_of_type(PARMAP_FLOAT64), layout = layout_of(PM_LAYOUT_weighed),
                    rows = layout_of(PM_LAYOUT_row);
    static const char *const texts[] = {"NaN", "NaN", "inf", "-inf"};
    for (int i = 0; i < 4; i++) {
        weighed item = {.x = odd_doubles[i]};
        CHECK_INT(pm_finite_check(&real, &odd_doubles[i]), PARMAP_BAD_DATA);
        char text[32];
        snprintf(text, sizeof text, "the input is %s", texts[i]);
        CHECK_TEXT(parmap_message(), text);
        CHECK_INT(pm_finite_check(&layout, &item), PARMAP_BAD_DATA);
        snprintf(text, sizeof text, "x is %s", texts[i]);
        CHECK_TEXT(parmap_message(), text);
        item = (weighed){.weights = {1, odd_floats[i], 2}};
        CHECK_INT(pm_finite_check(&layout, &item), PARMAP_BAD_DATA);
        CHECK_TEXT(parmap_message(), "weights is not finite");
        CHECK_INT(pm_finite_check(&rows, &(row){{{0}, {0, 0, odd_floats[i]}}}), PARMAP_BAD_DATA);
        CHECK_TEXT(parmap_message(), "the input is not finite");
    }
}

/* Each number of each item in turn, and several in one item, which counts once. */
static void arrays(void)
{
    static row rows[ITEMS];
    const pm_layout layout = layout_of(PM_LAYOUT_row);
    int64_t first;
    memset(rows, 0, sizeof rows);
    CHECK_INT(pm_finite_count_others(&layout, rows, ITEMS, &first), 0);
    for (int k = 0; k < 6 * ITEMS; k += 5) {
        float *number = &rows[0].at[0][0] + k;
        *number = odd_floats[k % 4];
        CHECK_INT(pm_finite_count_others(&layout, rows, ITEMS, &first), 1);
        CHECK_INT(first, k / 6);
        *number = 0;
    }
    for (int i = ITEMS / 2; i < ITEMS; i += 10)
        for (int k = 0; k < 6; k++)
            rows[i].at[k / 3][k % 3] = NAN;
    CHECK_INT(pm_finite_count_others(&layout, rows, ITEMS, &first), (ITEMS - ITEMS / 2 + 9) / 10);
    CHECK_INT(first, ITEMS / 2);
}

/* Bits of fields that are no reals, and of the padding, do not matter. */
static void records(void)
{
    static weighed items[ITEMS];
    const pm_layout layout = layout_of(PM_LAYOUT_weighed);
    int64_t first;
    memset(items, 0xff, sizeof items);
    for (int i = 0; i < ITEMS; i++) {
        items[i].x = i;
        memset(items[i].weights, 0, sizeof items[i].weights);
    }
    CHECK_INT(pm_finite_count_others(&layout, items, ITEMS, &first), 0);
    CHECK_INT(first, -1);
    CHECK_INT(pm_finite_check(&layout, &items[5]), PARMAP_OK);
    items[ITEMS - 1].weights[2] = INFINITY;
    CHECK_INT(pm_finite_count_others(&layout, items, ITEMS, &first), 1);
    CHECK_INT(first, ITEMS - 1);
    items[7].x = NAN;
    items[7].weights[0] = NAN;
    CHECK_INT(pm_finite_count_others(&layout, items, ITEMS, &first), 2);
    CHECK_INT(first, 7);
}

int main(void)
{
    static const check_case cases[] = {
        {"finite: numbers", numbers}, {"finite: whole numbers", whole_numbers},
        {"finite: words", words},     {"finite: arrays", arrays},
        {"finite: records", records},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
