/* Sources and sinks.  Their functions run on all threads at once. */
#include "map/ends.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

static parmap_status produce_range(void *self, pm_piece *piece)
{
    const pm_range_source *s = self;
    const parmap_span span = {pm_range_item(&s->range, piece->item), s->range.step, piece->count};
    s->loop(&span, piece->results);
    return PARMAP_OK;
}

const pm_source pm_source_range = {.name = "range", .produce = produce_range};

static parmap_status produce_file(void *self, pm_piece *piece)
{
    return pm_data_read(self, piece->item, piece->results, piece->bytes);
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
    const pm_sample_source *s = self;
    piece->item = sample_item(s, piece->item);
    return produce_range((void *)&s->kernel, piece);
}

const pm_source pm_source_sample = {.name = "sample", .produce = produce_sample};

const pm_sink pm_sink_none = {.name = "none"};

static parmap_status emit_file(void *self, const pm_piece *piece)
{
    const pm_file_sink *s = self;
    return pm_data_write(&s->data, piece->item, piece->results, piece->bytes);
}

static parmap_status mark_file(void *self, const pm_piece *piece)
{
    const pm_file_sink *s = self;
    return pm_journal_mark(&s->journal, piece->block, piece->hash,
                           s->checksum ? PM_SLOT_HASHED : 0);
}

/* A block without a hash cannot be compared: it counts when it is known to be on the disk. */
static parmap_status reload_file(void *self, pm_piece *piece, bool *right)
{
    const pm_file_sink *s = self;
    pm_slot slot;
    *right = false;
    if (!pm_journal_slots_read(s->journal.marks, piece->block, 1, &slot) ||
        !pm_slot_good(&slot, piece->block, s->journal.seed))
        return PARMAP_OK;
    const bool hashed = slot.flags & PM_SLOT_HASHED;
    if (!hashed && slot.state != PM_SLOT_SYNCED)
        return PARMAP_OK;
    PM_TRY(pm_data_read(&s->data, piece->item, piece->results, piece->bytes));
    *right =
        !hashed || pm_hash_block(piece->results, piece->bytes, (uint64_t)piece->block) == slot.hash;
    piece->marked = *right && slot.state == PM_SLOT_SYNCED;
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

static void compare_items(pm_compare_sink *s, const pm_piece *piece, const char *stored)
{
    const size_t size = s->data.item_bytes;
    const char *computed = piece->results;
    int64_t first = -1, differences = 0;
    for (int64_t i = 0; i < piece->count; i++)
        if (memcmp(computed + (size_t)i * size, stored + (size_t)i * size, size) != 0) {
            first = first < 0 ? i : first;
            differences++;
        }
    if (differences > 0)
        note_difference(s, piece->item + first, differences);
}

static parmap_status emit_compare(void *self, const pm_piece *piece)
{
    pm_compare_sink *s = self;
    char *stored = malloc(piece->bytes);
    if (!stored)
        return pm_fail(PARMAP_SYSTEM, "out of memory for a block of %zu bytes", piece->bytes);
    const parmap_status status = pm_data_read(&s->data, piece->item, stored, piece->bytes);
    if (status == PARMAP_OK && memcmp(stored, piece->results, piece->bytes) != 0)
        compare_items(s, piece, stored);
    free(stored);
    return status;
}

const pm_sink pm_sink_compare = {.name = "compare", .emit = emit_compare};
