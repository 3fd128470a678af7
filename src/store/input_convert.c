/* One loop for each pair of types, made by a macro: with the strides of packed numbers it is
 * vectorised. */
#include "store/input_convert.h"

#include <string.h>

/* The numbers of a file lie anywhere, and its bytes are of any type. */
#define ANYWHERE __attribute__((aligned(1), may_alias))
typedef int8_t c_INT8 ANYWHERE;
typedef uint8_t c_UINT8 ANYWHERE;
typedef int16_t c_INT16 ANYWHERE;
typedef uint16_t c_UINT16 ANYWHERE;
typedef int32_t c_INT32 ANYWHERE;
typedef uint32_t c_UINT32 ANYWHERE;
typedef int64_t c_INT64 ANYWHERE;
typedef uint64_t c_UINT64 ANYWHERE;
typedef parmap_int128 c_INT128 ANYWHERE;
typedef parmap_uint128 c_UINT128 ANYWHERE;
typedef float c_FLOAT32 ANYWHERE;
typedef double c_FLOAT64 ANYWHERE;
typedef uint16_t c_FLOAT16 ANYWHERE;

/* IEEE 754 binary16: 1 bit of sign, 5 of exponent with bias 15, 10 of mantissa. */
static inline float from_half(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16, rest = half & 0x7fffu;
    const uint32_t bias = rest >= 0x7c00u ? 255 - 31 : 127 - 15; /* infinite and NaN; others */
    const float tiny = (float)rest * 0x1p-24f;                   /* exponent 0: no hidden bit */
    uint32_t bits;
    memcpy(&bits, &tiny, sizeof bits);
    bits = sign | (rest >= 0x0400u ? (rest << 13) + (bias << 23) : bits);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* clang-format off */
/* X(from, to, value of a stored number) for each pair in which every value fits. */
#define EACH_PAIR(X)                                                                               \
    X(INT8, INT8, ) X(INT8, INT16, ) X(INT8, INT32, ) X(INT8, INT64, ) X(INT8, INT128, )           \
    X(UINT8, UINT8, ) X(UINT8, UINT16, ) X(UINT8, UINT32, ) X(UINT8, UINT64, )                     \
    X(UINT8, INT16, ) X(UINT8, INT32, ) X(UINT8, INT64, ) X(UINT8, INT128, )                       \
    X(INT16, INT16, ) X(INT16, INT32, ) X(INT16, INT64, ) X(INT16, INT128, )                       \
    X(UINT16, UINT16, ) X(UINT16, UINT32, ) X(UINT16, UINT64, )                                    \
    X(UINT16, INT32, ) X(UINT16, INT64, ) X(UINT16, INT128, )                                      \
    X(INT32, INT32, ) X(INT32, INT64, ) X(INT32, INT128, )                                         \
    X(UINT32, UINT32, ) X(UINT32, UINT64, ) X(UINT32, INT64, ) X(UINT32, INT128, )                 \
    X(INT64, INT64, ) X(INT64, INT128, ) X(UINT64, UINT64, ) X(UINT64, INT128, )                   \
    X(INT128, INT128, )                                                                            \
    X(INT8, FLOAT32, ) X(UINT8, FLOAT32, ) X(INT16, FLOAT32, ) X(UINT16, FLOAT32, )                \
    X(INT8, FLOAT64, ) X(UINT8, FLOAT64, ) X(INT16, FLOAT64, ) X(UINT16, FLOAT64, )                \
    X(INT32, FLOAT64, ) X(UINT32, FLOAT64, )                                                       \
    X(FLOAT16, FLOAT32, from_half) X(FLOAT16, FLOAT64, from_half)                                  \
    X(FLOAT32, FLOAT32, ) X(FLOAT32, FLOAT64, ) X(FLOAT64, FLOAT64, )
/* clang-format on */

#define NUMBER(type, at) (*(type *)(at))
#define CONVERT(FROM, TO, VALUE)                                                                   \
    static void FROM##_to_##TO(const char *from, size_t from_stride, char *to, size_t to_stride,   \
                               int64_t count)                                                      \
    {                                                                                              \
        if (from_stride == sizeof(c_##FROM) && to_stride == sizeof(c_##TO)) {                      \
            const c_##FROM *restrict packed = (const c_##FROM *)from;                              \
            c_##TO *restrict y = (c_##TO *)to;                                                     \
            for (int64_t i = 0; i < count; i++)                                                    \
                y[i] = (c_##TO)VALUE(packed[i]);                                                   \
        } else {                                                                                   \
            for (int64_t i = 0; i < count; i++, from += from_stride, to += to_stride)              \
                NUMBER(c_##TO, to) = (c_##TO)VALUE(NUMBER(const c_##FROM, from));                  \
        }                                                                                          \
    }
EACH_PAIR(CONVERT)

#define PARMAP_FLOAT16 PM_STORED_FLOAT16 /* for the table only */
#define ENTRY(FROM, TO, VALUE) [PARMAP_##FROM][PARMAP_##TO] = FROM##_to_##TO,
static pm_convert *const converts[PM_STORED_KINDS][PARMAP_TYPES] = {EACH_PAIR(ENTRY)};

pm_convert *pm_convert_find(int kind, parmap_type type)
{
    return converts[kind][type];
}

size_t pm_stored_bytes(int kind)
{
    return kind == PM_STORED_FLOAT16 ? 2 : pm_type_bytes((parmap_type)kind);
}

const char *pm_stored_name(int kind)
{
    return kind == PM_STORED_FLOAT16 ? "float16" : pm_type_name((parmap_type)kind);
}

static uint16_t turn16(uint16_t x)
{
    return __builtin_bswap16(x);
}

static uint32_t turn32(uint32_t x)
{
    return __builtin_bswap32(x);
}

static uint64_t turn64(uint64_t x)
{
    return __builtin_bswap64(x);
}

static parmap_uint128 turn128(parmap_uint128 x)
{
    return (parmap_uint128)turn64((uint64_t)x) << 64 | turn64((uint64_t)(x >> 64));
}

#define SWAP(bits)                                                                                 \
    static void swap##bits(const char *from, size_t from_stride, char *to, int64_t count)          \
    {                                                                                              \
        c_UINT##bits *restrict y = (c_UINT##bits *)to;                                             \
        if (from_stride == sizeof *y)                                                              \
            for (int64_t i = 0; i < count; i++)                                                    \
                y[i] = turn##bits(((const c_UINT##bits *)from)[i]);                                \
        else                                                                                       \
            for (int64_t i = 0; i < count; i++, from += from_stride)                               \
                y[i] = turn##bits(NUMBER(const c_UINT##bits, from));                               \
    }
SWAP(16)
SWAP(32)
SWAP(64)
SWAP(128)

void pm_swap(const char *from, size_t from_stride, char *to, size_t bytes, int64_t count)
{
    switch (bytes) {
    case 2:
        swap16(from, from_stride, to, count);
        return;
    case 4:
        swap32(from, from_stride, to, count);
        return;
    case 8:
        swap64(from, from_stride, to, count);
        return;
    default:
        swap128(from, from_stride, to, count);
    }
}
