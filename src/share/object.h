/* From handles to blocks: what all shared objects begin with. */
#ifndef PM_SHARE_OBJECT_H
#define PM_SHARE_OBJECT_H

#include "heap/heap.h"

/* A kind of object; in the handle and in the block's header. */
#define PM_KIND_LIST(X)                                                                            \
    X(LOCK, "lock")                                                                                \
    X(RLOCK, "recursive lock")                                                                     \
    X(VALUE, "value")                                                                              \
    X(RAW, "item of a queue")                                                                      \
    X(ARRAY, "array")                                                                              \
    X(SEMAPHORE, "semaphore")                                                                      \
    X(CONDITION, "condition")                                                                      \
    X(EVENT, "event")                                                                              \
    X(BARRIER, "barrier")                                                                          \
    X(QUEUE, "queue")                                                                              \
    X(QUEUE_CHUNK, "part of a queue")                                                              \
    X(PROCESS, "process")                                                                          \
    X(PARCEL, "parcel of a pool")                                                                  \
    X(POOL, "pool")

enum {
    PM_KIND_FIRST = 0x706d00, /* "pm": a handle that was never made is unlikely to have it */
#define PM_KIND_MEMBER(name, text) PM_KIND_##name,
    PM_KIND_LIST(PM_KIND_MEMBER)
#undef PM_KIND_MEMBER
};

/* Words that many ranks write lie so many bytes into a block's data, in another cache line than its
 * header: all verbs read that, and a line that is only read stays with everybody. */
enum { PM_OWN_LINE = 48 };

/* The handle's kind is a PM_KIND_ in the low 24 bits and a typecode above. */
static inline uint32_t pm_handle_kind(const parmap_handle *handle)
{
    return handle->kind & 0xffffff;
}

static inline pm_ref pm_handle_ref(const parmap_handle *handle)
{
    return (pm_ref){.rank = handle->rank & PM_MOST_RANKS,
                    .space = (handle->rank >> PM_RANK_BITS) & PM_MOST_SPACES,
                    .generation = handle->generation,
                    .offset = handle->offset};
}

/* Why a handle cannot be used as a `kind`; PARMAP_USAGE. */
parmap_status pm_refuse_handle(const parmap_handle *handle, uint32_t kind);

/* PARMAP_OK, *ref = its block, when the handle is one of this kind; else PARMAP_USAGE.  Whether it
 * was freed is seen by the first verb. */
static inline parmap_status pm_open_handle(const parmap_handle *handle, uint32_t kind, pm_ref *ref)
{
    if (__builtin_expect(!handle || pm_handle_kind(handle) != kind ||
                             handle->generation == PM_ANY_GENERATION,
                         0)) {
        *ref = (pm_ref){0};
        return pm_refuse_handle(handle, kind);
    }
    *ref = pm_handle_ref(handle);
    return PARMAP_OK;
}

/* Makes a block of zeros in this rank's heap, and the handle of it. */
parmap_status pm_create(uint32_t kind, uint32_t extra, uint64_t bytes, parmap_handle *handle,
                        pm_ref *ref);

/* Frees the block and clears the handle. */
parmap_status pm_destroy(parmap_handle *handle, uint32_t kind);

/* For what comes after an operation has taken effect: whoever has seen the effect may have freed
 * the object already, which is no failure. */
static inline parmap_status pm_unless_freed(parmap_status status)
{
    return status == PARMAP_STALE ? PARMAP_OK : status;
}

/* "rank 3 on node1, thread 0": who an executor is.  `text` has PM_WHO_BYTES. */
enum { PM_WHO_BYTES = 96 };
const char *pm_who(pm_executor executor, char text[PM_WHO_BYTES]);

#endif
