/* Allocation in this rank's segment, and freeing in anybody's. */
#include "heap/heap.h"

#include "heap/ranges.h"

#include <pthread.h>
#include <string.h>

enum {
    HEADER = sizeof(pm_block),
    LIFE = 0, /* of the header's words */
    BYTES = 8,
    LINE = 64,
    STEP = 1 << 20, /* memory is reserved in steps of this */
    KINDS = 256
};

static struct {
    pthread_mutex_t mutex; /* of the rest */
    pm_ranges ranges;
    uint64_t reserved;   /* end of what has memory behind it */
    uint32_t generation; /* of the last block */
    int64_t live[KINDS];
} heap = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static uint32_t own_rank(void)
{
    return pm_executor_rank(pm_executor_self());
}

static uint64_t life_of(uint32_t generation, uint32_t kind)
{
    return (uint64_t)kind << 32 | generation;
}

/* Its header, which is never stale. */
static pm_ref header_of(pm_ref ref)
{
    return (pm_ref){
        .rank = ref.rank, .generation = PM_ANY_GENERATION, .offset = ref.offset - HEADER};
}

static pm_ref data_of(pm_ref ref)
{
    return (pm_ref){.rank = ref.rank, .generation = PM_ANY_GENERATION, .offset = ref.offset};
}

static uint64_t whole(uint64_t bytes)
{
    return (bytes + HEADER + LINE - 1) / LINE * LINE;
}

void pm_heap_open(void)
{
    pm_ranges_open(&heap.ranges, PM_HEAP_BEGIN, pm_spaces[0].bytes);
    heap.reserved = PM_HEAP_BEGIN;
    memset(heap.live, 0, sizeof heap.live);
}

void pm_heap_close(void)
{
    pm_ranges_close(&heap.ranges);
}

/* ---- with the mutex held --------------------------------------------------------------------- */

/* The memory of a block whose life has ended. */
static parmap_status take_back(pm_ref ref, uint32_t kind)
{
    uint64_t bytes;
    PM_TRY(pm_load(header_of(ref), BYTES, &bytes));
    heap.live[kind % KINDS]--;
    return pm_ranges_give(&heap.ranges, ref.offset - HEADER, whole(bytes));
}

/* What other ranks have freed.  The stack is only ever emptied as a whole, so it has no ABA. */
static parmap_status take_back_returned(uint32_t rank)
{
    uint64_t offset;
    PM_TRY(pm_load(pm_head_ref(rank), PM_HEAD_RETURNED, &offset));
    if (offset == 0)
        return PARMAP_OK;
    PM_TRY(pm_swap(pm_head_ref(rank), PM_HEAD_RETURNED, 0, &offset));
    while (offset != 0) {
        const pm_ref ref = {.rank = rank & PM_MOST_RANKS, .offset = offset};
        uint64_t link[2]; /* the next one, and the kind: see give_to_owner */
        PM_TRY(pm_get(data_of(ref), 0, 8, link, sizeof link));
        PM_TRY(take_back(ref, (uint32_t)link[1]));
        offset = link[0];
    }
    return PARMAP_OK;
}

/* Memory behind everything up to `end`. */
static parmap_status reserve(uint64_t end)
{
    if (end <= heap.reserved)
        return PARMAP_OK;
    uint64_t to = (end + STEP - 1) / STEP * STEP;
    to = to < pm_spaces[0].bytes ? to : pm_spaces[0].bytes;
    PM_TRY(pm_window_reserve(heap.reserved, to - heap.reserved));
    heap.reserved = to;
    return PARMAP_OK;
}

static parmap_status refuse(uint64_t bytes)
{
    const uint64_t size = (pm_spaces[0].bytes - PM_HEAP_BEGIN) >> 20;
    const uint64_t more = (bytes >> 20) + 1;
    return pm_fail(
        PARMAP_NO_MEMORY,
        "the heap of rank %u (%llu MiB) has no room for %llu bytes; free shared objects, "
        "or set PARMAP_HEAP=%lluM",
        own_rank(), (unsigned long long)size, (unsigned long long)bytes,
        (unsigned long long)(2 * (size > more ? size : more)));
}

