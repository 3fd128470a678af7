/* Taking an output for a run: what stands there already, whether there is room, and making it. Rank
 * 0 does all of it; the other ranks only open the data (store/data.h) and their journal
 * (store/journal.h). */
#ifndef PM_STORE_OUTPUT_H
#define PM_STORE_OUTPUT_H

#include "store/lock.h"
#include "store/present.h"
#include "store/resume.h"

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

/* How a run wants its output. */
typedef struct pm_wish {
    int nodes;    /* that will write: one journal for each */
    bool force;   /* afresh, whatever run of parmap is there */
    bool resume;  /* only if there is something to resume */
    bool rerun;   /* compute failed items again */
    bool journal; /* keep one */
    pm_recheck recheck;
} pm_wish;

/* An output that belongs to this run until it is finished or abandoned. */
typedef struct pm_output {
    char path[PM_PATH];
    pm_lock lock;
    int64_t device, inode; /* of the file */
    pm_past past;          /* what earlier attempts did; session 1 = nothing */
    bool keeps;            /* a journal with marks: failed items could be computed again */
    char note[PM_NOTE];    /* what the user should know of how it began, or "" */
} pm_output;

/* Local.  Makes the output `wanted` and its journals at the absolute `path`, or takes up what an
 * earlier attempt of the same run left there: `wanted` is then what its file says, with this
 * attempt's place.  `todo`: the blocks that are left, not sealed.  *already = true, and nothing is
 * changed, when the complete file of an identical run is there, but for one with failed items that
 * shall be computed again: `wanted` is then what was read from it.  `output` must stay where it is
 * while the run lasts. PARMAP_CANNOT_CREATE when something else is there (but for `force` over a
 * file of parmap), a living run writes it, or there is nothing to resume; PARMAP_WRITE_ERROR when
 * there is too little room. */
parmap_status pm_output_begin(pm_output *output, const char *path, pm_file *wanted,
                              const pm_wish *wish, pm_todo *todo, bool *already);

/* Local.  The run is complete: writes the attributes and, where items can fail, the table of
 * `failed` ones (else NULL), complete = 1, removes the journals unless items have failed, unlocks.
 * PARMAP_WRITE_ERROR, and nothing is touched, when it is no longer the file that was made. */
parmap_status pm_output_finish(pm_output *output, pm_file *file, pm_failed_list *failed);

/* Local.  The run ends unfinished: file and journals stay, the lock goes. */
void pm_output_abandon(pm_output *output);

#endif
