/* The two ends of a queue, each under its mutex.
 *
 * Verbs of a put: acquire, get the end, put the cell, add to the tail, release: 5.  Of a get:
 * acquire, get the end, get the cell, add to the head, release: 5.  One more when the other end
 * seems to have run out and is looked at, two when that pays to be remembered; some 5 more at each
 * side for a new chunk; two where somebody sleeps and has to be woken.  A large item takes one for
 * its words and those of the heap. */
#include "share/queue.h"

#include "share/mutex.h"

#include <inttypes.h>
#include <string.h>

enum { CHUNK_CELLS = 128, CHUNK_NEXT = 0, CHUNK_FIRST = 48 };

/* What of an end is read at once; it lies there in this order. */
typedef struct end_state {
    uint64_t seen;
    pm_ref chunk; /* of the item that was put or got last */
    uint64_t word;
} end_state;

_Static_assert(sizeof(end_state) == PM_END_WORD + 8 - PM_END_SEEN, "it lies in memory as it is");

static pm_mutex mutex_of(const pm_queue *queue, uint64_t end)
{
    return (pm_mutex){.ref = queue->ref, .at = end + PM_END_MUTEX};
}

static parmap_status read_end(const pm_queue *queue, uint64_t end, end_state *state)
{
    return pm_get(queue->ref, end + PM_END_SEEN, 8, state, sizeof *state);
}

static uint64_t chunk_bytes(const pm_queue *queue)
{
    return CHUNK_FIRST + queue->cells * sizeof(pm_queue_cell);
}

/* Where item number `count` lies in its chunk. */
static uint64_t cell_at(const pm_queue *queue, uint64_t count)
{
    return CHUNK_FIRST + (count & (queue->cells - 1)) * sizeof(pm_queue_cell);
}

/* Whether it is the first of a chunk that the list has behind another one. */
static bool begins_chunk(const pm_queue *queue, uint64_t count)
{
    return !queue->ring && count > 0 && (count & (queue->cells - 1)) == 0;
}

static parmap_status set_chunk(const pm_queue *queue, uint64_t end, pm_ref chunk)
{
    return pm_put(queue->ref, end + PM_END_CHUNK, 8, &chunk, sizeof chunk);
}

parmap_status pm_queue_open(const parmap_handle *handle, pm_queue *queue)
{
    PM_TRY(pm_open_handle(handle, PM_KIND_QUEUE, &queue->ref));
    queue->limit = handle->extra;
    queue->ring = queue->limit > 0 && queue->limit <= CHUNK_CELLS;
    queue->cells = !queue->ring        ? CHUNK_CELLS
                   : queue->limit == 1 ? 1
                                       : UINT64_C(1) << (64 - __builtin_clzll(queue->limit - 1));
    return PARMAP_OK;
}

parmap_status pm_queue_begin(const pm_queue *queue)
{
    pm_ref chunk;
    PM_TRY(pm_heap_alloc_unset(chunk_bytes(queue), PM_KIND_QUEUE_CHUNK, &chunk));
    PM_TRY(set_chunk(queue, PM_QUEUE_PUT, chunk));
    return set_chunk(queue, PM_QUEUE_GET, chunk);
}

parmap_status pm_queue_end(const pm_queue *queue)
{
    end_state state;
    PM_TRY(read_end(queue, PM_QUEUE_GET, &state));
    return pm_heap_free(state.chunk, PM_KIND_QUEUE_CHUNK);
}

/* A line that is written soon, or read, is fetched meanwhile; it may be another core's. */
static inline void fetch_to_write(pm_ref ref, uint64_t at)
{
    char *data = pm_direct(ref);
    if (data)
        __builtin_prefetch(data + at, 1);
}

static inline void fetch_to_read(pm_ref ref, uint64_t at)
{
    char *data = pm_direct(ref);
    if (data)
        __builtin_prefetch(data + at, 0);
}

