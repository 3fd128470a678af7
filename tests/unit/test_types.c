/* The types: names, sizes, what they hold, wide values, values as text. */
#include "base/types.h"

#include "check.h"
#include "draw.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_128 ((parmap_int128)(~(parmap_uint128)0 >> 1))

/* What is known of each type, from limits.h and float.h. */
static const struct {
    const char *name;
    size_t bytes;
    bool real;
    parmap_type wide;
    parmap_int128 min, max;
} known[PARMAP_TYPES] = {
    [PARMAP_INT64] = {"int64", 8, false, PARMAP_INT64, LLONG_MIN, LLONG_MAX},
    [PARMAP_UINT64] = {"uint64", 8, false, PARMAP_UINT64, 0, ULLONG_MAX},
    [PARMAP_INT128] = {"int128", 16, false, PARMAP_INT128, -MOST_128 - 1, MOST_128},
    [PARMAP_FLOAT64] = {"float64", 8, true, PARMAP_FLOAT64, -9007199254740992, 9007199254740992},
    [PARMAP_INT8] = {"int8", 1, false, PARMAP_INT64, SCHAR_MIN, SCHAR_MAX},
    [PARMAP_UINT8] = {"uint8", 1, false, PARMAP_UINT64, 0, UCHAR_MAX},
    [PARMAP_INT16] = {"int16", 2, false, PARMAP_INT64, SHRT_MIN, SHRT_MAX},
    [PARMAP_UINT16] = {"uint16", 2, false, PARMAP_UINT64, 0, USHRT_MAX},
    [PARMAP_INT32] = {"int32", 4, false, PARMAP_INT64, INT_MIN, INT_MAX},
    [PARMAP_UINT32] = {"uint32", 4, false, PARMAP_UINT64, 0, UINT_MAX},
    [PARMAP_FLOAT32] = {"float32", 4, true, PARMAP_FLOAT64, -16777216, 16777216},
};

static void names(void)
{
    for (parmap_type type = 0; type < PARMAP_TYPES; type++) {
        CHECK_TEXT(pm_type_name(type), known[type].name);
        CHECK_TEXT(pm_type_names[type], known[type].name);
    }
    CHECK_TEXT(pm_type_name(PARMAP_RECORD), "records");
    CHECK_TEXT(pm_type_name((parmap_type)(PARMAP_TYPES + 1)), "an unknown type");
    CHECK_TEXT(pm_type_name((parmap_type)-1), "an unknown type");
    CHECK_TEXT(pm_type_names[PARMAP_TYPES], NULL);
}

static void parsing(void)
{
    parmap_type type = PARMAP_INT64;
    for (int i = 0; i < PARMAP_TYPES; i++) {
        CHECK_INT(pm_type_parse(pm_type_name((parmap_type)i), &type), PARMAP_OK);
        CHECK_INT(type, i);
    }
    static const char *const wrong[] = {"",        "int",   "int64 ",  "INT64",          "int640",
                                        "uint128", "float", "records", "an unknown type"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_INT(pm_type_parse(wrong[i], &type), PARMAP_USAGE);
        CHECK_HOLDS(parmap_message(), wrong[i]);
        CHECK_HOLDS(parmap_message(), "use int8 to int64, uint8 to uint64, int128, float32 or");
    }
    CHECK_INT(type, PARMAP_TYPES - 1); /* as it was */
}

static void what_they_hold(void)
{
    for (parmap_type type = 0; type < PARMAP_TYPES; type++) {
        const parmap_domain domain = pm_type_domain(type);
        CHECK_INT(pm_type_bytes(type), known[type].bytes);
        CHECK(pm_type_is_real(type) == known[type].real);
        CHECK_INT(pm_type_wide(type), known[type].wide);
        CHECK_INT(domain.min, known[type].min);
        CHECK_INT(domain.max, known[type].max);
    }
    CHECK(!pm_type_is_real(PARMAP_RECORD));
}

/* ---- wide values ----------------------------------------------------------------------------- */

enum { VALUES = 1021 };

/* Random bits, and the ends of the type, as values of it. */
#define CHECK_WIDE(type, T, WIDE)                                                                  \
    do {                                                                                           \
        T values[VALUES];                                                                          \
        WIDE wide[VALUES + 1];                                                                     \
        int64_t wrong = 0;                                                                         \
        for (int i = 0; i < VALUES; i++) {                                                         \
            const parmap_uint128 bits = (parmap_uint128)draw() << 99 ^                             \
                                        (parmap_uint128)draw() << 66 ^                             \
                                        (parmap_uint128)draw() << 33 ^ draw();                     \
            values[i] = known[type].real ? (T)((double)(int64_t)bits * 0x1p-40) : (T)bits;         \
        }                                                                                          \
        values[0] = (T)known[type].min;                                                            \
        values[VALUES - 1] = (T)known[type].max;                                                   \
        for (int64_t count = 0; count <= VALUES; count += count < 9 ? 1 : VALUES - 9) {            \
            memset(wide, 0x5a, sizeof wide);                                                       \
            const WIDE unset = wide[0];                                                            \
            pm_type_widen(type, values, count, wide);                                              \
            for (int64_t i = 0; i < count; i++)                                                    \
                wrong += wide[i] != (WIDE)values[i];                                               \
            wrong += memcmp(&wide[count], &unset, sizeof unset) != 0;                              \
        }                                                                                          \
        CHECK_INT(wrong, 0);                                                                       \
    } while (0)

