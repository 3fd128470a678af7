/* HDF5 1.10 finds the place of a chunk by going through all of them, but reads the bytes of one
 * through its index.  So where the chunks are few, all places are asked for at the beginning, and
 * the threads read the file themselves; else HDF5 reads the bytes, for one thread at a time. */
#include "store/input_chunks.h"

#include "store/input_bytes.h"
#include "store/input_hdf5.h"

#include <stdlib.h>
#include <string.h>

enum { FEW = 1024 };

typedef struct place {
    int64_t offset; /* in the file */
    int64_t bytes;  /* there; 0 = none: the fill value */
    unsigned mask;  /* filters that were left out */
} place;

struct pm_chunks {
    const pm_input *input;
    hid_t set;
    int fd;
    int64_t across; /* chunks with the same rows */
    size_t bytes;   /* of a chunk */
    bool whole;     /* a chunk has whole rows */
    char *fill;     /* an element */
    place *places;  /* by number; NULL = HDF5 reads */
};

/* Chunks in dimension d. */
static int64_t chunks_in(const pm_input *input, int d)
{
    return input->extent[d] / input->chunk[d] + (input->extent[d] % input->chunk[d] != 0);
}

static size_t count_bytes(const pm_input *input, const int64_t *extents)
{
    int64_t bytes = (int64_t)input->element_bytes;
    for (int d = 0; d < input->rank; d++)
        if (extents[d] < 1 || __builtin_mul_overflow(bytes, extents[d], &bytes))
            return 0;
    return (size_t)bytes;
}

size_t pm_chunks_bytes(const pm_input *input)
{
    return count_bytes(input, input->chunk);
}

size_t pm_chunks_row_bytes(const pm_input *input)
{
    int64_t extents[PM_INPUT_RANK];
    memcpy(extents, input->extent, sizeof extents);
    extents[0] = input->chunk[0];
    return count_bytes(input, extents);
}

/* ---- opening --------------------------------------------------------------------------------- */

static parmap_status damaged(void)
{
    return pm_fail(PARMAP_BAD_DATA, "the places of the chunks are damaged: %s", pm_hdf5_reason());
}

static parmap_status no_memory(void)
{
    return pm_fail(PARMAP_SYSTEM, "no memory for a chunk");
}

/* The number of a chunk by the first element in it; -1 for none. */
static int64_t number_of(const pm_input *input, const hsize_t *first)
{
    int64_t number = 0;
    for (int d = 0; d < input->rank; d++) {
        const int64_t at = (int64_t)first[d];
        if (at < 0 || at >= input->extent[d] || at % input->chunk[d] != 0)
            return -1;
        number = number * chunks_in(input, d) + at / input->chunk[d];
    }
    return number;
}

static parmap_status ask_places(pm_chunks *chunks, hid_t space, hsize_t stored)
{
    for (hsize_t i = 0; i < stored; i++) {
        hsize_t first[H5S_MAX_RANK], bytes;
        haddr_t offset;
        unsigned mask;
        if (H5Dget_chunk_info(chunks->set, space, i, first, &mask, &offset, &bytes) < 0)
            return damaged();
        const int64_t number = number_of(chunks->input, first);
        if (number < 0)
            return pm_fail(PARMAP_BAD_DATA, "there is a chunk outside the data set");
        chunks->places[number] =
            (place){.offset = (int64_t)offset, .bytes = (int64_t)bytes, .mask = mask};
    }
    return PARMAP_OK;
}

/* Not where a user's block comes first: HDF5 1.10 leaves it out of the places. */
static bool has_user_block(hid_t set)
{
    hsize_t bytes = 0;
    const hid_t file = H5Iget_file_id(set), list = H5Fget_create_plist(file);
    H5Pget_userblock(list, &bytes);
    H5Pclose(list);
    H5Fclose(file);
    return bytes > 0;
}

static parmap_status find_places(pm_chunks *chunks)
{
    const pm_input *input = chunks->input;
    hsize_t stored = 0;
    int64_t all = chunks->across;
    if (__builtin_mul_overflow(all, chunks_in(input, 0), &all) || all > FEW ||
        has_user_block(chunks->set))
        return PARMAP_OK;
    const hid_t space = H5Dget_space(chunks->set);
    chunks->places = calloc((size_t)(all > 0 ? all : 1), sizeof *chunks->places);
    parmap_status status = PARMAP_OK;
    if (!chunks->places)
        status = no_memory();
    else if (H5Dget_num_chunks(chunks->set, space, &stored) < 0)
        status = damaged();
    else
        status = ask_places(chunks, space, stored);
    H5Sclose(space);
    return status;
}

