/* Sources and sinks.  Their functions run on all threads at once. */
#include "map/ends.h"

#include "work/finite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A block of a kernel, as its pieces see it. */
typedef struct block {
    pm_kernel_source *source;
    pm_piece *piece;
} block;

static void *at(void *items, int64_t i, size_t item_bytes)
{
    return (char *)items + (size_t)i * item_bytes;
}

static parmap_status compute_some(void *self, int64_t first, int64_t count)
{
    const block *b = self;
    pm_kernel_source *s = b->source;
    const pm_computer *computer = s->computer;
    const int64_t item = b->piece->item + first;
    void *results = at(b->piece->results, first, computer->result.bytes);
    void *inputs = b->piece->inputs ? at(b->piece->inputs, first, computer->input.bytes) : NULL;
    if (s->items)
        return pm_items_compute(s->items, item, count, s->read ? inputs : NULL, results,
                                b->piece->statuses + first);
    return s->read ? pm_compute_items(computer, inputs, item, count, results)
                   : pm_compute_range(computer, &s->range, item, count, inputs, results);
}

static parmap_status fail_other(const pm_kernel_source *s, const pm_piece *piece, int64_t item)
{
    char why[PM_VALUE_TEXT + PM_LAYOUT_NAME + 8];
    pm_finite_check(&s->computer->input, at(piece->inputs, item, s->computer->input.bytes));
    snprintf(why, sizeof why, "%s", parmap_message());
    return pm_fail(PARMAP_BAD_DATA, "item %lld: %s, and --nan is stop; --nan pass computes with it",
                   (long long)(piece->item + item), why);
}

static parmap_status load(pm_kernel_source *s, pm_piece *piece)
{
    int64_t first;
    PM_TRY(s->read(s->rows, (int64_t)s->range.first + piece->item, piece->count, piece->inputs));
    const int64_t others =
        pm_finite_count_others(&s->computer->input, piece->inputs, piece->count, &first);
    atomic_fetch_add(&s->others, others);
    return others > 0 && s->no_nan ? fail_other(s, piece, first) : PARMAP_OK;
}

static parmap_status produce_kernel(void *self, pm_piece *piece)
{
    pm_kernel_source *s = self;
    block b = {s, piece};
    if (s->read)
        PM_TRY(load(s, piece));
    return pm_compute_in_pieces(compute_some, &b, piece->count, &piece->pace, pm_piece_given_up,
                                piece);
}

const pm_source pm_source_kernel = {.name = "kernel", .produce = produce_kernel};

bool pm_kernel_source_loads(const pm_kernel_source *source)
{
    return source->read || pm_computer_needs_inputs(source->computer);
}

/* Both data sets of a block. */
static parmap_status read_block(const pm_data *data, const pm_data *statuses, pm_piece *piece)
{
    PM_TRY(pm_data_read(data, piece->item, piece->results, piece->bytes));
    return piece->statuses
               ? pm_data_read(statuses, piece->item, piece->statuses, (size_t)piece->count)
               : PARMAP_OK;
}

static parmap_status produce_file(void *self, pm_piece *piece)
{
    const pm_file_source *s = self;
    return read_block(&s->data, &s->statuses, piece);
}

const pm_source pm_source_file = {.name = "file", .produce = produce_file};

/* SplitMix64 (Steele, Lea, Flood 2014): a hash of the sample's number. */
static uint64_t mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Sample k lies somewhere in the k-th of `samples` equal parts. */
static int64_t sample_item(const pm_sample_source *s, int64_t k)
{
    const int64_t count = s->kernel.range.count;
    const int64_t begin = (int64_t)((parmap_int128)count * k / s->samples);
    const int64_t end = (int64_t)((parmap_int128)count * (k + 1) / s->samples);
    return begin + (int64_t)(mix((uint64_t)k) % (uint64_t)(end - begin));
}

static parmap_status produce_sample(void *self, pm_piece *piece)
{
    pm_sample_source *s = self;
    piece->item = sample_item(s, piece->item);
    return produce_kernel(&s->kernel, piece);
}

const pm_source pm_source_sample = {.name = "sample", .produce = produce_sample};

const pm_sink pm_sink_none = {.name = "none"};

