/* Condition: a wait list that belongs to a lock.
 *
 *   | list 16 | its own lock 8, if it has one |
 *
 * Who waits joins the list before it releases the lock, so no notice can pass it by.  A notice
 * given in the moment in which the time runs out counts: the list knows, not the clock. */
#include "share/mutex.h"
#include "share/waitlist.h"

#include <inttypes.h>

enum { LIST = 0, LOCK = 16, CONDITION_BYTES = 24 };

static const char lock_name[] = "condition's lock";

typedef struct opened {
    pm_waitlist list;
    pm_mutex mutex;
} opened;

static parmap_status open(const parmap_condition *handle, opened *c)
{
    PM_TRY(pm_open_handle((const parmap_handle *)handle, PM_KIND_CONDITION, &c->list.ref));
    c->list.at = LIST;
    return pm_open_lock(&handle->lock, &c->mutex);
}

parmap_status parmap_condition_create(parmap_condition *condition, const parmap_lock *lock)
{
    pm_ref ref;
    pm_mutex mutex;
    if (lock)
        PM_TRY(pm_open_lock(lock, &mutex));
    PM_TRY(pm_create(PM_KIND_CONDITION, 0, CONDITION_BYTES, (parmap_handle *)condition, &ref));
    if (lock)
        condition->lock = *lock;
    else
        pm_inner_lock(&condition->handle, LOCK, &condition->lock);
    return PARMAP_OK;
}

/* Those that wait are told; it takes the lock to find them. */
static parmap_status send_home(const opened *c)
{
    const bool mine = pm_mutex_check_mine(c->mutex, lock_name) == PARMAP_OK;
    if (!mine)
        PM_TRY(pm_mutex_acquire(c->mutex, pm_never, lock_name));
    const parmap_status status = pm_waitlist_notify(c->list, INT64_MAX, PM_NOTICE_FREED, NULL);
    if (!mine)
        PM_TRY(pm_mutex_release(c->mutex, lock_name));
    return status;
}

parmap_status parmap_condition_free(parmap_condition *condition)
{
    opened c;
    PM_TRY(open(condition, &c));
    PM_TRY(pm_unless_freed(send_home(&c))); /* the lock may be gone already */
    PM_TRY(pm_destroy((parmap_handle *)condition, PM_KIND_CONDITION));
    condition->lock = (parmap_lock){0};
    return PARMAP_OK;
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* The caller has the lock.  *notified = false when the time is over.  PARMAP_CANCELLED: it was not
 * notified, and has the lock again. */
static parmap_status wait_once(const opened *c, pm_deadline deadline, bool *notified)
{
    uint32_t depth;
    pm_notice notice;
    PM_TRY(pm_waitlist_join(c->list));
    PM_TRY(pm_mutex_release_all(c->mutex, &depth, lock_name));
    const parmap_status status = pm_waitlist_await(deadline, &notice);
    const bool gives_up = status == PARMAP_TIMED_OUT || status == PARMAP_CANCELLED;
    if (status != PARMAP_OK && !gives_up)
        return status;
    if (pm_waitlist_was_told(&notice) && notice == PM_NOTICE_FREED)
        return pm_refuse_stale();
    PM_TRY(pm_mutex_acquire_again(c->mutex, depth, lock_name));
    if (gives_up)
        PM_TRY(pm_waitlist_leave(c->list, &notice));
    *notified = notice != PM_NOTICE_NONE;
    return *notified || status != PARMAP_CANCELLED ? PARMAP_OK : status;
}

parmap_status parmap_condition_wait(const parmap_condition *condition, double timeout_s)
{
    opened c;
    bool notified = false;
    PM_TRY(open(condition, &c));
    PM_TRY(pm_mutex_check_mine(c.mutex, lock_name));
    PM_TRY(pm_check_cancelled());
    PM_TRY(wait_once(&c, pm_deadline_in(timeout_s), &notified));
    return notified ? PARMAP_OK
                    : pm_fail(PARMAP_TIMED_OUT, "nobody notified the condition in time; allow more "
                                                "time, or find out why nobody does");
}

parmap_status parmap_condition_wait_for(const parmap_condition *condition,
                                        bool (*predicate)(void *context), void *context,
                                        double timeout_s)
{
    opened c;
    PM_TRY(open(condition, &c));
    PM_TRY(pm_mutex_check_mine(c.mutex, lock_name));
    const pm_deadline deadline = pm_deadline_in(timeout_s);
    PM_TRY(pm_check_cancelled());
    while (!predicate(context)) {
        bool notified = false;
        if (pm_deadline_over(deadline))
            return pm_fail(PARMAP_TIMED_OUT, "what the condition is waited for did not come true "
                                             "in time; allow more time, or find out why not");
        PM_TRY(wait_once(&c, deadline, &notified));
    }
    return PARMAP_OK;
}

/* ---- notifying ------------------------------------------------------------------------------- */

parmap_status parmap_condition_notify(const parmap_condition *condition, int64_t count,
                                      int64_t *woken)
{
    opened c;
    PM_TRY(open(condition, &c));
    PM_TRY(pm_mutex_check_mine(c.mutex, lock_name));
    if (count < 0)
        return pm_fail(PARMAP_USAGE, "%" PRId64 " executors cannot be notified; give 0 or more",
                       count);
    return pm_waitlist_notify(c.list, count, PM_NOTICE_GO, woken);
}

parmap_status parmap_condition_notify_all(const parmap_condition *condition, int64_t *woken)
{
    return parmap_condition_notify(condition, INT64_MAX, woken);
}
