/* A result file whose metadata cannot be read any more: killed while its attributes were rewritten,
 * or damaged. */
#ifndef PM_STORE_REPAIR_H
#define PM_STORE_REPAIR_H

#include "store/metadata.h"

/* Local, rank 0, with the lock.  Writes the metadata of `path` again, from all fields of `file` but
 * the offsets, which it sets; the data, which lies as `layout` says, is not touched.  The file
 * keeps its inode.  It may be killed at any moment and called again.  PARMAP_BAD_DATA when this
 * HDF5 library lays the file out otherwise. */
parmap_status pm_file_repair(const char *path, pm_file *file, const pm_metadata *layout);

#endif
