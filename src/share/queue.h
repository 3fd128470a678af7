/* Queues, as pipes and parmap_wait see them, and what the three files of the queue share.
 *
 *   block:   | ends 8 | unused 40 | put end 128 | unused 64 | get end 128 | unused 64 | done 8 |
 *   an end:  | mutex 8 | unused 32 | seen 8 | chunk 16 |   word 8, unused 56 |   two cache lines
 *   chunk:   | next 16 | unused 32 | cells, 64 bytes each ...                |
 *   cell:    | bytes of the item 8 | the item, up to 48 bytes | unused 8     |
 *         or | bytes of the item 8 | its block 16 | its last bytes, up to 7  |
 *
 * The word of the put end (tail) counts the items that were ever put, that of the get end (head)
 * those that were ever got, `done` those that were dealt with.  Each also counts the executors that
 * sleep on it: who waits for an item sleeps on the tail, who waits for room on the head, who waits
 * for the work to be done on `done`.
 *
 *   bit   63 .. 48    47 .. 1    0
 *         sleepers    count      closed
 *
 * Those that put exclude each other by the mutex of their end, and so do those that get.  `seen` is
 * the other end's word as it was when last looked at: so the two sides share a cache line only when
 * the queue seems full or empty, besides those of the items.  Processors fetch cache lines in
 * pairs; the unused ones keep the two ends apart.
 *
 * Item n lies in cell n mod C of a chunk.  A queue of up to C items has one chunk for ever.  Others
 * have a list of chunks: who puts the first item of a chunk makes it, in its own heap; who gets
 * that item frees the chunk before. */
#ifndef PM_SHARE_QUEUE_H
#define PM_SHARE_QUEUE_H

#include "share/block.h"
#include "share/object.h"

enum {
    PM_QUEUE_ENDS = 0, /* pm_queue_marks */
    PM_QUEUE_PUT = 48,
    PM_QUEUE_GET = 240,
    PM_QUEUE_DONE = 432,
    PM_QUEUE_BYTES = 440,

    PM_END_MUTEX = 0, /* bytes from the start of an end */
    PM_END_SEEN = 40,
    PM_END_CHUNK = 48,
    PM_END_WORD = 64,

    PM_QUEUE_INLINE = 48 /* bytes of an item that needs no block of its own */
};

/* Bits of the word `ends`; those of the sides are set by pipes. */
typedef enum pm_queue_marks {
    PM_QUEUE_DESTROYED = 1,
    PM_SENDER_CLOSED = 2,
    PM_RECEIVER_CLOSED = 4,
    PM_SENDER_GONE = 8, /* it does nothing more with the queue */
    PM_RECEIVER_GONE = 16
} pm_queue_marks;

#define PM_QUEUE_CLOSED UINT64_C(1)
#define PM_QUEUE_ONE UINT64_C(2) /* item */
#define PM_QUEUE_SLEEPER (UINT64_C(1) << 48)

static inline uint64_t pm_queue_count(uint64_t word)
{
    return (word & (PM_QUEUE_SLEEPER - 1)) >> 1;
}

static inline uint64_t pm_queue_sleepers(uint64_t word)
{
    return word >> 48;
}

typedef struct pm_queue {
    pm_ref ref;
    uint64_t limit; /* items; 0 = none */
    uint64_t cells; /* of a chunk; a power of two */
    bool ring;      /* there is only one chunk */
} pm_queue;

/* An item on its way. */
typedef struct pm_queue_cell {
    uint64_t bytes;
    union {
        char item[56];
        struct {
            pm_ref block; /* the whole words of the item, in the heap of the rank that put it */
            uint64_t rest;
        } large;
    };
} pm_queue_cell;

_Static_assert(sizeof(pm_queue_cell) == 64, "it lies in memory as it is");

parmap_status pm_queue_open(const parmap_handle *handle, pm_queue *queue);

/* ---- queue_ends.c: one try, which waits for nothing but the mutex of an end ------------------ */

/* Makes the first chunk; frees the last, of a queue that was drained. */
parmap_status pm_queue_begin(const pm_queue *queue);
parmap_status pm_queue_end(const pm_queue *queue);

/* PARMAP_FULL, without a message, when there is no room; *head is the word to wait on then. */
parmap_status pm_queue_try_put(const pm_queue *queue, const pm_queue_cell *cell, uint64_t *head);

/* PARMAP_EMPTY, without a message, when there is no item; *tail is the word to wait on then.
 * PARMAP_USAGE when the item has more than `capacity` bytes; cell->bytes says how many. */
parmap_status pm_queue_try_get(const pm_queue *queue, size_t capacity, pm_queue_cell *cell,
                               uint64_t *tail);

/* Exact at one moment. */
parmap_status pm_queue_has_room(const pm_queue *queue, uint64_t *head, bool *room);
parmap_status pm_queue_has_item(const pm_queue *queue, uint64_t *tail, bool *item);

/* No more puts; all that sleep wake. */
parmap_status pm_queue_close(const pm_queue *queue);

/* Between an item and its cell.  Unpacking frees the block, if there is one; NULL: the item is not
 * wanted. */
parmap_status pm_queue_pack(const void *item, size_t bytes, pm_queue_cell *cell);
parmap_status pm_queue_unpack(const pm_queue_cell *cell, void *item);

/* ---- queue.c --------------------------------------------------------------------------------- */

/* Throws away what is in a closed queue. */
parmap_status pm_queue_drain(const pm_queue *queue);

/* Closed, drained and freed.  PARMAP_STALE when somebody does so already. */
parmap_status pm_queue_destroy(parmap_handle *handle);

/* Sets a bit of the word `ends`.  *before = what it was. */
parmap_status pm_queue_mark(const pm_queue *queue, pm_queue_marks mark, uint64_t *before);

/* Waits until a get would not wait: there is an item, or the queue is closed.  PARMAP_EMPTY,
 * without a message, when the time is over. */
parmap_status pm_queue_await(const pm_queue *queue, double timeout_s);

/* An item of more than PM_QUEUE_INLINE bytes, which is copied into the heap when there is room in
 * the queue.  PARMAP_FULL, without a message, when the time is over; the next one makes it. */
parmap_status pm_queue_put_large(const pm_queue *queue, const void *item, size_t bytes,
                                 pm_deadline deadline);
parmap_status pm_queue_refuse_full(const pm_queue *queue);

/* Sleeps while the low half of the word at `at` is that of `seen`, counted among its sleepers.  As
 * pm_block_on. */
parmap_status pm_queue_sleep(const pm_queue *queue, uint64_t at, uint64_t seen,
                             pm_deadline deadline);

#endif
