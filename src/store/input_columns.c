/* Which field comes from where. */
#include "store/input.h"

#include "store/input_convert.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

size_t pm_columns_bytes(const pm_columns *columns)
{
    return offsetof(pm_columns, inputs) + (size_t)columns->input_count * sizeof columns->inputs[0];
}

/* A row that is a number or an array goes by the input's name, the fields of a record by theirs. */
static bool is_plain(const pm_input *input)
{
    return pm_layout_is_plain(&input->row);
}

static const char *name_of(const pm_input *input, int field)
{
    return is_plain(input) ? input->name : input->row.fields[field].name;
}

/* "data.h5:/t:x" for messages.  Static storage of the thread, of two calls. */
static const char *place_of(const pm_input *input, int field)
{
    static _Thread_local char texts[2][1024];
    static _Thread_local int next;
    char *text = texts[next++ % 2];
    const char *name = is_plain(input) ? input->field : input->row.fields[field].name;
    snprintf(text, sizeof texts[0], "%.600s:%.256s%s%s", input->path, input->set,
             name[0] ? ":" : "", name);
    return text;
}

/* ---- what they offer ------------------------------------------------------------------------- */

static parmap_status offer_field(const pm_input *inputs, int i, int field, pm_layout *offer)
{
    const char *name = name_of(&inputs[i], field);
    if (pm_layout_find(offer, name))
        return pm_fail(PARMAP_USAGE,
                       "two inputs are named \"%s\", the second is %s; write NAME=FILE:/SET", name,
                       place_of(&inputs[i], field));
    if (offer->count == PM_LAYOUT_FIELDS)
        return pm_fail(PARMAP_USAGE,
                       "the inputs have more than %d fields; name those that are "
                       "needed, as FILE:/SET:FIELD",
                       PM_LAYOUT_FIELDS);
    pm_layout_field *new = &offer->fields[offer->count++];
    *new = inputs[i].row.fields[field];
    snprintf(new->name, sizeof new->name, "%s", name);
    return PARMAP_OK;
}

parmap_status pm_inputs_offer(const pm_input *inputs, int count, pm_layout *offer)
{
    memset(offer, 0, sizeof *offer);
    for (int i = 0; i < count; i++)
        for (int field = 0; field < inputs[i].row.count; field++)
            PM_TRY(offer_field(inputs, i, field, offer));
    pm_layout_place(offer);
    return PARMAP_OK;
}

/* "x (float64), y (float32[3])": appended, and cut where it is too long. */
static void append_offer(char *text, size_t room, const pm_input *input)
{
    for (int field = 0; field < input->row.count; field++) {
        const size_t used = strlen(text);
        pm_layout one = {.count = 1, .fields = {input->row.fields[field]}};
        char type[PM_LAYOUT_TEXT];
        one.fields[0].name[0] = '\0';
        snprintf(text + used, room - used, "%s%s (%s)", used > 0 ? ", " : "", name_of(input, field),
                 pm_layout_format(type, &one));
    }
}

/* ---- does it fit? ---------------------------------------------------------------------------- */

static const pm_input *input_of(const pm_columns *columns, const pm_column *column)
{
    return &columns->inputs[column->input];
}

/* Extents of 1 do not count. */
static bool same_extents(const pm_layout_field *a, const pm_layout_field *b)
{
    int i = 0, k = 0;
    for (;;) {
        while (i < a->rank && a->extent[i] == 1)
            i++;
        while (k < b->rank && b->extent[k] == 1)
            k++;
        if (i == a->rank || k == b->rank)
            return i == a->rank && k == b->rank;
        if (a->extent[i++] != b->extent[k++])
            return false;
    }
}

static char *type_text(char text[PM_LAYOUT_TEXT], const pm_layout_field *field)
{
    pm_layout one = {.count = 1, .fields = {*field}};
    one.fields[0].name[0] = '\0';
    return pm_layout_format(text, &one);
}

