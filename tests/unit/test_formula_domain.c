/* For which inputs formulas are proved, which types come out, what is noted. */
#include "base/types.h"
#include "check.h"
#include "formula/formula.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MOST_128 ((parmap_int128)(~(parmap_uint128)0 >> 1))

static pm_formula *read(const char *text, parmap_type wanted, const pm_formula_inputs *inputs)
{
    const pm_formula_request request = {
        .formulas = &text, .formula_count = 1, .typed = wanted != PARMAP_TYPES, .type = wanted};
    pm_formula *formula;
    CHECK_INT(pm_formula_parse(&request, &formula), PARMAP_OK);
    CHECK_INT(pm_formula_bind(formula, inputs), PARMAP_OK);
    return formula;
}

/* ---- domains --------------------------------------------------------------------------------- */

/* Over any range of a type; the largest interval around 0, or where there is none, of all. */
static const struct {
    const char *text;
    parmap_type type;
    parmap_int128 min, max;
} domains[] = {
    {"x*x*x", PARMAP_INT64, -2097152, 2097151},
    {"x**3", PARMAP_INT64, -2097152, 2097151},
    {"x*x*x", PARMAP_UINT64, 0, 2642245},
    {"x*x*x", PARMAP_INT128, -5541191377756, 5541191377756},
    {"x*x*x", PARMAP_INT8, -5, 5},
    {"x*x", PARMAP_INT64, -3037000499, 3037000499},
    {"(x-7)*(x-7)", PARMAP_INT64, -3037000492, 3037000506},
    {"x**4", PARMAP_INT64, -55108, 55108},
    {"x", PARMAP_INT64, INT64_MIN, INT64_MAX},
    {"x & 255", PARMAP_INT64, INT64_MIN, INT64_MAX},
    {"x % 10 * 1000", PARMAP_INT64, INT64_MIN, INT64_MAX},
    {"-x", PARMAP_INT64, -INT64_MAX, INT64_MAX},
    {"abs(x)", PARMAP_INT64, -INT64_MAX, INT64_MAX},
    {"~x", PARMAP_UINT64, 0, UINT64_MAX},
    {"x - 1", PARMAP_UINT64, 1, UINT64_MAX},
    {"1 << x", PARMAP_INT64, 0, 62},
    {"x << 3", PARMAP_INT64, INT64_MIN / 8, INT64_MAX / 8},
    {"2**x", PARMAP_INT64, 0, 62},
    {"int8(x)", PARMAP_INT64, INT8_MIN, INT8_MAX},
    {"uint16(x + 1)", PARMAP_INT64, -1, 65534},
    {"x != 0 ? 1000 / x : 0", PARMAP_INT64, INT64_MIN, INT64_MAX},
    {"x == 0 || 7 % x > 1", PARMAP_INT64, INT64_MIN, INT64_MAX},
    {"x > 100 ? 100*100 : x < -100 ? 0 : x*x", PARMAP_INT64, INT64_MIN, INT64_MAX},
    {"x < 10 && x > -10 ? x**18 : 0", PARMAP_INT64, INT64_MIN, INT64_MAX},
    {"min(max(x, -9), 9)**19", PARMAP_INT64, INT64_MIN, INT64_MAX},
    {"sqrt(x)", PARMAP_INT64, INT64_MIN, INT64_MAX},
    {"int64(sin(x) * 1e6)", PARMAP_INT64, 1, 0}, /* sin is not known to be a number */
    {"lround(x / 2.0)", PARMAP_INT32, INT32_MIN, INT32_MAX},
    {"x*x", PARMAP_FLOAT64, -(INT64_C(1) << 53), INT64_C(1) << 53},
    {"x*x", PARMAP_FLOAT32, -(1 << 24), 1 << 24},
    {"x / 0 * 0.0 + 1 / (x - x)", PARMAP_FLOAT64, -(INT64_C(1) << 53), INT64_C(1) << 53},
};

