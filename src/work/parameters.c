/* The limits of an entry are doubles, and they bound whole numbers of up to 128 bits: these are
 * compared as whole numbers, since as doubles they would be rounded. */
#include "work/parameters.h"

#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- limits ---------------------------------------------------------------------------------- */

/* The whole numbers of the type within the limits. */
static parmap_domain whole_limits(const parmap_parameter *p)
{
    static const double most = 0x1.fffffffffffffp126; /* that fits 128 bits */
    parmap_domain limits = pm_type_domain(p->type);
    const double low = fmin(ceil(p->low), most), high = fmax(floor(p->high), -most);
    if (low > (double)limits.min)
        limits.min = (parmap_int128)low;
    if (high < (double)limits.max)
        limits.max = (parmap_int128)high;
    return limits;
}

static parmap_int128 whole_value(parmap_type type, const void *value)
{
    union {
        int64_t i;
        uint64_t u;
        parmap_int128 w;
    } wide;
    pm_type_widen(type, value, 1, &wide);
    return pm_type_wide(type) == PARMAP_INT64    ? wide.i
           : pm_type_wide(type) == PARMAP_UINT64 ? (parmap_int128)wide.u
                                                 : wide.w;
}

static double real_value(parmap_type type, const void *value)
{
    double wide;
    pm_type_widen(type, value, 1, &wide);
    return wide;
}

static bool is_within(const parmap_parameter *p, const void *value)
{
    if (pm_type_is_real(p->type)) {
        const double x = real_value(p->type, value);
        /* a float's limit may lie between two floats */
        return p->type == PARMAP_FLOAT32 ? (float)x >= (float)p->low && (float)x <= (float)p->high
                                         : x >= p->low && x <= p->high;
    }
    const parmap_domain limits = whole_limits(p);
    const parmap_int128 x = whole_value(p->type, value);
    return x >= limits.min && x <= limits.max;
}

static void format_limit(char text[PM_VALUE_TEXT], const parmap_parameter *p, bool high)
{
    if (pm_type_is_real(p->type)) {
        pm_type_format(text, PARMAP_FLOAT64, high ? &p->high : &p->low);
    } else {
        const parmap_domain limits = whole_limits(p);
        pm_format_int128(text, high ? limits.max : limits.min);
    }
}

char *pm_parameter_format_limits(char text[PM_LIMITS_TEXT], const parmap_parameter *p)
{
    char low[PM_VALUE_TEXT], high[PM_VALUE_TEXT];
    const bool real = pm_type_is_real(p->type);
    const parmap_domain all = pm_type_domain(p->type), limits = whole_limits(p);
    const bool no_low = real ? p->low == -INFINITY : limits.min == all.min,
               no_high = real ? p->high == INFINITY : limits.max == all.max;
    format_limit(low, p, false);
    format_limit(high, p, true);
    if (no_low && no_high)
        text[0] = '\0';
    else if (no_high)
        snprintf(text, PM_LIMITS_TEXT, "at least %s", low);
    else if (no_low)
        snprintf(text, PM_LIMITS_TEXT, "at most %s", high);
    else
        snprintf(text, PM_LIMITS_TEXT, "%s to %s", low, high);
    return text;
}

char *pm_parameter_format_value(char text[PM_VALUE_TEXT], const parmap_parameter *parameter)
{
    return pm_type_format(text, parameter->type, parameter->value);
}

/* ---- the table ------------------------------------------------------------------------------- */

static parmap_status check_entry(const parmap_kernel *kernel, const parmap_parameter *p)
{
    const char *wrong = (unsigned)p->type >= PARMAP_TYPES ? "its type is none"
                        : !p->value                       ? "it has no place"
                        : !(p->low <= p->high)            ? "its limits leave no value"
                        : !is_within(p, p->value)         ? "its default is outside its limits"
                                                          : NULL;
    return wrong ? pm_fail(PARMAP_USAGE, "parameter %s of kernel %s: %s; correct PARMAP_PARAMETERS",
                           p->name, kernel->name, wrong)
                 : PARMAP_OK;
}