/* ---- looking and waking ------------------------------------------------------------------------
 *
 * Who publishes something for sleepers (an item, room) wakes one only if everything published
 * before it was used up already: a queue that fills while the first of its sleepers is on its way
 * to a core costs no more system calls.  So who has slept looks, when it has got its share or gives
 * up, whether there is more, and wakes the next one: pass_on in queue.c.  The order of the two
 * loads in each function below makes sure that one of the two sees the other. */

parmap_status pm_queue_has_item(const pm_queue *queue, uint64_t *tail, bool *item)
{
    uint64_t head;
    PM_TRY(pm_load(queue->ref, PM_QUEUE_GET + PM_END_WORD, &head));
    PM_TRY(pm_load(queue->ref, PM_QUEUE_PUT + PM_END_WORD, tail));
    *item = pm_queue_count(*tail) > pm_queue_count(head);
    return PARMAP_OK;
}

parmap_status pm_queue_has_room(const pm_queue *queue, uint64_t *head, bool *room)
{
    uint64_t tail;
    PM_TRY(pm_load(queue->ref, PM_QUEUE_PUT + PM_END_WORD, &tail));
    PM_TRY(pm_load(queue->ref, PM_QUEUE_GET + PM_END_WORD, head));
    *room = queue->limit == 0 || pm_queue_count(tail) < pm_queue_count(*head) + queue->limit;
    return PARMAP_OK;
}

/* `before` = the tail before the caller put its item. */
static parmap_status wake_getter(const pm_queue *queue, uint64_t before)
{
    uint64_t head;
    if (pm_queue_sleepers(before) == 0)
        return PARMAP_OK;
    PM_TRY(pm_load(queue->ref, PM_QUEUE_GET + PM_END_WORD, &head));
    if (pm_queue_count(head) < pm_queue_count(before))
        return PARMAP_OK;
    return pm_wake_word(queue->ref, PM_QUEUE_PUT + PM_END_WORD, 1);
}

/* `before` = the head before the caller got its item. */
static parmap_status wake_putter(const pm_queue *queue, uint64_t before)
{
    uint64_t tail;
    if (pm_queue_sleepers(before) == 0)
        return PARMAP_OK;
    PM_TRY(pm_load(queue->ref, PM_QUEUE_PUT + PM_END_WORD, &tail));
    if (pm_queue_count(tail) < pm_queue_count(before) + queue->limit)
        return PARMAP_OK;
    return pm_wake_word(queue->ref, PM_QUEUE_GET + PM_END_WORD, 1);
}

/* ---- putting --------------------------------------------------------------------------------- */

/* Looks at the head when the queue seems full. */
static parmap_status find_room(const pm_queue *queue, end_state *end, uint64_t *head)
{
    const uint64_t tail = pm_queue_count(end->word);
    if (queue->limit == 0 || tail < pm_queue_count(end->seen) + queue->limit)
        return PARMAP_OK;
    PM_TRY(pm_load(queue->ref, PM_QUEUE_GET + PM_END_WORD, head));
    const uint64_t room = pm_queue_count(*head) + queue->limit - tail;
    if (room == 0)
        return PARMAP_FULL;
    return room > 1 ? pm_store(queue->ref, PM_QUEUE_PUT + PM_END_SEEN, *head) : PARMAP_OK;
}

static size_t bytes_in_use(const pm_queue_cell *cell)
{
    return cell->bytes > PM_QUEUE_INLINE ? 32 : 8 + (cell->bytes + 7) / 8 * 8;
}

/* Behind the last chunk, which is linked to the new one before the item can be seen. */
static parmap_status put_in_new_chunk(const pm_queue *queue, const end_state *end,
                                      const pm_queue_cell *cell)
{
    pm_ref chunk;
    PM_TRY(pm_heap_alloc_unset(chunk_bytes(queue), PM_KIND_QUEUE_CHUNK, &chunk));
    PM_TRY(pm_put(chunk, CHUNK_FIRST, 8, cell, bytes_in_use(cell)));
    PM_TRY(pm_put(end->chunk, CHUNK_NEXT, 8, &chunk, sizeof chunk));
    return set_chunk(queue, PM_QUEUE_PUT, chunk);
}