static void of_types(void)
{
    const pm_formula_inputs any = {.known = false};
    for (size_t i = 0; i < COUNT(domains); i++) {
        pm_formula *formula = read(domains[i].text, domains[i].type, &any);
        const parmap_domain is = pm_formula_domain(formula);
        if (is.min != domains[i].min || is.max != domains[i].max)
            CHECK_TEXT(domains[i].text, "the text of the next two");
        CHECK_INT(is.min, domains[i].min);
        CHECK_INT(is.max, domains[i].max);
        pm_formula_free(formula);
    }
}

/* The domain that serves a range is chosen by it. */
static const struct {
    const char *text;
    parmap_int128 first, last;
    bool proved;
} ranges[] = {
    {"x*x*x", -2097152, 2097151, true},
    {"x*x*x", -2097153, 5, false},
    {"x*x*x", 5, 2097152, false},
    {"1000/x", 1, 1000000, true},
    {"1000/x", -9, -1, true},
    {"1000/x", -9, 1, false},
    {"1/(x-50)", 51, 60, true},
    {"1/(x-50)", 1, 49, true},
    {"1/(x-50)", 1, 60, false},
    {"sqrt(x)", -5, 5, true},
    {"int16(x*x)", -181, 181, true},
    {"int16(x*x)", -182, 181, false},
    {"x**x", 0, 15, true},
    {"x**x", 0, 16, false},
    {"int8(sqrt(x))", 0, 16384 - 1, true},
    {"int8(sqrt(x))", 0, 16384, false},
    {"int8(sqrt(x))", -1, 9, false},
    {"int8(floor(x / 4.0))", -512, 511, true},
};

static void of_ranges(void)
{
    for (size_t i = 0; i < COUNT(ranges); i++) {
        const pm_formula_inputs range = {
            .known = true, .first = ranges[i].first, .last = ranges[i].last};
        pm_formula *formula = read(ranges[i].text, PARMAP_TYPES, &range);
        const parmap_domain domain = pm_formula_domain(formula);
        if (pm_formula_is_proved(formula) != ranges[i].proved)
            CHECK_TEXT(ranges[i].text, "the text of the next two");
        CHECK_INT(pm_formula_is_proved(formula), ranges[i].proved);
        CHECK_INT(domain.min <= ranges[i].first && domain.max >= ranges[i].last, ranges[i].proved);
        pm_formula_free(formula);
    }
}

/* ---- types ----------------------------------------------------------------------------------- */

/* Results of data of two types, a and b; `wanted` is --type. */
static const struct {
    const char *text;
    parmap_type a, b, wanted;
    const char *result;
    bool proved;
} typed[] = {
    {"a+b", PARMAP_INT8, PARMAP_INT32, PARMAP_TYPES, "int64", true},
    {"a+b", PARMAP_INT64, PARMAP_INT64, PARMAP_TYPES, "int64", false},
    {"a+b", PARMAP_INT64, PARMAP_UINT64, PARMAP_TYPES, "uint64", false},
    {"a+b", PARMAP_UINT64, PARMAP_INT128, PARMAP_TYPES, "int128", false},
    {"a+b", PARMAP_INT64, PARMAP_INT64, PARMAP_INT128, "int128", true},
    {"a*b", PARMAP_INT32, PARMAP_INT32, PARMAP_TYPES, "int64", true},
    {"a*b", PARMAP_UINT32, PARMAP_UINT32, PARMAP_TYPES, "int64", false},
    {"a+b", PARMAP_FLOAT32, PARMAP_FLOAT32, PARMAP_TYPES, "float32", true},
    {"a+b", PARMAP_FLOAT32, PARMAP_INT16, PARMAP_TYPES, "float32", true},
    {"a+b", PARMAP_FLOAT32, PARMAP_INT32, PARMAP_TYPES, "float64", true},
    {"a+b", PARMAP_FLOAT32, PARMAP_FLOAT64, PARMAP_TYPES, "float64", true},
    {"a+b", PARMAP_FLOAT32, PARMAP_FLOAT32, PARMAP_FLOAT64, "float64", true},
    {"a*b", PARMAP_FLOAT64, PARMAP_FLOAT64, PARMAP_FLOAT32, "float32", true},
    {"a*b*0.1", PARMAP_FLOAT32, PARMAP_FLOAT32, PARMAP_TYPES, "float32", true},
    {"a > b", PARMAP_FLOAT32, PARMAP_FLOAT32, PARMAP_TYPES, "int64", true},
    {"uint8(a > b)", PARMAP_FLOAT32, PARMAP_FLOAT32, PARMAP_TYPES, "uint8", true},
    {"sqrt(a+b)", PARMAP_INT8, PARMAP_INT8, PARMAP_INT32, "float64", true},
    {"a/b", PARMAP_INT8, PARMAP_INT8, PARMAP_TYPES, "int64", false},
    {"a/float32(b)", PARMAP_INT8, PARMAP_INT8, PARMAP_TYPES, "float32", true},
    {"lround(a)+b", PARMAP_FLOAT64, PARMAP_INT8, PARMAP_TYPES, "int64", false},
};

