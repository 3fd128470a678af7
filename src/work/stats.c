/* The folds, one copy per vector unit like the kernels' loops.  A 64-bit value is summed as two
 * halves in 64-bit lanes: a block has at most 2^31 items, so neither half can overflow. */
#include "work/stats.h"

#include "base/text.h"
#include "base/types.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef void fold(pm_stats *stats, const void *results, int64_t count);

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* clang-format off */
#define FOLD_64_BITS(type, T, least, most)                                                         \
    ALWAYS_INLINE void fold_##type(pm_stats *stats, const void *results, int64_t count)            \
    {                                                                                              \
        const T *y = __builtin_assume_aligned(results, 64);                                        \
        T min = (most), max = (least), high = 0;                                                   \
        uint64_t low = 0;                                                                          \
        _Pragma("omp simd reduction(min:min) reduction(max:max) reduction(+:low,high)")            \
        for (int64_t i = 0; i < count; i++) {                                                      \
            min = y[i] < min ? y[i] : min;                                                         \
            max = y[i] > max ? y[i] : max;                                                         \
            low += (uint32_t)y[i];                                                                 \
            high += y[i] >> 32;                                                                    \
        }                                                                                          \
        stats->min = min < stats->min ? min : stats->min;                                          \
        stats->max = max > stats->max ? max : stats->max;                                          \
        stats->sum += joined((parmap_int128)high, low);                                            \
    }
/* clang-format on */

static inline parmap_int128 joined(parmap_int128 high, uint64_t low)
{
    return high * ((parmap_int128)1 << 32) + (parmap_int128)low;
}

FOLD_64_BITS(int64, int64_t, INT64_MIN, INT64_MAX)
FOLD_64_BITS(uint64, uint64_t, 0, UINT64_MAX)

ALWAYS_INLINE void fold_int128(pm_stats *stats, const void *results, int64_t count)
{
    const parmap_int128 *y = __builtin_assume_aligned(results, 64);
    for (int64_t i = 0; i < count; i++) {
        stats->min = y[i] < stats->min ? y[i] : stats->min;
        stats->max = y[i] > stats->max ? y[i] : stats->max;
    }
}

ALWAYS_INLINE void fold_float64(pm_stats *stats, const void *results, int64_t count)
{
    const double *y = __builtin_assume_aligned(results, 64);
    const double limit = 0x1p53;
    double min = INFINITY, max = -INFINITY;
    int64_t high = 0, inexact = 0;
    uint64_t low = 0;
#pragma omp simd reduction(min : min) reduction(max : max) reduction(+ : low, high, inexact)
    for (int64_t i = 0; i < count; i++) {
        const double v = y[i];
        const bool small = v >= -limit && v <= limit; /* false for a NaN */
        const int64_t whole = (int64_t)(small ? v : 0.0);
        min = v < min ? v : min;
        max = v > max ? v : max;
        inexact += !small || (double)whole != v;
        low += (uint32_t)whole;
        high += whole >> 32;
    }
    stats->real_min = fmin(stats->real_min, min);
    stats->real_max = fmax(stats->real_max, max);
    stats->sum += joined(high, low);
    stats->inexact |= inexact != 0;
}

#define FOLD_COPY(unit, attribute, type)                                                           \
    attribute static void fold_##type##_##unit(pm_stats *stats, const void *results,               \
                                               int64_t count)                                      \
    {                                                                                              \
        fold_##type(stats, results, count);                                                        \
    }
PM_EACH_VECTOR(FOLD_COPY, int64)
PM_EACH_VECTOR(FOLD_COPY, uint64)
PM_EACH_VECTOR(FOLD_COPY, int128)
PM_EACH_VECTOR(FOLD_COPY, float64)

static fold *const folds[PARMAP_TYPES][PARMAP_VECTORS] = {
    [PARMAP_INT64] = PM_VECTOR_TABLE(fold_int64),
    [PARMAP_UINT64] = PM_VECTOR_TABLE(fold_uint64),
    [PARMAP_INT128] = PM_VECTOR_TABLE(fold_int128),
    [PARMAP_FLOAT64] = PM_VECTOR_TABLE(fold_float64),
};

pm_stats pm_stats_none(void)
{
    const parmap_int128 most = (parmap_int128)(~(parmap_uint128)0 >> 1);
    pm_stats stats;
    memset(&stats, 0, sizeof stats); /* the padding too: it travels between ranks */
    stats.min = most;
    stats.max = -most - 1;
    stats.real_min = INFINITY;
    stats.real_max = -INFINITY;
    return stats;
}

/* A few at a time, in their wide type and aligned. */
static void add_copies(pm_stats *stats, parmap_type type, parmap_vector vector, const char *from,
                       int64_t count)
{
    enum { TOGETHER = 256 };
    _Alignas(64) char wide[TOGETHER * sizeof(parmap_int128)];
    for (int64_t at = 0; at < count; at += TOGETHER) {
        const int64_t some = count - at < TOGETHER ? count - at : TOGETHER;
        pm_type_widen(type, from + (size_t)at * pm_type_bytes(type), some, wide);
        folds[pm_type_wide(type)][vector](stats, wide, some);
    }
}

void pm_stats_add(pm_stats *stats, parmap_type type, parmap_vector vector, const void *results,
                  int64_t count)
{
    if (pm_type_wide(type) == type)
        folds[type][vector](stats, results, count);
    else
        add_copies(stats, type, vector, results, count);
}

void pm_stats_add_some(pm_stats *stats, parmap_type type, int64_t elements, const void *results,
                       const uint8_t *statuses, uint8_t good, int64_t count)
{
    const size_t bytes = (size_t)elements * pm_type_bytes(type);
    for (int64_t i = 0, end; i < count; i = end + 1) {
        for (end = i; end < count && statuses[end] == good; end++)
            ;
        add_copies(stats, type, PARMAP_VECTOR_BASELINE, (const char *)results + (size_t)i * bytes,
                   (end - i) * elements);
    }
}

void pm_stats_merge(pm_stats *stats, const pm_stats *other)
{
    stats->min = other->min < stats->min ? other->min : stats->min;
    stats->max = other->max > stats->max ? other->max : stats->max;
    stats->real_min = fmin(stats->real_min, other->real_min);
    stats->real_max = fmax(stats->real_max, other->real_max);
    stats->sum += other->sum;
    stats->inexact |= other->inexact;
}

void pm_stats_format(const pm_stats *stats, parmap_type type, char min[PM_STATS_TEXT],
                     char max[PM_STATS_TEXT], char sum[PM_STATS_TEXT])
{
    if (pm_type_is_real(type)) {
        /* + 0.0: which of -0 and 0 was kept depends on the order */
        snprintf(min, PM_STATS_TEXT, "%.17g", stats->real_min + 0.0);
        snprintf(max, PM_STATS_TEXT, "%.17g", stats->real_max + 0.0);
    } else {
        pm_format_int128(min, stats->min);
        pm_format_int128(max, stats->max);
    }
    if (type == PARMAP_INT128)
        sum[0] = '\0';
    else if (stats->inexact)
        strcpy(sum, "not exact");
    else
        pm_format_int128(sum, stats->sum);
}
