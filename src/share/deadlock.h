/* Circles of executors that wait for each other's locks. */
#ifndef PM_SHARE_DEADLOCK_H
#define PM_SHARE_DEADLOCK_H

#include "share/mutex.h"

/* One executor's wait for a lock, from its first look on. */
typedef struct pm_lock_wait {
    pm_mutex mutex;
    pm_executor me;
    bool reports;            /* may be the one that gives up */
    bool published;          /* the executor's slot says what it waits for */
    uint64_t sequence;       /* of the slot, while published */
    struct pm_circle *found; /* at the look before; NULL = none */
} pm_lock_wait;

/* For pm_block_on, `context` is a pm_lock_wait.  The first time it publishes the wait; then it
 * looks for a circle of waits that the caller is part of.  PARMAP_DEADLOCK with the circle in words
 * when it was there at two looks and the caller is the one of them that reports it. */
parmap_status pm_deadlock_look(void *context);

/* The wait is over.  `closed`: so is the window, and the slot cannot be touched any more. */
parmap_status pm_deadlock_leave(pm_lock_wait *wait, bool closed);

#endif