static void wide_values(void)
{
    CHECK_WIDE(PARMAP_INT8, int8_t, int64_t);
    CHECK_WIDE(PARMAP_INT16, int16_t, int64_t);
    CHECK_WIDE(PARMAP_INT32, int32_t, int64_t);
    CHECK_WIDE(PARMAP_INT64, int64_t, int64_t);
    CHECK_WIDE(PARMAP_UINT8, uint8_t, uint64_t);
    CHECK_WIDE(PARMAP_UINT16, uint16_t, uint64_t);
    CHECK_WIDE(PARMAP_UINT32, uint32_t, uint64_t);
    CHECK_WIDE(PARMAP_UINT64, uint64_t, uint64_t);
    CHECK_WIDE(PARMAP_INT128, parmap_int128, parmap_int128);
    CHECK_WIDE(PARMAP_FLOAT32, float, double);
    CHECK_WIDE(PARMAP_FLOAT64, double, double);
}

/* ---- text ------------------------------------------------------------------------------------ */

static const char *text_of(parmap_type type, const void *value)
{
    static char text[PM_VALUE_TEXT];
    CHECK(pm_type_format(text, type, value) == text);
    return text;
}

static void whole_numbers_as_text(void)
{
    CHECK_TEXT(text_of(PARMAP_INT8, &(int8_t){-128}), "-128");
    CHECK_TEXT(text_of(PARMAP_UINT8, &(uint8_t){255}), "255");
    CHECK_TEXT(text_of(PARMAP_INT16, &(int16_t){-32768}), "-32768");
    CHECK_TEXT(text_of(PARMAP_UINT16, &(uint16_t){65535}), "65535");
    CHECK_TEXT(text_of(PARMAP_INT32, &(int32_t){INT32_MIN}), "-2147483648");
    CHECK_TEXT(text_of(PARMAP_UINT32, &(uint32_t){UINT32_MAX}), "4294967295");
    CHECK_TEXT(text_of(PARMAP_INT64, &(int64_t){INT64_MIN}), "-9223372036854775808");
    CHECK_TEXT(text_of(PARMAP_UINT64, &(uint64_t){UINT64_MAX}), "18446744073709551615");
    CHECK_TEXT(text_of(PARMAP_INT128, &(parmap_int128){-MOST_128 - 1}),
               "-170141183460469231731687303715884105728");
    CHECK_TEXT(text_of(PARMAP_INT128, &(parmap_int128){0}), "0");
}

static void reals_as_text(void)
{
    static const struct {
        double value;
        const char *text;
    } doubles[] = {{0, "0"},
                   {-0.0, "-0"},
                   {20, "20"},
                   {-1000000, "-1000000"},
                   {0.1, "0.1"},
                   {1.0 / 3, "0.3333333333333333"},
                   {0.1 + 0.2, "0.30000000000000004"},
                   {9007199254740992, "9007199254740992"},
                   {1e300, "1e+300"},
                   {DBL_MAX, "1.7976931348623157e+308"},
                   {5e-324, "5e-324"},
                   {INFINITY, "inf"},
                   {-INFINITY, "-inf"},
                   {NAN, "NaN"},
                   {-NAN, "NaN"}};
    for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++)
        CHECK_TEXT(text_of(PARMAP_FLOAT64, &doubles[i].value), doubles[i].text);
    CHECK_TEXT(text_of(PARMAP_FLOAT32, &(float){0.1f}), "0.1");
    CHECK_TEXT(text_of(PARMAP_FLOAT32, &(float){16777216}), "16777216");
    CHECK_TEXT(text_of(PARMAP_FLOAT32, &(float){FLT_MAX}), "3.4028235e+38");
    CHECK_TEXT(text_of(PARMAP_FLOAT32, &(float){NAN}), "NaN");
}

/* Any bits lead to a text that leads back to them. */
static void and_back(void)
{
    int64_t wrong = 0;
    for (int i = 0; i < 20000; i++) {
        const uint64_t bits = draw() << 40 ^ draw() << 20 ^ draw();
        double real;
        float narrow;
        memcpy(&real, &bits, sizeof real);
        memcpy(&narrow, &bits, sizeof narrow);
        if (i % 2 == 0)
            real = trunc(real * (fabs(real) < 1 ? 0x1p60 : 1));
        const double real_back = strtod(text_of(PARMAP_FLOAT64, &real), NULL);
        wrong += real_back != real && !isnan(real);
        const float narrow_back = strtof(text_of(PARMAP_FLOAT32, &narrow), NULL);
        wrong += narrow_back != narrow && !isnan(narrow);
        const int64_t whole = (int64_t)bits;
        wrong += strtoll(text_of(PARMAP_INT64, &whole), NULL, 10) != whole;
        wrong += strtoull(text_of(PARMAP_UINT64, &bits), NULL, 10) != bits;
    }
    CHECK_INT(wrong, 0);
}

static void failed_items(void)
{
    const uint8_t statuses[] = {PM_ITEM_GOOD, PM_ITEM_FAILED, PM_ITEM_PENDING, PM_ITEM_FAILED};
    CHECK_INT(pm_count_failed(statuses, 4), 2);
    CHECK_INT(pm_count_failed(statuses, 1), 0);
    CHECK_INT(pm_count_failed(statuses, 0), 0);
}

int main(void)
{
    static const check_case cases[] = {
        {"types: names", names},
        {"types: parsing", parsing},
        {"types: what they hold", what_they_hold},
        {"types: wide values", wide_values},
        {"types: whole numbers as text", whole_numbers_as_text},
        {"types: reals as text", reals_as_text},
        {"types: text and back", and_back},
        {"types: failed items", failed_items},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
