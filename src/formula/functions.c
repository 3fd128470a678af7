/* The table of functions, and the names that people try instead. */
#include "formula/functions.h"

#include "base/text.h"
#include "base/types.h"

#include <math.h>
#include <string.h>

#define REAL(name, count, low, high)                                                               \
    {                                                                                              \
#name, PM_FUNCTION_REAL, count, count, false, low, high, NULL, false, NULL                 \
    }
/* rising: bounded by the values at the ends */
#define RISING(name, low, high)                                                                    \
    {                                                                                              \
#name, PM_FUNCTION_REAL, 1, 1, false, low, high, name, false, NULL                         \
    }
/* rising and rounded correctly, in a few instructions */
#define QUICK(name, low)                                                                           \
    {                                                                                              \
#name, PM_FUNCTION_REAL, 1, 1, true, low, INFINITY, name, true, NULL                       \
    }
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, PM_FUNCTION_TEST, 1, 1, true, 0, 1, NULL, false, NULL                               \
    }
#define ROUND(name, like)                                                                          \
    {                                                                                              \
#name, PM_FUNCTION_ROUND, 1, 1, true, -INFINITY, INFINITY, like, true, #like               \
    }
#define OTHER(name, kind, least, most, quick)                                                      \
    {                                                                                              \
#name, kind, least, most, quick, -INFINITY, INFINITY, NULL, false, NULL                    \
    }

enum { MANY = 64 };

const pm_callable pm_callables[] = {
    REAL(acos, 1, 0, 3.15),
    REAL(asin, 1, -1.58, 1.58),
    RISING(atan, -1.58, 1.58),
    REAL(atan2, 2, -3.15, 3.15),
    REAL(cos, 1, -1, 1),
    REAL(sin, 1, -1, 1),
    REAL(tan, 1, -INFINITY, INFINITY),
    REAL(acosh, 1, 0, INFINITY),
    RISING(asinh, -INFINITY, INFINITY),
    REAL(atanh, 1, -INFINITY, INFINITY),
    REAL(cosh, 1, 1, INFINITY),
    RISING(sinh, -INFINITY, INFINITY),
    RISING(tanh, -1, 1),
    RISING(exp, 0, INFINITY),
    RISING(exp2, 0, INFINITY),
    RISING(expm1, -1, INFINITY),
    RISING(log, -INFINITY, INFINITY),
    RISING(log10, -INFINITY, INFINITY),
    RISING(log1p, -INFINITY, INFINITY),
    RISING(log2, -INFINITY, INFINITY),
    REAL(logb, 1, -INFINITY, INFINITY),
    OTHER(ilogb, PM_FUNCTION_EXPONENT, 1, 1, false),
    OTHER(ldexp, PM_FUNCTION_SCALE, 2, 2, false),
    OTHER(scalbn, PM_FUNCTION_SCALE, 2, 2, false),
    OTHER(scalbln, PM_FUNCTION_SCALE, 2, 2, false),
    RISING(cbrt, -INFINITY, INFINITY),
    {"fabs", PM_FUNCTION_REAL, 1, 1, true, 0, INFINITY, NULL, true, NULL},
    REAL(hypot, 2, 0, INFINITY),
    REAL(pow, 2, -INFINITY, INFINITY),
    QUICK(sqrt, 0),
    RISING(erf, -1, 1),
    REAL(erfc, 1, 0, 2),
    REAL(lgamma, 1, -INFINITY, INFINITY),
    REAL(tgamma, 1, -INFINITY, INFINITY),
    QUICK(ceil, -INFINITY),
    QUICK(floor, -INFINITY),
    QUICK(nearbyint, -INFINITY),
    QUICK(rint, -INFINITY),
    QUICK(round, -INFINITY),
    QUICK(trunc, -INFINITY),
    ROUND(lrint, rint),
    ROUND(llrint, rint),
    ROUND(lround, round),
    ROUND(llround, round),
    REAL(fmod, 2, -INFINITY, INFINITY),
    REAL(remainder, 2, -INFINITY, INFINITY),
    {"copysign", PM_FUNCTION_REAL, 2, 2, true, -INFINITY, INFINITY, NULL, false, NULL},
    REAL(nextafter, 2, -INFINITY, INFINITY),
    OTHER(nexttoward, PM_FUNCTION_NEXT, 2, 2, false),
    REAL(fdim, 2, 0, INFINITY),
    REAL(fmax, 2, -INFINITY, INFINITY),
    REAL(fmin, 2, -INFINITY, INFINITY),
    REAL(fma, 3, -INFINITY, INFINITY),
    TEST(isfinite),
    TEST(isinf),
    TEST(isnan),
    TEST(isnormal),
    TEST(signbit),
    OTHER(abs, PM_FUNCTION_ABS, 1, 1, true),
    OTHER(min, PM_FUNCTION_MIN, 1, MANY, true),
    OTHER(max, PM_FUNCTION_MAX, 1, MANY, true),
    OTHER(sum, PM_FUNCTION_SUM, 1, 1, true),
    OTHER(mean, PM_FUNCTION_MEAN, 1, 1, true),
    {.name = NULL},
};

