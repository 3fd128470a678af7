/* The data of a result file as raw bytes at their place, past HDF5: what the threads of all ranks
 * write while the run lasts.  Each block is written once, by one thread; no locks. */
#ifndef PM_STORE_DATA_H
#define PM_STORE_DATA_H

#include "base/status.h"

enum { PM_PATH = 4096 };

typedef struct pm_data {
    int fd;
    char path[PM_PATH];
    int64_t offset; /* of item 0 in the file, bytes */
    size_t item_bytes;
} pm_data;

/* Local.  Opens the existing file.  PARMAP_WRITE_ERROR (`writable`) or PARMAP_NO_INPUT when it
 * cannot be opened, PARMAP_BAD_DATA when what is to be read is not a regular file. */
parmap_status pm_data_open(pm_data *data, const char *path, int64_t offset, size_t item_bytes,
                           bool writable);
void pm_data_close(pm_data *data);

/* Local, any thread.  `bytes` at item number `item`.  PARMAP_WRITE_ERROR with the system's reason:
 * disk full, quota, file size limit ... */
parmap_status pm_data_write(const pm_data *data, int64_t item, const void *items, size_t bytes);

/* Local, any thread.  PARMAP_BAD_DATA when the file ends before. */
parmap_status pm_data_read(const pm_data *data, int64_t item, void *items, size_t bytes);

/* What a user can do about an error of a write. */
const char *pm_data_way_out(int error);

/* The same about an existing file of the run that cannot be opened for writing. */
const char *pm_data_way_in(int error);

/* Local.  Brings what was written onto the disk. */
parmap_status pm_data_sync(const pm_data *data);

#endif
