/* Layouts: from authors, to text and back, and items in words. */
#include "base/layout.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ITEM_BYTES = 1 << 20 };

pm_layout pm_layout_of_type(parmap_type type)
{
    pm_layout layout;
    memset(&layout, 0, sizeof layout); /* the padding too: it travels */
    layout.count = 1;
    layout.fields[0].type = type;
    layout.bytes = pm_type_bytes(type);
    return layout;
}

int64_t pm_layout_elements(const pm_layout_field *field)
{
    int64_t elements = 1;
    for (int d = 0; d < field->rank; d++)
        elements *= field->extent[d];
    return elements;
}

static size_t aligned(size_t offset, size_t alignment)
{
    return (offset + alignment - 1) / alignment * alignment;
}

void pm_layout_place(pm_layout *layout)
{
    size_t end = 0, widest = 1;
    for (int i = 0; i < layout->count; i++) {
        pm_layout_field *field = &layout->fields[i];
        const size_t bytes = pm_type_bytes(field->type);
        field->offset = aligned(end, bytes);
        end = field->offset + (size_t)pm_layout_elements(field) * bytes;
        widest = bytes > widest ? bytes : widest;
    }
    layout->bytes = aligned(end, widest);
}

static bool good_extents(int rank, const int64_t extent[PARMAP_RANK])
{
    int64_t elements = 1;
    if (rank < 0 || rank > PARMAP_RANK)
        return false;
    for (int d = 0; d < rank; d++) {
        if (extent[d] < 1 || extent[d] > MOST_ITEM_BYTES / elements)
            return false;
        elements *= extent[d];
    }
    return true;
}

static bool read_field(const parmap_field *described, pm_layout_field *field)
{
    if (!described->name || strlen(described->name) >= PM_LAYOUT_NAME ||
        (unsigned)described->type >= PARMAP_TYPES ||
        !good_extents(described->rank, described->extent))
        return false;
    strcpy(field->name, described->name);
    field->type = described->type;
    field->rank = described->rank;
    memcpy(field->extent, described->extent, (size_t)field->rank * sizeof *field->extent);
    return true;
}

/* Two fields of one name, or one without among others. */
static bool good_names(const pm_layout *layout)
{
    for (int i = 0; i < layout->count; i++) {
        if (!layout->fields[i].name[0] && layout->count > 1)
            return false;
        for (int j = 0; j < i; j++)
            if (strcmp(layout->fields[i].name, layout->fields[j].name) == 0)
                return false;
    }
    return true;
}

/* A file says by its text what its items are. */
static parmap_status check_text(const pm_layout *layout)
{
    char text[PM_LAYOUT_TEXT];
    if (strlen(pm_layout_format(text, layout)) + 1 < sizeof text)
        return PARMAP_OK;
    return pm_fail(PARMAP_USAGE,
                   "the fields of a kernel's items, with names and types, take more than the %d "
                   "letters that a file has for them; use shorter names, or arrays for fields of "
                   "one type",
                   PM_LAYOUT_TEXT - 2);
}

parmap_status pm_layout_read(parmap_type type, const parmap_layout *described, pm_layout *layout)
{
    if ((unsigned)type < PARMAP_TYPES) {
        *layout = pm_layout_of_type(type);
        return PARMAP_OK;
    }
    memset(layout, 0, sizeof *layout);
    bool good = type == PARMAP_RECORD && described && described->fields && described->count > 0 &&
                described->count <= PM_LAYOUT_FIELDS;
    for (int i = 0; good && i < described->count; i++) {
        good = read_field(&described->fields[i], &layout->fields[i]);
        layout->count = i + 1;
    }
    good = good && good_names(layout);
    if (good)
        pm_layout_place(layout);
    if (good && layout->bytes == described->bytes && layout->bytes <= MOST_ITEM_BYTES)
        return check_text(layout);
    return pm_fail(
        PARMAP_USAGE,
        "a kernel describes its items wrongly; use PARMAP_RECORD (at most %d fields with "
        "names of their own, %d bytes, not packed) and compile it again",
        PM_LAYOUT_FIELDS, MOST_ITEM_BYTES);
}

bool pm_layout_is_plain(const pm_layout *layout)
{
    return layout->count == 1 && !layout->fields[0].name[0];
}

bool pm_layout_is_number(const pm_layout *layout)
{
    return pm_layout_is_plain(layout) && layout->fields[0].rank == 0;
}

static bool same_field(const pm_layout_field *a, const pm_layout_field *b)
{
    return strcmp(a->name, b->name) == 0 && a->type == b->type && a->rank == b->rank &&
           a->offset == b->offset &&
           memcmp(a->extent, b->extent, (size_t)a->rank * sizeof *a->extent) == 0;
}

bool pm_layout_equal(const pm_layout *a, const pm_layout *b)
{
    if (a->bytes != b->bytes || a->count != b->count)
        return false;
    for (int i = 0; i < a->count; i++)
        if (!same_field(&a->fields[i], &b->fields[i]))
            return false;
    return true;
}

