/* What kind of file system a path lies on. */
#ifndef PM_BASE_FILESYSTEM_H
#define PM_BASE_FILESYSTEM_H

#include <stdbool.h>

typedef struct pm_filesystem {
    char name[16]; /* "ext4" (also for ext2 and ext3), "nfs", "lustre" ...; of an unknown one its
                      number, "0x1badface" */
    bool local;    /* seen by this machine alone, so that its locks and its page cache are the
                      truth; an unknown one counts as not local */
} pm_filesystem;

/* Local.  False, with errno set, when the path cannot be asked: *fs is then "", not local. */
bool pm_filesystem_describe(const char *path, pm_filesystem *fs);

#endif