static parmap_status put_locked(const pm_queue *queue, const pm_queue_cell *cell, uint64_t *head,
                                uint64_t *before)
{
    end_state end;
    PM_TRY(read_end(queue, PM_QUEUE_PUT, &end));
    if (end.word & PM_QUEUE_CLOSED)
        return pm_fail(PARMAP_CLOSED, "the queue was closed; nothing can be put any more");
    PM_TRY(find_room(queue, &end, head));
    const uint64_t tail = pm_queue_count(end.word);
    PM_TRY(begins_chunk(queue, tail)
               ? put_in_new_chunk(queue, &end, cell)
               : pm_put(end.chunk, cell_at(queue, tail), 8, cell, bytes_in_use(cell)));
    if (!begins_chunk(queue, tail + 1))
        fetch_to_write(end.chunk, cell_at(queue, tail + 1));
    return pm_add(queue->ref, PM_QUEUE_PUT + PM_END_WORD, PM_QUEUE_ONE, before);
}

parmap_status pm_queue_try_put(const pm_queue *queue, const pm_queue_cell *cell, uint64_t *head)
{
    const pm_mutex mutex = mutex_of(queue, PM_QUEUE_PUT);
    uint64_t before = 0;
    fetch_to_write(queue->ref, PM_QUEUE_PUT + PM_END_WORD);
    PM_TRY(pm_mutex_acquire(mutex, pm_never, "queue"));
    const parmap_status status = put_locked(queue, cell, head, &before);
    const parmap_status released = pm_mutex_release(mutex, "queue");
    PM_TRY(status);
    PM_TRY(pm_unless_freed(released));
    return pm_unless_freed(wake_getter(queue, before));
}

/* ---- getting --------------------------------------------------------------------------------- */

/* Looks at the tail when the queue seems empty. */
static parmap_status find_item(const pm_queue *queue, end_state *end, uint64_t *tail)
{
    const uint64_t head = pm_queue_count(end->word);
    if (head < pm_queue_count(end->seen))
        return PARMAP_OK;
    PM_TRY(pm_load(queue->ref, PM_QUEUE_PUT + PM_END_WORD, tail));
    const uint64_t items = pm_queue_count(*tail) - head;
    if (items == 0 && *tail & PM_QUEUE_CLOSED)
        return pm_fail(PARMAP_CLOSED, "the queue was closed, and everything in it was got");
    if (items == 0)
        return PARMAP_EMPTY;
    return items > 1 ? pm_store(queue->ref, PM_QUEUE_GET + PM_END_SEEN, *tail) : PARMAP_OK;
}

static parmap_status get_locked(const pm_queue *queue, size_t capacity, pm_queue_cell *cell,
                                uint64_t *tail, uint64_t *before)
{
    end_state end;
    PM_TRY(read_end(queue, PM_QUEUE_GET, &end));
    PM_TRY(find_item(queue, &end, tail));
    const uint64_t head = pm_queue_count(end.word);
    const bool next = begins_chunk(queue, head);
    pm_ref chunk = end.chunk;
    if (next)
        PM_TRY(pm_get(end.chunk, CHUNK_NEXT, 8, &chunk, sizeof chunk));
    PM_TRY(pm_get(chunk, cell_at(queue, head), 8, cell, sizeof *cell));
    if (cell->bytes > capacity)
        return pm_fail(PARMAP_USAGE,
                       "the item has %" PRIu64
                       " bytes and the buffer room for %zu; the item stays, "
                       "come back with a larger buffer",
                       cell->bytes, capacity);
    if (next) {
        PM_TRY(set_chunk(queue, PM_QUEUE_GET, chunk));
        PM_TRY(pm_heap_free(end.chunk, PM_KIND_QUEUE_CHUNK));
    }
    if (head + 1 < pm_queue_count(end.seen) && !begins_chunk(queue, head + 1))
        fetch_to_read(chunk, cell_at(queue, head + 1));
    return pm_add(queue->ref, PM_QUEUE_GET + PM_END_WORD, PM_QUEUE_ONE, before);
}

