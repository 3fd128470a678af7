/* Handles that are wrong in words, and making and freeing blocks. */
#include "share/object.h"

#include <stdio.h>

static const char *kind_text(uint32_t kind)
{
    switch (kind) {
#define KIND_TEXT(name, text)                                                                      \
    case PM_KIND_##name:                                                                           \
        return text;
        PM_KIND_LIST(KIND_TEXT)
#undef KIND_TEXT
    default:
        return NULL;
    }
}

parmap_status pm_refuse_handle(const parmap_handle *handle, uint32_t kind)
{
    const char *wanted = kind_text(kind);
    const char *given = handle ? kind_text(pm_handle_kind(handle)) : NULL;
    if (!handle)
        return pm_fail(PARMAP_USAGE, "this call needs an object of kind %s, not NULL", wanted);
    if (!given || handle->generation == PM_ANY_GENERATION)
        return pm_fail(PARMAP_USAGE,
                       "this %s was never created, or freed before; create it, and give the other "
                       "ranks a copy",
                       wanted);
    return pm_fail(PARMAP_USAGE, "wrong object: this call needs kind %s, and was given kind %s",
                   wanted, given);
}

parmap_status pm_create(uint32_t kind, uint32_t extra, uint64_t bytes, parmap_handle *handle,
                        pm_ref *ref)
{
    if (!handle)
        return pm_refuse_handle(handle, kind);
    PM_TRY(pm_heap_alloc(bytes, kind, ref));
    *handle = (parmap_handle){.rank = ref->rank,
                              .generation = ref->generation,
                              .offset = ref->offset,
                              .kind = kind,
                              .extra = extra};
    return PARMAP_OK;
}

parmap_status pm_destroy(parmap_handle *handle, uint32_t kind)
{
    pm_ref ref;
    PM_TRY(pm_open_handle(handle, kind, &ref));
    PM_TRY(pm_heap_free(ref, kind));
    *handle = (parmap_handle){0};
    return PARMAP_OK;
}

const char *pm_who(pm_executor executor, char text[PM_WHO_BYTES])
{
    const uint32_t rank = pm_executor_rank(executor);
    snprintf(text, PM_WHO_BYTES, "rank %u on %.*s, thread %u", rank, PM_WHO_BYTES - 40,
             pm_window_node(rank), pm_executor_number(executor));
    return text;
}
