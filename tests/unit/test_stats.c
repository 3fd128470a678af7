/* Minimum, maximum and sum of every type and vector copy, against a plain loop in 128 bits. */
#include "work/stats.h"

#include "base/types.h"
#include "work/kernel.h"

#include "check.h"

#include <math.h>
#include <string.h>

enum { ITEMS = 4099 };

static union {
    _Alignas(64) int64_t i[ITEMS];
    uint64_t u[ITEMS];
    double r[ITEMS];
    parmap_int128 w[ITEMS];
} data;

static uint64_t random_state;

/* Xorshift (Marsaglia 2003). */
static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Calls the check for every copy that this processor can run, and for lengths around a vector's. */
static void for_each_copy(void (*check)(parmap_vector vector, int64_t count))
{
    static const int64_t counts[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 1000, ITEMS};
    for (parmap_vector v = PARMAP_VECTOR_BASELINE; v <= pm_vector_best(); v++)
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
            check(v, counts[i]);
}

static void check_integers(parmap_type type, parmap_vector vector, int64_t count)
{
    parmap_int128 min = 0, max = 0, sum = 0;
    pm_stats stats = pm_stats_none();
    for (int64_t i = 0; i < count; i++) {
        const parmap_int128 value = type == PARMAP_INT64    ? (parmap_int128)data.i[i]
                                    : type == PARMAP_UINT64 ? (parmap_int128)data.u[i]
                                                            : data.w[i];
        min = i == 0 || value < min ? value : min;
        max = i == 0 || value > max ? value : max;
        if (type != PARMAP_INT128)
            sum += value;
    }
    pm_stats_add(&stats, type, vector, &data, count);
    CHECK_INT(stats.min, min);
    CHECK_INT(stats.max, max);
    if (type != PARMAP_INT128)
        CHECK_INT(stats.sum, sum);
    CHECK_INT(stats.inexact, 0);
}

static void check_int64(parmap_vector vector, int64_t count)
{
    random_state = 0x9e3779b97f4a7c15u;
    for (int i = 0; i < ITEMS; i++)
        data.i[i] = (int64_t)next_random();
    check_integers(PARMAP_INT64, vector, count);
    data.i[count - 1] = INT64_MIN;
    data.i[count / 2] = INT64_MAX;
    check_integers(PARMAP_INT64, vector, count);
    for (int i = 0; i < ITEMS; i++)
        data.i[i] = INT64_MIN;
    check_integers(PARMAP_INT64, vector, count);
    for (int i = 0; i < ITEMS; i++)
        data.i[i] = -1 - (int64_t)(next_random() >> 40); /* low halves with the highest bit set */
    check_integers(PARMAP_INT64, vector, count);
}

static void check_uint64(parmap_vector vector, int64_t count)
{
    random_state = 88172645463325252u;
    for (int i = 0; i < ITEMS; i++)
        data.u[i] = next_random();
    check_integers(PARMAP_UINT64, vector, count);
    for (int i = 0; i < ITEMS; i++)
        data.u[i] = UINT64_MAX;
    check_integers(PARMAP_UINT64, vector, count);
    data.u[count / 2] = 0;
    check_integers(PARMAP_UINT64, vector, count);
}

static void check_int128(parmap_vector vector, int64_t count)
{
    random_state = 4101842887655102017u;
    for (int i = 0; i < ITEMS; i++)
        data.w[i] = (parmap_int128)((parmap_uint128)next_random() << 64 | next_random());
    check_integers(PARMAP_INT128, vector, count);
    for (int i = 0; i < ITEMS; i++)
        data.w[i] = 5 - (parmap_int128)(next_random() >> 1); /* high halves alike */
    check_integers(PARMAP_INT128, vector, count);
}

