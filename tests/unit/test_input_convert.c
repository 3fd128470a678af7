/* Stored numbers as a kernel's: every pair of types, strides, byte orders, and filters backwards.
 */
#include "store/input_convert.h"
#include "store/input_unshuffle.h"

#include "check.h"
#include "draw.h"

#include <math.h>
#include <string.h>

enum { COUNT = 133 };

static const parmap_type whole[] = {PARMAP_INT8,   PARMAP_UINT8,  PARMAP_INT16,
                                    PARMAP_UINT16, PARMAP_INT32,  PARMAP_UINT32,
                                    PARMAP_INT64,  PARMAP_UINT64, PARMAP_INT128};
enum { WHOLE = sizeof whole / sizeof whole[0] };

static bool holds(parmap_type outer, parmap_type inner)
{
    const parmap_domain a = pm_type_domain(outer), b = pm_type_domain(inner);
    return a.min <= b.min && a.max >= b.max;
}

/* A type holds another when its ends do; reals are told from their neighbours up to 2^24, 2^53. */
static void which_pairs(void)
{
    for (int i = 0; i < WHOLE; i++) {
        for (int k = 0; k < WHOLE; k++)
            CHECK_INT(pm_convert_find((int)whole[i], whole[k]) != NULL, holds(whole[k], whole[i]));
        CHECK_INT(pm_convert_find((int)whole[i], PARMAP_FLOAT64) != NULL,
                  holds(PARMAP_FLOAT64, whole[i]));
        CHECK_INT(pm_convert_find((int)whole[i], PARMAP_FLOAT32) != NULL,
                  holds(PARMAP_FLOAT32, whole[i]));
        CHECK(!pm_convert_find(PARMAP_FLOAT32, whole[i]));
        CHECK(!pm_convert_find(PARMAP_FLOAT64, whole[i]));
        CHECK(!pm_convert_find(PM_STORED_FLOAT16, whole[i]));
    }
    CHECK(!pm_convert_find(PARMAP_FLOAT64, PARMAP_FLOAT32));
    CHECK(pm_convert_find(PARMAP_FLOAT32, PARMAP_FLOAT64));
    CHECK(pm_convert_find(PM_STORED_FLOAT16, PARMAP_FLOAT32));
    CHECK(pm_convert_find(PM_STORED_FLOAT16, PARMAP_FLOAT64));
}

static parmap_int128 whole_at(parmap_type type, const char *at)
{
    union {
        int8_t i1;
        uint8_t u1;
        int16_t i2;
        uint16_t u2;
        int32_t i4;
        uint32_t u4;
        int64_t i8;
        uint64_t u8;
        parmap_int128 i16;
        float f4;
        double f8;
    } value;
    memcpy(&value, at, pm_type_bytes(type));
    return type == PARMAP_INT8      ? value.i1
           : type == PARMAP_UINT8   ? value.u1
           : type == PARMAP_INT16   ? value.i2
           : type == PARMAP_UINT16  ? value.u2
           : type == PARMAP_INT32   ? value.i4
           : type == PARMAP_UINT32  ? value.u4
           : type == PARMAP_INT64   ? value.i8
           : type == PARMAP_UINT64  ? (parmap_int128)value.u8
           : type == PARMAP_FLOAT32 ? (parmap_int128)value.f4
           : type == PARMAP_FLOAT64 ? (parmap_int128)value.f8
                                    : value.i16;
}

/* Random bytes, packed and with gaps, from and to odd addresses; what is between stays. */
static void check_pair(parmap_type from, parmap_type to, size_t from_gap, size_t to_gap)
{
    static char stored[COUNT * 24 + 1], got[COUNT * 24 + 1];
    const size_t from_stride = pm_type_bytes(from) + from_gap;
    const size_t to_stride = pm_type_bytes(to) + to_gap;
    for (size_t i = 0; i < sizeof stored; i++)
        stored[i] = (char)draw();
    memset(got, 85, sizeof got);
    pm_convert_find((int)from, to)(stored + 1, from_stride, got + 1, to_stride, COUNT);
    int wrong = 0;
    for (size_t i = 0; i < COUNT; i++) {
        wrong +=
            whole_at(to, got + 1 + i * to_stride) != whole_at(from, stored + 1 + i * from_stride);
        for (size_t gap = 0; gap < to_gap; gap++)
            wrong += got[1 + i * to_stride + pm_type_bytes(to) + gap] != 85;
    }
    for (size_t i = 1 + COUNT * to_stride; i < sizeof got; i++)
        wrong += got[i] != 85;
    CHECK_INT(wrong, 0);
}