parmap_status pm_queue_try_get(const pm_queue *queue, size_t capacity, pm_queue_cell *cell,
                               uint64_t *tail)
{
    const pm_mutex mutex = mutex_of(queue, PM_QUEUE_GET);
    uint64_t before = 0;
    PM_TRY(pm_mutex_acquire(mutex, pm_never, "queue"));
    const parmap_status status = get_locked(queue, capacity, cell, tail, &before);
    const parmap_status released = pm_mutex_release(mutex, "queue");
    PM_TRY(status);
    PM_TRY(pm_unless_freed(released));
    return pm_unless_freed(wake_putter(queue, before));
}

/* ---- closing --------------------------------------------------------------------------------- */

/* Under the mutex of the put end, so that no put is under way: who sees the tail closed sees all
 * items. */
static parmap_status close_locked(const pm_queue *queue)
{
    uint64_t tail;
    PM_TRY(pm_load(queue->ref, PM_QUEUE_PUT + PM_END_WORD, &tail));
    if (tail & PM_QUEUE_CLOSED)
        return PARMAP_OK;
    PM_TRY(pm_add(queue->ref, PM_QUEUE_PUT + PM_END_WORD, PM_QUEUE_CLOSED, NULL));
    return pm_add(queue->ref, PM_QUEUE_GET + PM_END_WORD, PM_QUEUE_CLOSED, NULL);
}

parmap_status pm_queue_close(const pm_queue *queue)
{
    const pm_mutex mutex = mutex_of(queue, PM_QUEUE_PUT);
    PM_TRY(pm_mutex_acquire(mutex, pm_never, "queue"));
    const parmap_status status = close_locked(queue);
    const parmap_status released = pm_mutex_release(mutex, "queue");
    PM_TRY(status);
    PM_TRY(released);
    PM_TRY(pm_wake_word(queue->ref, PM_QUEUE_PUT + PM_END_WORD, PM_WAKE_ALL));
    return pm_wake_word(queue->ref, PM_QUEUE_GET + PM_END_WORD, PM_WAKE_ALL);
}

/* ---- items ----------------------------------------------------------------------------------- */

parmap_status pm_queue_pack(const void *item, size_t bytes, pm_queue_cell *cell)
{
    const size_t rest = bytes % 8, whole = bytes - rest;
    cell->bytes = bytes;
    if (bytes <= PM_QUEUE_INLINE) {
        memset(cell->item + whole, 0, 8); /* whole words are put */
        if (bytes > 0)
            memcpy(cell->item, item, bytes);
        return PARMAP_OK;
    }
    cell->large.rest = 0;
    memcpy(&cell->large.rest, (const char *)item + whole, rest);
    PM_TRY(pm_heap_alloc_unset(whole, PM_KIND_RAW, &cell->large.block));
    return pm_put(cell->large.block, 0, 8, item, whole);
}

parmap_status pm_queue_unpack(const pm_queue_cell *cell, void *item)
{
    const size_t rest = cell->bytes % 8, whole = cell->bytes - rest;
    if (cell->bytes <= PM_QUEUE_INLINE) {
        if (item && cell->bytes > 0)
            memcpy(item, cell->item, cell->bytes);
        return PARMAP_OK;
    }
    if (item) {
        PM_TRY(pm_get(cell->large.block, 0, 8, item, whole));
        memcpy((char *)item + whole, &cell->large.rest, rest);
    }
    return pm_heap_free(cell->large.block, PM_KIND_RAW);
}
