/* How an executor waits for others: in slices, looking between them whether it still makes sense.
 */
#ifndef PM_SHARE_BLOCK_H
#define PM_SHARE_BLOCK_H

#include "share/cancel.h"

/* When a wait is over. */
typedef struct pm_deadline {
    double at;    /* of pm_now(); 0 = at once, without a look at the clock; infinite = never */
    bool cancels; /* the wait ends, too, when the caller's process is terminated */
} pm_deadline;

/* For a call of a user's; it can be cut short. */
pm_deadline pm_deadline_in(double timeout_s);

/* For the inside of an object, which must come to its end. */
static const pm_deadline pm_never = {.at = PARMAP_FOREVER};

bool pm_deadline_over(pm_deadline deadline);

/* Called between two slices, about twice a second; anything but PARMAP_OK ends the wait. */
typedef struct pm_watch {
    parmap_status (*look)(void *context);
    void *context;
} pm_watch;

/* What ends every wait: PARMAP_CANCELLED, PARMAP_CLOSED. */
parmap_status pm_wait_check(void);

/* Waits while the low half of the word is `expected`, at most until the deadline.  PARMAP_OK: it
 * may have changed, look again.  PARMAP_TIMED_OUT: the deadline is over (set no message: the caller
 * knows more).  PARMAP_CANCELLED: the process was terminated.  PARMAP_CLOSED: the job finishes.
 * PARMAP_SYSTEM: a rank of this node died.  After the last three no wake was used up.  `watch` may
 * be NULL. */
parmap_status pm_block_on(pm_ref ref, uint64_t at, uint32_t expected, pm_deadline deadline,
                          const pm_watch *watch);

/* Looks at the word for a moment while its low half is `expected`, where that is cheaper than
 * waiting.  PARMAP_OK; *value = the word as last seen. */
parmap_status pm_spin_on(pm_ref ref, uint64_t at, uint32_t expected, uint64_t *value);

/* The same for a word that its owner is about to write again and again: every look takes the cache
 * line from it, so the looks become rarer. */
parmap_status pm_spin_backing_off(pm_ref ref, uint64_t at, uint32_t expected, uint64_t *value);

/* At the job's end, after pm_window_begin_closing: waits until no thread of this rank waits for
 * others any more, for some seconds at most. */
parmap_status pm_block_drain(void);

#endif
