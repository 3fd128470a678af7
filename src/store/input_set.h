/* A data set, opened: its rows as they are stored, to any number of threads. */
#ifndef PM_STORE_INPUT_SET_H
#define PM_STORE_INPUT_SET_H

#include "store/input.h"
#include "store/input_filter.h"

typedef struct pm_set pm_set;

/* Whether a row of chunks, as one lies behind the other in the first dimension, is small enough to
 * be kept. */
bool pm_set_fits_cache(const pm_input *input);

/* PARMAP_NO_INPUT when it cannot be opened, PARMAP_BAD_DATA when it is not as it was looked at.
 * The input has to stay. */
parmap_status pm_set_open(const pm_input *input, pm_set **set);
void pm_set_close(pm_set *set);

/* Takes rows first .. first + count - 1, of element_bytes * row_elements bytes each. */
typedef void pm_take(void *context, int64_t first, int64_t count, const char *rows);

/* Any thread, each with a scratch of its own.  Hands the rows first .. first + count - 1 to `take`,
 * some at a time.  PARMAP_BAD_DATA, with file, set and rows, when they cannot be read. */
parmap_status pm_set_read(pm_set *set, pm_scratch *scratch, int64_t first, int64_t count,
                          pm_take *take, void *context);

/* The same, all rows straight into `rows`. */
parmap_status pm_set_copy(pm_set *set, pm_scratch *scratch, int64_t first, int64_t count,
                          char *rows);

/* Goes through the index of the chunks.  PARMAP_BAD_DATA when it is damaged. */
parmap_status pm_set_walk(pm_set *set);

#endif
