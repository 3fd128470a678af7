/* The memory that ranks share, and the ten verbs on it.  One segment per rank; every word is read
 * and written by any rank through these verbs only.
 *
 * Three backends carry them out (window_shm.c, window_rma.c, window_msg.c).  Where a rank can reach
 * the memory itself (shm: all of it; msg: its own segment) the verbs are C11 atomics, inline here.
 *
 * Widths are 1, 2, 4 or 8 bytes; a word is always used with the same width.  Every verb on a word
 * is atomic, and all of them are in one order that all executors see (get and put: element by
 * element, acquire and release).
 *
 * All verbs: Local, any thread.  PARMAP_STALE when the block was freed (rma: in debug builds),
 * PARMAP_USAGE when there is no such memory, PARMAP_SYSTEM when MPI failed or the rank does not
 * answer. */
#ifndef PM_COMM_WINDOW_H
#define PM_COMM_WINDOW_H

#include "comm/collective.h"
#include "comm/executor.h"
#include "comm/topology.h"
#include "comm/world.h"

#include <stdatomic.h>

/* Where a block is.  It travels in the handles of shared objects. */
typedef struct pm_ref {
    uint32_t rank : PM_RANK_BITS;
    uint32_t space : 12; /* 0 = the heap; else a distributed array */
    uint32_t
        generation;  /* the block's own; PM_ANY_GENERATION: not checked, for what is never freed */
    uint64_t offset; /* of the block's data in that rank's segment of the space */
} pm_ref;

enum {
    PM_ANY_GENERATION = 0,
    PM_SPACES = 256,
    PM_MOST_SPACES = PM_SPACES - 1,
    PM_PRIVATE = PM_MOST_SPACES /* a space that is all memory of this process, for itself only */
};

/* In front of a block's data in a heap. */
typedef struct pm_block {
    _Atomic uint64_t life; /* generation in the low half, kind in the high half; 0 = free */
    uint64_t bytes;        /* of the data */
} pm_block;

/* ---- the verbs ------------------------------------------------------------------------------- */

typedef enum pm_word_op { PM_LOAD, PM_STORE, PM_ADD, PM_SWAP, PM_COMPARE_SWAP } pm_word_op;

/* One space as this rank sees it. */
typedef struct pm_memory {
    char **base; /* of each rank's segment; NULL where only the backend reaches it */
    uint32_t ranks;
    uint32_t generation; /* of a distributed array; 0 for the heap and where there is none */
    uint64_t bytes;      /* of every segment */
} pm_memory;

extern __attribute__((visibility("hidden"))) pm_memory pm_spaces[PM_SPACES];

/* The address of ref's data, or NULL where a verb must go to the backend or fails. */
static inline char *pm_direct(pm_ref ref)
{
    if (ref.space >= PM_SPACES)
        return NULL;
    const pm_memory *memory = &pm_spaces[ref.space];
    if (ref.rank >= memory->ranks || ref.offset >= memory->bytes || !memory->base[ref.rank])
        return NULL;
    char *data = memory->base[ref.rank] + ref.offset;
    const uint32_t generation =
        ref.space != 0 ? memory->generation
        : ref.generation == PM_ANY_GENERATION
            ? PM_ANY_GENERATION
            : (uint32_t)atomic_load_explicit(&((pm_block *)(void *)data - 1)->life,
                                             memory_order_relaxed);
    return generation == ref.generation ? data : NULL;
}

/* What the verbs do where memory is at hand: op on the word at `address`; returns its old value. */
uint64_t pm_word_at(void *address, pm_word_op op, int width, uint64_t a, uint64_t b);

/* And where it is not: through the backend, or the reason why not. */
parmap_status pm_word_remote(pm_ref ref, uint64_t at, pm_word_op op, int width, uint64_t a,
                             uint64_t b, uint64_t *old);

static inline parmap_status pm_word(pm_ref ref, uint64_t at, pm_word_op op, int width, uint64_t a,
                                    uint64_t b, uint64_t *old)
{
    char *data = pm_direct(ref);
    if (__builtin_expect(!data, 0))
        return pm_word_remote(ref, at, op, width, a, b, old);
    const bool eight = width == 8;
    _Atomic uint64_t *word = (_Atomic uint64_t *)(void *)(data + at);
    uint64_t before = 0;
    if (eight && op == PM_LOAD)
        before = atomic_load(word);
    else if (eight && op == PM_STORE)
        atomic_store(word, a);
    else if (eight && op == PM_ADD)
        before = atomic_fetch_add(word, a);
    else if (eight && op == PM_SWAP)
        before = atomic_exchange(word, a);
    else if (eight && op == PM_COMPARE_SWAP)
        before = a, atomic_compare_exchange_strong(word, &before, b);
    else
        before = pm_word_at(data + at, op, width, a, b);
    if (old)
        *old = before;
    return PARMAP_OK;
}

/* 64-bit words, at `at` bytes from the start of the block's data. */
static inline parmap_status pm_load(pm_ref ref, uint64_t at, uint64_t *value)
{
    return pm_word(ref, at, PM_LOAD, 8, 0, 0, value);
}

static inline parmap_status pm_store(pm_ref ref, uint64_t at, uint64_t value)
{
    return pm_word(ref, at, PM_STORE, 8, value, 0, NULL);
}

/* *old may be left out (NULL) in these three. */
static inline parmap_status pm_add(pm_ref ref, uint64_t at, uint64_t delta, uint64_t *old)
{
    return pm_word(ref, at, PM_ADD, 8, delta, 0, old);
}

static inline parmap_status pm_swap(pm_ref ref, uint64_t at, uint64_t value, uint64_t *old)
{
    return pm_word(ref, at, PM_SWAP, 8, value, 0, old);
}