parmap_status pm_parameters_check(const parmap_kernel *kernel)
{
    if (kernel->parameter_count < 0 || kernel->parameter_count > PM_PARAMETERS ||
        (kernel->parameter_count > 0 && !kernel->parameters))
        return pm_fail(PARMAP_USAGE, "kernel %s has no proper list of parameters; it can have %d",
                       kernel->name, PM_PARAMETERS);
    for (int i = 0; i < kernel->parameter_count; i++) {
        const parmap_parameter *p = &kernel->parameters[i];
        if (!pm_is_name(p->name, PM_PARAMETER_NAME))
            return pm_fail(PARMAP_USAGE,
                           "parameter %d of kernel %s has no name of up to %d letters, digits and "
                           "underscores; give it one",
                           i + 1, kernel->name, PM_PARAMETER_NAME - 1);
        PM_TRY(check_entry(kernel, p));
        for (int j = 0; j < i; j++)
            if (strcmp(kernel->parameters[j].name, p->name) == 0)
                return pm_fail(PARMAP_USAGE, "kernel %s has two parameters %s; rename one",
                               kernel->name, p->name);
    }
    return PARMAP_OK;
}

/* ---- values from texts ----------------------------------------------------------------------- */

/* In the C locale, whatever the program's is. */
static bool read_decimal(const char *text, double *value)
{
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    char *end = NULL;
    *value = plain ? strtod_l(text, &end, plain) : NAN;
    if (plain)
        freelocale(plain);
    return end && end != text && *end == '\0' && !isspace((unsigned char)*text);
}

/* Also as whole numbers are written: 2^20, 1_000. */
static bool read_real(const char *text, double *value)
{
    parmap_int128 whole = 0;
    if (read_decimal(text, value))
        return !isnan(*value);
    if (pm_parse_integer(text, &whole) != PARMAP_OK)
        return false;
    *value = (double)whole;
    return true;
}

/* "inf" is meant; 1e999 is not. */
static bool is_overflow(const char *text, double value)
{
    return isinf(value) && !strpbrk(text, "iI");
}

static void store_whole(parmap_type type, parmap_int128 value, unsigned char *to)
{
    memcpy(to, &value, pm_type_bytes(type)); /* of two's complement, the low bytes */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    memcpy(to, (const char *)&value + sizeof value - pm_type_bytes(type), pm_type_bytes(type));
#endif
}

static parmap_status fail_outside(const char *text, const parmap_parameter *p)
{
    char low[PM_VALUE_TEXT], high[PM_VALUE_TEXT];
    format_limit(low, p, false);
    format_limit(high, p, true);
    return pm_fail(PARMAP_USAGE, "--param %s is out of bounds; use a %s from %s to %s", text,
                   pm_type_is_real(p->type) ? "number" : "whole number", low, high);
}

static parmap_status read_value(const char *text, const char *value, const parmap_parameter *p,
                                unsigned char to[16])
{
    parmap_int128 whole = 0;
    double real = 0;
    memset(to, 0, 16);
    if (pm_type_is_real(p->type)) {
        if (!read_real(value, &real))
            return pm_fail(PARMAP_USAGE,
                           "--param %s: \"%s\" is no number; write one like 0.3 or 1e-6", text,
                           value);
        const float narrow = (float)real;
        const bool fits = p->type == PARMAP_FLOAT64 || isinf(real) || isfinite(narrow);
        if (p->type == PARMAP_FLOAT64)
            memcpy(to, &real, sizeof real);
        else
            memcpy(to, &narrow, sizeof narrow);
        return fits && !is_overflow(value, real) && is_within(p, to) ? PARMAP_OK
                                                                     : fail_outside(text, p);
    }
    if (pm_parse_integer(value, &whole) != PARMAP_OK)
        return pm_fail(PARMAP_USAGE, "--param %s: %s", text, parmap_message());
    const parmap_domain limits = whole_limits(p);
    store_whole(p->type, whole, to);
    return whole >= limits.min && whole <= limits.max ? PARMAP_OK : fail_outside(text, p);
}

/* ---- what the user gave ---------------------------------------------------------------------- */