static void of_data(void)
{
    for (size_t i = 0; i < COUNT(typed); i++) {
        const pm_formula_input data[] = {{.name = "a", .type = typed[i].a, .elements = 1},
                                         {.name = "b", .type = typed[i].b, .elements = 1}};
        const pm_formula_inputs inputs = {.data = data, .count = 2};
        pm_formula *formula = read(typed[i].text, typed[i].wanted, &inputs);
        char text[PM_LAYOUT_TEXT];
        CHECK_TEXT(pm_layout_format(text, pm_formula_result_layout(formula)), typed[i].result);
        if (pm_formula_is_proved(formula) != typed[i].proved)
            CHECK_TEXT(typed[i].text, "the text of the next");
        CHECK_INT(pm_formula_is_proved(formula), typed[i].proved);
        const parmap_domain domain = pm_formula_domain(formula);
        CHECK_INT(domain.max, typed[i].proved ? MOST_128 : 0);
        pm_formula_free(formula);
    }
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void canonical(void)
{
    static const char *const texts[][2] = {
        {" x *\tx\n", "x*x"},
        {"x- -x", "x- -x"},
        {"x > 0 && ! (x == 3)", "x>0&& !(x==3)"},
        {"y = sin ( x )", "y=sin(x)"},
        {"x ? 1 : 2", "x?1:2"},
        {"1_000 * x", "1_000*x"},
    };
    const pm_formula_inputs any = {.known = false};
    for (size_t i = 0; i < COUNT(texts); i++) {
        pm_formula *formula = read(texts[i][0], PARMAP_TYPES, &any);
        CHECK_TEXT(pm_formula_text(formula), texts[i][1]);
        pm_formula_free(formula);
        formula = read(texts[i][1], PARMAP_TYPES, &any);
        CHECK_TEXT(pm_formula_text(formula), texts[i][1]);
        pm_formula_free(formula);
    }
}

static const struct {
    const char *text, *note;
} noted[] = {
    {"x^2", "x^2: ^ is the exclusive or of C; a power is written **"},
    {"1 + (x-1)/2", "(x-1)/2: / of whole numbers drops the remainder"},
    {"x & 1 == 0", "x & 1 == 0: bits are joined after comparing"},
    {"x & x > 2", "bits are joined after comparing"},
    {"(x & 1) == 0", NULL},
    {"x/2.0 + x*x", NULL},
    {"1/2*x", "1/2: / of whole numbers drops the remainder"},
    {"6/2*x", NULL},
    {"x**(6/3)", NULL},
};

static void notes(void)
{
    const pm_formula_inputs any = {.known = false};
    for (size_t i = 0; i < COUNT(noted); i++) {
        pm_formula *formula = read(noted[i].text, PARMAP_TYPES, &any);
        CHECK_INT(pm_formula_note_count(formula), noted[i].note != NULL);
        if (noted[i].note != NULL && pm_formula_note_count(formula) == 1)
            CHECK_HOLDS(pm_formula_note(formula, 0), noted[i].note);
        pm_formula_free(formula);
    }
}

int main(void)
{
    static const check_case cases[] = {{"domains of types", of_types},
                                       {"domains of ranges", of_ranges},
                                       {"types of data", of_data},
                                       {"the text in one line", canonical},
                                       {"notes", notes}};
    return check_main(cases, COUNT(cases));
}
