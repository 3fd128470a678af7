/* The front end of formulas: whatever is written, it says what is wrong with it, or writes C.
 *
 * An input is two bytes, for --type and for what the names stand for, and lines: "@..." a let,
 * "$..." a constant, any other a formula. */
#include "formula/formula.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { LINES = 40, TEXTS = 8192 };

typedef struct lines {
    const char *formulas[LINES], *lets[LINES], *constants[LINES];
    int formula_count, let_count, constant_count;
} lines;

static void add_line(lines *l, const char *line)
{
    if (line[0] == '@' && l->let_count < LINES)
        l->lets[l->let_count++] = line + 1;
    else if (line[0] == '$' && l->constant_count < LINES)
        l->constants[l->constant_count++] = line + 1;
    else if (l->formula_count < LINES)
        l->formulas[l->formula_count++] = line;
}

static void split(lines *l, char *text)
{
    *l = (lines){.formula_count = 0};
    for (char *end = strchr(text, '\n'); end != NULL; end = strchr(text, '\n')) {
        *end = '\0';
        add_line(l, text);
        text = end + 1;
    }
    add_line(l, text);
}

/* A message tells something, and where it shows a place, that lies within what it shows. */
static void check_message(void)
{
    const char *message = parmap_message(), *line = strchr(message, '\n');
    FUZZ_CHECK(message[0] != '\0');
    if (line == NULL)
        return;
    const char *caret = strchr(line, '^');
    FUZZ_CHECK(strchr(message, ':') != NULL && strchr(message, ':') < line);
    FUZZ_CHECK(caret != NULL && caret - line - 1 <= line - message);
    FUZZ_CHECK(strspn(line + 1, " ") == (size_t)(caret - line - 1));
}

/* What the formula says of itself, read again, says the same. */
static void check_text(const pm_formula *formula, const pm_formula_request *request)
{
    const char *text = pm_formula_text(formula);
    pm_formula_request again = *request;
    pm_formula *second;
    if (request->formula_count != 1 || request->let_count + request->constant_count > 0)
        return;
    again.formulas = &text;
    FUZZ_CHECK(pm_formula_parse(&again, &second) == PARMAP_OK);
    FUZZ_CHECK(strcmp(pm_formula_text(second), text) == 0);
    pm_formula_free(second);
}

/* Numbers, rows of 1 to 3 numbers, rows of two dimensions. */
static pm_formula_input draw_data(const char *name, unsigned how)
{
    const int64_t elements = 1 + how / 16 % 3;
    pm_formula_input data = {.name = name, .type = (parmap_type)(how % PARMAP_TYPES)};
    data.elements = elements;
    if (how % 5 == 0)
        data = (pm_formula_input){name, data.type, 2 * elements, 2, {elements, 2, 0}};
    return data;
}

static parmap_status bind(pm_formula *formula, unsigned how)
{
    pm_formula_input data[PM_LAYOUT_FIELDS];
    pm_formula_inputs inputs = {.data = data, .known = how % 2, .first = -50, .last = (int)how};
    if (how >= 64)
        inputs.count = pm_formula_name_count(formula);
    for (int i = 0; i < inputs.count; i++)
        data[i] = draw_data(pm_formula_name(formula, i), how + 3 * (unsigned)i);
    return pm_formula_bind(formula, &inputs);
}

/* The cache goes by the source, so it must not depend on anything else. */
static void check_source(const pm_formula *formula)
{
    char *source = NULL, *again = NULL;
    FUZZ_CHECK(pm_formula_emit(formula, &source) == PARMAP_OK);
    FUZZ_CHECK(pm_formula_emit(formula, &again) == PARMAP_OK);
    FUZZ_CHECK(strcmp(source, again) == 0);
    FUZZ_CHECK(strstr(source, "PARMAP_EXPORT(&formula);") != NULL);
    FUZZ_CHECK(strstr(source, "(null)") == NULL || strstr(pm_formula_text(formula), "null"));
    free(source);
    free(again);
}

/* What is said of the kernel before it is compiled. */
static void check_layouts(const pm_formula *formula)
{
    char text[PM_LAYOUT_TEXT];
    pm_layout back;
    pm_layout_format(text, pm_formula_result_layout(formula));
    FUZZ_CHECK(pm_layout_parse(text, &back) == PARMAP_OK);
    FUZZ_CHECK(pm_layout_equal(&back, pm_formula_result_layout(formula)));
}

static void go_on(pm_formula *formula, unsigned how)
{
    if (bind(formula, how) != PARMAP_OK) {
        check_message();
        return;
    }
    check_source(formula);
    check_layouts(formula);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TEXTS + 1];
    lines l;
    pm_formula *formula;
    if (size < 2 || size - 2 > TEXTS)
        return 0;
    memcpy(text, data + 2, size - 2);
    text[size - 2] = '\0';
    split(&l, text);
    const pm_formula_request request = {
        l.formulas,  l.formula_count,  l.lets,         l.let_count,
        l.constants, l.constant_count, data[0] < 0xc0, (parmap_type)(data[0] % PARMAP_TYPES)};
    if (pm_formula_parse(&request, &formula) != PARMAP_OK) {
        FUZZ_CHECK(formula == NULL);
        check_message();
        return 0;
    }
    check_text(formula, &request);
    go_on(formula, data[1]);
    pm_formula_free(formula);
    return 0;
}

void fuzz_seeds(fuzz_add *add)
{
    static const char *const seeds[] = {
        "\xff\x01x*x*x",
        "\x02\x02x**5 + 2**100",
        "\xff\x01y = x != 0 ? 1000/x : 0\nsqrt(x)\nint16(x % 100)",
        "\xff\x41sum(x) + x[0]*mean(y)\nmax(x)",
        "\xff\x50r/k + r*pi\n@s=x*x\n@r=sqrt(s+1.5e-3)\n$k=2.5",
        "\xff\x45lround(a) + ldexp(a, b) + ilogb(a) + isnan(a)",
        "\x03\x03sin(x)**2 + cos(x)**2 - fma(x, 0x1p-3, inf)",
        "\x01\x44(a & 0xff) << 3 | b >> 2 ^ ~c",
        "\xff\x4bm[0][1] * m[x][x & 1] + sum(m)",
        "\x04\x47min(a, b, 3) - abs(-c) % 7 && !d || e < f",
    };
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++)
        add(seeds[i], strlen(seeds[i]));
}

const char *const fuzz_words[] = {"x",
                                  "y",
                                  "(",
                                  ")",
                                  "[",
                                  "]",
                                  ",",
                                  "?",
                                  ":",
                                  "=",
                                  "+",
                                  "-",
                                  "*",
                                  "**",
                                  "/",
                                  "%",
                                  "<<",
                                  ">>",
                                  "&&",
                                  "||",
                                  "!",
                                  "~",
                                  "^",
                                  "==",
                                  "<",
                                  "\n@l=",
                                  "\n$k=",
                                  "\n",
                                  "sum(",
                                  "mean(",
                                  "min(",
                                  "abs(",
                                  "sqrt(",
                                  "pow(",
                                  "int8(",
                                  "uint64(",
                                  "int128(",
                                  "x[",
                                  "float32(",
                                  "1",
                                  "0",
                                  "-1",
                                  "63",
                                  "127",
                                  "1.5",
                                  "1e308",
                                  "0xff",
                                  "2**126",
                                  "170141183460469231731687303715884105727",
                                  "nan",
                                  "inf",
                                  "9223372036854775807",
                                  "lround(",
                                  "ldexp(",
                                  "isnan(",
                                  "k",
                                  "l",
                                  NULL};
