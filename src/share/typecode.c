/* One table of C's types, by the letters that Python has for them. */
#include "share/typecode.h"

#include <inttypes.h>
#include <string.h>

#define INTEGER(type)                                                                              \
    {                                                                                              \
        .width = sizeof(type), .is_signed = (type)-1 < (type)1                                     \
    }
#define REAL(type)                                                                                 \
    {                                                                                              \
        .width = sizeof(type), .is_signed = true, .is_real = true                                  \
    }

/* clang-format off */
const pm_typecode pm_typecodes[256] = {
    ['c'] = {.width = 1, .is_signed = (char)-1 < (char)1, .is_character = true},
    ['b'] = INTEGER(signed char), ['B'] = INTEGER(unsigned char),
    ['h'] = INTEGER(short),       ['H'] = INTEGER(unsigned short),
    ['i'] = INTEGER(int),         ['I'] = INTEGER(unsigned int),
    ['l'] = INTEGER(long),        ['L'] = INTEGER(unsigned long),
    ['q'] = INTEGER(long long),   ['Q'] = INTEGER(unsigned long long),
    ['f'] = REAL(float),          ['d'] = REAL(double),
};
/* clang-format on */

_Static_assert(sizeof(long long) == 8 && sizeof(double) == 8 && sizeof(float) == 4,
               "a number is a word of 1, 2, 4 or 8 bytes");

static pm_typecode type_of(char code)
{
    return pm_typecodes[(unsigned char)code];
}

parmap_status pm_typecode_check(char code)
{
    if (type_of(code).width != 0)
        return PARMAP_OK;
    const bool visible = code > ' ' && code <= '~';
    return pm_fail(PARMAP_USAGE,
                   "there is no typecode %s%.*s; it is one of c b B h H i I l L q Q f d",
                   visible ? "" : "with this number", visible ? 1 : 0, &code);
}

bool pm_typecodes_match(char code, char other)
{
    const pm_typecode a = type_of(code), b = type_of(other);
    return a.width == b.width && a.is_signed == b.is_signed && a.is_real == b.is_real;
}

parmap_status pm_typecode_fit(char code, int64_t number)
{
    const pm_typecode type = type_of(code);
    if (type.is_real || type.width == 8 || pm_typecode_extend(type, (uint64_t)number) == number)
        return PARMAP_OK;
    const int bits = 8 * type.width;
    const int64_t least = type.is_signed ? -(INT64_C(1) << (bits - 1)) : 0;
    return pm_fail(PARMAP_USAGE, "%" PRId64 " does not fit typecode %c (%" PRId64 "..%" PRId64 ")",
                   number, code, least, least + (INT64_C(1) << bits) - 1);
}

uint64_t pm_typecode_bits(pm_typecode type, double number)
{
    uint64_t bits;
    if (type.width == sizeof(float)) {
        const float narrow = (float)number;
        uint32_t half;
        memcpy(&half, &narrow, sizeof half);
        return half;
    }
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

double pm_typecode_real(pm_typecode type, uint64_t bits)
{
    double number;
    if (type.width == sizeof(float)) {
        const uint32_t half = (uint32_t)bits;
        float narrow;
        memcpy(&narrow, &half, sizeof narrow);
        return (double)narrow;
    }
    memcpy(&number, &bits, sizeof number);
    return number;
}
