/* Taking up an unfinished run: the marks of all earlier attempts are brought together in the first
 * journal, and what is left becomes the list of blocks to do. */
#ifndef PM_STORE_RESUME_H
#define PM_STORE_RESUME_H

#include "base/todo.h"
#include "store/data.h"
#include "store/marks.h"

typedef enum pm_recheck {
    PM_RECHECK_DOUBTED, /* read again what may have been lost */
    PM_RECHECK_ALL,     /* read again every block that is marked */
    PM_RECHECK_SUSPECT  /* the same, and no mark counts until that was done: the file was damaged */
} pm_recheck;

/* What is taken up, and how. */
typedef struct pm_resuming {
    int64_t items; /* of the run */
    int nodes;     /* so many journals there will be */
    pm_recheck recheck;
    bool rerun;              /* failed items are computed again */
    const pm_data *statuses; /* of the items; NULL = none can fail */
} pm_resuming;

/* What earlier attempts have done.  Plain numbers. */
typedef struct pm_past {
    int64_t session;   /* number of this attempt, from 1 */
    int64_t blocks;    /* marked, and not to be read again */
    int64_t items;     /* of these */
    uint64_t checksum; /* sum of their hashes */
    int64_t rechecks;  /* blocks to be read again */
    int64_t reruns;    /* blocks with failed items, which are computed again */
    int64_t failed;    /* items of the others that have failed */
    int64_t torn;      /* marks that did not check */
} pm_past;

/* Local, rank 0, with the lock.  `head` is what the journals shall say from now on (its session is
 * set here).  `todo` gets the blocks that are left, and is not sealed.  Whatever moment it is
 * killed at, the same call brings the same about again. */
parmap_status pm_resume(pm_marks *marks, pm_journal_head *head, const pm_resuming *how,
                        pm_todo *todo, pm_past *past);

#endif
