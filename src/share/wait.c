/* Waiting for several objects at once: polling them, after a lively start every millisecond.  One
 * alone is waited for as usual.
 *
 * Verbs of each look: two for a queue, three for a connection, one for an event. */
#include "share/queue.h"
#include "share/slot.h"

#include "comm/pause.h"

#include <inttypes.h>

enum { LIVELY_ROUNDS = 96 }; /* of pm_pause_once: as long as it does not sleep */

static const double step_s = 0.001;

static parmap_status check(const parmap_waitable *objects, int64_t count)
{
    if (count < 0 || (count > 0 && !objects))
        return pm_fail(PARMAP_USAGE, "there are no %" PRId64 " objects to wait for", count);
    for (int64_t i = 0; i < count; i++)
        if (!objects[i].queue + !objects[i].connection + !objects[i].event != 2)
            return pm_fail(PARMAP_USAGE,
                           "object %" PRId64 " of those to wait for is not one: set its queue, its "
                           "connection or its event, and the others to NULL",
                           i);
    return PARMAP_OK;
}

static parmap_status await_queue(const parmap_queue *handle, double timeout_s, bool *ready)
{
    pm_queue queue;
    PM_TRY(pm_queue_open(&handle->handle, &queue));
    const parmap_status status = pm_queue_await(&queue, timeout_s);
    *ready = status == PARMAP_OK;
    return status == PARMAP_EMPTY ? PARMAP_OK : status;
}

static parmap_status await_event(const parmap_event *event, double timeout_s, bool *ready)
{
    if (!(timeout_s > 0))
        return parmap_event_is_set(event, ready);
    const parmap_status status = parmap_event_wait(event, timeout_s);
    *ready = status == PARMAP_OK;
    return status == PARMAP_TIMED_OUT ? PARMAP_OK : status;
}

static parmap_status await_one(parmap_waitable *object, double timeout_s)
{
    return object->queue ? await_queue(object->queue, timeout_s, &object->ready)
           : object->connection
               ? parmap_connection_poll(object->connection, timeout_s, &object->ready)
               : await_event(object->event, timeout_s, &object->ready);
}

static parmap_status look_at_all(parmap_waitable *objects, int64_t count, bool *any)
{
    *any = false;
    for (int64_t i = 0; i < count; i++) {
        PM_TRY(await_one(&objects[i], 0));
        *any = *any || objects[i].ready;
    }
    return PARMAP_OK;
}

/* Between two looks.  It sleeps on a word of its own, for there it notices as in all other waits
 * that the job finishes or that a rank has died. */
static parmap_status rest(pm_pause *pause, pm_deadline deadline)
{
    if (pause->round < LIVELY_ROUNDS) {
        pm_pause_once(pause);
        return PARMAP_OK;
    }
    const pm_executor self = pm_executor_self();
    if (self == 0)
        return PARMAP_SYSTEM;
    const double end = pm_now() + step_s;
    const pm_deadline next = {end < deadline.at ? end : deadline.at, deadline.cancels};
    uint64_t notice;
    PM_TRY(pm_load(pm_slot_ref(self), PM_SLOT_NOTICE, &notice));
    const parmap_status status =
        pm_block_on(pm_slot_ref(self), PM_SLOT_NOTICE, (uint32_t)notice, next, NULL);
    return status == PARMAP_TIMED_OUT ? PARMAP_OK : status;
}

static parmap_status poll_all(parmap_waitable *objects, int64_t count, double timeout_s)
{
    const pm_deadline deadline = pm_deadline_in(timeout_s);
    pm_pause pause = {0};
    for (;;) {
        bool any;
        const bool over = pm_deadline_over(deadline);
        PM_TRY(look_at_all(objects, count, &any));
        if (any)
            return PARMAP_OK;
        if (over)
            return pm_fail(PARMAP_TIMED_OUT, "none of the %" PRId64 " objects is ready", count);
        PM_TRY(rest(&pause, deadline));
    }
}

parmap_status parmap_wait(parmap_waitable *objects, int64_t count, double timeout_s)
{
    PM_TRY(check(objects, count));
    PM_TRY(pm_check_cancelled());
    if (count != 1)
        return poll_all(objects, count, timeout_s);
    PM_TRY(await_one(objects, timeout_s));
    return objects->ready ? PARMAP_OK : pm_fail(PARMAP_TIMED_OUT, "the object is not ready");
}
