/* Numbers of 2, 4, 8 and 16 bytes are put together by vectors of 16: two runs of bytes are merged
 * into one of pairs, two of these into one of fours, and so on. */
#include "store/input_unshuffle.h"

#include <stdint.h>
#include <string.h>

enum { LANES = 16 };
typedef uint8_t vector __attribute__((vector_size(LANES)));

#if defined(__clang__)
#define PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define PICK(a, b, ...) __builtin_shuffle(a, b, (vector){__VA_ARGS__})
#endif
#define LOWER(a, b) PICK(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define UPPER(a, b) PICK(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

/* One number for each lane. */
static inline __attribute__((always_inline)) void merge(const char *from, size_t plane, char *to,
                                                        const size_t width)
{
    vector runs[LANES], merged[LANES];
    for (size_t k = 0; k < width; k++)
        memcpy(&runs[k], from + k * plane, LANES);
    for (size_t stage = 1; stage < width; stage *= 2) {
        for (size_t k = 0; k < width / 2; k++) {
            merged[2 * k] = LOWER(runs[k], runs[k + width / 2]);
            merged[2 * k + 1] = UPPER(runs[k], runs[k + width / 2]);
        }
        for (size_t k = 0; k < width; k++)
            runs[k] = merged[k];
    }
    for (size_t k = 0; k < width; k++)
        memcpy(to + k * LANES, &runs[k], LANES);
}

static void one_by_one(const char *from, char *to, size_t begin, size_t count, size_t width)
{
    for (size_t i = begin; i < count; i++)
        for (size_t k = 0; k < width; k++)
            to[i * width + k] = from[k * count + i];
}

#define UNSHUFFLE(width)                                                                           \
    static void unshuffle##width(const char *from, char *to, size_t count)                         \
    {                                                                                              \
        size_t i = 0;                                                                              \
        for (; i + LANES <= count; i += LANES)                                                     \
            merge(from + i, count, to + i * (width), width);                                       \
        one_by_one(from, to, i, count, width);                                                     \
    }
UNSHUFFLE(2)
UNSHUFFLE(4)
UNSHUFFLE(8)
UNSHUFFLE(16)

void pm_unshuffle(const char *from, char *to, size_t bytes, size_t width)
{
    const size_t count = width > 1 ? bytes / width : 0;
    if (count == 0 || width == 1) {
        memcpy(to, from, bytes);
        return;
    }
    if (width == 2)
        unshuffle2(from, to, count);
    else if (width == 4)
        unshuffle4(from, to, count);
    else if (width == 8)
        unshuffle8(from, to, count);
    else if (width == 16)
        unshuffle16(from, to, count);
    else
        one_by_one(from, to, 0, count, width);
    memcpy(to + count * width, from + count * width, bytes - count * width);
}
