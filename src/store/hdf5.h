/* HDF5 in statuses: for the files of store/ only. */
#ifndef PM_STORE_HDF5_H
#define PM_STORE_HDF5_H

#include "base/layout.h"

#include <hdf5.h>

/* Before the first call of HDF5 in a function: no messages of its own on stderr, and no cleaning up
 * at exit, where it would crash over a file that it could not close on a full disk. */
void pm_hdf5_begin(void);

/* What HDF5 has to say of its last failure: the innermost sentence.  Its texts of the form "errno =
 * 28, error message = 'No space left on device'" are cut down to the message.  Static storage of
 * the thread. */
const char *pm_hdf5_reason(void);

/* The type in a file of the elements of a data set of such items, and its space: one dimension, and
 * those of items that are plain arrays.  The caller closes them. */
hid_t pm_hdf5_type(const pm_layout *item);
hid_t pm_hdf5_space(const pm_layout *item, int64_t items);

/* Whether they are type and space of a data set of such items, and of how many. */
bool pm_hdf5_is(hid_t type, hid_t space, const pm_layout *item, int64_t *items);

#endif
