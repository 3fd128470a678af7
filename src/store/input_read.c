/* Items out of rows.  Inputs of the same set share it, so that it is read and decoded once. */
#include "store/input.h"

#include "store/input_convert.h"
#include "store/input_set.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    FEW_NUMBERS = 16,    /* in a row: then it is quicker to go down the rows */
    TILE = 64 << 10,     /* bytes of rows, which stay in the cache for all columns */
    SWAP_NUMBERS = 256,  /* at a time */
    LARGEST_NUMBER = 16, /* bytes */
};

/* A column, ready to be moved. */
typedef struct move {
    int set;
    pm_convert *convert;
    bool swapped, same; /* same: of one type, but for the byte order */
    size_t from_bytes, to_bytes;
    size_t from, to; /* of the first number in a row and in an item */
    size_t element_stride, row_stride, item_stride;
    int64_t elements, length; /* in a row, and numbers in each */
} move;

struct pm_columns_reader {
    const pm_columns *columns;
    int set_count, move_count;
    pm_set *sets[PM_INPUTS];
    const pm_input *inputs[PM_INPUTS]; /* of the sets, the first one */
    move moves[PM_LAYOUT_FIELDS];
    bool straight; /* the rows of the only set are the items */
    pthread_mutex_t mutex;
    pm_scratch *idle;
};

/* ---- moving ---------------------------------------------------------------------------------- */

/* `count` numbers. */
static void run(const move *how, const char *from, size_t from_stride, char *to, size_t to_stride,
                int64_t count)
{
    char turned[SWAP_NUMBERS * LARGEST_NUMBER];
    if (!how->swapped) {
        how->convert(from, from_stride, to, to_stride, count);
        return;
    }
    if (how->same && to_stride == how->to_bytes) {
        pm_swap(from, from_stride, to, how->from_bytes, count);
        return;
    }
    while (count > 0) {
        const int64_t some = count < SWAP_NUMBERS ? count : SWAP_NUMBERS;
        pm_swap(from, from_stride, turned, how->from_bytes, some);
        how->convert(turned, how->from_bytes, to, to_stride, some);
        from += (size_t)some * from_stride;
        to += (size_t)some * to_stride;
        count -= some;
    }
}

/* One number of all rows, then the next. */
static void move_down(const move *how, const char *rows, char *items, int64_t count)
{
    for (int64_t j = 0; j < how->elements; j++)
        for (int64_t k = 0; k < how->length; k++)
            run(how, rows + (size_t)j * how->element_stride + (size_t)k * how->from_bytes,
                how->row_stride, items + (size_t)(j * how->length + k) * how->to_bytes,
                how->item_stride, count);
}

static void move_row(const move *how, const char *row, char *item)
{
    const bool packed = how->element_stride == (size_t)how->length * how->from_bytes;
    if (packed || how->elements == 1)
        run(how, row, how->from_bytes, item, how->to_bytes, how->elements * how->length);
    else if (how->length == 1)
        run(how, row, how->element_stride, item, how->to_bytes, how->elements);
    else
        for (int64_t j = 0; j < how->elements; j++)
            run(how, row + (size_t)j * how->element_stride, how->from_bytes,
                item + (size_t)(j * how->length) * how->to_bytes, how->to_bytes, how->length);
}

static void move_rows(const move *how, const char *rows, char *items, int64_t count)
{
    const int64_t numbers = how->elements * how->length;
    rows += how->from;
    items += how->to;
    if (how->row_stride == (size_t)numbers * how->from_bytes &&
        how->item_stride == (size_t)numbers * how->to_bytes)
        run(how, rows, how->from_bytes, items, how->to_bytes, count * numbers);
    else if (numbers <= FEW_NUMBERS)
        move_down(how, rows, items, count);
    else
        for (int64_t i = 0; i < count; i++)
            move_row(how, rows + (size_t)i * how->row_stride, items + (size_t)i * how->item_stride);
}

typedef struct taking {
    const pm_columns_reader *reader;
    int set;
    int64_t first; /* row of the first item */
    char *items;
} taking;

static void take_rows(void *context, int64_t first, int64_t count, const char *rows)
{
    const taking *self = context;
    const pm_columns_reader *reader = self->reader;
    const pm_input *input = reader->inputs[self->set];
    const size_t row_bytes = (size_t)input->row_elements * input->element_bytes;
    const size_t item_bytes = reader->columns->item.bytes;
    const int64_t fit = TILE / (int64_t)row_bytes, most = fit > 0 ? fit : 1;
    char *items = self->items + (size_t)(first - self->first) * item_bytes;
    for (int64_t done = 0; done < count; done += most) {
        const int64_t some = most < count - done ? most : count - done;
        for (int i = 0; i < reader->move_count; i++)
            if (reader->moves[i].set == self->set)
                move_rows(&reader->moves[i], rows + (size_t)done * row_bytes,
                          items + (size_t)done * item_bytes, some);
    }
}

/* ---- reading --------------------------------------------------------------------------------- */

