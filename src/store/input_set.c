/* Rows out of a file, in one of three ways. */
#include "store/input_set.h"

#include "store/input_bytes.h"
#include "store/input_cache.h"
#include "store/input_chunks.h"
#include "store/input_hdf5.h"
#include "store/input_type.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER = 256 << 10, HDF5_CACHE = 64 << 20, HDF5_SLOTS = 12421 /* a prime */ };

struct pm_set {
    const pm_input *input;
    size_t row_bytes;
    /* Reads rows to where they are wanted; NULL = they come out of a cache. */
    parmap_status (*load)(pm_set *set, int64_t first, int64_t count, char *to);
    int fd;
    hid_t file, set, memory;
    pm_chunks *chunks;
    pm_chunk_cache *cache;
};

/* ---- three ways ------------------------------------------------------------------------------ */

static parmap_status load_contiguous(pm_set *set, int64_t first, int64_t count, char *to)
{
    return pm_input_pread(set->fd, set->input->offset + first * (int64_t)set->row_bytes, to,
                          (size_t)count * set->row_bytes);
}

static parmap_status load_plain_chunks(pm_set *set, int64_t first, int64_t count, char *to)
{
    return pm_chunks_rows(set->chunks, first, count, to);
}

static parmap_status read_entered(const pm_set *set, int64_t first, int64_t count, char *to)
{
    hsize_t start[PM_INPUT_RANK] = {0}, extent[PM_INPUT_RANK];
    for (int d = 0; d < set->input->rank; d++)
        extent[d] = (hsize_t)set->input->extent[d];
    start[0] = (hsize_t)first;
    extent[0] = (hsize_t)count;
    const hid_t file = H5Dget_space(set->set);
    const hid_t memory = H5Screate_simple(set->input->rank, extent, NULL);
    parmap_status status = PARMAP_OK;
    if (H5Sselect_hyperslab(file, H5S_SELECT_SET, start, NULL, extent, NULL) < 0 ||
        H5Dread(set->set, set->memory, memory, file, H5P_DEFAULT, to) < 0)
        status = pm_fail(PARMAP_BAD_DATA, "%s", pm_hdf5_reason());
    H5Sclose(memory);
    H5Sclose(file);
    return status;
}

static parmap_status load_by_hdf5(pm_set *set, int64_t first, int64_t count, char *to)
{
    pm_hdf5_enter();
    const parmap_status status = read_entered(set, first, count, to);
    pm_hdf5_leave();
    return status;
}

typedef struct making {
    pm_set *set;
    pm_scratch *scratch;
} making;

static parmap_status make_row(void *context, int64_t row, char *to)
{
    const making *self = context;
    return pm_chunks_row(self->set->chunks, self->scratch, row, to);
}

