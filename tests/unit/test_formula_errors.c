/* Mistakes in formulas: the text is shown, a caret stands under the place, words say the way out.
 */
#include "check.h"
#include "formula/formula.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Column of the caret within the text that is shown, from 0 on; -1 without one. */
static int caret(const char *message, const char *label)
{
    const char *line = strchr(message, '\n');
    const char *mark = line != NULL ? strchr(line, '^') : NULL;
    return mark != NULL ? (int)(mark - line - 1) - (int)strlen(label) - 2 : -1;
}

/* How many columns are marked. */
static int marked(const char *message)
{
    const char *mark = strchr(strchr(message, '\n'), '^');
    return 1 + (int)strspn(mark + 1, "~");
}

static parmap_status parse(const char *text, pm_formula **formula)
{
    const pm_formula_request request = {.formulas = &text, .formula_count = 1};
    return pm_formula_parse(&request, formula);
}

/* Parses and binds to a range. */
static parmap_status read_range(const char *text, const pm_formula_request *more)
{
    pm_formula_request request = more != NULL ? *more : (pm_formula_request){.typed = false};
    const pm_formula_inputs range = {.known = true, .first = 1, .last = 10};
    pm_formula *formula;
    request.formulas = &text;
    request.formula_count = 1;
    parmap_status status = pm_formula_parse(&request, &formula);
    if (status == PARMAP_OK)
        status = pm_formula_bind(formula, &range);
    pm_formula_free(formula);
    return status;
}

typedef struct mistake {
    const char *text;
    int column, width;
    const char *words;
} mistake;

static const mistake mistakes[] = {
    {"", 0, 1, "nothing is written here"},
    {"   ", 3, 1, "nothing is written here"},
    {"x +", 3, 1, "ends where"},
    {"x*", 2, 1, "ends where"},
    {"* x", 0, 1, "should be a number"},
    {"x + * 2", 4, 1, "should be a number"},
    {"(x", 2, 1, ") is missing"},
    {"x)", 1, 1, "never opened"},
    {"sin(x", 5, 1, ") is missing"},
    {"sin(x,", 6, 1, "ends where"},
    {"x y", 2, 1, "operator is missing"},
    {"2x", 1, 1, "2*x"},
    {"2(x)", 1, 1, "operator is missing"},
    {"(x)(x)", 3, 1, "operator is missing"},
    {"x, x", 1, 1, "comma"},
    {"x ? 1", 5, 1, ": is missing"},
    {"x ? : 1", 4, 1, "should be a number"},
    {"x == 1 = 2", 7, 1, "write =="},
    {"x*010", 2, 3, "octal"},
    {"1.5f*x", 3, 1, "no suffix"},
    {"10ul*x", 2, 2, "no suffix"},
    {"1.2.3", 3, 2, "does not belong to a number"},
    {"0x", 0, 2, "like 0xff"},
    {"0x1.8", 0, 5, "exponent of two"},
    {"1e999*x", 0, 5, "too large"},
    {"340282366920938463463374607431768211456+x", 0, 39, "does not fit 128 bits"},
    {"x$2", 1, 1, "not part of a formula"},
    {"x // 2", 2, 2, "drops the remainder"},
    {"x <> 2", 2, 2, "!="},
    {"x\xc2\xb2", 1, 1, "write **2"},
    {"2\xc3\x97x", 1, 1, "write *"},
    {"\xcf\x80*x", 0, 1, "write pi"},
    {"\"x\"", 0, 1, "no texts"},
    {"x and 2", 2, 3, "write &&"},
    {"not x", 0, 3, "write !"},
    {"x*M_PI", 2, 4, "write pi"},
    {"a < b < c", 6, 1, "do not chain"},
    {"a == b == c", 7, 2, "do not chain"},
    {"sinn(x)", 0, 4, "write sin"},
    {"sinf(x)", 0, 4, "write sin"},
    {"ln(x)", 0, 2, "write log"},
    {"double(x)", 0, 6, "write float64"},
    {"int(x)", 0, 3, "write int64"},
    {"frexp(x)", 0, 5, "two results"},
    {"foobarbaz(x)", 0, 9, "those of math.h"},
    {"sin", 0, 3, "write sin(...)"},
    {"int16*x", 0, 5, "write int16(...)"},
    {"sin()", 0, 3, "takes 1 argument, not 0"},
    {"sin(x, 1)", 0, 3, "takes 1 argument, not 2"},
    {"pow(x)", 0, 3, "takes 2 arguments, not 1"},
    {"int8(x, x)", 0, 4, "takes 1 argument, not 2"},
    {"min()", 0, 3, "one row or several numbers"},
    {"sum(x*2)", 4, 3, "name of a row"},
    {"min(2)", 4, 1, "name of a row"},
    {"(x+1)[2]", 5, 1, "only a row"},
    {"x*x(2)", 2, 1, "write x*(...)"},
    {"1/0 + x", 0, 3, "divides by zero"},
    {"5 % (3-3)", 0, 9, "divides by zero"},
    {"2**-1", 0, 5, "2.0**-1"},
    {"2**200 * x", 0, 6, "128 bits"},
    {"1 << 200", 0, 8, "shift"},
    {"x ~ 2", 2, 1, "stands before one number"},
    {"x ! 2", 2, 1, "stands before one number"},
    {"abcdefghijklmnopqrstuvwxyzabcdefgh", 0, 34, "too long"},
};