static const pm_real_constant constants[] = {
    {"pi", 3.14159265358979323846, 3.14159265358979323846f},
    {"e", 2.7182818284590452354, 2.7182818284590452354f},
    {"inf", INFINITY, INFINITY},
    {"nan", NAN, NAN},
};

/* Functions of C and of other languages -> what a formula has for them. */
static const char *const other_functions[][2] = {
    {"double", "float64"}, {"float", "float32"},   {"int", "int64"},       {"long", "int64"},
    {"short", "int16"},    {"char", "int8"},       {"int64_t", "int64"},   {"uint64_t", "uint64"},
    {"int32_t", "int32"},  {"uint32_t", "uint32"}, {"int16_t", "int16"},   {"uint16_t", "uint16"},
    {"int8_t", "int8"},    {"uint8_t", "uint8"},   {"unsigned", "uint64"}, {"real", "float64"},
    {"ln", "log"},         {"arcsin", "asin"},     {"arccos", "acos"},     {"arctan", "atan"},
    {"arctan2", "atan2"},  {"arcsinh", "asinh"},   {"arccosh", "acosh"},   {"arctanh", "atanh"},
    {"power", "pow"},      {"absolute", "abs"},    {"maximum", "max"},     {"minimum", "min"},
    {"average", "mean"},   {"gamma", "tgamma"},    {"fix", "trunc"},       {"mod", "a % b"},
    {"sign", "copysign"},  {"labs", "abs"},        {"llabs", "abs"},       {"not", "!"},
};

/* The same for names without arguments. */
static const char *const other_words[][2] = {
    {"and", "&&"},  {"or", "||"},        {"not", "!"},      {"xor", "^"},
    {"M_PI", "pi"}, {"INFINITY", "inf"}, {"NAN", "nan"},    {"M_E", "e"},
    {"True", "1"},  {"False", "0"},      {"if", "? and :"}, {"else", "? and :"},
};

static bool same(const char *name, const char *text, int length)
{
    return strncmp(name, text, (size_t)length) == 0 && name[length] == '\0';
}

int pm_callable_find(const char *name, int length)
{
    for (int i = 0; pm_callables[i].name != NULL; i++)
        if (same(pm_callables[i].name, name, length))
            return i;
    return -1;
}

const pm_real_constant *pm_constant_find(const char *name, int length)
{
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++)
        if (same(constants[i].name, name, length))
            return &constants[i];
    return NULL;
}

/* "sqrt" for "sqrtf" and "sqrtl": the functions of a formula take the type of their argument. */
static const char *without_suffix(const char *name)
{
    const int length = (int)strlen(name) - 1;
    if (length < 1 || (name[length] != 'f' && name[length] != 'l'))
        return NULL;
    const int found = pm_callable_find(name, length);
    return found >= 0 ? pm_callables[found].name : NULL;
}

const char *pm_callable_suggest(const char *name)
{
    const char *names[sizeof pm_callables / sizeof pm_callables[0] + PARMAP_TYPES + 1];
    size_t count = 0;
    for (size_t i = 0; i < sizeof other_functions / sizeof other_functions[0]; i++)
        if (strcmp(name, other_functions[i][0]) == 0)
            return other_functions[i][1];
    if (without_suffix(name) != NULL)
        return without_suffix(name);
    for (int i = 0; pm_callables[i].name != NULL; i++)
        names[count++] = pm_callables[i].name;
    for (int i = 0; i < PARMAP_TYPES; i++)
        names[count++] = pm_type_names[i];
    return pm_nearest_word(name, names, count);
}

const char *pm_word_suggest(const char *name)
{
    for (size_t i = 0; i < sizeof other_words / sizeof other_words[0]; i++)
        if (strcmp(name, other_words[i][0]) == 0)
            return other_words[i][1];
    return NULL;
}
