/* Queues as users see them: putting and getting with patience, and counting. */
#include "share/queue.h"

#include "share/mutex.h"

#include "comm/pause.h"

#include <inttypes.h>

/* Executors that may sleep on one word; its counter has room for twice as many. */
enum { MOST_SLEEPERS = 1 << 15 };

static const double spin_s = 20e-6, at_once_s = 400e-9, some_more_s = 300e-9;

/* ---- patience -------------------------------------------------------------------------------- */

/* What is tried until it no longer says PARMAP_FULL or PARMAP_EMPTY: then `word` is what the word
 * at `at` was when there was no chance. */
typedef struct task {
    parmap_status (*try)(struct task *task);
    const pm_queue *queue;
    pm_queue_cell *cell;
    size_t capacity;
    uint64_t at, word;
} task;

static parmap_status try_put(task *t)
{
    return pm_queue_try_put(t->queue, t->cell, &t->word);
}

static parmap_status try_get(task *t)
{
    return pm_queue_try_get(t->queue, t->capacity, t->cell, &t->word);
}

static parmap_status look_for_item(task *t)
{
    bool item;
    PM_TRY(pm_queue_has_item(t->queue, &t->word, &item));
    return item || t->word & PM_QUEUE_CLOSED ? PARMAP_OK : PARMAP_EMPTY;
}

static parmap_status look_for_room(task *t)
{
    bool room;
    PM_TRY(pm_queue_has_room(t->queue, &t->word, &room));
    return room || t->word & PM_QUEUE_CLOSED ? PARMAP_OK : PARMAP_FULL;
}

static bool may_wait(parmap_status status)
{
    return status == PARMAP_FULL || status == PARMAP_EMPTY;
}

parmap_status pm_queue_sleep(const pm_queue *queue, uint64_t at, uint64_t seen,
                             pm_deadline deadline)
{
    uint64_t word;
    parmap_status status = PARMAP_OK;
    PM_TRY(pm_add(queue->ref, at, PM_QUEUE_SLEEPER, &word));
    if (pm_queue_sleepers(word) >= MOST_SLEEPERS)
        status =
            pm_fail(PARMAP_SYSTEM, "%d threads wait for one queue already; take several queues",
                    (int)MOST_SLEEPERS);
    else if ((uint32_t)word == (uint32_t)seen)
        status = pm_block_on(queue->ref, at, (uint32_t)seen, deadline, NULL);
    if (status == PARMAP_CLOSED) /* the job finishes: nobody counts any more */
        return status;
    const parmap_status left = pm_add(queue->ref, at, -PM_QUEUE_SLEEPER, NULL);
    return status == PARMAP_OK ? left : status;
}

/* Spins for as long as it takes to wake somebody on a core that sleeps.  When the word changes at
 * once the other side is busy: it gets a little time for some more, since to go on item by item
 * takes two transfers of cache lines between cores for each, a multiple of what a put costs. */
static parmap_status spin(const task *t, uint64_t *word)
{
    const double began = pm_now();
    double changed;
    do {
        PM_TRY(pm_spin_on(t->queue->ref, t->at, (uint32_t)t->word, word));
        changed = pm_now();
    } while ((uint32_t)*word == (uint32_t)t->word && changed < began + spin_s);
    if ((uint32_t)*word == (uint32_t)t->word || changed > began + at_once_s)
        return PARMAP_OK;
    while (pm_now() < changed + some_more_s)
        pm_pause_once(&(pm_pause){0});
    return PARMAP_OK;
}

/* Until there may be a chance again.  *slept = whether a wake may have been meant for the caller.
 */
static parmap_status await_chance(const task *t, pm_deadline deadline, bool *slept)
{
    uint64_t word = t->word;
    if (pm_spinning_pays(t->queue->ref))
        PM_TRY(spin(t, &word));
    if ((uint32_t)word != (uint32_t)t->word)
        return PARMAP_OK;
    *slept = true;
    return pm_queue_sleep(t->queue, t->at, t->word, deadline);
}

/* The caller was woken and goes away: if there is more, it is the next one's turn.  (Of a closed
 * queue all know.) */