static void of_text(void)
{
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        const mistake *m = &mistakes[i];
        pm_formula *formula = NULL;
        CHECK_INT(parse(m->text, &formula), PARMAP_USAGE);
        CHECK(formula == NULL);
        CHECK_HOLDS(parmap_message(), m->words);
        CHECK_HOLDS(parmap_message(), "formula: ");
        if (caret(parmap_message(), "formula") != m->column || marked(parmap_message()) != m->width)
            CHECK_TEXT(parmap_message(), m->text);
    }
}

/* Found when the types are known; over a range of int64. */
static const mistake type_mistakes[] = {
    {"x*yy", 2, 2, "over a range one name is free"},
    {"x % 2.5", 4, 3, "fmod"},
    {"x & 1.0", 4, 3, "&&"},
    {"x ^ 2.0", 4, 3, "power is written **"},
    {"~1.5 * x", 1, 3, "~ takes whole numbers"},
    {"x << 1.0", 5, 3, "a shift takes whole"},
    {"x << 64", 5, 2, "shift by 0 to 63"},
    {"x / 0", 0, 5, "divides by zero"},
    {"x ** -2", 0, 7, "negative power"},
    {"x * 9223372036854775808", 4, 19, "does not fit int64"},
    {"x[0]", 0, 1, "is a number, not a row"},
    {"sum(x)", 4, 1, "is a number, not a row"},
    {"int8(300)*x", 5, 3, "does not fit int8"},
    {"uint8(-1)*x", 6, 2, "does not fit uint8"},
    {"ldexp(1.0*x, 2.5)", 13, 3, "exponent of ldexp"},
    {"2**100", 0, 6, "does not fit int64"},
};

static void of_types(void)
{
    for (size_t i = 0; i < COUNT(type_mistakes); i++) {
        const mistake *m = &type_mistakes[i];
        CHECK_INT(read_range(m->text, NULL), PARMAP_USAGE);
        CHECK_HOLDS(parmap_message(), m->words);
        if (caret(parmap_message(), "formula") != m->column || marked(parmap_message()) != m->width)
            CHECK_TEXT(parmap_message(), m->text);
    }
}

static void whole_message(void)
{
    pm_formula *formula;
    CHECK_INT(parse("x * yy(2)", &formula), PARMAP_USAGE);
    CHECK_TEXT(parmap_message(), "formula: x * yy(2)\n"
                                 "             ^~ there is no function yy; use those of math.h, or "
                                 "abs, min, max, sum, mean");
}

