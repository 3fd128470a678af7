/* Barrier.
 *
 *   | mutex 8 | state 8 | list 16 | action 16 |
 *
 *   state, bit   63 .. 36   35       34 .. 32   31 .. 0
 *                round      acting   broken     how many have come, or had when it broke
 *
 * Who comes joins the list.  The last one tells the list to go, which ends the round; it is empty
 * then, so the next round can begin at once.  While the last one runs the action, `acting` is set
 * and the mutex free: those that come meanwhile join the list behind this round's and are told to
 * come again; a time-out waits for how the action ends, since all have come. */
#include "share/mutex.h"
#include "share/waitlist.h"

#include "base/function.h"

#include <inttypes.h>

enum { MUTEX = 0, STATE = 8, LIST = 16, ACTION = 32, BARRIER_BYTES = 48 };

enum { BROKEN_SHIFT = 32, COUNT_SHIFT = 32 /* of a notice */ };
static const uint64_t COUNT = 0xffffffff, BROKEN = 7ULL << BROKEN_SHIFT, ACTING = 1ULL << 35,
                      ROUND = 1ULL << 36;

/* What a notice says besides PM_NOTICE_GO; those before COME_AGAIN are why the barrier is broken,
 * and have in their high half how many had come.  All but RESET may stand in the state. */
enum { ABORTED = PM_NOTICE_OWN, LATE, FAILED, TERMINATED, RESET, COME_AGAIN };

typedef struct opened {
    pm_mutex mutex;
    pm_waitlist list;
    uint32_t parties;
    uint64_t state; /* as read with the mutex held */
} opened;

static const char name[] = "barrier";

/* ---- creating -------------------------------------------------------------------------------- */

parmap_status parmap_barrier_create(parmap_barrier *barrier, int64_t parties,
                                    parmap_status (*action)(void))
{
    pm_ref ref;
    pm_function function;
    if (parties < 1 || parties > INT32_MAX)
        return pm_fail(PARMAP_USAGE,
                       "a barrier cannot have %" PRId64 " parties; give it 1 to %" PRId32, parties,
                       INT32_MAX);
    PM_TRY(pm_function_pack((pm_any_function *)action, &function));
    PM_TRY(pm_create(PM_KIND_BARRIER, (uint32_t)parties, BARRIER_BYTES, (parmap_handle *)barrier,
                     &ref));
    return pm_put(ref, ACTION, 8, &function, sizeof function);
}

/* ---- with the mutex held --------------------------------------------------------------------- */

static parmap_status open(const parmap_barrier *handle, opened *b)
{
    pm_ref ref;
    PM_TRY(pm_open_handle((const parmap_handle *)handle, PM_KIND_BARRIER, &ref));
    *b = (opened){.mutex = {.ref = ref, .at = MUTEX},
                  .list = {.ref = ref, .at = LIST},
                  .parties = handle->handle.extra};
    return PARMAP_OK;
}

static parmap_status lock(opened *b)
{
    PM_TRY(pm_mutex_acquire(b->mutex, pm_never, name));
    return pm_load(b->list.ref, STATE, &b->state);
}

static parmap_status unlock(const opened *b)
{
    return pm_mutex_release(b->mutex, name);
}

static parmap_status set_state(opened *b, uint64_t state)
{
    b->state = state;
    return pm_store(b->list.ref, STATE, state);
}

static uint64_t next_round(const opened *b)
{
    return (b->state & -ROUND) + ROUND;
}

static uint32_t why_broken(uint64_t state)
{
    return (uint32_t)((state & BROKEN) >> BROKEN_SHIFT);
}

/* Everybody who waits gets the reason; what they then ask for is as they were told. */
static parmap_status break_up(opened *b, uint32_t reason)
{
    const pm_notice notice = b->state << COUNT_SHIFT | reason;
    PM_TRY(set_state(b, reason == RESET
                            ? next_round(b)
                            : (b->state & ~(BROKEN | ACTING)) | (uint64_t)reason << BROKEN_SHIFT));
    return pm_waitlist_notify(b->list, INT64_MAX, notice, NULL);
}