const pm_layout_field *pm_layout_find(const pm_layout *layout, const char *name)
{
    for (int i = 0; i < layout->count; i++)
        if (strcmp(layout->fields[i].name, name) == 0)
            return &layout->fields[i];
    return NULL;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* Appends, and cuts what there is no room for. */
static __attribute__((format(printf, 3, 4))) void add(char *text, size_t room, const char *format,
                                                      ...)
{
    const size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, room - used, format, arguments);
    va_end(arguments);
}

char *pm_layout_format(char text[PM_LAYOUT_TEXT], const pm_layout *layout)
{
    const bool plain = pm_layout_is_plain(layout);
    strcpy(text, plain ? "" : "{");
    for (int i = 0; i < layout->count; i++) {
        const pm_layout_field *field = &layout->fields[i];
        if (!plain)
            add(text, PM_LAYOUT_TEXT, "%s%s: ", i > 0 ? ", " : "", field->name);
        add(text, PM_LAYOUT_TEXT, "%s", pm_type_name(field->type));
        for (int d = 0; d < field->rank; d++)
            add(text, PM_LAYOUT_TEXT, "[%lld]", (long long)field->extent[d]);
    }
    if (!plain)
        add(text, PM_LAYOUT_TEXT, "}");
    return text;
}

/* A word of letters, digits and underscores. */
static bool take_word(const char **at, char word[PM_LAYOUT_NAME])
{
    size_t length = 0;
    while (isalnum((unsigned char)**at) || **at == '_') {
        if (length + 1 >= PM_LAYOUT_NAME)
            return false;
        word[length++] = *(*at)++;
    }
    word[length] = '\0';
    return length > 0;
}

static bool take(const char **at, const char *what)
{
    const size_t length = strlen(what);
    if (strncmp(*at, what, length) != 0)
        return false;
    *at += length;
    return true;
}

static bool take_type(const char **at, pm_layout_field *field)
{
    char word[PM_LAYOUT_NAME];
    if (!take_word(at, word) || pm_type_parse(word, &field->type) != PARMAP_OK)
        return false;
    while (take(at, "[")) {
        char *end;
        if (field->rank == PARMAP_RANK || !isdigit((unsigned char)**at))
            return false;
        field->extent[field->rank++] = strtoll(*at, &end, 10);
        *at = end;
        if (!take(at, "]"))
            return false;
    }
    return good_extents(field->rank, field->extent);
}

static bool parse(const char *at, pm_layout *layout)
{
    if (!take(&at, "{")) {
        layout->count = 1;
        return take_type(&at, &layout->fields[0]) && !*at;
    }
    do {
        if (layout->count == PM_LAYOUT_FIELDS)
            return false;
        pm_layout_field *field = &layout->fields[layout->count++];
        if (!take_word(&at, field->name) || !take(&at, ": ") || !take_type(&at, field))
            return false;
    } while (take(&at, ", "));
    return take(&at, "}") && !*at && good_names(layout);
}

parmap_status pm_layout_parse(const char *text, pm_layout *layout)
{
    memset(layout, 0, sizeof *layout);
    if (!parse(text, layout))
        return pm_fail(PARMAP_USAGE, "\"%s\" does not describe items", text);
    pm_layout_place(layout);
    return PARMAP_OK;
}

static void add_numbers(char *text, size_t room, const pm_layout_field *field, const char *at)
{
    char value[PM_VALUE_TEXT];
    const int64_t elements = pm_layout_elements(field);
    add(text, room, "%s", field->rank > 0 ? "[" : "");
    for (int64_t k = 0; k < elements && strlen(text) + 1 < room; k++)
        add(text, room, "%s%s", k > 0 ? ", " : "",
            pm_type_format(value, field->type, at + (size_t)k * pm_type_bytes(field->type)));
    add(text, room, "%s", field->rank > 0 ? "]" : "");
}

char *pm_layout_format_item(char *text, size_t room, const pm_layout *layout, const void *item)
{
    text[0] = '\0';
    for (int i = 0; i < layout->count; i++) {
        const pm_layout_field *field = &layout->fields[i];
        if (field->name[0])
            add(text, room, "%s%s = ", i > 0 ? ", " : "", field->name);
        add_numbers(text, room, field, (const char *)item + field->offset);
    }
    return text;
}

static void blank_field(const pm_layout_field *field, char *at)
{
    const int64_t elements = pm_layout_elements(field);
    for (int64_t k = 0; k < elements; k++) {
        if (field->type == PARMAP_FLOAT64)
            ((double *)at)[k] = (double)NAN;
        else if (field->type == PARMAP_FLOAT32)
            ((float *)at)[k] = NAN;
    }
}

void pm_layout_blank(const pm_layout *layout, void *item)
{
    memset(item, 0, layout->bytes);
    for (int i = 0; i < layout->count; i++)
        blank_field(&layout->fields[i], (char *)item + layout->fields[i].offset);
}
