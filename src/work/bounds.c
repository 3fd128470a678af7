/* The check of bounds, in one copy per vector unit.
 *
 * Whole numbers are checked without comparisons, which SSE2 has not for 64 bits.  Modulo 2^n, with
 * a = x - low, b = high - x and span = high - low: an x within has both a and b up to the span, one
 * outside has both above it.  So where the span is below 2^(n-1) (narrow) x is outside when either
 * has its top bit set; above (wide) when both have, as two of a sum below 2^n never do.  Signed
 * and unsigned are the same. */
#include "work/bounds.h"

#include "base/types.h"

#include <math.h>

/* They set the top bit of a number as wide as the item when x is outside. */
#define NARROW(x, low, high) (((x) - (low)) | ((high) - (x)))
#define WIDE(x, low, high) (((x) - (low)) & ((high) - (x)))
#define REAL(x, low, high) (0 - (uint64_t)(!((x) >= (low)) | !((x) <= (high))))

typedef bool bounds_check(const pm_bounds *bounds, const void *items, int64_t count,
                          const void *next);

/* The next items are fetched a cache line at a time, beside the line that is checked: the
 * processor's own prefetching stops while the kernel computes, which cost 10 to 20 %. */
#define CHECK(unit, attribute, name, ITEM, FLAGS, outside, member)                                 \
    attribute static bool name##_##unit(const pm_bounds *bounds, const void *items, int64_t count, \
                                        const void *next)                                          \
    {                                                                                              \
        enum { LINE = 64 / sizeof(ITEM) };                                                         \
        const ITEM *x = items, *ahead = next, low = bounds->low.member,                            \
                   high = bounds->high.member;                                                     \
        FLAGS flags = 0;                                                                           \
        int64_t i = 0;                                                                             \
        for (; i + LINE <= count; i += LINE) {                                                     \
            __builtin_prefetch(ahead + i);                                                         \
            _Pragma("omp simd reduction(|: flags)") for (int64_t j = i; j < i + LINE; j++)         \
                flags |= outside(x[j], low, high);                                                 \
        }                                                                                          \
        for (; i < count; i++)                                                                     \
            flags |= outside(x[i], low, high);                                                     \
        return (flags >> (8 * sizeof flags - 1)) != 0;                                             \
    }

PM_EACH_VECTOR(CHECK, narrow64, uint64_t, uint64_t, NARROW, bits64)
PM_EACH_VECTOR(CHECK, wide64, uint64_t, uint64_t, WIDE, bits64)
PM_EACH_VECTOR(CHECK, narrow128, parmap_uint128, parmap_uint128, NARROW, bits128)
PM_EACH_VECTOR(CHECK, wide128, parmap_uint128, parmap_uint128, WIDE, bits128)
PM_EACH_VECTOR(CHECK, real, double, uint64_t, REAL, real)

static bounds_check *const checks[PM_BOUNDS_CHECKS][PARMAP_VECTORS] = {
    [PM_BOUNDS_NARROW64] = PM_VECTOR_TABLE(narrow64),
    [PM_BOUNDS_WIDE64] = PM_VECTOR_TABLE(wide64),
    [PM_BOUNDS_NARROW128] = PM_VECTOR_TABLE(narrow128),
    [PM_BOUNDS_WIDE128] = PM_VECTOR_TABLE(wide128),
    [PM_BOUNDS_REAL] = PM_VECTOR_TABLE(real),
};

/* The doubles next to the ends, within them: 2^63 - 1 would be rounded to 2^63. */
static pm_bounds real_bounds(parmap_domain domain, parmap_type type)
{
    double low = (double)domain.min, high = (double)domain.max;
    if (low < 0x1p127 && (parmap_int128)low < domain.min)
        low = nextafter(low, INFINITY);
    if (high >= 0x1p127 || (parmap_int128)high > domain.max)
        high = nextafter(high, -INFINITY);
    return (pm_bounds){PM_BOUNDS_REAL, type, {.real = low}, {.real = high}};
}

pm_bounds pm_bounds_of(parmap_domain domain, parmap_type type)
{
    const parmap_uint128 low = (parmap_uint128)domain.min, high = (parmap_uint128)domain.max;
    const parmap_uint128 span = high - low;
    if (domain.min > domain.max)
        return (pm_bounds){.check = PM_BOUNDS_EMPTY};
    if (pm_type_is_real(type))
        return real_bounds(domain, type);
    if (type == PARMAP_INT128)
        return (pm_bounds){span >> 127 ? PM_BOUNDS_WIDE128 : PM_BOUNDS_NARROW128,
                           type,
                           {.bits128 = low},
                           {.bits128 = high}};
    return (pm_bounds){span >> 63 ? PM_BOUNDS_WIDE64 : PM_BOUNDS_NARROW64,
                       type,
                       {.bits64 = (uint64_t)low},
                       {.bits64 = (uint64_t)high}};
}

pm_bounds pm_bounds_none(void)
{
    return (pm_bounds){.check = PM_BOUNDS_NONE};
}

/* Narrow items, a few at a time in their wide type. */
static bool exceeded_widened(const pm_bounds *bounds, parmap_vector vector, const char *items,
                             int64_t count)
{
    enum { TOGETHER = 256 };
    _Alignas(64) uint64_t wide[TOGETHER];
    for (int64_t at = 0; at < count; at += TOGETHER) {
        const int64_t some = count - at < TOGETHER ? count - at : TOGETHER;
        pm_type_widen(bounds->type, items + (size_t)at * pm_type_bytes(bounds->type), some, wide);
        if (checks[bounds->check][vector](bounds, wide, some, wide))
            return true;
    }
    return false;
}

bool pm_bounds_exceeded(const pm_bounds *bounds, parmap_vector vector, const void *items,
                        int64_t count, const void *next)
{
    if (bounds->check == PM_BOUNDS_NONE)
        return false;
    if (bounds->check == PM_BOUNDS_EMPTY)
        return count > 0;
    if (pm_type_wide(bounds->type) != bounds->type)
        return exceeded_widened(bounds, vector, items, count);
    return checks[bounds->check][vector](bounds, items, count, next);
}