static bool find_fill(pm_chunks *chunks)
{
    const hid_t list = H5Dget_create_plist(chunks->set), type = H5Dget_type(chunks->set);
    H5D_fill_value_t defined;
    chunks->fill = calloc(1, chunks->input->element_bytes);
    bool good = chunks->fill && H5Tget_size(type) == chunks->input->element_bytes &&
                H5Pfill_value_defined(list, &defined) >= 0;
    if (good && defined != H5D_FILL_VALUE_UNDEFINED)
        good = H5Pget_fill_value(list, type, chunks->fill) >= 0;
    H5Tclose(type);
    H5Pclose(list);
    return good;
}

parmap_status pm_chunks_open(const pm_input *input, hid_t set, int fd, pm_chunks **chunks)
{
    pm_chunks *self = calloc(1, sizeof *self);
    *chunks = self;
    if (!self)
        return pm_fail(PARMAP_SYSTEM, "no memory");
    *self = (pm_chunks){.input = input, .set = set, .fd = fd, .across = 1, .whole = true};
    self->bytes = pm_chunks_bytes(input);
    for (int d = 1; d < input->rank; d++) {
        self->across *= chunks_in(input, d);
        self->whole = self->whole && input->chunk[d] == input->extent[d];
    }
    return find_fill(self) ? find_places(self) : damaged();
}

void pm_chunks_close(pm_chunks *chunks)
{
    if (!chunks)
        return;
    free(chunks->places);
    free(chunks->fill);
    free(chunks);
}

/* ---- one chunk ------------------------------------------------------------------------------- */

static bool good_bytes(const pm_chunks *chunks, int64_t bytes)
{
    return bytes >= 0 && bytes <= chunks->input->bytes &&
           (size_t)bytes <= pm_filters_most(chunks->input, chunks->bytes);
}

static void fill(const pm_chunks *chunks, char *to)
{
    const size_t element = chunks->input->element_bytes;
    for (size_t at = 0; at < chunks->bytes; at += element)
        memcpy(to + at, chunks->fill, element);
}

static parmap_status load_by_place(const pm_chunks *chunks, pm_scratch *scratch, int64_t number,
                                   place *there)
{
    *there = chunks->places[number];
    if (there->bytes == 0)
        return PARMAP_OK;
    if (!good_bytes(chunks, there->bytes))
        return pm_fail(PARMAP_BAD_DATA, "the size of a chunk is damaged");
    char *raw = pm_scratch_buffer(scratch, 0, (size_t)there->bytes);
    return raw ? pm_input_pread(chunks->fd, there->offset, raw, (size_t)there->bytes) : no_memory();
}

/* The coordinates of a chunk's first element. */
static void first_of(const pm_input *input, int64_t row, int64_t column, hsize_t *first)
{
    for (int d = input->rank - 1; d > 0; d--) {
        const int64_t count = chunks_in(input, d);
        first[d] = (hsize_t)(column % count * input->chunk[d]);
        column /= count;
    }
    first[0] = (hsize_t)(row * input->chunk[0]);
}

/* HDF5 1.10 fails for a chunk that was never written as for one that it cannot find; what tells
 * them apart goes through all chunks. */
static bool was_never_written(const pm_chunks *chunks, const hsize_t *first)
{
    haddr_t offset = 0;
    hsize_t bytes = 0;
    unsigned mask;
    return H5Dget_chunk_info_by_coord(chunks->set, first, &mask, &offset, &bytes) >= 0 &&
           offset == HADDR_UNDEF;
}

static parmap_status load_entered(const pm_chunks *chunks, pm_scratch *scratch,
                                  const hsize_t *first, place *there)
{
    hsize_t bytes = 0;
    *there = (place){.bytes = 0};
    if (H5Dget_chunk_storage_size(chunks->set, first, &bytes) < 0)
        return was_never_written(chunks, first) ? PARMAP_OK : damaged();
    if (!good_bytes(chunks, (int64_t)bytes))
        return pm_fail(PARMAP_BAD_DATA, "the size of a chunk is damaged");
    if (bytes == 0)
        return PARMAP_OK;
    char *raw = pm_scratch_buffer(scratch, 0, (size_t)bytes);
    if (!raw)
        return no_memory();
    uint32_t mask = 0;
    if (H5Dread_chunk(chunks->set, H5P_DEFAULT, first, &mask, raw) < 0)
        return pm_fail(PARMAP_BAD_DATA, "%s", pm_hdf5_reason());
    *there = (place){.bytes = (int64_t)bytes, .mask = mask};
    return PARMAP_OK;
}

