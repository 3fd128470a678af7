/* The filters of chunks: deflate, shuffle, Fletcher's checksum, and h5py's LZF, undone by any
 * thread, without HDF5. */
#ifndef PM_STORE_INPUT_FILTER_H
#define PM_STORE_INPUT_FILTER_H

#include "store/hdf5.h"
#include "store/input.h"

/* Fills the filters of an input; *known when all of them can be undone here.  PARMAP_BAD_DATA when
 * neither HDF5 nor this can. */
parmap_status pm_filters_describe(pm_input *input, hid_t list, bool *known);

/* What a thread needs while it reads: memory that grows, and the state of libdeflate. */
enum {
    PM_SCRATCH_FILTERS = 3, /* those of pm_filters_undo */
    PM_SCRATCH_CHUNK = PM_SCRATCH_FILTERS,
    PM_SCRATCH_ROWS,
    PM_SCRATCH_BUFFERS
};
typedef struct pm_scratch {
    char *buffers[PM_SCRATCH_BUFFERS];
    size_t rooms[PM_SCRATCH_BUFFERS];
    struct libdeflate_decompressor *inflate;
    struct pm_scratch *next;
} pm_scratch;

/* A buffer of at least `bytes`; NULL when there is no memory. */
char *pm_scratch_buffer(pm_scratch *scratch, int which, size_t bytes);
void pm_scratch_free(pm_scratch *scratch);

/* The most bytes that a chunk of `bytes` can have in the file. */
size_t pm_filters_most(const pm_input *input, size_t bytes);

/* Undoes the filters of a chunk that is in buffer 0 with `stored` bytes, but for those in the mask:
 * exactly `bytes` bytes.  False when it is damaged. */
bool pm_filters_undo(const pm_input *input, pm_scratch *scratch, size_t stored, unsigned mask,
                     char *to, size_t bytes);

#endif
