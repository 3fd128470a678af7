/* Where the data lies in a result file, and a fingerprint of everything else: HDF5's metadata,
 * which nobody touches while a run lasts.  HDF5 reads what it finds and may crash on damaged
 * metadata, or follow a wrong address; so an unfinished file is looked at here first. */
#ifndef PM_STORE_METADATA_H
#define PM_STORE_METADATA_H

#include "store/file.h"

typedef struct pm_extent {
    int64_t begin, bytes;
} pm_extent;

/* Plain numbers; they stand in the header of a journal. */
typedef struct pm_metadata {
    pm_extent data;     /* bytes = 0: it was not laid out yet */
    pm_extent statuses; /* bytes = 0: its items cannot fail */
    int64_t length;     /* of the file */
    uint64_t
        fingerprint; /* of all bytes but those of the data; 0 = its end has begun, and changes it
                      */
} pm_metadata;

/* Local.  The layout of a file that `file` describes, read from its bytes.  PARMAP_BAD_DATA when
 * that fails. */
parmap_status pm_metadata_take(const char *path, const pm_file *file, pm_metadata *layout);

/* Local.  Whether the bytes beside the data are still those of the layout. */
bool pm_metadata_holds(const char *path, const pm_metadata *layout);

/* Local.  Copies what lies beside the data from one file to another, which gets its length too, and
 * syncs.  False, with errno set, when that fails. */
bool pm_metadata_copy(const char *from_path, const char *to_path, const pm_metadata *layout);

#endif