static parmap_status load_by_hdf5(const pm_chunks *chunks, pm_scratch *scratch,
                                  const hsize_t *first, place *there)
{
    pm_hdf5_enter();
    const parmap_status status = load_entered(chunks, scratch, first, there);
    pm_hdf5_leave();
    return status;
}

static parmap_status read_chunk(const pm_chunks *chunks, pm_scratch *scratch, int64_t row,
                                int64_t column, char *to)
{
    hsize_t first[PM_INPUT_RANK];
    place there;
    first_of(chunks->input, row, column, first);
    if (chunks->places)
        PM_TRY(load_by_place(chunks, scratch, row * chunks->across + column, &there));
    else
        PM_TRY(load_by_hdf5(chunks, scratch, first, &there));
    if (there.bytes == 0)
        fill(chunks, to);
    else if (!pm_filters_undo(chunks->input, scratch, (size_t)there.bytes, there.mask, to,
                              chunks->bytes))
        return pm_fail(PARMAP_BAD_DATA, "a chunk is damaged");
    return PARMAP_OK;
}

/* ---- a row of them --------------------------------------------------------------------------- */

/* Copies a chunk to its place among its neighbours, run by run of the last dimension. */
static void put(const pm_input *input, const hsize_t *first, const char *chunk, char *to)
{
    const int last = input->rank - 1;
    int64_t at[PM_INPUT_RANK] = {0}, length[PM_INPUT_RANK];
    for (int d = 0; d <= last; d++) {
        const int64_t left = input->extent[d] - (int64_t)first[d];
        length[d] = left < input->chunk[d] ? left : input->chunk[d];
    }
    for (;;) {
        int64_t from = 0, there = at[0];
        for (int d = 0; d <= last; d++)
            from = from * input->chunk[d] + at[d];
        for (int d = 1; d <= last; d++)
            there = there * input->extent[d] + (int64_t)first[d] + at[d];
        memcpy(to + (size_t)there * input->element_bytes,
               chunk + (size_t)from * input->element_bytes,
               (size_t)length[last] * input->element_bytes);
        int d = last - 1;
        while (d >= 0 && ++at[d] == length[d])
            at[d--] = 0;
        if (d < 0)
            return;
    }
}

parmap_status pm_chunks_row(pm_chunks *chunks, pm_scratch *scratch, int64_t row, char *to)
{
    if (chunks->whole)
        return read_chunk(chunks, scratch, row, 0, to);
    for (int64_t column = 0; column < chunks->across; column++) {
        hsize_t first[PM_INPUT_RANK];
        char *one = pm_scratch_buffer(scratch, PM_SCRATCH_CHUNK, chunks->bytes);
        if (!one)
            return no_memory();
        PM_TRY(read_chunk(chunks, scratch, row, column, one));
        first_of(chunks->input, row, column, first);
        put(chunks->input, first, one, to);
    }
    return PARMAP_OK;
}

/* ---- rows without filters -------------------------------------------------------------------- */

bool pm_chunks_plain(const pm_chunks *chunks)
{
    return chunks->whole && chunks->places && chunks->input->filter_count == 0;
}

parmap_status pm_chunks_rows(const pm_chunks *chunks, int64_t first, int64_t count, char *to)
{
    const int64_t rows = chunks->input->chunk[0];
    const size_t row_bytes = chunks->bytes / (size_t)rows, element = chunks->input->element_bytes;
    while (count > 0) {
        const place *there = &chunks->places[first / rows];
        const int64_t begin = first % rows, left = rows - begin;
        const int64_t some = left < count ? left : count;
        const size_t bytes = (size_t)some * row_bytes;
        if (there->bytes != 0 && (size_t)there->bytes != chunks->bytes)
            return pm_fail(PARMAP_BAD_DATA, "the size of a chunk is damaged");
        if (there->bytes != 0)
            PM_TRY(
                pm_input_pread(chunks->fd, there->offset + begin * (int64_t)row_bytes, to, bytes));
        for (size_t at = 0; there->bytes == 0 && at < bytes; at += element)
            memcpy(to + at, chunks->fill, element);
        to += bytes;
        first += some;
        count -= some;
    }
    return PARMAP_OK;
}
