/* Taking an output for a run: what stands there already, whether there is room, and making it. Rank
 * 0 does all of it; the other ranks only open the data (store/data.h) and their journal
 * (store/journal.h). */
#ifndef PM_STORE_OUTPUT_H
#define PM_STORE_OUTPUT_H

#include "store/data.h"
#include "store/file.h"

typedef enum pm_output_state {
    PM_OUTPUT_MISSING,
    PM_OUTPUT_FOREIGN,    /* not parmap's */
    PM_OUTPUT_RUNNING,    /* a living run writes it */
    PM_OUTPUT_INCOMPLETE, /* a run ended before its end */
    PM_OUTPUT_COMPLETE
} pm_output_state;

/* "missing", "foreign" ... one word. */
const char *pm_output_state_word(pm_output_state state);

/* Local.  What stands at `path`; `file` is filled in as far as it can be read. */
pm_output_state pm_output_inspect(const char *path, pm_file *file);

/* Local.  `path` made absolute and links followed, so that ranks in other folders find it and a
 * file has one lock.  PARMAP_CANNOT_CREATE when its folder does not exist, or a link leads to
 * nothing. */
parmap_status pm_output_resolve(const char *path, char absolute[PM_PATH]);

/* An output that belongs to this run until it is finished or abandoned. */
typedef struct pm_output {
    char path[PM_PATH];
    int lock_fd;
    int64_t device, inode; /* of the file that was made */
    bool restarted;        /* an unfinished file of the same run was there */
} pm_output;

/* Local.  Makes the file described by `wanted` and one journal per node at the absolute `path`.
 * *already = true, and nothing is changed, when the complete file of an identical run is there:
 * `wanted` is then what was read from it.  PARMAP_CANNOT_CREATE when something else is there (but
 * for `force` over a file of parmap) or a living run writes it; PARMAP_WRITE_ERROR when there is
 * too little room. */
parmap_status pm_output_begin(pm_output *output, const char *path, pm_file *wanted, int nodes,
                              bool force, bool *already);

/* Local.  The run is complete: writes the attributes, complete = 1, removes the journals, unlocks.
 * PARMAP_WRITE_ERROR, and nothing is touched, when it is no longer the file that was made. */
parmap_status pm_output_finish(pm_output *output, pm_file *file);

/* Local.  The run ends unfinished: file and journals stay, the lock goes. */
void pm_output_abandon(pm_output *output);

#endif
