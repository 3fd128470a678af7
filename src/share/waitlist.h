/* Lists of waiting executors in the order they came, for conditions and barriers.  The two words of
 * a list (first, last) lie in the object; the links lie in the slots of the executors, so an
 * executor is in one list at most.  What does not say otherwise is called with the object's lock
 * held. */
#ifndef PM_SHARE_WAITLIST_H
#define PM_SHARE_WAITLIST_H

#include "share/block.h"

typedef struct pm_waitlist {
    pm_ref ref;
    uint64_t at; /* of the two words */
} pm_waitlist;

/* What an executor in a list was told.  The low half is PM_NOTICE_GO or a larger number of the
 * object's; the high half is the object's. */
typedef uint64_t pm_notice;

enum {
    PM_NOTICE_NONE,
    PM_NOTICE_ASLEEP, /* nothing yet; in slots only */
    PM_NOTICE_GO,
    PM_NOTICE_FREED, /* there is no such object any more */
    PM_NOTICE_OWN    /* the first that an object may give a meaning */
};

/* The caller comes last. */
parmap_status pm_waitlist_join(pm_waitlist list);

/* Without the lock: waits for a notice, until the deadline (PARMAP_TIMED_OUT, without a message).
 */
parmap_status pm_waitlist_await(pm_deadline deadline, pm_notice *notice);

/* Without the lock, after a wait: whether the caller was given a notice, and which. */
bool pm_waitlist_was_told(pm_notice *notice);

/* The notice that the caller was given; if none yet, it is taken off the list. */
parmap_status pm_waitlist_leave(pm_waitlist list, pm_notice *notice);

/* Tells the first `count`, and takes them off.  *told, unless NULL, = how many there were. */
parmap_status pm_waitlist_notify(pm_waitlist list, int64_t count, pm_notice notice, int64_t *told);

#endif
