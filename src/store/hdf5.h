/* HDF5 in statuses: for the files of store/ only. */
#ifndef PM_STORE_HDF5_H
#define PM_STORE_HDF5_H

#include "base/status.h"

#include <hdf5.h>

/* Before the first call of HDF5 in a function: no messages of its own on stderr, and no cleaning up
 * at exit, where it would crash over a file that it could not close on a full disk. */
void pm_hdf5_begin(void);

/* What HDF5 has to say of its last failure: the innermost sentence.  Its texts of the form "errno =
 * 28, error message = 'No space left on device'" are cut down to the message.  Static storage of
 * the thread. */
const char *pm_hdf5_reason(void);

/* The file type of a parmap_type; the caller closes it. */
hid_t pm_hdf5_type(parmap_type type);

/* The parmap_type of a file type; false when it is none of them. */
bool pm_hdf5_type_known(hid_t type, parmap_type *known);

#endif