static parmap_status through_cache(pm_set *set, pm_scratch *scratch, int64_t first, int64_t count,
                                   pm_take *take, void *context)
{
    const int64_t rows = set->input->chunk[0], end = first + count;
    making self = {set, scratch};
    while (first < end) {
        const char *piece;
        const int64_t begin = first % rows;
        const int64_t some = rows - begin < end - first ? rows - begin : end - first;
        PM_TRY(pm_chunk_cache_hold(set->cache, first / rows, make_row, &self, &piece));
        take(context, first, some, piece + (size_t)begin * set->row_bytes);
        pm_chunk_cache_release(set->cache, piece);
        first += some;
    }
    return PARMAP_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */

static parmap_status cannot_read(const pm_set *set, int64_t first, int64_t count,
                                 parmap_status status)
{
    return pm_fail(status, "cannot read rows %lld..%lld of %s:%s: %s; copy the file again",
                   (long long)first, (long long)(first + count - 1), set->input->path,
                   set->input->set, parmap_message());
}

static parmap_status through_buffer(pm_set *set, pm_scratch *scratch, int64_t first, int64_t count,
                                    pm_take *take, void *context)
{
    const int64_t fit = BUFFER / (int64_t)set->row_bytes, most = fit > 0 ? fit : 1;
    char *buffer = pm_scratch_buffer(scratch, PM_SCRATCH_ROWS, (size_t)most * set->row_bytes);
    if (!buffer)
        return pm_fail(PARMAP_SYSTEM, "no memory for a buffer");
    for (const int64_t end = first + count; first < end; first += most) {
        const int64_t some = most < end - first ? most : end - first;
        PM_TRY(set->load(set, first, some, buffer));
        take(context, first, some, buffer);
    }
    return PARMAP_OK;
}

parmap_status pm_set_read(pm_set *set, pm_scratch *scratch, int64_t first, int64_t count,
                          pm_take *take, void *context)
{
    const parmap_status status = set->load
                                     ? through_buffer(set, scratch, first, count, take, context)
                                     : through_cache(set, scratch, first, count, take, context);
    return status == PARMAP_OK ? PARMAP_OK : cannot_read(set, first, count, status);
}

typedef struct copying {
    char *to;
    size_t row_bytes;
} copying;

static void copy_rows(void *context, int64_t first, int64_t count, const char *rows)
{
    copying *self = context;
    (void)first;
    memcpy(self->to, rows, (size_t)count * self->row_bytes);
    self->to += (size_t)count * self->row_bytes;
}

parmap_status pm_set_copy(pm_set *set, pm_scratch *scratch, int64_t first, int64_t count,
                          char *rows)
{
    copying self = {rows, set->row_bytes};
    const parmap_status status = set->load
                                     ? set->load(set, first, count, rows)
                                     : through_cache(set, scratch, first, count, copy_rows, &self);
    return status == PARMAP_OK ? PARMAP_OK : cannot_read(set, first, count, status);
}

parmap_status pm_set_walk(pm_set *set)
{
    hsize_t count = 0;
    if (set->set < 0 || set->input->chunk[0] == 0)
        return PARMAP_OK;
    pm_hdf5_enter();
    const hid_t space = H5Dget_space(set->set);
    const bool good = space >= 0 && H5Dget_num_chunks(set->set, space, &count) >= 0;
    const parmap_status status =
        good ? PARMAP_OK : pm_fail(PARMAP_BAD_DATA, "%s", pm_hdf5_reason());
    if (space >= 0)
        H5Sclose(space);
    pm_hdf5_leave();
    return status;
}

/* ---- opening --------------------------------------------------------------------------------- */

bool pm_set_fits_cache(const pm_input *input)
{
    const size_t chunk = pm_chunks_bytes(input), row = pm_chunks_row_bytes(input);
    return chunk > 0 && chunk <= PM_CACHE_BYTES && row > 0 && row <= PM_CACHE_BYTES;
}

/* HDF5 would decode each chunk again for each block if it had no room to keep it; threads may be
 * far apart, each at a chunk of its own. */
static hid_t open_dataset(const pm_set *set)
{
    const hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    if (set->input->storage == PM_INPUT_BY_HDF5)
        H5Pset_chunk_cache(access, HDF5_SLOTS, HDF5_CACHE, H5D_CHUNK_CACHE_W0_DEFAULT);
    const hid_t dataset = H5Dopen2(set->file, set->input->set, access);
    if (dataset >= 0)
        H5Pclose(access);
    return dataset;
}

static parmap_status cannot_open(const pm_set *set, parmap_status status, const char *why)
{
    return pm_fail(status, "cannot open the input %s:%s: %s; copy the file again", set->input->path,
                   set->input->set, why);
}

static parmap_status open_memory_type(pm_set *set)
{
    const hid_t type = H5Dget_type(set->set);
    set->memory = type >= 0 ? pm_input_memory_type(set->input, type) : -1;
    if (type >= 0)
        H5Tclose(type);
    set->load = load_by_hdf5;
    return set->memory >= 0 && H5Tget_size(set->memory) == set->input->element_bytes
               ? PARMAP_OK
               : cannot_open(set, PARMAP_BAD_DATA, pm_hdf5_reason());
}

static parmap_status open_chunks(pm_set *set)
{
    const parmap_status status = pm_chunks_open(set->input, set->set, set->fd, &set->chunks);
    if (status != PARMAP_OK)
        return cannot_open(set, status, parmap_message());
    if (pm_chunks_plain(set->chunks)) {
        set->load = load_plain_chunks;
        return PARMAP_OK;
    }
    const size_t bytes = pm_chunks_row_bytes(set->input);
    set->cache = pm_chunk_cache_open(bytes);
    return set->cache ? PARMAP_OK : pm_fail(PARMAP_SYSTEM, "no memory");
}

static parmap_status open_entered(pm_set *set)
{
    set->file = pm_hdf5_open(set->input->path);
    set->set = set->file >= 0 ? open_dataset(set) : -1;
    if (set->set < 0)
        return cannot_open(set, PARMAP_BAD_DATA, pm_hdf5_reason());
    return set->input->storage == PM_INPUT_CHUNKED ? open_chunks(set) : open_memory_type(set);
}

static parmap_status open_set(pm_set *set)
{
    set->fd = open(set->input->path, O_RDONLY | O_CLOEXEC);
    if (set->fd < 0)
        return pm_fail(PARMAP_NO_INPUT,
                       "cannot open the input %s: %s; all nodes have to see it under that name",
                       set->input->path, strerror(errno));
    PM_TRY(pm_input_changed(set->input));
    set->load = load_contiguous;
    if (set->input->storage == PM_INPUT_CONTIGUOUS)
        return PARMAP_OK;
    set->load = NULL;
    pm_hdf5_enter();
    const parmap_status status = open_entered(set);
    pm_hdf5_leave();
    return status;
}

parmap_status pm_set_open(const pm_input *input, pm_set **set)
{
    pm_set *self = calloc(1, sizeof *self);
    *set = NULL;
    if (!self)
        return pm_fail(PARMAP_SYSTEM, "no memory");
    *self = (pm_set){.input = input, .fd = -1, .file = -1, .set = -1, .memory = -1};
    self->row_bytes = (size_t)input->row_elements * input->element_bytes;
    const parmap_status status = open_set(self);
    if (status != PARMAP_OK)
        pm_set_close(self);
    else
        *set = self;
    return status;
}

static void close_hdf5(const pm_set *set)
{
    if (set->file < 0)
        return;
    pm_hdf5_enter();
    if (set->memory >= 0)
        H5Tclose(set->memory);
    if (set->set >= 0)
        H5Dclose(set->set);
    H5Fclose(set->file);
    pm_hdf5_leave();
}

void pm_set_close(pm_set *set)
{
    if (!set)
        return;
    pm_chunk_cache_close(set->cache);
    pm_chunks_close(set->chunks);
    close_hdf5(set);
    if (set->fd >= 0)
        close(set->fd);
    free(set);
}
