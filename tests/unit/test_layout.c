/* Layouts of items: against real structs, as text and back, refusals, items in words. */
#include "base/layout.h"

#include "check.h"
#include "draw.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* ---- real structs ---------------------------------------------------------------------------- */

/* Every size of numbers, each before a larger one, and arrays of every rank. */
#define MIXED(FIELD)                                                                               \
    FIELD(int8_t, tiny)                                                                            \
    FIELD(double, real)                                                                            \
    FIELD(uint16_t, row, 3)                                                                        \
    FIELD(parmap_int128, wide)                                                                     \
    FIELD(float, table, 2, 3)                                                                      \
    FIELD(uint8_t, box, 2, 3, 5)                                                                   \
    FIELD(int64_t, last)
PARMAP_RECORD(mixed, MIXED);

#define TAIL(FIELD) FIELD(uint64_t, u) FIELD(int32_t, i) FIELD(int16_t, s) FIELD(uint32_t, w, 1)
PARMAP_RECORD(tail, TAIL);

#define SINGLE(FIELD) FIELD(uint8_t, only)
PARMAP_RECORD(single, SINGLE);

PARMAP_ARRAY(line, int16_t, 5);
PARMAP_ARRAY(grid, float, 3, 4);
PARMAP_ARRAY(cuboid, parmap_int128, 2, 3, 4);

static pm_layout read_layout(const parmap_layout *described)
{
    pm_layout layout;
    CHECK_INT(pm_layout_read(PARMAP_RECORD, described, &layout), PARMAP_OK);
    return layout;
}

static void check_field(const pm_layout *layout, const char *name, parmap_type type, size_t offset,
                        size_t bytes, int rank, int64_t a, int64_t b, int64_t c)
{
    const pm_layout_field *field = pm_layout_find(layout, name);
    const int64_t extents[PARMAP_RANK] = {a, b, c};
    CHECK(field != NULL);
    if (!field)
        return;
    CHECK_INT(field->type, type);
    CHECK_INT(field->offset, offset);
    CHECK_INT((size_t)pm_layout_elements(field) * pm_type_bytes(type), bytes);
    CHECK_INT(field->rank, rank);
    for (int d = 0; d < rank; d++)
        CHECK_INT(field->extent[d], extents[d]);
}

#define CHECK_FIELD(layout, record, name, type, rank, ...)                                         \
    check_field(layout, #name, type, offsetof(record, name), sizeof(((record *)0)->name), rank,    \
                __VA_ARGS__)

static void of_structs(void)
{
    pm_layout layout = read_layout(PM_LAYOUT_mixed);
    CHECK_INT(layout.bytes, sizeof(mixed));
    CHECK_INT(layout.count, 7);
    CHECK_FIELD(&layout, mixed, tiny, PARMAP_INT8, 0, 0, 0, 0);
    CHECK_FIELD(&layout, mixed, real, PARMAP_FLOAT64, 0, 0, 0, 0);
    CHECK_FIELD(&layout, mixed, row, PARMAP_UINT16, 1, 3, 0, 0);
    CHECK_FIELD(&layout, mixed, wide, PARMAP_INT128, 0, 0, 0, 0);
    CHECK_FIELD(&layout, mixed, table, PARMAP_FLOAT32, 2, 2, 3, 0);
    CHECK_FIELD(&layout, mixed, box, PARMAP_UINT8, 3, 2, 3, 5);
    CHECK_FIELD(&layout, mixed, last, PARMAP_INT64, 0, 0, 0, 0);
    CHECK(pm_layout_find(&layout, "missing") == NULL);
    CHECK(!pm_layout_is_plain(&layout) && !pm_layout_is_number(&layout));

    layout = read_layout(PM_LAYOUT_tail);
    CHECK_INT(layout.bytes, sizeof(tail)); /* with padding behind the last */
    CHECK_FIELD(&layout, tail, i, PARMAP_INT32, 0, 0, 0, 0);
    CHECK_FIELD(&layout, tail, s, PARMAP_INT16, 0, 0, 0, 0);
    CHECK_FIELD(&layout, tail, w, PARMAP_UINT32, 1, 1, 0, 0);

    layout = read_layout(PM_LAYOUT_single);
    CHECK_INT(layout.bytes, 1);
    CHECK(!pm_layout_is_plain(&layout)); /* a record of one field is a record */
}