static pm_scratch *borrow(pm_columns_reader *reader)
{
    pthread_mutex_lock(&reader->mutex);
    pm_scratch *scratch = reader->idle;
    if (scratch)
        reader->idle = scratch->next;
    pthread_mutex_unlock(&reader->mutex);
    return scratch ? scratch : calloc(1, sizeof *scratch);
}

static void give_back(pm_columns_reader *reader, pm_scratch *scratch)
{
    pthread_mutex_lock(&reader->mutex);
    scratch->next = reader->idle;
    reader->idle = scratch;
    pthread_mutex_unlock(&reader->mutex);
}

static parmap_status read_sets(pm_columns_reader *reader, pm_scratch *scratch, int64_t first,
                               int64_t count, char *items)
{
    if (reader->straight)
        return pm_set_copy(reader->sets[0], scratch, first, count, items);
    for (int i = 0; i < reader->set_count; i++) {
        taking self = {.reader = reader, .set = i, .first = first, .items = items};
        PM_TRY(pm_set_read(reader->sets[i], scratch, first, count, take_rows, &self));
    }
    return PARMAP_OK;
}

parmap_status pm_columns_read(pm_columns_reader *reader, int64_t first, int64_t count, void *items)
{
    if (first < 0 || count < 0 || first > reader->columns->rows - count)
        return pm_fail(PARMAP_BUG, "rows %lld + %lld of %lld are asked for", (long long)first,
                       (long long)count, (long long)reader->columns->rows);
    if (count == 0)
        return PARMAP_OK;
    pm_scratch *scratch = borrow(reader);
    if (!scratch)
        return pm_fail(PARMAP_SYSTEM, "no memory");
    const parmap_status status = read_sets(reader, scratch, first, count, items);
    give_back(reader, scratch);
    return status;
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool same_set(const pm_input *a, const pm_input *b)
{
    return a->storage != PM_INPUT_BY_HDF5 && b->storage != PM_INPUT_BY_HDF5 &&
           strcmp(a->path, b->path) == 0 && strcmp(a->set, b->set) == 0;
}

static parmap_status open_set(pm_columns_reader *reader, const pm_input *input, int *set)
{
    for (*set = 0; *set < reader->set_count; ++*set)
        if (same_set(input, reader->inputs[*set]))
            return PARMAP_OK;
    PM_TRY(pm_set_open(input, &reader->sets[*set]));
    reader->inputs[*set] = input;
    reader->set_count++;
    return PARMAP_OK;
}

static move move_of(const pm_columns *columns, const pm_column *column, int set)
{
    const pm_input *input = &columns->inputs[column->input];
    const pm_stored *stored = &input->stored[column->from];
    const pm_layout_field *to = &columns->item.fields[column->to];
    return (move){
        .set = set,
        .convert = pm_convert_find(stored->kind, to->type),
        .swapped = stored->swapped,
        .same = stored->kind == (int)to->type,
        .from_bytes = pm_stored_bytes(stored->kind),
        .to_bytes = pm_type_bytes(to->type),
        .from = stored->offset,
        .to = to->offset,
        .element_stride = input->element_bytes,
        .row_stride = (size_t)input->row_elements * input->element_bytes,
        .item_stride = columns->item.bytes,
        .elements = input->row_elements,
        .length = stored->length,
    };
}

/* Whether a number stands in an item where it stands in a row. */
static bool stays(const move *how)
{
    return how->same && !how->swapped && how->from == how->to &&
           how->row_stride == how->item_stride &&
           (how->elements == 1 || how->element_stride == (size_t)how->length * how->from_bytes);
}

static parmap_status open_all(pm_columns_reader *reader)
{
    const pm_columns *columns = reader->columns;
    bool straight = true;
    for (int i = 0; i < columns->count; i++) {
        int set;
        PM_TRY(open_set(reader, &columns->inputs[columns->columns[i].input], &set));
        move *how = &reader->moves[reader->move_count++];
        *how = move_of(columns, &columns->columns[i], set);
        straight = straight && stays(how);
    }
    reader->straight = straight && reader->set_count == 1;
    return PARMAP_OK;
}

parmap_status pm_columns_open(const pm_columns *columns, pm_columns_reader **reader)
{
    *reader = calloc(1, sizeof **reader);
    if (!*reader)
        return pm_fail(PARMAP_SYSTEM, "no memory");
    (*reader)->columns = columns;
    pthread_mutex_init(&(*reader)->mutex, NULL);
    const parmap_status status = open_all(*reader);
    if (status != PARMAP_OK) {
        pm_columns_close(*reader);
        *reader = NULL;
    }
    return status;
}

void pm_columns_close(pm_columns_reader *reader)
{
    if (!reader)
        return;
    for (int i = 0; i < reader->set_count; i++)
        pm_set_close(reader->sets[i]);
    while (reader->idle) {
        pm_scratch *next = reader->idle->next;
        pm_scratch_free(reader->idle);
        reader->idle = next;
    }
    pthread_mutex_destroy(&reader->mutex);
    free(reader);
}