/* Of a long text the neighbourhood of the place; characters of several bytes are one column. */
static void long_texts(void)
{
    char text[900];
    pm_formula *formula;
    memset(text, ' ', sizeof text);
    memcpy(text + 400, "x+q(1)", 6);
    memset(text + 406, ' ', 400);
    text[806] = '\0';
    CHECK_INT(parse(text, &formula), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "formula: ...");
    CHECK_HOLDS(parmap_message(), "x+q(1)");
    const char *line = strchr(parmap_message(), '\n');
    CHECK_INT(strchr(line, '^') - line - 1, strchr(parmap_message(), 'q') - parmap_message());
    CHECK_INT(parse("\xc2\xb2\xc2\xb2", &formula), PARMAP_USAGE);
    CHECK_INT(caret(parmap_message(), "formula"), 0);
    CHECK_INT(parse("1 +\n\t+ $", &formula), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "1 +  + $");
    CHECK_INT(caret(parmap_message(), "formula"), 7);
}

/* ---- lets and constants ---------------------------------------------------------------------- */

static const struct {
    const char *let, *constant, *formula;
    const char *words;
} defined[] = {
    {"r", NULL, "x", "--let 'r="},
    {"=3", NULL, "x", "--let 'r="},
    {NULL, "2.5", "x", "--param k=2.5"},
    {"r=", NULL, "x", "--let: r=\n         ^ a value is missing"},
    {NULL, "k= ", "x", "--param: k= \n           ^ a value is missing"},
    {"r=x+", NULL, "x", "--let: r=x+"},
    {"sin=x", NULL, "x", "sin is a function"},
    {"int8=x", NULL, "x", "int8 is a function"},
    {"r=r+1", NULL, "x", "before it is defined"},
    {"r=x", "r=1", "x", "defined twice"},
    {NULL, "k=x", "x*k", "cannot depend on inputs"},
    {"radius=x*x", NULL, "x*raduis", "is radius meant"},
    {"r=1/0", NULL, "x*r", "divides by zero"},
};

static void of_definitions(void)
{
    for (size_t i = 0; i < COUNT(defined); i++) {
        const pm_formula_request more = {.lets = &defined[i].let,
                                         .let_count = defined[i].let != NULL,
                                         .constants = &defined[i].constant,
                                         .constant_count = defined[i].constant != NULL};
        CHECK_INT(read_range(defined[i].formula, &more), PARMAP_USAGE);
        CHECK_HOLDS(parmap_message(), defined[i].words);
    }
}

static void of_results(void)
{
    static const char *const twice[] = {"a=x", "a=x*x"}, *const numbered[] = {"f1=x", "x*x"};
    static const char *const second[] = {"x", "x*"};
    pm_formula *formula;
    pm_formula_request request = {.formulas = twice, .formula_count = 2};
    CHECK_INT(pm_formula_parse(&request, &formula), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "formula 2: a=x*x\n           ^ two results");
    request.formulas = numbered;
    CHECK_INT(pm_formula_parse(&request, &formula), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "two results have the name f1");
    request.formulas = second;
    CHECK_INT(pm_formula_parse(&request, &formula), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "formula 2: x*\n             ^ the formula ends");
    request.formula_count = 0;
    CHECK_INT(pm_formula_parse(&request, &formula), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "give 1 to 32");
}

/* ---- data ------------------------------------------------------------------------------------ */

static parmap_status bind_data(const char *text, const pm_formula_input *data, int count)
{
    const pm_formula_request request = {.formulas = &text, .formula_count = 1};
    const pm_formula_inputs inputs = {.data = data, .count = count};
    pm_formula *formula;
    parmap_status status = pm_formula_parse(&request, &formula);
    if (status == PARMAP_OK)
        status = pm_formula_bind(formula, &inputs);
    pm_formula_free(formula);
    return status;
}

