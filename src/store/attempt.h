/* An attempt at a run's output: begun afresh, or taken up where an earlier one was interrupted. */
#ifndef PM_STORE_ATTEMPT_H
#define PM_STORE_ATTEMPT_H

#include "store/output.h"
#include "store/present.h"

/* Local, rank 0, with the lock.  Journals and file are made new; `todo` is all blocks.  `why` is
 * what stood against going on from what is there, or "".  PARMAP_CANNOT_CREATE when the wish was to
 * go on.  After a failure there is no journal. */
parmap_status pm_attempt_afresh(pm_output *output, pm_file *wanted, const pm_wish *wish,
                                const char *identity, const char *why, pm_todo *todo);

/* Local, rank 0, with the lock.  Goes on from what pm_present_resumable has found. */
parmap_status pm_attempt_take_up(pm_output *output, pm_file *wanted, pm_present *there,
                                 const pm_wish *wish, pm_todo *todo);

#endif