static void whole_numbers(void)
{
    static const parmap_type reals[] = {PARMAP_FLOAT32, PARMAP_FLOAT64};
    for (int i = 0; i < WHOLE; i++) {
        for (int k = 0; k < WHOLE + 2; k++) {
            const parmap_type to = k < WHOLE ? whole[k] : reals[k - WHOLE];
            if (!pm_convert_find((int)whole[i], to))
                continue;
            for (size_t gaps = 0; gaps < 4; gaps++)
                check_pair(whole[i], to, gaps % 2 * 7, gaps / 2 * 5);
        }
    }
}

/* The value of a binary16 by its definition. */
static double half(unsigned bits)
{
    const int exponent = (int)(bits >> 10 & 31), mantissa = (int)(bits & 1023);
    const double size = exponent == 0    ? ldexp(mantissa, -24)
                        : exponent == 31 ? (mantissa ? (double)NAN : (double)INFINITY)
                                         : ldexp(1024 + mantissa, exponent - 25);
    return bits >> 15 ? -size : size;
}

static void all_halves(void)
{
    static uint16_t stored[65536];
    static float single[65536];
    static double twice[65536];
    for (unsigned i = 0; i < 65536; i++)
        stored[i] = (uint16_t)i;
    pm_convert_find(PM_STORED_FLOAT16, PARMAP_FLOAT32)((char *)stored, 2, (char *)single, 4, 65536);
    pm_convert_find(PM_STORED_FLOAT16, PARMAP_FLOAT64)((char *)stored, 2, (char *)twice, 8, 65536);
    int wrong = 0;
    for (unsigned i = 0; i < 65536; i++) {
        const double right = half(i);
        wrong += isnan(right) ? !isnan(single[i]) || !isnan(twice[i])
                              : (double)single[i] != right || twice[i] != right ||
                                    !signbit(single[i]) != !signbit(right);
    }
    CHECK_INT(wrong, 0);
    CHECK_TEXT(pm_stored_name(PM_STORED_FLOAT16), "float16");
    CHECK_INT(pm_stored_bytes(PM_STORED_FLOAT16), 2);
}

static void reals(void)
{
    const float values[] = {0, -0.0f, 1.5f, -3e38f, 1e-45f, INFINITY, -INFINITY};
    double got[7];
    pm_convert_find(PARMAP_FLOAT32, PARMAP_FLOAT64)((const char *)values, 4, (char *)got, 8, 7);
    for (int i = 0; i < 7; i++)
        CHECK(got[i] == (double)values[i] && !signbit(got[i]) == !signbit(values[i]));
}

static void swapping(void)
{
    static char stored[COUNT * 19 + 1], got[COUNT * 16 + 2];
    for (size_t i = 0; i < sizeof stored; i++)
        stored[i] = (char)draw();
    for (size_t bytes = 2; bytes <= 16; bytes *= 2)
        for (size_t gap = 0; gap < 4; gap += 3) {
            memset(got, 85, sizeof got);
            pm_swap(stored + 1, bytes + gap, got + 1, bytes, COUNT);
            int wrong = got[0] != 85 || got[1 + COUNT * bytes] != 85;
            for (size_t i = 0; i < COUNT; i++)
                for (size_t k = 0; k < bytes; k++)
                    wrong +=
                        got[1 + i * bytes + k] != stored[1 + i * (bytes + gap) + bytes - 1 - k];
            CHECK_INT(wrong, 0);
        }
}

/* By the definition: byte k of number i is byte i of run k. */
static void unshuffling(void)
{
    static char plain[4096], shuffled[4096], got[4097];
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (char)draw();
    for (size_t width = 1; width <= 17; width++)
        for (size_t count = 0; count < 100; count++) {
            const size_t bytes = count * width + count % width; /* some are left over */
            const size_t whole_count = bytes / width;
            memcpy(shuffled, plain, bytes);
            for (size_t i = 0; i < whole_count; i++)
                for (size_t k = 0; k < width; k++)
                    shuffled[k * whole_count + i] = plain[i * width + k];
            got[bytes] = 85;
            pm_unshuffle(shuffled, got, bytes, width);
            CHECK(memcmp(got, plain, bytes) == 0 && got[bytes] == 85);
        }
}

int main(void)
{
    static const check_case cases[] = {
        {"a type that holds every value", which_pairs},
        {"whole numbers", whole_numbers},
        {"every float16", all_halves},
        {"reals", reals},
        {"the other byte order", swapping},
        {"shuffle backwards", unshuffling},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