/* Whole numbers up to 2^53 have an exact sum. */
static void check_float64(parmap_vector vector, int64_t count)
{
    parmap_int128 sum = 0;
    double min = 0, max = 0;
    pm_stats stats = pm_stats_none();
    random_state = 2463534242u;
    for (int i = 0; i < ITEMS; i++) {
        const int64_t whole = (int64_t)(next_random() >> 10) - (INT64_C(1) << 53);
        data.r[i] = (double)(i % 5 == 3 ? -(INT64_C(1) << 53) : i % 5 == 4 ? 1 << 30 : whole);
    }
    data.r[count / 2] = 0x1p53;
    for (int64_t i = 0; i < count; i++) {
        sum += (parmap_int128)data.r[i];
        min = i == 0 || data.r[i] < min ? data.r[i] : min;
        max = i == 0 || data.r[i] > max ? data.r[i] : max;
    }
    pm_stats_add(&stats, PARMAP_FLOAT64, vector, &data, count);
    CHECK(stats.real_min == min);
    CHECK(stats.real_max == max);
    CHECK_INT(stats.sum, sum);
    CHECK_INT(stats.inexact, 0);
}

/* One value among whole numbers, at each end and in the middle. */
static void check_odd_one(parmap_vector vector, int64_t count, double odd, bool exact)
{
    const int64_t places[] = {0, count / 2, count - 1};
    for (int p = 0; p < 3; p++) {
        pm_stats stats = pm_stats_none();
        for (int i = 0; i < ITEMS; i++)
            data.r[i] = (double)(i % 10);
        data.r[places[p]] = odd;
        pm_stats_add(&stats, PARMAP_FLOAT64, vector, &data, count);
        CHECK((stats.inexact == 0) == exact);
        CHECK(!isnan(stats.real_min) && !isnan(stats.real_max));
        if (!isnan(odd)) {
            CHECK(stats.real_min <= odd && stats.real_max >= odd);
        } else if (count > 1) {
            CHECK(stats.real_min >= 0 && stats.real_max <= 9);
        }
    }
}

static void check_odd_values(parmap_vector vector, int64_t count)
{
    check_odd_one(vector, count, -0.0, true);
    check_odd_one(vector, count, 0x1p53, true);
    check_odd_one(vector, count, -0x1p53, true);
    check_odd_one(vector, count, 0x1p53 + 2, false);
    check_odd_one(vector, count, -0x1p53 - 2, false);
    check_odd_one(vector, count, 0.5, false);
    check_odd_one(vector, count, 5e-324, false);
    check_odd_one(vector, count, 1e300, false);
    check_odd_one(vector, count, 0x1p63, false);
    check_odd_one(vector, count, NAN, false);
    check_odd_one(vector, count, INFINITY, false);
    check_odd_one(vector, count, -INFINITY, false);
}

/* ---- narrow types, items that failed --------------------------------------------------------- */

/* Random values of a narrow whole type, its ends among them, as numbers. */
#define DRAW(T)                                                                                    \
    for (int i = 0; i < ITEMS; i++) {                                                              \
        ((T *)&data)[i] = (T)next_random();                                                        \
        numbers[i] = ((T *)&data)[i];                                                              \
    }                                                                                              \
    break

static parmap_int128 numbers[ITEMS];

static void draw_narrow(parmap_type type)
{
    random_state = 521288629u + (uint64_t)type;
    switch (type) {
    case PARMAP_INT8:
        DRAW(int8_t);
    case PARMAP_UINT8:
        DRAW(uint8_t);
    case PARMAP_INT16:
        DRAW(int16_t);
    case PARMAP_UINT16:
        DRAW(uint16_t);
    case PARMAP_INT32:
        DRAW(int32_t);
    default:
        DRAW(uint32_t);
    }
}

