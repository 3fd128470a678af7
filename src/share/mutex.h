/* The lock word and what is done with it: Lock and RLock, the locks of values, arrays and
 * conditions, and the inner ones of barriers and queues.
 *
 *   bit   63 .. 54   53 .. 32       31        30         29 .. 0
 *         depth      acquired at    waiters   reserved   owner, a pm_executor; 0 = free
 *
 * The time counts quarters of a second.
 *
 * Depth is how often the owner has acquired it again.  `waiters`: some may sleep, so a release
 * wakes one.  `reserved`, with an owner: one that sleeps has lost the lock to others for too long,
 * so the release leaves it reserved; without an owner: only who has slept for it may take it. */
#ifndef PM_SHARE_MUTEX_H
#define PM_SHARE_MUTEX_H

#include "share/block.h"
#include "share/object.h"
#include "share/stamp.h"

/* A lock word somewhere in a block. */
typedef struct pm_mutex {
    pm_ref ref;
    uint64_t at;
    bool recursive;
} pm_mutex;

/* As parmap_lock_acquire; `what` names the object in messages ("lock", "queue"). */
static inline parmap_status pm_mutex_acquire(pm_mutex mutex, pm_deadline deadline,
                                             const char *what);

/* PARMAP_USAGE when the caller is not the owner. */
static inline parmap_status pm_mutex_release(pm_mutex mutex, const char *what);

/* Without a message when it is held. */
parmap_status pm_mutex_try(pm_mutex mutex, bool *acquired);

/* The owner at the moment; 0 = nobody. */
parmap_status pm_mutex_owner(pm_mutex mutex, pm_executor *owner);

/* PARMAP_USAGE when the caller is not the owner. */
parmap_status pm_mutex_check_mine(pm_mutex mutex, const char *what);

/* For conditions: releases all levels at once, and takes them again, without a time limit and never
 * with PARMAP_DEADLOCK.  PARMAP_USAGE when the caller is not the owner. */
parmap_status pm_mutex_release_all(pm_mutex mutex, uint32_t *depth, const char *what);
parmap_status pm_mutex_acquire_again(pm_mutex mutex, uint32_t depth, const char *what);

/* ---- locks in handles ------------------------------------------------------------------------ */

/* The mutex of a Lock or RLock: the handle's `extra` is the word's place within the block. */
static inline parmap_status pm_open_lock(const parmap_lock *lock, pm_mutex *mutex)
{
    const parmap_handle *handle = (const parmap_handle *)lock;
    const uint32_t kind = handle ? pm_handle_kind(handle) : 0;
    if (__builtin_expect((kind != PM_KIND_LOCK && kind != PM_KIND_RLOCK) ||
                             handle->generation == PM_ANY_GENERATION,
                         0)) {
        *mutex = (pm_mutex){.recursive = false};
        return pm_refuse_handle(handle, PM_KIND_LOCK);
    }
    *mutex = (pm_mutex){pm_handle_ref(handle), handle->extra, kind == PM_KIND_RLOCK};
    return PARMAP_OK;
}

/* *lock = the recursive lock whose word is `at` bytes, not PM_OWN_LINE, into an object's block.  It
 * lives and dies with the object; parmap_lock_free refuses it. */
void pm_inner_lock(const parmap_handle *object, uint32_t at, parmap_lock *lock);

/* ---- the fast paths -------------------------------------------------------------------------- */

/* Takes it when the word is at hand and 0.  If not, *found is for pm_mutex_contend. */
static inline bool pm_mutex_take(pm_mutex mutex, uint64_t *found)
{
    const pm_executor me = pm_executor_self();
    *found = 0;
    return pm_direct(mutex.ref) && me != 0 &&
           pm_compare_swap(mutex.ref, mutex.at, 0, me | pm_stamp_now(), found) == PARMAP_OK &&
           *found == 0;
}

/* The rest of pm_mutex_acquire after pm_mutex_take. */
parmap_status pm_mutex_contend(const pm_mutex *mutex, uint64_t found, pm_deadline deadline,
                               const char *what);

static inline parmap_status pm_mutex_acquire(pm_mutex mutex, pm_deadline deadline, const char *what)
{
    uint64_t found;
    return pm_mutex_take(mutex, &found) ? PARMAP_OK
                                        : pm_mutex_contend(&mutex, found, deadline, what);
}

/* Releases it when the word is at hand, the caller has acquired it once and nobody waits. */
static inline bool pm_mutex_drop(pm_mutex mutex)
{
    const uint64_t time = (uint64_t)PM_STAMP_TIME << PM_STAMP_SHIFT;
    uint64_t word, seen;
    return pm_direct(mutex.ref) && pm_load(mutex.ref, mutex.at, &word) == PARMAP_OK && word != 0 &&
           (word & ~time) == pm_executor_mine &&
           pm_compare_swap(mutex.ref, mutex.at, word, 0, &seen) == PARMAP_OK && seen == word;
}

/* The rest of pm_mutex_release after pm_mutex_drop. */
parmap_status pm_mutex_release_any(const pm_mutex *mutex, const char *what);

static inline parmap_status pm_mutex_release(pm_mutex mutex, const char *what)
{
    return pm_mutex_drop(mutex) ? PARMAP_OK : pm_mutex_release_any(&mutex, what);
}

#endif