static parmap_status fail_unknown(const parmap_kernel *kernel, const char *name)
{
    const char *names[PM_PARAMETERS];
    char all[PM_PARAMETERS * (PM_PARAMETER_NAME + 2)] = "";
    for (int i = 0; i < kernel->parameter_count; i++) {
        names[i] = kernel->parameters[i].name;
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i > 0 ? ", " : "", names[i]);
    }
    const char *nearest = pm_nearest_word(name, names, (size_t)kernel->parameter_count);
    if (kernel->parameter_count == 0)
        return pm_fail(PARMAP_USAGE, "--param %s: %s has no parameters; leave it out", name,
                       kernel->name);
    if (nearest)
        return pm_fail(PARMAP_USAGE, "%s has no parameter %s; did you mean %s?", kernel->name, name,
                       nearest);
    return pm_fail(PARMAP_USAGE, "%s has no parameter %s; it has %s", kernel->name, name, all);
}

/* The entry's number of "NAME=VALUE"; *value = what follows the name. */
static parmap_status find_entry(const parmap_kernel *kernel, const char *text, int *entry,
                                const char **value)
{
    char name[PM_PARAMETER_NAME + 16];
    const size_t length = strcspn(text, "=");
    if (length == 0 || text[length] != '=')
        return pm_fail(PARMAP_USAGE, "--param %s gives no value; write --param NAME=VALUE", text);
    *value = text + length + 1;
    snprintf(name, sizeof name, "%.*s", (int)(length < 1000 ? length : 1000), text);
    for (*entry = 0; *entry < kernel->parameter_count; ++*entry)
        if (strcmp(kernel->parameters[*entry].name, name) == 0)
            return PARMAP_OK;
    return fail_unknown(kernel, name);
}

parmap_status pm_parameters_read(const parmap_kernel *kernel, const char *const *texts, int count,
                                 pm_parameters *parameters)
{
    bool given[PM_PARAMETERS] = {false};
    memset(parameters, 0, sizeof *parameters);
    PM_TRY(pm_parameters_check(kernel));
    for (int i = 0; i < kernel->parameter_count; i++) {
        const parmap_parameter *p = &kernel->parameters[i];
        pm_parameter *item = &parameters->items[i];
        snprintf(item->name, sizeof item->name, "%s", p->name);
        item->type = p->type;
        memcpy(item->value, p->value, pm_type_bytes(p->type));
    }
    parameters->count = kernel->parameter_count;
    for (int i = 0; i < count; i++) {
        int entry = 0;
        const char *value = "";
        PM_TRY(find_entry(kernel, texts[i], &entry, &value));
        if (given[entry])
            return pm_fail(PARMAP_USAGE, "--param %s is given twice; leave one out",
                           kernel->parameters[entry].name);
        given[entry] = true;
        PM_TRY(read_value(texts[i], value, &kernel->parameters[entry],
                          parameters->items[entry].value));
    }
    return PARMAP_OK;
}

/* ---- and where it goes ----------------------------------------------------------------------- */

parmap_status pm_parameters_apply(const parmap_kernel *kernel, const pm_parameters *parameters)
{
    bool same = kernel->parameter_count == parameters->count;
    for (int i = 0; same && i < parameters->count; i++)
        same = strcmp(kernel->parameters[i].name, parameters->items[i].name) == 0 &&
               kernel->parameters[i].type == parameters->items[i].type;
    if (!same)
        return pm_fail(PARMAP_BAD_DATA,
                       "the parameters of %s differ between ranks; run the same build everywhere",
                       kernel->name);
    for (int i = 0; i < parameters->count; i++)
        memcpy(kernel->parameters[i].value, parameters->items[i].value,
               pm_type_bytes(parameters->items[i].type));
    return PARMAP_OK;
}

char *pm_parameters_format(char text[PM_PARAMETERS_TEXT], const pm_parameters *parameters)
{
    size_t at = 0;
    text[0] = '\0';
    for (int i = 0; i < parameters->count; i++) {
        const pm_parameter *item = &parameters->items[i];
        char value[PM_VALUE_TEXT];
        at += (size_t)snprintf(text + at, PM_PARAMETERS_TEXT - at, "%s%s=%s", i > 0 ? ", " : "",
                               item->name, pm_type_format(value, item->type, item->value));
    }
    return text;
}