static parmap_status allocate(uint64_t bytes, uint32_t kind, pm_ref *ref)
{
    uint64_t begin;
    PM_TRY(take_back_returned(ref->rank));
    if (bytes > pm_spaces[0].bytes || !pm_ranges_take(&heap.ranges, whole(bytes), &begin))
        return refuse(bytes);
    const parmap_status status = reserve(begin + whole(bytes));
    if (status != PARMAP_OK) {
        pm_ranges_give(&heap.ranges, begin, whole(bytes));
        return status;
    }
    if (++heap.generation == PM_ANY_GENERATION)
        heap.generation++;
    heap.live[kind % KINDS]++;
    ref->offset = begin + HEADER;
    ref->generation = heap.generation;
    return PARMAP_OK;
}

/* ---- for everybody --------------------------------------------------------------------------- */

static parmap_status clear(pm_ref ref, uint64_t bytes)
{
    static const char zeros[4096];
    bytes = (bytes + 7) / 8 * 8; /* a block's end is padding */
    for (uint64_t at = 0; at < bytes; at += sizeof zeros) {
        const size_t piece = bytes - at < sizeof zeros ? (size_t)(bytes - at) : sizeof zeros;
        PM_TRY(pm_put(data_of(ref), at, 8, zeros, piece));
    }
    return PARMAP_OK;
}

parmap_status pm_heap_alloc_unset(uint64_t bytes, uint32_t kind, pm_ref *ref)
{
    if (pm_spaces[0].ranks == 0)
        return pm_refuse_closed();
    const pm_executor self = pm_executor_self();
    if (self == 0)
        return PARMAP_SYSTEM;
    bytes = bytes < LINE - HEADER ? LINE - HEADER : bytes;
    *ref = (pm_ref){.rank = pm_executor_rank(self) & PM_MOST_RANKS};
    pthread_mutex_lock(&heap.mutex);
    const parmap_status status = allocate(bytes, kind, ref);
    pthread_mutex_unlock(&heap.mutex);
    PM_TRY(status);
    const uint64_t header[] = {life_of(ref->generation, kind), bytes};
    return pm_put(header_of(*ref), 0, 8, header, sizeof header);
}

parmap_status pm_heap_alloc(uint64_t bytes, uint32_t kind, pm_ref *ref)
{
    PM_TRY(pm_heap_alloc_unset(bytes, kind, ref));
    return clear(*ref, bytes);
}

/* Onto the owner's stack; the links lie in the dead blocks. */
static parmap_status give_to_owner(pm_ref ref, uint32_t kind)
{
    uint64_t first, seen;
    PM_TRY(pm_load(pm_head_ref(ref.rank), PM_HEAD_RETURNED, &seen));
    do {
        first = seen;
        const uint64_t link[] = {first, kind};
        PM_TRY(pm_put(data_of(ref), 0, 8, link, sizeof link));
        PM_TRY(pm_compare_swap(pm_head_ref(ref.rank), PM_HEAD_RETURNED, first, ref.offset, &seen));
    } while (seen != first);
    return PARMAP_OK;
}

parmap_status pm_heap_free(pm_ref ref, uint32_t kind)
{
    uint64_t life;
    PM_TRY(pm_compare_swap(header_of(ref), LIFE, life_of(ref.generation, kind), 0, &life));
    if (life != life_of(ref.generation, kind))
        return pm_refuse_stale();
    if (ref.rank != own_rank())
        return give_to_owner(ref, kind);
    pthread_mutex_lock(&heap.mutex);
    const parmap_status status = take_back(ref, kind);
    pthread_mutex_unlock(&heap.mutex);
    return status;
}

int64_t pm_heap_live(uint32_t kind)
{
    pthread_mutex_lock(&heap.mutex);
    take_back_returned(own_rank());
    const int64_t live = heap.live[kind % KINDS];
    pthread_mutex_unlock(&heap.mutex);
    return live;
}
