/* Texts NAME=VALUE: parameters of a kernel with one of each type, and [NAME=]FILE:/SET[:FIELD] of
 * inputs.  Each line is one. */
#include "base/text.h"
#include "fuzz.h"
#include "store/input_name.h"
#include "work/parameters.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 6000, LINES = 40 };

/* ---- parameters ------------------------------------------------------------------------------ */

static _Alignas(16) unsigned char places[PARMAP_TYPES][16];

#define ENTRY(type_, name_, low_, high_)                                                           \
    [PARMAP_##type_] = {.name = (name_),                                                           \
                        .type = PARMAP_##type_,                                                    \
                        .value = places[PARMAP_##type_],                                           \
                        .low = (low_),                                                             \
                        .high = (high_)}

static const parmap_parameter table[PARMAP_TYPES] = {ENTRY(INT8, "i8", -INFINITY, INFINITY),
                                                     ENTRY(UINT8, "u8", 0, 200.5),
                                                     ENTRY(INT16, "i16", -1e9, 1e9),
                                                     ENTRY(UINT16, "u16", 0, 0x1p16),
                                                     ENTRY(INT32, "i32", -2.5, 10.5),
                                                     ENTRY(UINT32, "u32", 0, INFINITY),
                                                     ENTRY(INT64, "i64", -0x1p63, 0x1p63),
                                                     ENTRY(UINT64, "u64", 0, 0x1p64),
                                                     ENTRY(INT128, "i128", -INFINITY, 0x1p127),
                                                     ENTRY(FLOAT32, "f32", -INFINITY, 0.1),
                                                     ENTRY(FLOAT64, "f64", -1e300, INFINITY)};
static const parmap_kernel kernel = {
    .name = "fuzzed", .parameters = table, .parameter_count = PARMAP_TYPES};

static const char *value_of(const char *line, const char *name)
{
    const size_t length = strlen(name);
    return strncmp(line, name, length) == 0 && line[length] == '=' ? line + length + 1 : NULL;
}

/* The bounds that the types have in C. */
static bool fits_type(parmap_type type, parmap_int128 value)
{
    switch (type) {
    case PARMAP_INT8:
        return value == (int8_t)value;
    case PARMAP_UINT8:
        return value == (uint8_t)value;
    case PARMAP_INT16:
        return value == (int16_t)value;
    case PARMAP_UINT16:
        return value == (uint16_t)value;
    case PARMAP_INT32:
        return value == (int32_t)value;
    case PARMAP_UINT32:
        return value == (uint32_t)value;
    case PARMAP_INT64:
        return value == (int64_t)value;
    case PARMAP_UINT64:
        return value >= 0 && value == (parmap_int128)(uint64_t)value;
    default:
        return true;
    }
}

/* The value of a text by the C library; false for what it does not know. */
static bool expected_real(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && !*end && text[0] > ' ';
}

/* One that was taken: is it what was written? */
static void check_value(const pm_parameter *item, const parmap_parameter *p, const char *text)
{
    char shown[PM_VALUE_TEXT];
    parmap_int128 written, read;
    double real;
    pm_type_format(shown, item->type, item->value);
    if (!pm_type_is_real(p->type)) {
        FUZZ_CHECK(pm_parse_integer(text, &written) == PARMAP_OK);
        FUZZ_CHECK(pm_parse_integer(shown, &read) == PARMAP_OK && read == written);
        FUZZ_CHECK(fits_type(p->type, written));
        FUZZ_CHECK((long double)written >= p->low && (long double)written <= p->high);
    } else if (expected_real(text, &real)) {
        FUZZ_CHECK(p->type == PARMAP_FLOAT32 ? (float)strtod(shown, NULL) == (float)real
                                             : strtod(shown, NULL) == real);
        FUZZ_CHECK(p->type == PARMAP_FLOAT32 || (real >= p->low && real <= p->high));
    }
}

/* What is stored in the output, given as options again, is the same. */
static void check_back(const pm_parameters *parameters)
{
    char text[PM_PARAMETERS_TEXT];
    const char *texts[PM_PARAMETERS];
    pm_parameters back;
    int count = 0;
    pm_parameters_format(text, parameters);
    for (char *at = text; at && count < PM_PARAMETERS; count++) {
        texts[count] = at;
        at = strstr(at, ", ");
        if (at) {
            *at = '\0';
            at += 2;
        }
    }
    FUZZ_CHECK(count == parameters->count);
    FUZZ_CHECK(pm_parameters_read(&kernel, texts, count, &back) == PARMAP_OK);
    for (int i = 0; i < count; i++)
        FUZZ_CHECK(memcmp(back.items[i].value, parameters->items[i].value,
                          pm_type_bytes(back.items[i].type)) == 0);
}

/* Whether some entry was meant, and its value is a number of the type within the limits. */
static bool is_good(const char *line)
{
    for (int i = 0; i < PARMAP_TYPES; i++) {
        const char *text = value_of(line, table[i].name);
        parmap_int128 whole;
        if (text && !pm_type_is_real(table[i].type))
            return pm_parse_integer(text, &whole) == PARMAP_OK && fits_type(table[i].type, whole) &&
                   (long double)whole >= table[i].low && (long double)whole <= table[i].high;
    }
    return false;
}

static void check_parameters(const char *const *lines, int count)
{
    pm_parameters parameters;
    const parmap_status status = pm_parameters_read(&kernel, lines, count, &parameters);
    if (status != PARMAP_OK) {
        FUZZ_CHECK(status == PARMAP_USAGE && parmap_message()[0]);
        FUZZ_CHECK(count != 1 || !is_good(lines[0]));
        return;
    }
    FUZZ_CHECK(parameters.count == PARMAP_TYPES);
    for (int line = 0; line < count; line++) {
        int found = 0;
        for (int i = 0; i < PARMAP_TYPES; i++) {
            const char *text = value_of(lines[line], table[i].name);
            if (text)
                check_value(&parameters.items[i], &table[i], text);
            found += text != NULL;
        }
        FUZZ_CHECK(found == 1);
    }
    check_back(&parameters);
}

/* ---- inputs ---------------------------------------------------------------------------------- */

/* Put together again, the parts are the text. */
static void check_input(const char *text)
{
    static pm_input input;
    static char again[PM_LAYOUT_NAME + PM_PATH + PM_INPUT_SET + 8];
    memset(&input, 0, sizeof input);
    if (pm_input_split(text, &input) != PARMAP_OK) {
        FUZZ_CHECK(strncmp(parmap_message(), "--input", 7) == 0);
        return;
    }
    FUZZ_CHECK(input.named == (input.name[0] != '\0') && input.path[0]);
    FUZZ_CHECK(!input.named || pm_is_name(input.name, sizeof input.name));
    FUZZ_CHECK(!input.set[0] || input.set[0] == '/');
    snprintf(again, sizeof again, "%s%s%s%s%s", input.name, input.named ? "=" : "", input.path,
             input.set[0] ? ":" : "", input.set);
    FUZZ_CHECK(strcmp(again, text) == 0);
    pm_input_name_itself(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[LONGEST + 1];
    const char *lines[LINES];
    int count = 0;
    if (size > LONGEST)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *rest = text; rest && count < LINES; count++) {
        lines[count] = strsep(&rest, "\n");
        check_input(lines[count]);
        check_parameters(&lines[count], 1);
    }
    check_parameters(lines, count);
    return 0;
}

void fuzz_seeds(fuzz_add *add)
{
    static const char *const seeds[] = {
        "f64=0.3\ni32=2\nu64=2^63",
        "i8=-128\nu8=200\ni16=1e4",
        "f32=-1.5e-3\ni128=-2^127",
        "f64=1_000\nf32=2^-3",
        "f64=inf",
        "x=data.h5:/x",
        "data.h5:/group/set:field",
        "run:3/data.h5:/x",
        "a=b=c.h5:/x",
    };
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++)
        add(seeds[i], strlen(seeds[i]));
}

const char *const fuzz_words[] = {
    "\n",     "=",      "\ni8=",   "\nu8=",  "\ni16=", "\nu16=", "\ni32=",   "\nu32=",
    "\ni64=", "\nu64=", "\ni128=", "\nf32=", "\nf64=", ":/",     ":",        "/",
    "x=",     "-",      "0x1p-3",  "1e38",   "1e308",  "1e-45",  "4.9e-324", "nan",
    "inf",    "-inf",   "127",     "128",    "255",    "65535",  "2^31",     "2^32",
    "2^63",   "2^64",   "2^127",   ".5",     "+",      " ",      NULL};