/* Stores `desired` if the word is `expected`: then *old == expected. */
static inline parmap_status pm_compare_swap(pm_ref ref, uint64_t at, uint64_t expected,
                                            uint64_t desired, uint64_t *old)
{
    return pm_word(ref, at, PM_COMPARE_SWAP, 8, expected, desired, old);
}

/* `bytes` (a multiple of width) from or to the block, each element of `width` bytes untorn. */
parmap_status pm_get(pm_ref ref, uint64_t at, int width, void *data, size_t bytes);
parmap_status pm_put(pm_ref ref, uint64_t at, int width, const void *data, size_t bytes);

/* Waits while the low half of a 64-bit word is `expected`, until a wake or `seconds` (at most a
 * second or so) are over; it may also return for no reason: look at the word again.  In FIFO order,
 * nearly. *timed_out = false when there was a wake or the word was another one. */
parmap_status pm_wait_word(pm_ref ref, uint64_t at, uint32_t expected, double seconds,
                           bool *timed_out);

/* Wakes up to `count` executors that wait at the word.  The word was changed before. */
parmap_status pm_wake_word(pm_ref ref, uint64_t at, int count);

enum { PM_WAKE_ALL = 0x7fffffff };

/* In words: PARMAP_STALE; and that there is no window, PARMAP_USAGE or after the job PARMAP_CLOSED.
 */
parmap_status pm_refuse_stale(void);
parmap_status pm_refuse_closed(void);

/* Whether polling a word of ref for a moment before waiting is worth it: it is memory of this node,
 * and there are no more executors at work than cores. */
bool pm_spinning_pays(pm_ref ref);

/* Local.  Memory of this process as a block: the verbs work on it, also between its threads, but
 * for no other rank. */
pm_ref pm_private_ref(const void *memory);

/* Local.  Whether ranks reach each other's memory by messages and MPI only. */
bool pm_window_is_remote(void);

/* Local.  Whether `bytes` at `memory` lie in this rank's segment of the heap or of a distributed
 * array, and every rank can reach them directly.  *ref then names them, whatever block they are of;
 * no bytes lie anywhere. */
bool pm_window_find(const void *memory, uint64_t bytes, pm_ref *ref);

/* ---- opening and closing --------------------------------------------------------------------- */

/* Each rank's segment begins with what every rank needs of it; its heap follows. */
enum {
    PM_HEAD_RETURNED = 0, /* word: newest block that another rank freed (its offset), 0 = none */
    PM_HEAD_TEST = 64,    /* word: of the self-test */
    PM_SLOTS = 4096,      /* one slot for each executor of the rank */
    PM_SLOT_BYTES = 64,
    PM_HEAP_BEGIN = PM_SLOTS + PM_EXECUTORS * PM_SLOT_BYTES
};

static inline pm_ref pm_head_ref(uint32_t rank)
{
    return (pm_ref){.rank = rank & PM_MOST_RANKS, .generation = PM_ANY_GENERATION, .offset = 0};
}

static inline pm_ref pm_slot_ref(pm_executor executor)
{
    return (pm_ref){.rank = pm_executor_rank(executor) & PM_MOST_RANKS,
                    .generation = PM_ANY_GENERATION,
                    .offset = PM_SLOTS + PM_SLOT_BYTES * (uint64_t)pm_executor_number(executor)};
}

/* What a rank asks for; rank 0's counts. */
typedef struct pm_window_wish {
    int64_t bytes;   /* per rank */
    char backend[8]; /* shm, rma, msg; "" = the best that works here */
} pm_window_wish;

/* Local.  From the environment: PARMAP_HEAP and PARMAP_WINDOW.  PARMAP_USAGE. */
parmap_status pm_window_read_wish(pm_window_wish *wish);

/* Collective.  Opens space 0, all zero.  All ranks return the same status.  `owns_mpi`: every MPI
 * call of the process is made here, so a thread of ours may make some. */
parmap_status pm_window_open(const pm_world *world, const pm_topology *topology,
                             const pm_host *hosts, bool owns_mpi, const pm_window_wish *wish);

/* Collective, after the last use by any rank but waits, which end with PARMAP_CLOSED. */
parmap_status pm_window_close(void);

/* Local.  From now on waits end with PARMAP_CLOSED, in all threads of this rank. */
void pm_window_begin_closing(void);
bool pm_window_closing(void);

/* Local.  Whether a thread of this rank waits for another rank's answer, or has just asked. */
bool pm_window_busy(void);

/* What collectives do between two tests: serve other ranks, look whether they live. */
const pm_idle *pm_window_idle(void);

/* Local.  "shm" ...; "" when there is no window. */
const char *pm_window_name(void);

/* Local.  Makes sure that bytes first .. first + bytes - 1 of this rank's segment of the heap have
 * memory behind them.  PARMAP_NO_MEMORY with the system's reason. */
parmap_status pm_window_reserve(uint64_t first, uint64_t bytes);

/* Collective.  A space of `bytes` on each rank, all zero; *space = its number, the same everywhere,
 * and *generation.  PARMAP_NO_MEMORY. */
parmap_status pm_space_open(uint64_t bytes, uint32_t *space, uint32_t *generation);

/* Collective. */
parmap_status pm_space_close(uint32_t space);

/* Collective.  pm_barrier, after which plain memory of pm_space_own and the verbs agree. */
parmap_status pm_window_meet(void);

/* Local.  This rank's segment of a space as plain memory. */
void *pm_space_own(uint32_t space);

/* Local.  The name of the node of a rank. */
const char *pm_window_node(uint32_t rank);

#endif
