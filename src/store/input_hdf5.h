/* Data sets of other people's files, opened to read; and HDF5 among threads. */
#ifndef PM_STORE_INPUT_HDF5_H
#define PM_STORE_INPUT_HDF5_H

#include "store/hdf5.h"
#include "store/input.h"

/* Threads that run side by side enter before they call HDF5, one at a time: it may not be built for
 * more. */
void pm_hdf5_enter(void);
void pm_hdf5_leave(void);

/* Opens a file to read, without HDF5's own lock, which fails on many NFS and Lustre mounts.
 * Negative when that fails, and pm_hdf5_reason() has the reason. */
hid_t pm_hdf5_open(const char *path);

#endif
