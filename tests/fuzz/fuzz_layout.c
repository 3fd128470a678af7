/* Texts that describe items, "{x: float64, w: float32[3]}", and the texts of items. */
#include "base/layout.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 2000, MOST_BYTES = 1 << 16 };

/* Each field begins at the first place behind the one before that its type may have. */
static void check_places(const pm_layout *layout)
{
    size_t end = 0, widest = 1;
    FUZZ_CHECK(layout->count >= 1 && layout->count <= PM_LAYOUT_FIELDS);
    for (int i = 0; i < layout->count; i++) {
        const pm_layout_field *field = &layout->fields[i];
        const size_t bytes = pm_type_bytes(field->type);
        FUZZ_CHECK(field->offset % bytes == 0);
        FUZZ_CHECK(field->offset >= end && field->offset - end < bytes);
        FUZZ_CHECK(pm_layout_elements(field) >= 1);
        FUZZ_CHECK(layout->count == 1 || field->name[0]);
        FUZZ_CHECK(pm_layout_find(layout, field->name) == field);
        end = field->offset + bytes * (size_t)pm_layout_elements(field);
        widest = bytes > widest ? bytes : widest;
    }
    FUZZ_CHECK(layout->bytes >= end && layout->bytes - end < widest);
    FUZZ_CHECK(layout->bytes % widest == 0);
}

/* Without the zeros in front of lengths there is one text for a layout. */
static void drop_zeros(char *text)
{
    char *to = text;
    for (const char *at = text; *at; at++)
        if (!(*at == '0' && to > text && to[-1] == '[' && at[1] >= '0' && at[1] <= '9'))
            *to++ = *at;
    *to = '\0';
}

static void check_back(const pm_layout *layout, char *text)
{
    char formatted[PM_LAYOUT_TEXT];
    pm_layout back;
    drop_zeros(text);
    pm_layout_format(formatted, layout);
    FUZZ_CHECK(strncmp(text, formatted, strlen(formatted)) == 0);
    if (strlen(text) >= sizeof formatted) {
        FUZZ_CHECK(strlen(formatted) == sizeof formatted - 1);
        return;
    }
    FUZZ_CHECK(strcmp(text, formatted) == 0);
    FUZZ_CHECK(pm_layout_parse(formatted, &back) == PARMAP_OK);
    FUZZ_CHECK(memcmp(&back, layout, sizeof back) == 0 && pm_layout_equal(&back, layout));
}

/* The same as an author of a kernel writes it. */
static void check_read(const pm_layout *layout)
{
    parmap_field fields[PM_LAYOUT_FIELDS];
    const parmap_layout described = {layout->bytes, layout->count, fields};
    char text[PM_LAYOUT_TEXT];
    pm_layout back;
    for (int i = 0; i < layout->count; i++) {
        const pm_layout_field *field = &layout->fields[i];
        fields[i] = (parmap_field){field->name, field->type, field->rank, {0}};
        memcpy(fields[i].extent, field->extent, sizeof field->extent);
    }
    const parmap_status status = pm_layout_read(PARMAP_RECORD, &described, &back);
    const bool fits =
        layout->bytes <= 1 << 20 && strlen(pm_layout_format(text, layout)) + 1 < sizeof text;
    FUZZ_CHECK(status == (fits ? PARMAP_OK : PARMAP_USAGE));
    FUZZ_CHECK(!fits || pm_layout_equal(&back, layout));
}

/* Items of any bytes, in rooms of any size. */
static void check_item(const pm_layout *layout, const uint8_t *data, size_t size)
{
    if (layout->bytes > MOST_BYTES)
        return;
    const size_t room = 1 + (size * 7 + layout->bytes) % 97;
    char *item = malloc(layout->bytes), *text = malloc(room);
    if (!item || !text)
        abort();
    for (size_t i = 0; i < layout->bytes; i++)
        item[i] = (char)data[i % size];
    FUZZ_CHECK(strlen(pm_layout_format_item(text, room, layout, item)) < room);
    pm_layout_blank(layout, item);
    pm_layout_format_item(text, room, layout, item);
    free(item);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[LONGEST + 1];
    pm_layout layout;
    if (size > LONGEST)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (pm_layout_parse(text, &layout) != PARMAP_OK) {
        FUZZ_CHECK(strstr(parmap_message(), "does not describe items") || strlen(text) > 1000);
        return 0;
    }
    check_places(&layout);
    check_back(&layout, text);
    check_read(&layout);
    check_item(&layout, data, size);
    return 0;
}

void fuzz_seeds(fuzz_add *add)
{
    static const char *const seeds[] = {
        "int64",
        "float64[3][4]",
        "{x: float64, weights: float32[3]}",
        "{a: int8, b: int128, c: uint16[7], d: float32}",
        "uint8[64][2][1]",
        "{x: float64}",
    };
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++)
        add(seeds[i], strlen(seeds[i]));
}

const char *const fuzz_words[] = {"{",          "}",
                                  ", ",         ": ",
                                  "[1]",        "[",
                                  "]",          "x",
                                  "y",          "z",
                                  "name",       "int8",
                                  "int16",      "uint8",
                                  "float32",    "float64",
                                  "int128",     "uint64",
                                  "[0]",        "[01]",
                                  "[1048576]",  "[99999999999999999999]",
                                  ", x1: int8", ", x2: int128[3]",
                                  NULL};