static parmap_status emit_file(void *self, const pm_piece *piece)
{
    const pm_file_sink *s = self;
    PM_TRY(pm_data_write(&s->data, piece->item, piece->results, piece->bytes));
    return piece->statuses
               ? pm_data_write(&s->statuses, piece->item, piece->statuses, (size_t)piece->count)
               : PARMAP_OK;
}

static parmap_status mark_file(void *self, const pm_piece *piece)
{
    const pm_file_sink *s = self;
    const bool failed = piece->statuses && pm_count_failed(piece->statuses, piece->count) > 0;
    const int flags = (s->checksum ? PM_SLOT_HASHED : 0) | (failed ? PM_SLOT_FAILED : 0);
    return pm_journal_mark(&s->journal, piece->block, piece->hash, (uint8_t)flags);
}

/* A block without a hash cannot be compared: it counts unless it is doubted. */
static parmap_status reload_file(void *self, pm_piece *piece, pm_worth *worth)
{
    const pm_file_sink *s = self;
    pm_slot slot;
    *worth = PM_WORTH_LOST;
    if (!pm_journal_slots_read(s->journal.marks, piece->block, 1, &slot) ||
        !pm_slot_good(&slot, piece->block, s->journal.seed))
        return PARMAP_OK;
    const bool hashed = slot.flags & PM_SLOT_HASHED;
    if (!hashed && slot.state == PM_SLOT_DOUBTED) {
        *worth = PM_WORTH_UNPROVEN;
        return PARMAP_OK;
    }
    PM_TRY(read_block(&s->data, &s->statuses, piece));
    if (!hashed || pm_piece_hash(piece) == slot.hash)
        *worth = PM_WORTH_RIGHT;
    piece->marked = *worth == PM_WORTH_RIGHT && slot.state == PM_SLOT_SYNCED;
    return PARMAP_OK;
}

const pm_sink pm_sink_file = {
    .name = "file", .reload = reload_file, .emit = emit_file, .mark = mark_file};

static void note_difference(pm_compare_sink *s, int64_t item, int64_t differences)
{
    int64_t first = atomic_load(&s->first);
    atomic_fetch_add(&s->differences, differences);
    while (item < first && !atomic_compare_exchange_weak(&s->first, &first, item))
        ;
}

/* Is item i of the piece what the file says, as far as it says anything? */
static bool is_same(const pm_piece *piece, const pm_piece *stored, size_t size, int64_t i)
{
    if (piece->statuses && stored->statuses[i] != PM_ITEM_GOOD)
        return true;
    if (piece->statuses && piece->statuses[i] != PM_ITEM_GOOD)
        return false;
    return memcmp((const char *)piece->results + (size_t)i * size,
                  (const char *)stored->results + (size_t)i * size, size) == 0;
}

static void compare_items(pm_compare_sink *s, const pm_piece *piece, const pm_piece *stored)
{
    int64_t first = -1, differences = 0;
    for (int64_t i = 0; i < piece->count; i++)
        if (!is_same(piece, stored, s->data.item_bytes, i)) {
            first = first < 0 ? i : first;
            differences++;
        }
    if (differences > 0)
        note_difference(s, piece->item + first, differences);
}

static bool differs(const pm_piece *piece, const pm_piece *stored)
{
    return memcmp(stored->results, piece->results, piece->bytes) != 0 ||
           (piece->statuses &&
            memcmp(stored->statuses, piece->statuses, (size_t)piece->count) != 0);
}

static parmap_status emit_compare(void *self, const pm_piece *piece)
{
    pm_compare_sink *s = self;
    const size_t count = piece->statuses ? (size_t)piece->count : 0;
    char *memory = malloc(piece->bytes + count);
    if (!memory)
        return pm_fail(PARMAP_SYSTEM, "out of memory for a block of %zu bytes", piece->bytes);
    pm_piece stored = *piece;
    stored.results = memory;
    stored.statuses = piece->statuses ? (uint8_t *)memory + piece->bytes : NULL;
    const parmap_status status = read_block(&s->data, &s->statuses, &stored);
    if (status == PARMAP_OK && differs(piece, &stored))
        compare_items(s, piece, &stored);
    free(memory);
    return status;
}

const pm_sink pm_sink_compare = {.name = "compare", .emit = emit_compare};
