/* One output, one run: the lock on the output's first journal.
 *
 * It is an open-file-description lock, which dies with its process.  Where the file system refuses
 * locks, or may keep them to one machine (the file system is not a local one), the lease counts
 * too: a record in the journal that says who writes, with a beat that goes on as long as the
 * writer lives. */
#ifndef PM_STORE_LOCK_H
#define PM_STORE_LOCK_H

#include "base/ticker.h"
#include "store/journal.h"
#include "store/lease.h"

#include <stdatomic.h>

typedef struct pm_lock {
    int fd; /* < 0 = not held */
    pm_lease lease;
    pm_ticker heart; /* beats while the lock is held */
    _Atomic bool lost;
} pm_lock;

/* Local, rank 0.  Takes the lock of `output`, making its first journal where there is none.
 * *had_journal: one was there before.  PARMAP_CANNOT_CREATE when a living run holds it, naming
 * that, or when the journal cannot be created.  The lock stays where it is until it is released.
 * Where only a lease can tell, of a host that cannot be asked, it is watched for up to
 * PM_LEASE_DEAD_S. */
parmap_status pm_lock_take(pm_lock *lock, const char *output, bool *had_journal);

/* Local.  Is the first journal of `output` still the one that pm_lock_take opened, and the lease
 * this process's? */
bool pm_lock_is_ours(const pm_lock *lock, const char *output);

/* Local, any thread.  Has another run taken it, since this one was silent for so long? */
bool pm_lock_is_lost(pm_lock *lock);

/* Local.  Gives it back; does nothing when it is not held. */
void pm_lock_release(pm_lock *lock);

/* Local.  Does a living run write `output`?  Without watching: a lease of another host counts while
 * its last beat is young.  `who` (may be NULL) is the writer, pid = 0 when it is not known. */
bool pm_lock_is_held(const char *output, pm_lease *who);

#endif