static parmap_status pass_on(const task *t)
{
    const bool for_item = t->at == PM_QUEUE_PUT + PM_END_WORD;
    uint64_t word;
    bool more;
    PM_TRY(for_item ? pm_queue_has_item(t->queue, &word, &more)
                    : pm_queue_has_room(t->queue, &word, &more));
    return more && pm_queue_sleepers(word) > 0 ? pm_wake_word(t->queue->ref, t->at, 1) : PARMAP_OK;
}

/* After a first try that ended with `status`.  Who runs out of time tries once more: it may have
 * been woken just then. */
static parmap_status keep_trying(task *t, parmap_status status, pm_deadline deadline)
{
    bool slept = false, over = pm_deadline_over(deadline);
    while (may_wait(status) && !over) {
        const parmap_status waited = await_chance(t, deadline, &slept);
        over = waited == PARMAP_TIMED_OUT;
        status = waited == PARMAP_OK || over ? t->try(t) : waited;
    }
    const parmap_status passed = slept && status != PARMAP_CLOSED ? pass_on(t) : PARMAP_OK;
    return status == PARMAP_OK ? passed : status;
}

static task task_of(const pm_queue *queue, parmap_status (*try)(task *), uint64_t end)
{
    return (task){.try = try, .queue = queue, .at = end + PM_END_WORD};
}

parmap_status pm_queue_await(const pm_queue *queue, double timeout_s)
{
    task t = task_of(queue, look_for_item, PM_QUEUE_PUT);
    const parmap_status status = look_for_item(&t);
    return may_wait(status) ? keep_trying(&t, status, pm_deadline_in(timeout_s)) : status;
}

/* ---- creating and freeing -------------------------------------------------------------------- */

parmap_status parmap_queue_create(parmap_queue *queue, int64_t maxsize)
{
    pm_queue opened;
    if (maxsize < 0 || maxsize > UINT32_MAX)
        return pm_fail(PARMAP_USAGE,
                       "a queue of at most %" PRId64 " items; it can be 1..%" PRIu32
                       ", or 0 for any number",
                       maxsize, UINT32_MAX);
    PM_TRY(pm_create(PM_KIND_QUEUE, (uint32_t)maxsize, PM_QUEUE_BYTES,
                     queue ? &queue->handle : NULL, &opened.ref));
    parmap_status status = pm_queue_open(&queue->handle, &opened);
    if (status == PARMAP_OK)
        status = pm_queue_begin(&opened);
    if (status != PARMAP_OK)
        pm_destroy(&queue->handle, PM_KIND_QUEUE);
    return status;
}

parmap_status pm_queue_mark(const pm_queue *queue, pm_queue_marks mark, uint64_t *before)
{
    uint64_t seen;
    PM_TRY(pm_load(queue->ref, PM_QUEUE_ENDS, &seen));
    do {
        *before = seen;
        PM_TRY(pm_compare_swap(queue->ref, PM_QUEUE_ENDS, *before, *before | mark, &seen));
    } while (seen != *before);
    return PARMAP_OK;
}

parmap_status pm_queue_drain(const pm_queue *queue)
{
    pm_queue_cell cell;
    uint64_t tail;
    parmap_status status;
    while ((status = pm_queue_try_get(queue, SIZE_MAX, &cell, &tail)) == PARMAP_OK)
        PM_TRY(pm_queue_unpack(&cell, NULL));
    return status == PARMAP_CLOSED ? PARMAP_OK : status;
}

parmap_status pm_queue_destroy(parmap_handle *handle)
{
    pm_queue queue;
    uint64_t before;
    PM_TRY(pm_queue_open(handle, &queue));
    PM_TRY(pm_queue_mark(&queue, PM_QUEUE_DESTROYED, &before));
    if (before & PM_QUEUE_DESTROYED)
        return pm_refuse_stale();
    PM_TRY(pm_queue_close(&queue));
    PM_TRY(pm_queue_drain(&queue));
    PM_TRY(pm_queue_end(&queue));
    return pm_destroy(handle, PM_KIND_QUEUE);
}

parmap_status parmap_queue_free(parmap_queue *queue)
{
    return pm_queue_destroy(queue ? &queue->handle : NULL);
}

parmap_status parmap_queue_close(const parmap_queue *queue)
{
    pm_queue opened;
    PM_TRY(pm_queue_open(queue ? &queue->handle : NULL, &opened));
    return pm_queue_close(&opened);
}

/* ---- putting and getting --------------------------------------------------------------------- */

