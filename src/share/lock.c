/* Lock and RLock: a mutex alone in a block.
 *
 *   | unused 48 | lock word 8 |
 */
#include "share/mutex.h"

enum { LOCK = PM_OWN_LINE, LOCK_BYTES = LOCK + 8 };

static const char name[] = "lock";

static parmap_status create(parmap_lock *lock, uint32_t kind)
{
    pm_ref ref;
    return pm_create(kind, LOCK, LOCK_BYTES, (parmap_handle *)lock, &ref);
}

parmap_status parmap_lock_create(parmap_lock *lock)
{
    return create(lock, PM_KIND_LOCK);
}

parmap_status parmap_rlock_create(parmap_lock *lock)
{
    return create(lock, PM_KIND_RLOCK);
}

parmap_status parmap_lock_free(parmap_lock *lock)
{
    pm_mutex mutex;
    PM_TRY(pm_open_lock(lock, &mutex));
    if (mutex.at != LOCK)
        return pm_fail(PARMAP_USAGE, "this lock belongs to a value, an array or a condition and is "
                                     "freed with it");
    return pm_destroy(&lock->handle, mutex.recursive ? PM_KIND_RLOCK : PM_KIND_LOCK);
}

/* Apart from the fast paths, which are faster without a pm_mutex in memory. */
static __attribute__((noinline)) parmap_status contend(const parmap_lock *lock, uint64_t found,
                                                       double timeout_s)
{
    pm_mutex mutex;
    PM_TRY(pm_open_lock(lock, &mutex));
    return pm_mutex_contend(&mutex, found, pm_deadline_in(timeout_s), name);
}

static __attribute__((noinline)) parmap_status release_any(const parmap_lock *lock)
{
    pm_mutex mutex;
    PM_TRY(pm_open_lock(lock, &mutex));
    return pm_mutex_release_any(&mutex, name);
}

parmap_status parmap_lock_acquire(const parmap_lock *lock, double timeout_s)
{
    pm_mutex mutex;
    uint64_t found;
    PM_TRY(pm_open_lock(lock, &mutex));
    PM_TRY(pm_check_cancelled());
    return pm_mutex_take(mutex, &found) ? PARMAP_OK : contend(lock, found, timeout_s);
}

parmap_status parmap_lock_try(const parmap_lock *lock, bool *acquired)
{
    pm_mutex mutex;
    PM_TRY(pm_open_lock(lock, &mutex));
    return pm_mutex_try(mutex, acquired);
}

parmap_status parmap_lock_release(const parmap_lock *lock)
{
    pm_mutex mutex;
    PM_TRY(pm_open_lock(lock, &mutex));
    return pm_mutex_drop(mutex) ? PARMAP_OK : release_any(lock);
}

parmap_status parmap_lock_locked(const parmap_lock *lock, bool *locked)
{
    pm_mutex mutex;
    pm_executor owner;
    PM_TRY(pm_open_lock(lock, &mutex));
    PM_TRY(pm_mutex_owner(mutex, &owner));
    *locked = owner != 0;
    return PARMAP_OK;
}
