/* Queues as users see them: putting and getting with patience. */
#include "share/queue.h"

#include "comm/pause.h"

#include <inttypes.h>

/* Executors that may sleep on one word; its counter has room for twice as many. */
enum { MOST_SLEEPERS = 1 << 15 };

/* Spinning lasts as long as it takes to wake somebody on a core that sleeps. */
static const double spin_s = 20e-6, look_s = 100e-9, at_once_s = 400e-9, first_pause_s = 300e-9;

enum { PAUSES = 3, MOST_AWAITED = 32 /* items */ };

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

static void pause_until(double time)
{
    while (pm_now() < time)
        pm_relax();
}

static bool has_changed(const task *t, uint64_t word)
{
    return (uint32_t)word != (uint32_t)t->word;
}

/* The other side is busy: it gets a little time for some more, and again while it uses it.  To go
 * on item by item would take two transfers of cache lines between cores for each, which is a
 * multiple of what a put costs. */
static parmap_status let_some_come(const task *t, uint64_t *word)
{
    const uint64_t limit = t->queue->limit;
    const uint64_t enough = limit > 0 && limit < 2 * MOST_AWAITED ? (limit + 1) / 2 : MOST_AWAITED;
    double pause_s = first_pause_s;
    for (int i = 0; i < PAUSES; i++, pause_s *= 2) {
        const uint64_t before = *word;
        pause_until(pm_now() + pause_s);
        PM_TRY(pm_load(t->queue->ref, t->at, word));
        if (*word == before || pm_queue_count(*word) >= pm_queue_count(t->word) + enough)
            break;
    }
    return PARMAP_OK;
}

/* Looks at the word from time to time; not all the time, since each look takes the line away from
 * the one that is waited for. */
static parmap_status spin(const task *t, uint64_t *word)
{
    const double began = pm_now();
    double now = began;
    while (!has_changed(t, *word) && now < began + spin_s) {
        pause_until(now + look_s);
        PM_TRY(pm_load(t->queue->ref, t->at, word));
        now = pm_now();
    }
    return has_changed(t, *word) && now < began + at_once_s ? let_some_come(t, word) : PARMAP_OK;
}

/* Until there may be a chance again.  *slept = a wake may have been meant for the caller. */
static parmap_status await_chance(const task *t, pm_deadline deadline, bool *slept)
{
    uint64_t word = t->word;
    if (pm_spinning_pays(t->queue->ref))
        PM_TRY(spin(t, &word));
    if (has_changed(t, word))
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
    const parmap_status passed =
        slept && status != PARMAP_CLOSED ? pm_unless_freed(pass_on(t)) : PARMAP_OK;
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
    PM_TRY(pm_check_cancelled());
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
    PM_TRY(pm_check_cancelled());
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
