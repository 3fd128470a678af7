/* The failed items of an output that is not finished, from its journals. */
#ifndef PM_STORE_FAILED_COLLECT_H
#define PM_STORE_FAILED_COLLECT_H

#include "store/failed.h"
#include "store/file.h"

/* Local.  Appends a record for each item that has failed by its status and has one, in the order of
 * the items.  `file` is what stands at `path`. */
parmap_status pm_failed_collect(const char *path, const pm_file *file, pm_failed_list *list);

/* Local.  How many items have failed by their statuses.  Calls `visit` (may be NULL) for each. */
parmap_status pm_failed_count(const char *path, const pm_file *file, int64_t *failed,
                              void (*visit)(void *context, int64_t item), void *context);

#endif