/* An array of one dimension takes all numbers of a row, in the order of C. */
static bool fits(const pm_layout_field *from, const pm_layout_field *to)
{
    return same_extents(from, to) ||
           (to->rank == 1 && pm_layout_elements(from) == pm_layout_elements(to));
}

static parmap_status check_type(const pm_columns *columns, const pm_column *column)
{
    const pm_input *input = input_of(columns, column);
    const pm_layout_field *to = &columns->item.fields[column->to];
    const int kind = input->stored[column->from].kind;
    const bool real = kind == PM_STORED_FLOAT16 || pm_type_is_real((parmap_type)kind);
    const char *stored = pm_stored_name(kind), *wanted = pm_type_name(to->type);
    if (pm_convert_find(kind, to->type))
        return PARMAP_OK;
    if (real && !pm_type_is_real(to->type))
        return pm_fail(PARMAP_BAD_DATA,
                       "%s has %s, real numbers, but the kernel takes %s, whole ones; use a kernel "
                       "for real numbers (--type %s), or store whole ones",
                       place_of(input, column->from), stored, wanted,
                       kind == PARMAP_FLOAT64 ? stored : "float32");
    return pm_fail(PARMAP_BAD_DATA,
                   "%s has %s, which %s cannot hold without loss; use a kernel for it (--type %s), "
                   "or store the data as %s",
                   place_of(input, column->from), stored, wanted, stored, wanted);
}

static parmap_status check_column(const pm_columns *columns, const pm_column *column)
{
    const pm_input *input = input_of(columns, column);
    const pm_layout_field *from = &input->row.fields[column->from];
    const pm_layout_field *to = &columns->item.fields[column->to];
    char there[PM_LAYOUT_TEXT], wanted[PM_LAYOUT_TEXT];
    if (!fits(from, to))
        return pm_fail(PARMAP_BAD_DATA,
                       "a row of %s is %s, but the kernel takes %s%s%s; the dimensions behind the "
                       "first have to be the same",
                       place_of(input, column->from), type_text(there, from), type_text(wanted, to),
                       to->name[0] ? " as " : "", to->name);
    return check_type(columns, column);
}

static parmap_status check_rows(const pm_columns *columns)
{
    for (int i = 1; i < columns->input_count; i++) {
        const pm_input *a = &columns->inputs[0], *b = &columns->inputs[i];
        if (a->rows != b->rows)
            return pm_fail(PARMAP_BAD_DATA,
                           "%s:%s has %lld rows, but %s:%s has %lld; item i is row i of each, so "
                           "they have to be as long as each other",
                           a->path, a->set, (long long)a->rows, b->path, b->set,
                           (long long)b->rows);
    }
    return PARMAP_OK;
}

/* ---- binding --------------------------------------------------------------------------------- */

static bool named_otherwise(const pm_input *input, const pm_layout_field *field)
{
    return input->named && is_plain(input) && field->name[0] &&
           strcmp(input->name, field->name) != 0;
}

/* The only one to the only one, whatever their names; but not against a NAME=. */
static bool only_one(const pm_columns *columns)
{
    return columns->input_count == 1 && columns->inputs[0].row.count == 1 &&
           columns->item.count == 1 &&
           !named_otherwise(&columns->inputs[0], &columns->item.fields[0]);
}

static parmap_status twice(const pm_columns *columns, const pm_column *a, const pm_column *b)
{
    return pm_fail(PARMAP_USAGE, "both %s and %s are to be %s; write NAME=FILE:/SET",
                   place_of(input_of(columns, a), a->from), place_of(input_of(columns, b), b->from),
                   columns->item.fields[a->to].name);
}

/* Fills a column with what goes by the name of its field; input = -1 when there is none. */
static parmap_status find(const pm_columns *columns, pm_column *column)
{
    const char *wanted = columns->item.fields[column->to].name;
    const bool any = only_one(columns);
    column->input = -1;
    for (int i = 0; i < columns->input_count; i++)
        for (int field = 0; field < columns->inputs[i].row.count; field++) {
            if (!any && strcmp(name_of(&columns->inputs[i], field), wanted) != 0)
                continue;
            const pm_column found = {.input = i, .from = field, .to = column->to};
            if (column->input >= 0)
                return twice(columns, column, &found);
            *column = found;
        }
    return PARMAP_OK;
}

