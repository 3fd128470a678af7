/* The functions that checked arithmetic needs, written for one type: $ stands for it, # for its
 * unsigned companion, @ for its name in names. */
#include "formula/emitter.h"

#include "base/types.h"

#include <string.h>

static const char least[] = "($)((#)1 << (8 * sizeof($) - 1))";

static const char *const texts[PM_HELPERS] = {
    [PM_HELPER_MULTIPLY] =
        "static inline int multiply_@($ a, $ b, $ *result)\n"
        "{\n"
        "    const # x = a < 0 ? 0 - (#)a : (#)a, y = b < 0 ? 0 - (#)b : (#)b;\n"
        "    const # mask = (uint64_t)-1, limit = ((#)1 << 127) - ((a < 0) == (b < 0));\n"
        "    *result = ($)((#)a * (#)b);\n"
        "    if ((x >> 64) == 0 && (y >> 64) == 0)\n"
        "        return x * y > limit;\n"
        "    if ((x >> 64) != 0 && (y >> 64) != 0)\n"
        "        return 1;\n"
        "    const # cross = (x >> 64) * (y & mask) + (y >> 64) * (x & mask);\n"
        "    const # low = (x & mask) * (y & mask);\n"
        "    return (cross >> 63) > 1 || (cross << 64) + low < low || (cross << 64) + low > "
        "limit;\n"
        "}\n",
    [PM_HELPER_DIVIDE] = "static inline $ divide_@($ a, $ b, int *bad)\n"
                         "{\n"
                         "    if (b == 0 || (SIGNED && b == ($)-1 && a == LEAST)) {\n"
                         "        *bad = 1;\n"
                         "        return 0;\n"
                         "    }\n"
                         "    return a / b;\n"
                         "}\n",
    [PM_HELPER_REMAINDER] = "static inline $ remainder_@($ a, $ b, int *bad)\n"
                            "{\n"
                            "    *bad |= b == 0;\n"
                            "    return b == 0 || (SIGNED && b == ($)-1) ? 0 : a % b;\n"
                            "}\n",
    [PM_HELPER_SHIFT_LEFT] = "static inline $ shift_left_@($ a, int64_t n, int *bad)\n"
                             "{\n"
                             "    if (n < 0 || n >= (int)(8 * sizeof a)) {\n"
                             "        *bad = 1;\n"
                             "        return 0;\n"
                             "    }\n"
                             "    const $ result = ($)((#)a << n);\n"
                             "    *bad |= result >> n != a;\n"
                             "    return result;\n"
                             "}\n",
    [PM_HELPER_SHIFT_RIGHT] = "static inline $ shift_right_@($ a, int64_t n, int *bad)\n"
                              "{\n"
                              "    if (n < 0 || n >= (int)(8 * sizeof a)) {\n"
                              "        *bad = 1;\n"
                              "        return 0;\n"
                              "    }\n"
                              "    return a >> n;\n"
                              "}\n",
    [PM_HELPER_POWER] = "static inline $ power_@($ a, int64_t n, int *bad)\n"
                        "{\n"
                        "    $ result = 1;\n"
                        "    *bad |= n < 0;\n"
                        "    while (n > 0) {\n"
                        "        if (n & 1)\n"
                        "            *bad |= MULTIPLY(result, a, &result);\n"
                        "        n >>= 1;\n"
                        "        if (n > 0)\n"
                        "            *bad |= MULTIPLY(a, a, &a);\n"
                        "    }\n"
                        "    return result;\n"
                        "}\n"};

/* What a word of a template stands for; NULL for any other. */
static const char *replacement(const char *at, parmap_type type, size_t *length)
{
    const struct {
        const char *word, *text;
    } words[] = {
        {"$", pm_emit_c_type(type)},
        {"#", pm_emit_unsigned(type)},
        {"@", pm_type_name(type)},
        {"SIGNED", type == PARMAP_UINT64 ? "0" : "1"},
        {"MULTIPLY", type == PARMAP_INT128 ? "multiply_int128" : "__builtin_mul_overflow"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        *length = strlen(words[i].word);
        if (strncmp(at, words[i].word, *length) == 0)
            return words[i].text;
    }
    return NULL;
}

static void write_for(pm_writer *out, const char *text, parmap_type type)
{
    while (*text != '\0') {
        size_t length;
        const char *word = replacement(text, type, &length);
        if (strncmp(text, "LEAST", 5) == 0) {
            write_for(out, least, type);
            text += 5;
        } else if (word != NULL) {
            pm_write_text(out, word, strlen(word));
            text += length;
        } else {
            pm_write_text(out, text++, 1);
        }
    }
}

void pm_emit_helpers(const pm_emitter *e, pm_writer *out)
{
    for (int helper = 0; helper < PM_HELPERS; helper++)
        for (int type = 0; type < PARMAP_TYPES; type++)
            if (e->helpers[helper][type])
                write_for(out, texts[helper], (parmap_type)type);
    if (e->lgamma) /* that of math.h writes to a global */
        pm_write(out,
                 "extern double lgamma_r(double, int *);\n"
                 "extern float lgammaf_r(float, int *);\n"
                 "static inline double pm_lgamma(double x) { int s; return lgamma_r(x, &s); }\n"
                 "static inline float pm_lgammaf(float x) { int s; return lgammaf_r(x, &s); "
                 "}\n");
}
