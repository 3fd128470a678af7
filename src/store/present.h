/* What stands at the place of an output: whose it is, and whether there is something to go on from.
 */
#ifndef PM_STORE_PRESENT_H
#define PM_STORE_PRESENT_H

#include "store/file.h"
#include "store/marks.h"

enum { PM_NOTE = 512 }; /* bytes of a remark to the user */

/* Local.  pm_file_read, but for files whose journal says that their metadata was damaged: these are
 * PARMAP_BAD_DATA, and HDF5 does not see them. */
parmap_status pm_output_read(const char *path, pm_file *file);

/* What stands at the place of an output. */
typedef struct pm_present {
    bool readable; /* its HDF5 metadata is whole, and says `file` */
    pm_file file;
    pm_marks marks;
} pm_present;

/* Local, with the lock.  PARMAP_CANNOT_CREATE for somebody else's file, whatever the journal beside
 * it says.  The caller closes `marks`, also after a failure. */
parmap_status pm_present_look(const char *path, pm_present *there);

/* Local.  PARMAP_CANNOT_CREATE when it is another run's, by what the file says, else the journal;
 * names the differences.  `wanted` is an identity. */
parmap_status pm_present_check_identity(const char *path, const pm_present *there,
                                        const char *wanted);

/* Local.  Whether there are marks to go on from; else *why is what stands against it, "" for a
 * place that is as good as new. */
bool pm_present_resumable(const char *path, const pm_present *there, const char *wanted,
                          const char **why);

/* Local.  PARMAP_WRITE_ERROR when the file system, or the limit of a file's size, has not that much
 * for a file of `bytes`. */
parmap_status pm_present_check_room(const char *path, int64_t bytes);

#endif