static parmap_status number_wanted(const pm_columns *columns)
{
    char offers[PM_INPUT_TEXT] = "", wanted[PM_LAYOUT_TEXT];
    const pm_input *input = &columns->inputs[0];
    pm_layout_format(wanted, &columns->item);
    append_offer(offers, sizeof offers, input);
    if (columns->input_count > 1)
        return pm_fail(PARMAP_USAGE, "the kernel takes one %s, but there are %d inputs; give one",
                       wanted, columns->input_count);
    return pm_fail(PARMAP_USAGE,
                   "%s:%s has records, but the kernel takes %s; name a field, as %s:%s:%s, of %s",
                   input->path, input->set, wanted, input->path, input->set,
                   input->row.fields[0].name, offers);
}

static parmap_status not_there(const pm_columns *columns, int to)
{
    const pm_layout_field *field = &columns->item.fields[to];
    char offers[PM_INPUT_TEXT] = "", left_out[PM_INPUT_TEXT] = "", type[PM_LAYOUT_TEXT];
    if (!field->name[0])
        return number_wanted(columns);
    for (int i = 0; i < columns->input_count; i++) {
        const size_t used = strlen(left_out);
        append_offer(offers, sizeof offers, &columns->inputs[i]);
        snprintf(left_out + used, sizeof left_out - used, "%s%s",
                 columns->inputs[i].left_out[0] ? "; without numbers: " : "",
                 columns->inputs[i].left_out);
    }
    return pm_fail(PARMAP_USAGE,
                   "the kernel's input %s (%s) is missing; give --input %s=FILE:/SET; the inputs "
                   "so far are %s%s",
                   field->name, type_text(type, field), field->name, offers, left_out);
}

static parmap_status check_use(const pm_columns *columns)
{
    for (int i = 0; i < columns->input_count; i++) {
        const pm_input *input = &columns->inputs[i];
        char wanted[PM_LAYOUT_TEXT];
        bool used = false;
        for (int k = 0; k < columns->count; k++)
            used = used || columns->columns[k].input == i;
        if (!used)
            return pm_fail(PARMAP_USAGE,
                           "the input %s (%s:%s) is not used: the kernel takes %s; leave it out, "
                           "or write NAME=FILE:/SET",
                           input->name, input->path, input->set,
                           pm_layout_format(wanted, &columns->item));
    }
    return PARMAP_OK;
}

parmap_status pm_columns_bind(const pm_input *inputs, int count, const pm_layout *item,
                              pm_columns *columns)
{
    const pm_layout wanted = *item; /* which may be the columns' */
    if (count < 1 || count > PM_INPUTS)
        return pm_fail(PARMAP_USAGE, "there are %d inputs; give from 1 to %d", count, PM_INPUTS);
    memmove(columns->inputs, inputs, (size_t)count * sizeof *inputs);
    memset(columns, 0, offsetof(pm_columns, inputs)); /* the padding too: it travels */
    columns->input_count = count;
    columns->item = wanted;
    columns->rows = columns->inputs[0].rows;
    for (int to = 0; to < wanted.count; to++) {
        pm_column *column = &columns->columns[columns->count++];
        column->to = to;
        PM_TRY(find(columns, column));
        if (column->input < 0)
            return not_there(columns, to);
        PM_TRY(check_column(columns, column));
    }
    PM_TRY(check_use(columns));
    return check_rows(columns);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

int64_t pm_columns_block_rows(const pm_columns *columns)
{
    int64_t most = 0;
    for (int i = 0; i < columns->input_count; i++) {
        const pm_input *input = &columns->inputs[i];
        const bool whole = input->storage != PM_INPUT_CONTIGUOUS && input->chunk[0] > 0;
        if (whole && input->chunk[0] > most)
            most = input->chunk[0];
    }
    return most;
}
