/* Chunks of a data set: where they are, and all of those with the same rows as one piece. */
#ifndef PM_STORE_INPUT_CHUNKS_H
#define PM_STORE_INPUT_CHUNKS_H

#include "store/hdf5.h"
#include "store/input.h"
#include "store/input_filter.h"

typedef struct pm_chunks pm_chunks;

/* Bytes of the rows of a row of chunks; 0 when there are more than can be counted. */
size_t pm_chunks_row_bytes(const pm_input *input);

/* Bytes of one chunk; 0 when there are more than can be counted. */
size_t pm_chunks_bytes(const pm_input *input);

/* Of an open data set, which stays with the caller, as do input and file.  To be called within
 * pm_hdf5_enter. */
parmap_status pm_chunks_open(const pm_input *input, hid_t set, int fd, pm_chunks **chunks);
void pm_chunks_close(pm_chunks *chunks);

/* Any thread.  The rows from number `row` * chunk[0] on, chunk[0] of them, as they would lie in a
 * contiguous set.  PARMAP_BAD_DATA when one of the chunks is damaged. */
parmap_status pm_chunks_row(pm_chunks *chunks, pm_scratch *scratch, int64_t row, char *to);

/* Whether rows can be read without a whole chunk: then, any thread, `count` of them. */
bool pm_chunks_plain(const pm_chunks *chunks);
parmap_status pm_chunks_rows(const pm_chunks *chunks, int64_t first, int64_t count, char *to);

#endif