static void check_folded(const pm_stats *stats, const uint8_t *statuses, int64_t elements,
                         int64_t count)
{
    pm_stats plain = pm_stats_none();
    for (int64_t i = 0; i < count; i++) {
        if (statuses && statuses[i / elements] != PM_ITEM_GOOD)
            continue;
        plain.min = numbers[i] < plain.min ? numbers[i] : plain.min;
        plain.max = numbers[i] > plain.max ? numbers[i] : plain.max;
        plain.sum += numbers[i];
    }
    CHECK_INT(stats->min, plain.min);
    CHECK_INT(stats->max, plain.max);
    CHECK_INT(stats->sum, plain.sum);
    CHECK_INT(stats->inexact, 0);
}

static void check_narrow(parmap_vector vector, int64_t count)
{
    for (parmap_type type = PARMAP_INT8; type <= PARMAP_UINT32; type++) {
        pm_stats stats = pm_stats_none();
        draw_narrow(type);
        pm_stats_add(&stats, type, vector, &data, count);
        check_folded(&stats, NULL, 1, count);
    }
}

static void check_float32(parmap_vector vector, int64_t count)
{
    float *values = (float *)&data;
    pm_stats stats = pm_stats_none();
    parmap_int128 sum = 0;
    for (int i = 0; i < ITEMS; i++) {
        values[i] = (float)((i % 7 - 3) * (1 << 24));
        sum += i < count ? (i % 7 - 3) * (1 << 24) : 0;
    }
    pm_stats_add(&stats, PARMAP_FLOAT32, vector, values, count);
    CHECK(stats.real_min == -0x3p24 &&
          stats.real_max == (double)((count > 7 ? 3 : (count - 1) % 7 - 3) * (1 << 24)));
    CHECK_INT(stats.sum, sum);
    CHECK_INT(stats.inexact, 0);
    values[count / 2] = 0.1f;
    pm_stats_add(&stats, PARMAP_FLOAT32, vector, values, count);
    CHECK_INT(stats.inexact, 1);
}

/* Items of 1 to 8 numbers, of which some failed: first, last, all, none. */
static void check_some(int64_t elements, int pattern)
{
    static uint8_t statuses[ITEMS];
    const int64_t items = ITEMS / elements;
    for (int64_t i = 0; i < items; i++) {
        const bool good = pattern == 0   ? i % 3 != 0
                          : pattern == 1 ? i != 0 && i != items - 1
                          : pattern == 2 ? i == items / 2
                                         : pattern == 3;
        statuses[i] = good ? PM_ITEM_GOOD : i % 2 ? PM_ITEM_FAILED : PM_ITEM_PENDING;
    }
    for (parmap_type type = PARMAP_INT8; type <= PARMAP_UINT32; type++) {
        pm_stats stats = pm_stats_none();
        draw_narrow(type);
        pm_stats_add_some(&stats, type, elements, &data, statuses, PM_ITEM_GOOD, items);
        check_folded(&stats, statuses, elements, items * elements);
    }
}

static void narrow(void)
{
    for_each_copy(check_narrow);
    for_each_copy(check_float32);
}

static void some_failed(void)
{
    for (int64_t elements = 1; elements <= 8; elements++)
        for (int pattern = 0; pattern < 5; pattern++)
            check_some(elements, pattern);
}

static void int64(void)
{
    for_each_copy(check_int64);
}

static void uint64(void)
{
    for_each_copy(check_uint64);
}

static void int128(void)
{
    for_each_copy(check_int128);
}

static void float64(void)
{
    for_each_copy(check_float64);
}

static void odd_values(void)
{
    for_each_copy(check_odd_values);
}

/* Which of 0.0 and -0.0 comes first depends on the layout; what is written must not. */
static void check_zeros(parmap_vector vector, int64_t count)
{
    char min[PM_STATS_TEXT], max[PM_STATS_TEXT], sum[PM_STATS_TEXT];
    for (int phase = 0; phase < 2; phase++) {
        pm_stats stats = pm_stats_none();
        for (int i = 0; i < ITEMS; i++)
            data.r[i] = i % 2 == phase ? -0.0 : 0.0;
        pm_stats_add(&stats, PARMAP_FLOAT64, vector, &data, count);
        pm_stats_format(&stats, PARMAP_FLOAT64, min, max, sum);
        CHECK_TEXT(min, "0");
        CHECK_TEXT(max, "0");
        CHECK_TEXT(sum, "0");
    }
}

