/* One output, one run: the lock on the output's first journal.
 *
 * It is an open-file-description lock, which dies with its process.  Where the file system refuses
 * locks, or may keep them to one machine (the file system is not a local one), the lease counts
 * too: a record in the journal that says who writes, with a beat that goes on as long as the
 * writer lives. */
#ifndef PM_STORE_LOCK_H
#define PM_STORE_LOCK_H

#include "base/ticker.h"
#include "comm/host.h"
#include "store/journal.h"

/* Who writes the output.  256 bytes in the first journal, behind the header's first copy. */
typedef struct pm_lease {
    uint64_t check; /* of the rest */
    char host[PM_HOST_NAME];
    char job[32];  /* of Slurm, or "" */
    uint64_t boot; /* as in pm_host, with the next */
    uint64_t process_space;
    int64_t pid;     /* 0 = nobody writes any more */
    int64_t started; /* the process, in clock ticks since the boot: a number may be used again */
    int64_t beat;    /* goes up every PM_LEASE_BEAT_S */
    int64_t seconds; /* of the last beat, since 1970 by the writer's clock */
    char reserved[104];
} pm_lease;

enum { PM_LEASE_BEAT_S = 10, PM_LEASE_DEAD_S = 60 };

typedef struct pm_lock {
    int fd; /* < 0 = not held */
    pm_lease lease;
    pm_ticker heart; /* beats while the lock is held */
} pm_lock;

/* Local, rank 0.  Takes the lock of `output`, making its first journal where there is none.
 * *had_journal: one was there before.  PARMAP_CANNOT_CREATE when a living run holds it, naming
 * that, or when the journal cannot be created.  The lock stays where it is until it is released.
 * Where only a lease can tell, of a host that cannot be asked, it is watched for up to
 * PM_LEASE_DEAD_S. */
parmap_status pm_lock_take(pm_lock *lock, const char *output, bool *had_journal);

/* Local.  Is the first journal of `output` still the one that pm_lock_take opened? */
bool pm_lock_is_ours(const pm_lock *lock, const char *output);

/* Local.  Gives it back; does nothing when it is not held. */
void pm_lock_release(pm_lock *lock);

/* Local.  Does a living run write `output`?  Without watching: a lease of another host counts while
 * its last beat is young.  `who` (may be NULL) is the writer, pid = 0 when it is not known. */
bool pm_lock_is_held(const char *output, pm_lease *who);

#endif