parmap_status pm_queue_refuse_full(const pm_queue *queue)
{
    return pm_fail(PARMAP_FULL, "the queue is full: it has %" PRIu64 " items", queue->limit);
}

parmap_status pm_queue_put_large(const pm_queue *queue, const void *item, size_t bytes,
                                 pm_deadline deadline)
{
    pm_queue_cell cell;
    task room = task_of(queue, look_for_room, PM_QUEUE_GET),
         t = task_of(queue, try_put, PM_QUEUE_GET);
    t.cell = &cell;
    PM_TRY(keep_trying(&room, look_for_room(&room), deadline));
    PM_TRY(pm_queue_pack(item, bytes, &cell));
    const parmap_status status = keep_trying(&t, try_put(&t), deadline);
    if (status != PARMAP_OK)
        pm_queue_unpack(&cell, NULL);
    return status;
}

static parmap_status put_small(const pm_queue *queue, const void *item, size_t bytes,
                               double timeout_s)
{
    pm_queue_cell cell;
    task t = task_of(queue, try_put, PM_QUEUE_GET);
    t.cell = &cell;
    PM_TRY(pm_queue_pack(item, bytes, &cell));
    const parmap_status status = try_put(&t);
    return may_wait(status) ? keep_trying(&t, status, pm_deadline_in(timeout_s)) : status;
}

parmap_status parmap_queue_put(const parmap_queue *queue, const void *item, size_t bytes,
                               double timeout_s)
{
    pm_queue opened;
    PM_TRY(pm_queue_open(queue ? &queue->handle : NULL, &opened));
    if (bytes > 0 && !item)
        return pm_fail(PARMAP_USAGE, "there is no item to put, but it has %zu bytes", bytes);
    const parmap_status status =
        bytes > PM_QUEUE_INLINE
            ? pm_queue_put_large(&opened, item, bytes, pm_deadline_in(timeout_s))
            : put_small(&opened, item, bytes, timeout_s);
    return status == PARMAP_FULL ? pm_queue_refuse_full(&opened) : status;
}

parmap_status parmap_queue_get(const parmap_queue *queue, void *item, size_t capacity,
                               size_t *bytes, double timeout_s)
{
    pm_queue opened;
    pm_queue_cell cell = {.bytes = 0};
    PM_TRY(pm_queue_open(queue ? &queue->handle : NULL, &opened));
    if (capacity > 0 && !item)
        return pm_fail(PARMAP_USAGE, "there is no buffer for the item, but it has %zu bytes",
                       capacity);
    task t = task_of(&opened, try_get, PM_QUEUE_PUT);
    t.cell = &cell;
    t.capacity = capacity;
    parmap_status status = try_get(&t);
    if (may_wait(status))
        status = keep_trying(&t, status, pm_deadline_in(timeout_s));
    if (bytes && (status == PARMAP_OK || status == PARMAP_USAGE))
        *bytes = cell.bytes;
    if (status == PARMAP_EMPTY)
        return pm_fail(PARMAP_EMPTY, "the queue is empty");
    PM_TRY(status);
    return pm_queue_unpack(&cell, item);
}

/* ---- counting -------------------------------------------------------------------------------- */

/* With the mutex of the get end nothing is got meanwhile, so the size is that of the moment when
 * the tail is looked at. */
parmap_status parmap_queue_size(const parmap_queue *queue, int64_t *size)
{
    pm_queue q;
    uint64_t head = 0, tail = 0;
    PM_TRY(pm_queue_open(queue ? &queue->handle : NULL, &q));
    const pm_mutex mutex = {.ref = q.ref, .at = PM_QUEUE_GET + PM_END_MUTEX};
    PM_TRY(pm_mutex_acquire(mutex, pm_deadline_in(PARMAP_FOREVER), "queue"));
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
    return all && pm_queue_sleepers(done) > 0 ? pm_wake_word(q.ref, PM_QUEUE_DONE, PM_WAKE_ALL)
                                              : PARMAP_OK;
}

parmap_status parmap_queue_join(const parmap_queue *queue, double timeout_s)
{
    const pm_deadline deadline = pm_deadline_in(timeout_s);
    bool over = pm_deadline_over(deadline);
    pm_queue q;
    PM_TRY(pm_queue_open(queue ? &queue->handle : NULL, &q));
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
