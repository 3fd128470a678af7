/* The file is laid out once more under another name, and everything but the data is copied over. */
#include "store/repair.h"

#include "store/data.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool same_extent(const pm_extent *a, const pm_extent *b)
{
    return a->begin == b->begin && a->bytes == b->bytes;
}

/* Everything but the data, from the file that was just laid out. */
static parmap_status copy_metadata(const char *fresh, const char *path, const pm_file *file,
                                   const pm_metadata *layout)
{
    pm_metadata now;
    PM_TRY(pm_metadata_take(fresh, file, &now));
    if (!same_extent(&now.data, &layout->data) || !same_extent(&now.statuses, &layout->statuses))
        return pm_fail(PARMAP_BAD_DATA,
                       "the metadata of %s is damaged, and HDF5 %s cannot lay it out as the run "
                       "did; continue with the HDF5 library that began it, or use --force",
                       path, pm_file_library());
    if (!pm_metadata_copy(fresh, path, &now))
        return pm_fail(PARMAP_WRITE_ERROR, "cannot write the metadata of %s again: %s; %s", path,
                       strerror(errno), pm_data_way_out(errno));
    return PARMAP_OK;
}

/* What a repair that was killed has left goes; nothing else does. */
static parmap_status clear_place(const char *fresh, const char *path)
{
    struct stat info;
    if (lstat(fresh, &info) != 0)
        return PARMAP_OK;
    if (S_ISREG(info.st_mode) && !pm_file_is_foreign(fresh) && unlink(fresh) == 0)
        return PARMAP_OK;
    return pm_fail(PARMAP_CANNOT_CREATE,
                   "the metadata of %s is damaged, and %s is in the way of writing it again; move "
                   "that away",
                   path, fresh);
}

parmap_status pm_file_repair(const char *path, pm_file *file, const pm_metadata *layout)
{
    char fresh[PM_PATH + 16];
    snprintf(fresh, sizeof fresh, "%s.repair", path);
    PM_TRY(clear_place(fresh, path));
    PM_TRY(pm_file_create(fresh, file));
    const parmap_status status = copy_metadata(fresh, path, file, layout);
    unlink(fresh);
    return status;
}