static parmap_status let_go(opened *b)
{
    PM_TRY(set_state(b, next_round(b)));
    PM_TRY(pm_waitlist_notify(b->list, (int64_t)b->parties - 1, PM_NOTICE_GO, NULL));
    return pm_waitlist_notify(b->list, INT64_MAX, COME_AGAIN, NULL);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static parmap_status broken(const opened *b, uint32_t reason, uint64_t come)
{
    static const char *const why[] = {
        [ABORTED] = "it was aborted",   [LATE] = "the time of one that waited was over",
        [FAILED] = "its action failed", [TERMINATED] = "one that waited was terminated",
        [RESET] = "it was reset",
    };
    return pm_fail(PARMAP_BROKEN,
                   reason == RESET ? "the barrier let nobody through: %s when %" PRIu64
                                     " of %" PRIu32 " had come; wait again"
                                   : "the barrier is broken: %s when %" PRIu64 " of %" PRIu32
                                     " had come; parmap_barrier_reset makes it whole",
                   why[reason], come & COUNT, b->parties);
}

/* The time is over, or the caller terminated: breaks it for all, unless it came to an end in the
 * same moment. */
static parmap_status give_up(opened *b, uint32_t reason, pm_notice *notice)
{
    PM_TRY(lock(b));
    if (b->state & ACTING) {
        PM_TRY(unlock(b));
        return pm_waitlist_await(pm_never, notice);
    }
    PM_TRY(pm_waitlist_leave(b->list, notice));
    if (*notice == PM_NOTICE_NONE) {
        *notice = b->state << COUNT_SHIFT | reason;
        PM_TRY(break_up(b, reason));
    }
    return unlock(b);
}

/* The caller has joined the list.  One that was let through in the moment in which the time ran out
 * may find that others have freed the barrier already. */
static parmap_status await(opened *b, pm_deadline deadline, pm_notice *notice)
{
    parmap_status status = pm_waitlist_await(deadline, notice);
    if (status == PARMAP_TIMED_OUT || status == PARMAP_CANCELLED)
        status = give_up(b, status == PARMAP_TIMED_OUT ? LATE : TERMINATED, notice);
    if (status == PARMAP_STALE && pm_waitlist_was_told(notice))
        status = PARMAP_OK;
    return status == PARMAP_OK && *notice == PM_NOTICE_FREED ? pm_refuse_stale() : status;
}

/* The caller came last.  Whether the barrier was touched meanwhile is seen by its state. */
static parmap_status act(opened *b, pm_any_function *action)
{
    const uint64_t acting = (b->state & -ROUND) | ACTING | b->parties;
    PM_TRY(set_state(b, acting));
    PM_TRY(unlock(b));
    const parmap_status result = ((parmap_status(*)(void))action)();
    PM_TRY(lock(b));
    const uint64_t now = b->state;
    const uint32_t reason = now == acting ? FAILED : (now & BROKEN) ? why_broken(now) : RESET;
    if (now == acting)
        PM_TRY(result == PARMAP_OK ? let_go(b) : break_up(b, FAILED));
    PM_TRY(unlock(b));
    if (now == acting && result == PARMAP_OK)
        return PARMAP_OK;
    const parmap_status status = broken(b, reason, b->parties);
    return reason != FAILED ? status
                            : pm_fail(status, "%s (it returned %s)", parmap_message(),
                                      parmap_status_name(result));
}

static parmap_status finish_round(opened *b)
{
    pm_function function;
    pm_any_function *action;
    PM_TRY(pm_get(b->list.ref, ACTION, 8, &function, sizeof function));
    parmap_status status = pm_function_unpack(function, &action);
    if (status == PARMAP_OK && action)
        return act(b, action);
    PM_TRY(status == PARMAP_OK ? let_go(b) : break_up(b, FAILED));
    PM_TRY(unlock(b));
    return status;
}

/* With the mutex held, when it is whole and not acting; it is free afterwards. */
static parmap_status come(opened *b, pm_deadline deadline, pm_notice *notice)
{
    if ((b->state & COUNT) + 1 == b->parties) {
        *notice = PM_NOTICE_GO;
        return finish_round(b);
    }
    PM_TRY(set_state(b, b->state + 1));
    PM_TRY(pm_waitlist_join(b->list));
    PM_TRY(unlock(b));
    return await(b, deadline, notice);
}

/* With the mutex held; it is free afterwards. */
static parmap_status come_again(opened *b, pm_deadline deadline, pm_notice *notice)
{
    PM_TRY(pm_waitlist_join(b->list));
    PM_TRY(unlock(b));
    return await(b, deadline, notice);
}

parmap_status parmap_barrier_wait(const parmap_barrier *barrier, double timeout_s, int64_t *index)
{
    opened b;
    uint64_t before;
    pm_notice notice;
    PM_TRY(open(barrier, &b));
    const pm_deadline deadline = pm_deadline_in(timeout_s);
    PM_TRY(pm_check_cancelled());
    do {
        PM_TRY(lock(&b));
        before = b.state;
        if (before & BROKEN) {
            PM_TRY(unlock(&b));
            return broken(&b, why_broken(before), before);
        }
        PM_TRY(before & ACTING ? come_again(&b, deadline, &notice) : come(&b, deadline, &notice));
    } while (notice == COME_AGAIN);
    if (notice != PM_NOTICE_GO && pm_cancelled())
        return pm_refuse_cancelled();
    if (notice != PM_NOTICE_GO)
        return broken(&b, (uint32_t)notice, notice >> COUNT_SHIFT);
    if (index)
        *index = (int64_t)(before & COUNT);
    return PARMAP_OK;
}

/* ---- breaking, asking, freeing --------------------------------------------------------------- */

parmap_status parmap_barrier_reset(const parmap_barrier *barrier)
{
    opened b;
    PM_TRY(open(barrier, &b));
    PM_TRY(lock(&b));
    PM_TRY(break_up(&b, RESET));
    return unlock(&b);
}

parmap_status parmap_barrier_abort(const parmap_barrier *barrier)
{
    opened b;
    PM_TRY(open(barrier, &b));
    PM_TRY(lock(&b));
    if (!(b.state & BROKEN))
        PM_TRY(break_up(&b, ABORTED));
    return unlock(&b);
}

static parmap_status read_state(const parmap_barrier *barrier, uint64_t *state)
{
    opened b;
    PM_TRY(open(barrier, &b));
    return pm_load(b.list.ref, STATE, state);
}

parmap_status parmap_barrier_waiting(const parmap_barrier *barrier, int64_t *count)
{
    uint64_t state;
    PM_TRY(read_state(barrier, &state));
    *count = state & BROKEN ? 0 : (int64_t)(state & COUNT);
    return PARMAP_OK;
}

parmap_status parmap_barrier_broken(const parmap_barrier *barrier, bool *is_broken)
{
    uint64_t state;
    PM_TRY(read_state(barrier, &state));
    *is_broken = (state & BROKEN) != 0;
    return PARMAP_OK;
}

/* With the mutex first: those that were let through may free it while the last is still telling
 * others. */
parmap_status parmap_barrier_free(parmap_barrier *barrier)
{
    opened b;
    PM_TRY(open(barrier, &b));
    PM_TRY(lock(&b));
    PM_TRY(pm_waitlist_notify(b.list, INT64_MAX, PM_NOTICE_FREED, NULL));
    PM_TRY(unlock(&b));
    return pm_destroy(&barrier->handle, PM_KIND_BARRIER);
}