static void of_data(void)
{
    const pm_formula_input two[] = {{.name = "x", .type = PARMAP_FLOAT64, .elements = 1},
                                    {.name = "speed", .type = PARMAP_FLOAT32, .elements = 1}};
    const pm_formula_input row[] = {{.name = NULL, .type = PARMAP_FLOAT64, .elements = 3}};
    const pm_formula_input matrix[] = {{NULL, PARMAP_INT8, 6, 2, {2, 3, 0}}};
    const pm_formula_input constant[] = {{.name = "x", .type = PARMAP_FLOAT64, .elements = 1},
                                         {.name = "pi", .type = PARMAP_FLOAT64, .elements = 1}};
    CHECK_INT(bind_data("x*sped", two, 2), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "is speed meant?");
    CHECK_INT(bind_data("x*other*speed", two, 2), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "--input other=FILE:/SET");
    CHECK_INT(bind_data("x*x", two, 2), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "does not use the input speed");
    CHECK_INT(bind_data("x*pi", constant, 2), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "name of a constant");
    CHECK_INT(bind_data("x*y", row, 1), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "NAME=FILE:/SET");
    CHECK_INT(bind_data("v*2", row, 1), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "v is a row of 3 numbers");
    CHECK_INT(bind_data("v[3]", row, 1), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "v has 3 numbers; write v[0] to v[2]");
    CHECK_INT(bind_data("v[-1]", row, 1), PARMAP_USAGE);
    CHECK_INT(bind_data("v[0.5]", row, 1), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "index is a whole number");
    CHECK_INT(bind_data("v[0][1]", row, 1), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "v has 1 dimension; write v[0]");
    CHECK_INT(bind_data("v[0][1][1][1]", row, 1), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "at most 3 dimensions");
    CHECK_INT(bind_data("m[1]", matrix, 1), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "m has 2 dimensions; write m[0][0]");
    CHECK_INT(bind_data("m[1][3]", matrix, 1), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "count from 0 to 2");
    CHECK_INT(bind_data("m[2][0]", matrix, 1), PARMAP_USAGE);
    CHECK_INT(bind_data("m[1][2]", matrix, 1), PARMAP_OK);
    CHECK_INT(bind_data("v[2]", row, 1), PARMAP_OK);
    CHECK_INT(bind_data("x*speed", two, 2), PARMAP_OK);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* begin, then `middle` n times, then end. */
static char *repeated(const char *begin, const char *middle, int n, const char *end)
{
    const size_t length = strlen(middle);
    char *text = malloc(strlen(begin) + (size_t)n * length + strlen(end) + 1);
    char *at = text + strlen(strcpy(text, begin));
    for (int i = 0; i < n; i++, at += length)
        memcpy(at, middle, length);
    strcpy(at, end);
    return text;
}

static void check_limit(const char *begin, const char *middle, int good, int bad, const char *end,
                        const char *words)
{
    for (int i = 0; i < 2; i++) {
        char *text = repeated(begin, middle, i == 0 ? good : bad, end);
        CHECK_INT(read_range(text, NULL), i == 0 ? PARMAP_OK : PARMAP_USAGE);
        if (i == 1)
            CHECK_HOLDS(parmap_message(), words);
        free(text);
    }
}

static void limits(void)
{
    char *closing = repeated("x", ")", 190, "");
    check_limit("", "(", 190, 100000, closing, "nested deeper than 200 levels");
    free(closing);
    check_limit("", "-", 300, 100000, "x", "nested deeper");
    check_limit("", "!", 300, 100000, "x", "nested deeper");
    check_limit("x", "+x", 900, 100000, "", "too long");
    check_limit("x", "?x:x", 300, 100000, "", "nested deeper");
    check_limit("2", "**1", 300, 100000, "", "nested deeper");
    check_limit("max(x", ",x", 60, 1000, ")", "one argument too many");
    check_limit("x+1.", "0", 300, 500, "1", "fewer");
    check_limit("", "\xf0\x90\x80\x80", 0, 10, "x", "not part of a formula");
}

int main(void)
{
    static const check_case cases[] = {{"mistakes of the text", of_text},
                                       {"mistakes of types", of_types},
                                       {"a whole message", whole_message},
                                       {"long texts", long_texts},
                                       {"lets and constants", of_definitions},
                                       {"results", of_results},
                                       {"data", of_data},
                                       {"limits", limits}};
    return check_main(cases, COUNT(cases));
}