static void zeros(void)
{
    for_each_copy(check_zeros);
}

/* The parts of ranks put together, in any order, are the whole. */
static void merge(void)
{
    pm_stats whole = pm_stats_none(), up = pm_stats_none(), down = pm_stats_none();
    pm_stats parts[ITEMS / 64];
    random_state = 362436069u;
    for (int i = 0; i < ITEMS; i++)
        data.u[i] = next_random();
    for (int p = 0; p < ITEMS / 64; p++) {
        parts[p] = pm_stats_none();
        pm_stats_add(&parts[p], PARMAP_UINT64, PARMAP_VECTOR_BASELINE, data.u + 64 * p, 64);
    }
    pm_stats_add(&whole, PARMAP_UINT64, PARMAP_VECTOR_BASELINE, data.u, ITEMS / 64 * 64);
    for (int p = 0; p < ITEMS / 64; p++) {
        pm_stats_merge(&up, &parts[p]);
        pm_stats_merge(&down, &parts[ITEMS / 64 - 1 - p]);
    }
    CHECK(memcmp(&whole, &up, sizeof whole) == 0);
    CHECK(memcmp(&whole, &down, sizeof whole) == 0);
    CHECK(whole.sum > (parmap_int128)UINT64_MAX);
    pm_stats_merge(
        &up,
        &(pm_stats){
            .min = -3, .max = -3, .real_min = -1.5, .real_max = 0x1p60, .sum = -7, .inexact = 1});
    CHECK_INT(up.min, -3);
    CHECK_INT(up.max, whole.max);
    CHECK(up.real_min == -1.5);
    CHECK(up.real_max == 0x1p60);
    CHECK_INT(up.sum, whole.sum - 7);
    CHECK_INT(up.inexact, 1);
}

static void check_format(const pm_stats *stats, parmap_type type, const char *min_is,
                         const char *max_is, const char *sum_is)
{
    char min[PM_STATS_TEXT], max[PM_STATS_TEXT], sum[PM_STATS_TEXT];
    pm_stats_format(stats, type, min, max, sum);
    CHECK_TEXT(min, min_is);
    CHECK_TEXT(max, max_is);
    CHECK_TEXT(sum, sum_is);
}

static void format(void)
{
    const pm_stats cubes = {.min = -7,
                            .max = 1000000000000000000,
                            .sum = (parmap_int128)250000500000 * 1000000000000 + 250000000000};
    const pm_stats reals = {.real_min = -0.1, .real_max = 1e300, .inexact = 1};
    const pm_stats whole = {.real_min = -0x1p53, .real_max = 3, .sum = INT64_MIN};
    const parmap_int128 most = (parmap_int128)(~(parmap_uint128)0 >> 1);
    const pm_stats wide = {.min = -most - 1, .max = most};
    check_format(&cubes, PARMAP_INT64, "-7", "1000000000000000000", "250000500000250000000000");
    check_format(&reals, PARMAP_FLOAT64, "-0.10000000000000001", "1.0000000000000001e+300",
                 "not exact");
    check_format(&whole, PARMAP_FLOAT64, "-9007199254740992", "3", "-9223372036854775808");
    check_format(&wide, PARMAP_INT128, "-170141183460469231731687303715884105728",
                 "170141183460469231731687303715884105727", "");
}

int main(void)
{
    static const check_case cases[] = {
        {"stats: int64", int64},
        {"stats: uint64", uint64},
        {"stats: int128", int128},
        {"stats: float64", float64},
        {"stats: narrow types", narrow},
        {"stats: items that failed", some_failed},
        {"stats: one odd value", odd_values},
        {"stats: zeros of both signs", zeros},
        {"stats: merge", merge},
        {"stats: text", format},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
