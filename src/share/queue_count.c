/* What queues are asked for: how many items there are, how many have been dealt with.
 *
 * Verbs: size 4; empty and full 2; task_done 3; join 2, and 2 for each time it sleeps. */
#include "share/mutex.h"
#include "share/queue.h"

#include <inttypes.h>

/* With the mutex of the get end nothing is got meanwhile, so the size is that of the moment when
 * the tail is looked at. */
parmap_status parmap_queue_size(const parmap_queue *queue, int64_t *size)
{
    pm_queue q;
    uint64_t head = 0, tail = 0;
    PM_TRY(pm_queue_open(queue ? &queue->handle : NULL, &q));
    const pm_mutex mutex = {.ref = q.ref, .at = PM_QUEUE_GET + PM_END_MUTEX};
    PM_TRY(pm_mutex_acquire(mutex, pm_never, "queue"));
    parmap_status status = pm_load(q.ref, PM_QUEUE_GET + PM_END_WORD, &head);
    if (status == PARMAP_OK)
        status = pm_load(q.ref, PM_QUEUE_PUT + PM_END_WORD, &tail);
    const parmap_status released = pm_mutex_release(mutex, "queue");
    *size = (int64_t)(pm_queue_count(tail) - pm_queue_count(head));
    return status == PARMAP_OK ? released : status;
}

parmap_status parmap_queue_empty(const parmap_queue *queue, bool *empty)
{
    pm_queue q;
    uint64_t tail;
    bool item;
    PM_TRY(pm_queue_open(queue ? &queue->handle : NULL, &q));
    PM_TRY(pm_queue_has_item(&q, &tail, &item));
    *empty = !item;
    return PARMAP_OK;
}

parmap_status parmap_queue_full(const parmap_queue *queue, bool *full)
{
    pm_queue q;
    uint64_t head;
    bool room;
    PM_TRY(pm_queue_open(queue ? &queue->handle : NULL, &q));
    PM_TRY(pm_queue_has_room(&q, &head, &room));
    *full = !room;
    return PARMAP_OK;
}

parmap_status parmap_queue_task_done(const parmap_queue *queue)
{
    pm_queue q;
    uint64_t done, seen, tail;
    PM_TRY(pm_queue_open(queue ? &queue->handle : NULL, &q));
    PM_TRY(pm_load(q.ref, PM_QUEUE_DONE, &seen));
    do {
        done = seen;
        PM_TRY(pm_load(q.ref, PM_QUEUE_PUT + PM_END_WORD, &tail));
        if (pm_queue_count(done) >= pm_queue_count(tail))
            return pm_fail(PARMAP_USAGE,
                           "task_done was called for each of the %" PRIu64
                           " items already that were put",
                           pm_queue_count(tail));
        PM_TRY(pm_compare_swap(q.ref, PM_QUEUE_DONE, done, done + PM_QUEUE_ONE, &seen));
    } while (seen != done);
    const bool all = pm_queue_count(done) + 1 == pm_queue_count(tail);
    if (!all || pm_queue_sleepers(done) == 0)
        return PARMAP_OK;
    return pm_unless_freed(pm_wake_word(q.ref, PM_QUEUE_DONE, PM_WAKE_ALL));
}

parmap_status parmap_queue_join(const parmap_queue *queue, double timeout_s)
{
    const pm_deadline deadline = pm_deadline_in(timeout_s);
    bool over = pm_deadline_over(deadline);
    pm_queue q;
    PM_TRY(pm_queue_open(queue ? &queue->handle : NULL, &q));
    PM_TRY(pm_check_cancelled());
    for (;;) {
        uint64_t done, tail;
        PM_TRY(pm_load(q.ref, PM_QUEUE_DONE, &done));
        PM_TRY(pm_load(q.ref, PM_QUEUE_PUT + PM_END_WORD, &tail));
        const uint64_t left = pm_queue_count(tail) - pm_queue_count(done);
        if (left == 0)
            return PARMAP_OK;
        if (over)
            return pm_fail(PARMAP_TIMED_OUT,
                           "task_done was not called yet for %" PRIu64 " items of the queue", left);
        const parmap_status status = pm_queue_sleep(&q, PM_QUEUE_DONE, done, deadline);
        over = status == PARMAP_TIMED_OUT;
        if (!over)
            PM_TRY(status);
    }
}
