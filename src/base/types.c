/* One table of the types, and what follows from it. */
#include "base/types.h"

#include "base/text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const pm_type_names[PARMAP_TYPES + 1] = {
    [PARMAP_INT64] = "int64",     [PARMAP_UINT64] = "uint64",   [PARMAP_INT128] = "int128",
    [PARMAP_FLOAT64] = "float64", [PARMAP_INT8] = "int8",       [PARMAP_UINT8] = "uint8",
    [PARMAP_INT16] = "int16",     [PARMAP_UINT16] = "uint16",   [PARMAP_INT32] = "int32",
    [PARMAP_UINT32] = "uint32",   [PARMAP_FLOAT32] = "float32",
};

#define MOST_128 ((parmap_int128)(~(parmap_uint128)0 >> 1))

static const struct {
    size_t bytes;
    parmap_type wide;
    parmap_domain domain;
} types[PARMAP_TYPES] = {
    [PARMAP_INT8] = {1, PARMAP_INT64, {INT8_MIN, INT8_MAX}},
    [PARMAP_UINT8] = {1, PARMAP_UINT64, {0, UINT8_MAX}},
    [PARMAP_INT16] = {2, PARMAP_INT64, {INT16_MIN, INT16_MAX}},
    [PARMAP_UINT16] = {2, PARMAP_UINT64, {0, UINT16_MAX}},
    [PARMAP_INT32] = {4, PARMAP_INT64, {INT32_MIN, INT32_MAX}},
    [PARMAP_UINT32] = {4, PARMAP_UINT64, {0, UINT32_MAX}},
    [PARMAP_INT64] = {8, PARMAP_INT64, {INT64_MIN, INT64_MAX}},
    [PARMAP_UINT64] = {8, PARMAP_UINT64, {0, UINT64_MAX}},
    [PARMAP_INT128] = {16, PARMAP_INT128, {-MOST_128 - 1, MOST_128}},
    [PARMAP_FLOAT32] = {4, PARMAP_FLOAT64, {-(1 << FLT_MANT_DIG), 1 << FLT_MANT_DIG}},
    [PARMAP_FLOAT64] = {8,
                        PARMAP_FLOAT64,
                        {-(INT64_C(1) << DBL_MANT_DIG), INT64_C(1) << DBL_MANT_DIG}},
};

const char *pm_type_name(parmap_type type)
{
    return (unsigned)type < PARMAP_TYPES ? pm_type_names[type]
           : type == PARMAP_RECORD       ? "records"
                                         : "an unknown type";
}

parmap_status pm_type_parse(const char *text, parmap_type *type)
{
    for (int i = 0; i < PARMAP_TYPES; i++) {
        if (strcmp(text, pm_type_names[i]) == 0) {
            *type = (parmap_type)i;
            return PARMAP_OK;
        }
    }
    return pm_fail(PARMAP_USAGE,
                   "\"%s\" is not a type; use int8 to int64, uint8 to uint64, int128, float32 or "
                   "float64",
                   text);
}

size_t pm_type_bytes(parmap_type type)
{
    return types[type].bytes;
}

bool pm_type_is_real(parmap_type type)
{
    return type == PARMAP_FLOAT64 || type == PARMAP_FLOAT32;
}

parmap_domain pm_type_domain(parmap_type type)
{
    return types[type].domain;
}

parmap_type pm_type_wide(parmap_type type)
{
    return types[type].wide;
}

#define WIDEN(FROM, TO)                                                                            \
    for (int64_t i = 0; i < count; i++)                                                            \
        ((TO *)wide)[i] = ((const FROM *)values)[i];                                               \
    break

void pm_type_widen(parmap_type type, const void *values, int64_t count, void *wide)
{
    switch (type) {
    case PARMAP_INT8:
        WIDEN(int8_t, int64_t);
    case PARMAP_INT16:
        WIDEN(int16_t, int64_t);
    case PARMAP_INT32:
        WIDEN(int32_t, int64_t);
    case PARMAP_UINT8:
        WIDEN(uint8_t, uint64_t);
    case PARMAP_UINT16:
        WIDEN(uint16_t, uint64_t);
    case PARMAP_UINT32:
        WIDEN(uint32_t, uint64_t);
    case PARMAP_FLOAT32:
        WIDEN(float, double);
    default:
        memcpy(wide, values, (size_t)count * types[type].bytes);
    }
}

/* The shortest that leads back; whole numbers that people write out as they do. */
static void format_real(char text[PM_VALUE_TEXT], parmap_type type, double value)
{
    if (isnan(value)) {
        strcpy(text, "NaN"); /* without its sign, which says nothing */
        return;
    }
    if (fabs(value) < 1e15 && value == trunc(value)) {
        snprintf(text, PM_VALUE_TEXT, "%.0f", value);
        return;
    }
    for (int digits = 1; digits <= DBL_DECIMAL_DIG; digits++) {
        snprintf(text, PM_VALUE_TEXT, "%.*g", digits, value);
        const double back = strtod(text, NULL);
        if (type == PARMAP_FLOAT32 ? (float)back == (float)value : back == value)
            return;
    }
}

char *pm_type_format(char text[PM_VALUE_TEXT], parmap_type type, const void *value)
{
    union {
        int64_t i;
        uint64_t u;
        double r;
        parmap_int128 w;
    } wide;
    pm_type_widen(type, value, 1, &wide);
    switch (types[type].wide) {
    case PARMAP_INT64:
        pm_format_int128(text, wide.i);
        break;
    case PARMAP_UINT64:
        pm_format_int128(text, wide.u);
        break;
    case PARMAP_FLOAT64:
        format_real(text, type, wide.r);
        break;
    default:
        pm_format_int128(text, wide.w);
    }
    return text;
}

int64_t pm_count_failed(const uint8_t *statuses, int64_t count)
{
    int64_t failed = 0;
    for (int64_t i = 0; i < count; i++)
        failed += statuses[i] == PM_ITEM_FAILED;
    return failed;
}