static void of_arrays(void)
{
    pm_layout layout = read_layout(PM_LAYOUT_line);
    CHECK_INT(layout.bytes, sizeof(line));
    check_field(&layout, "", PARMAP_INT16, 0, 10, 1, 5, 0, 0);
    CHECK(pm_layout_is_plain(&layout) && !pm_layout_is_number(&layout));
    layout = read_layout(PM_LAYOUT_grid);
    CHECK_INT(layout.bytes, sizeof(grid));
    check_field(&layout, "", PARMAP_FLOAT32, 0, 48, 2, 3, 4, 0);
    layout = read_layout(PM_LAYOUT_cuboid);
    CHECK_INT(layout.bytes, sizeof(cuboid));
    check_field(&layout, "", PARMAP_INT128, 0, 384, 3, 2, 3, 4);
}

static void of_numbers(void)
{
    for (parmap_type type = 0; type < PARMAP_TYPES; type++) {
        pm_layout layout;
        const pm_layout same = pm_layout_of_type(type);
        CHECK_INT(pm_layout_read(type, NULL, &layout), PARMAP_OK);
        CHECK(pm_layout_is_plain(&layout) && pm_layout_is_number(&layout));
        CHECK(memcmp(&layout, &same, sizeof layout) == 0); /* it travels as bytes */
        CHECK_INT(layout.bytes, pm_type_bytes(type));
        check_field(&layout, "", type, 0, pm_type_bytes(type), 0, 0, 0, 0);
    }
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void check_refused(parmap_type type, const parmap_layout *described)
{
    pm_layout layout;
    CHECK_INT(pm_layout_read(type, described, &layout), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "describes its items wrongly");
    CHECK_HOLDS(parmap_message(), "PARMAP_RECORD");
}

static void refuse_fields(size_t bytes, int count, const parmap_field *fields)
{
    check_refused(PARMAP_RECORD, &(parmap_layout){bytes, count, fields});
}

static void one_field_wrong(void)
{
    static const parmap_field wrong[] = {
        {NULL, PARMAP_INT8, 0, {0}},
        {"a name of as many letters as 32.", PARMAP_INT8, 0, {0}},
        {"x", PARMAP_RECORD, 0, {0}},
        {"x", (parmap_type)-1, 0, {0}},
        {"x", PARMAP_INT8, -1, {1, 1, 1}},
        {"x", PARMAP_INT8, 4, {1, 1, 1}},
        {"x", PARMAP_INT8, 1, {0}},
        {"x", PARMAP_INT8, 1, {-1}},
        {"x", PARMAP_INT8, 2, {-1, -1}},
        {"x", PARMAP_INT8, 1, {INT64_MAX}},
        {"x", PARMAP_INT8, 3, {1 << 20, 1 << 20, INT64_C(1) << 24}}, /* 2^64 wraps to 0 */
        {"x", PARMAP_INT8, 2, {2, 1}},                               /* another size than 1 */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refuse_fields(1, 1, &wrong[i]);
    pm_layout layout;
    const parmap_field longest = {"a name of as many letters as 31", PARMAP_INT8, 0, {0}};
    CHECK_INT(pm_layout_read(PARMAP_RECORD, &(parmap_layout){1, 1, &longest}, &layout), PARMAP_OK);
}

static void descriptions_wrong(void)
{
    static const parmap_field two[] = {{"x", PARMAP_INT32, 0, {0}}, {"y", PARMAP_INT32, 0, {0}}},
                              twice[] = {{"x", PARMAP_INT32, 0, {0}}, {"x", PARMAP_INT32, 0, {0}}},
                              nameless[] = {{"", PARMAP_INT32, 0, {0}},
                                            {"y", PARMAP_INT32, 0, {0}}},
                              last[] = {{"x", PARMAP_INT32, 0, {0}}, {"", PARMAP_INT32, 0, {0}}},
                              packed[] = {{"x", PARMAP_INT8, 0, {0}}, {"y", PARMAP_INT64, 0, {0}}};
    pm_layout layout;
    CHECK_INT(pm_layout_read(PARMAP_RECORD, &(parmap_layout){8, 2, two}, &layout), PARMAP_OK);
    refuse_fields(7, 2, two);
    refuse_fields(9, 2, two);
    refuse_fields(0, 0, two);
    refuse_fields(0, -1, two);
    refuse_fields(8, 2, NULL);
    refuse_fields(8, 2, twice);
    refuse_fields(8, 2, nameless);
    refuse_fields(8, 2, last);
    refuse_fields(9, 2, packed);
    check_refused(PARMAP_RECORD, NULL);
    check_refused((parmap_type)(PARMAP_RECORD + 1), &(parmap_layout){8, 2, two});
    check_refused((parmap_type)-1, &(parmap_layout){8, 2, two});
}

/* 32 fields are taken, one more is not; so are items of 1 MiB. */
static void too_large(void)
{
    static char names[PM_LAYOUT_FIELDS + 1][4];
    static parmap_field fields[PM_LAYOUT_FIELDS + 1];
    pm_layout layout;
    for (int i = 0; i <= PM_LAYOUT_FIELDS; i++) {
        snprintf(names[i], sizeof names[i], "f%d", i);
        fields[i] = (parmap_field){names[i], PARMAP_INT8, 0, {0}};
    }
    CHECK_INT(pm_layout_read(PARMAP_RECORD, &(parmap_layout){32, 32, fields}, &layout), PARMAP_OK);
    CHECK_INT(layout.fields[31].offset, 31);
    refuse_fields(33, 33, fields);
    fields[0] = (parmap_field){"x", PARMAP_FLOAT64, 2, {1 << 10, 1 << 7}};
    CHECK_INT(pm_layout_read(PARMAP_RECORD, &(parmap_layout){1 << 20, 1, fields}, &layout),
              PARMAP_OK);
    refuse_fields((1 << 20) + 8, 2, fields);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void check_text_of(const pm_layout *layout, const char *expected)
{
    char text[PM_LAYOUT_TEXT];
    pm_layout back;
    CHECK(pm_layout_format(text, layout) == text);
    CHECK_TEXT(text, expected);
    CHECK_INT(pm_layout_parse(expected, &back), PARMAP_OK);
    CHECK(memcmp(&back, layout, sizeof back) == 0);
}

static void as_text(void)
{
    const pm_layout layouts[] = {read_layout(PM_LAYOUT_mixed), read_layout(PM_LAYOUT_tail),
                                 read_layout(PM_LAYOUT_single), read_layout(PM_LAYOUT_line),
                                 read_layout(PM_LAYOUT_cuboid)};
    check_text_of(&layouts[0], "{tiny: int8, real: float64, row: uint16[3], wide: int128, "
                               "table: float32[2][3], box: uint8[2][3][5], last: int64}");
    check_text_of(&layouts[1], "{u: uint64, i: int32, s: int16, w: uint32[1]}");
    check_text_of(&layouts[2], "{only: uint8}");
    check_text_of(&layouts[3], "int16[5]");
    check_text_of(&layouts[4], "int128[2][3][4]");
    for (parmap_type type = 0; type < PARMAP_TYPES; type++) {
        const pm_layout layout = pm_layout_of_type(type);
        check_text_of(&layout, pm_type_name(type));
    }
}

/* A layout of up to 12 fields, whatever they are. */
static pm_layout draw_layout(void)
{
    pm_layout layout;
    memset(&layout, 0, sizeof layout);
    layout.count = 1 + (int)draw_below(12);
    for (int i = 0; i < layout.count; i++) {
        pm_layout_field *field = &layout.fields[i];
        snprintf(field->name, sizeof field->name, "%c_%d", (char)('A' + draw_below(26)), i);
        field->type = (parmap_type)draw_below(PARMAP_TYPES);
        field->rank = (int)draw_below(PARMAP_RANK + 1);
        for (int d = 0; d < field->rank; d++)
            field->extent[d] = 1 + draw_below(9);
    }
    pm_layout_place(&layout);
    return layout;
}

/* Fields follow each other with no more between them than alignment asks for. */
static void check_place(const pm_layout *layout)
{
    size_t end = 0, widest = 1;
    for (int i = 0; i < layout->count; i++) {
        const pm_layout_field *field = &layout->fields[i];
        const size_t bytes = pm_type_bytes(field->type);
        CHECK(field->offset % bytes == 0 && field->offset >= end && field->offset < end + bytes);
        end = field->offset + bytes * (size_t)pm_layout_elements(field);
        widest = bytes > widest ? bytes : widest;
    }
    CHECK(layout->bytes % widest == 0 && layout->bytes >= end && layout->bytes < end + widest);
}

static void random_layouts(void)
{
    for (int i = 0; i < 2000; i++) {
        const pm_layout layout = draw_layout();
        char text[PM_LAYOUT_TEXT];
        pm_layout back;
        check_place(&layout);
        CHECK_INT(pm_layout_parse(pm_layout_format(text, &layout), &back), PARMAP_OK);
        CHECK(memcmp(&back, &layout, sizeof back) == 0);
        CHECK(pm_layout_equal(&back, &layout));
    }
}

static void other_texts(void)
{
    static const char *const wrong[] = {"",
                                        "int",
                                        "int64 ",
                                        " int64",
                                        "INT64",
                                        "int64[]",
                                        "int64[0]",
                                        "int64[-1]",
                                        "int64[+1]",
                                        "int64[ 1]",
                                        "int64[1",
                                        "int64[1]]",
                                        "int64[1][1][1][1]",
                                        "int64[99999999999999999999]",
                                        "int64[1048577]",
                                        "int64[1048576][2]",
                                        "records",
                                        "{}",
                                        "{int64}",
                                        "{x: int64",
                                        "{x: int64}}",
                                        "x: int64",
                                        "{x:int64}",
                                        "{x: int64,y: int8}",
                                        "{x: int64, }",
                                        "{x: int64, x: int8}",
                                        "{: int64}",
                                        "{x y: int64}",
                                        "{x: {y: int64}}",
                                        "{x: int64, a_name_of_as_many_letters_as_32_: int8}"};
    pm_layout layout;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_INT(pm_layout_parse(wrong[i], &layout), PARMAP_USAGE);
        CHECK_HOLDS(parmap_message(), "does not describe items");
        CHECK_HOLDS(parmap_message(), wrong[i]);
    }
    char many[PM_LAYOUT_TEXT] = "{f0: int8";
    for (int i = 1; i <= PM_LAYOUT_FIELDS; i++) {
        CHECK_INT(pm_layout_parse(many, &layout), PARMAP_USAGE); /* not closed */
        snprintf(many + strlen(many), sizeof many - strlen(many), ", f%d: int8", i);
    }
    strcat(many, "}");
    CHECK_INT(pm_layout_parse(many, &layout), PARMAP_USAGE);
    strcpy(strstr(many, ", f32"), "}");
    CHECK_INT(pm_layout_parse(many, &layout), PARMAP_OK);
    CHECK_INT(layout.count, PM_LAYOUT_FIELDS);
}

/* What cannot be told from the text of a file, cut as it is there, is refused from the start. */
static void long_texts(void)
{
    static char names[PM_LAYOUT_FIELDS][PM_LAYOUT_NAME];
    static parmap_field fields[PM_LAYOUT_FIELDS];
    char text[PM_LAYOUT_TEXT];
    int taken = 0;
    for (int i = 0; i < PM_LAYOUT_FIELDS; i++) {
        snprintf(names[i], sizeof names[i], "a_rather_long_name_of_a_field_%c",
                 "0123456789abcdefghijklmnopqrstuv"[i]);
        fields[i] = (parmap_field){names[i], PARMAP_FLOAT32, 0, {0}};
    }
    for (int count = 1; count <= PM_LAYOUT_FIELDS; count++) {
        const parmap_layout described = {(size_t)count * 4, count, fields};
        pm_layout layout, back;
        if (pm_layout_read(PARMAP_RECORD, &described, &layout) != PARMAP_OK) {
            CHECK_HOLDS(parmap_message(), "shorter names");
            continue;
        }
        taken++;
        CHECK_INT(pm_layout_parse(pm_layout_format(text, &layout), &back), PARMAP_OK);
        CHECK(pm_layout_equal(&layout, &back));
    }
    CHECK(taken >= 10);
}

static void equality(void)
{
    static const char *const texts[] = {
        "int64",
        "uint64",
        "int64[1]",
        "int64[2]",
        "int64[1][2]",
        "int64[2][1]",
        "{x: int64}",
        "{y: int64}",
        "{x: int64[2]}",
        "{x: int8, y: int64}",
        "{x: int64, y: int8}",
        "{x: int64, y: uint8}",
    };
    enum { TEXTS = sizeof texts / sizeof texts[0] };
    for (int i = 0; i < TEXTS; i++)
        for (int j = 0; j < TEXTS; j++) {
            pm_layout a, b;
            CHECK_INT(pm_layout_parse(texts[i], &a), PARMAP_OK);
            CHECK_INT(pm_layout_parse(texts[j], &b), PARMAP_OK);
            CHECK(pm_layout_equal(&a, &b) == (i == j));
        }
}

/* ---- items ----------------------------------------------------------------------------------- */

static void check_item(const pm_layout *layout, const void *item, const char *expected)
{
    char text[400];
    CHECK(pm_layout_format_item(text, sizeof text, layout, item) == text);
    CHECK_TEXT(text, expected);
    for (size_t room = 1; room <= strlen(expected) + 1; room++) { /* cut, and not beyond */
        memset(text, '#', sizeof text);
        pm_layout_format_item(text, room, layout, item);
        CHECK(strlen(text) < room && strncmp(text, expected, strlen(text)) == 0);
        CHECK_INT(text[room], '#');
    }
}

static void items_as_text(void)
{
    mixed m = {.tiny = -7,
               .real = 0.1,
               .row = {1, 65535, 3},
               .wide = (parmap_int128)1 << 100,
               .table = {{1.5f, 2, 3}, {4, 5, -0.25f}},
               .last = INT64_MIN};
    for (int i = 0; i < 30; i++)
        (&m.box[0][0][0])[i] = (uint8_t)(i * 8);
    const pm_layout layout = read_layout(PM_LAYOUT_mixed);
    check_item(&layout, &m,
               "tiny = -7, real = 0.1, row = [1, 65535, 3], wide = "
               "1267650600228229401496703205376, table = [1.5, 2, 3, 4, 5, -0.25], box = [0, 8, "
               "16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152, "
               "160, 168, 176, 184, 192, 200, 208, 216, 224, 232], last = -9223372036854775808");
    const pm_layout of_line = read_layout(PM_LAYOUT_line), number = pm_layout_of_type(PARMAP_UINT8);
    check_item(&of_line, &(line){{-32768, 0, 1, 2, 32767}}, "[-32768, 0, 1, 2, 32767]");
    check_item(&number, &(uint8_t){255}, "255");
}

/* Bytes of `item` from `from` up to `to` are all 0. */
static bool zeros(const void *item, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (((const char *)item)[i] != 0)
            return false;
    return true;
}

static void blanks(void)
{
    mixed m;
    const pm_layout layout = read_layout(PM_LAYOUT_mixed);
    memset(&m, 0xa5, sizeof m);
    pm_layout_blank(&layout, &m);
    CHECK(isnan(m.real));
    for (int i = 0; i < 6; i++)
        CHECK(isnan((&m.table[0][0])[i]));
    CHECK(zeros(&m, 0, offsetof(mixed, real)));
    CHECK(zeros(&m, offsetof(mixed, row), offsetof(mixed, table)));
    CHECK(zeros(&m, offsetof(mixed, box), sizeof m));
    for (parmap_type type = 0; type < PARMAP_TYPES; type++) {
        _Alignas(16) char bytes[17];
        double wide = 0;
        const pm_layout number = pm_layout_of_type(type);
        memset(bytes, 0xa5, sizeof bytes);
        pm_layout_blank(&number, bytes);
        if (pm_type_is_real(type)) {
            pm_type_widen(type, bytes, 1, &wide);
            CHECK(isnan(wide));
        } else {
            CHECK(zeros(bytes, 0, number.bytes));
        }
        CHECK_INT((unsigned char)bytes[number.bytes], 0xa5);
    }
}

int main(void)
{
    static const check_case cases[] = {
        {"layout: of structs", of_structs},
        {"layout: of arrays", of_arrays},
        {"layout: of numbers", of_numbers},
        {"layout: one field is wrong", one_field_wrong},
        {"layout: wrong descriptions", descriptions_wrong},
        {"layout: too large", too_large},
        {"layout: as text", as_text},
        {"layout: random ones as text", random_layouts},
        {"layout: other texts", other_texts},
        {"layout: long texts", long_texts},
        {"layout: equality", equality},
        {"layout: items as text", items_as_text},
        {"layout: in place of results", blanks},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
