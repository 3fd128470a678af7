/* Bounds of narrow types, against comparisons: all ends, all places.  (The wide ones are tested
 * with the kernels that use them, in test_kernel_arrays.c.) */
#include "work/bounds.h"

#include "base/types.h"
#include "work/kernel.h"

#include "check.h"

#include <math.h>
#include <string.h>

enum { MOST = 1031 };

/* The places where an item is looked for: ends of the pieces in which they are widened. */
static const int64_t places[] = {0, 1, 254, 255, 256, 257, 511, 512, 1029, 1030};
enum { PLACES = sizeof places / sizeof places[0] };

static bool exceeded(const pm_bounds *bounds, const void *items, int64_t count)
{
    int found = 0;
    for (parmap_vector v = PARMAP_VECTOR_BASELINE; v <= pm_vector_best(); v++)
        found += pm_bounds_exceeded(bounds, v, items, count, items);
    CHECK(found == 0 || found == (int)pm_vector_best() + 1);
    return found > 0;
}

/* All values of 8 bits with all bounds. */
#define CHECK_BYTES(T, type)                                                                       \
    do {                                                                                           \
        const parmap_domain all = pm_type_domain(type);                                            \
        int64_t wrong = 0;                                                                         \
        for (parmap_int128 low = all.min; low <= all.max; low += 5)                                \
            for (parmap_int128 high = all.min; high <= all.max; high += 3) {                       \
                const pm_bounds bounds = pm_bounds_of((parmap_domain){low, high}, type);           \
                for (parmap_int128 x = all.min; x <= all.max; x++)                                 \
                    wrong += pm_bounds_exceeded(&bounds, PARMAP_VECTOR_BASELINE, &(T){(T)x}, 1,    \
                                                &x) != (x < low || x > high);                      \
            }                                                                                      \
        CHECK_INT(wrong, 0);                                                                       \
    } while (0)

static void all_bytes(void)
{
    CHECK_BYTES(int8_t, PARMAP_INT8);
    CHECK_BYTES(uint8_t, PARMAP_UINT8);
}

/* One item outside among items within, at each place; both neighbours of both ends. */
#define CHECK_PLACES(T, type, low, high)                                                           \
    do {                                                                                           \
        static T items[MOST];                                                                      \
        const parmap_int128 ends[] = {(parmap_int128)(low)-1, low, high,                           \
                                      (parmap_int128)(high) + 1};                                  \
        const parmap_domain all = pm_type_domain(type);                                            \
        const pm_bounds bounds = pm_bounds_of((parmap_domain){low, high}, type);                   \
        for (int i = 0; i < MOST; i++)                                                             \
            items[i] = (T)(i % 2 ? (low) : (high));                                                \
        CHECK(!exceeded(&bounds, items, MOST));                                                    \
        CHECK(!exceeded(&bounds, items, 0));                                                       \
        for (int p = 0; p < PLACES; p++)                                                           \
            for (int e = 0; e < 4; e++) {                                                          \
                const T before = items[places[p]];                                                 \
                if (ends[e] < all.min || ends[e] > all.max)                                        \
                    continue;                                                                      \
                items[places[p]] = (T)ends[e];                                                     \
                CHECK(exceeded(&bounds, items, MOST) == (e == 0 || e == 3));                       \
                CHECK(!exceeded(&bounds, items, places[p]));                                       \
                items[places[p]] = before;                                                         \
            }                                                                                      \
    } while (0)

static void whole_numbers(void)
{
    CHECK_PLACES(int8_t, PARMAP_INT8, -100, 27);
    CHECK_PLACES(uint8_t, PARMAP_UINT8, 1, 254);
    CHECK_PLACES(int16_t, PARMAP_INT16, -32767, -5);
    CHECK_PLACES(uint16_t, PARMAP_UINT16, 30000, 65535);
    CHECK_PLACES(int32_t, PARMAP_INT32, INT32_MIN, INT32_MAX - 1);
    CHECK_PLACES(int32_t, PARMAP_INT32, 7, 7);
    CHECK_PLACES(uint32_t, PARMAP_UINT32, 0x7fffffff, 0x80000000u);
    CHECK_PLACES(float, PARMAP_FLOAT32, -1000, 16777215);
}

/* Between whole numbers, and what is no number. */
static void reals(void)
{
    const pm_bounds bounds = pm_bounds_of((parmap_domain){-3, 5}, PARMAP_FLOAT32);
    static const float within[] = {-3, -2.9999f, -0.0f, 4.9999995f, 5},
                       beyond[] = {-3.0000002f, 5.0000005f, INFINITY, -INFINITY, NAN, -NAN, 1e38f};
    static float items[MOST];
    CHECK(!exceeded(&bounds, within, 5));
    for (int b = 0; b < 7; b++)
        for (int p = 0; p < PLACES; p++) {
            memset(items, 0, sizeof items);
            items[places[p]] = beyond[b];
            CHECK(exceeded(&bounds, items, MOST));
        }
}

static void all_or_nothing(void)
{
    const pm_bounds none = pm_bounds_none();
    const float nan = NAN;
    for (parmap_type type = PARMAP_INT8; type <= PARMAP_FLOAT32; type++) {
        const pm_bounds empty = pm_bounds_of((parmap_domain){1, 0}, type);
        CHECK(exceeded(&empty, &nan, 1));
        CHECK(!exceeded(&empty, &nan, 0));
    }
    CHECK(!exceeded(&none, &nan, 1));
}

int main(void)
{
    static const check_case cases[] = {
        {"bounds: all bytes", all_bytes},
        {"bounds: whole numbers", whole_numbers},
        {"bounds: reals", reals},
        {"bounds: all or nothing", all_or_nothing},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
