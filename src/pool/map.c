#include "pool/map.h"

#include "pool/failure.h"

#include "comm/pause.h"
#include "share/object.h"

/* A claim and two looks at the clock cost about 0.2 us: 0.2 % of this. */
static const double target_s = 100e-6;
enum { KERNEL_FIRST = 4096 };

int64_t pm_map_claim(pm_map *map, int64_t size, int64_t *first)
{
    *first = atomic_fetch_add(&map->next, size);
    const int64_t left = map->count - *first;
    return left <= 0 ? 0 : left < size ? left : size;
}

static void add_failure(pm_map *map, const parmap_failure *failure)
{
    pm_pause pause = {0};
    while (atomic_exchange(&map->failing, true))
        pm_pause_once(&pause);
    pm_failure_merge(&map->failure, failure);
    atomic_store(&map->failing, false);
}

void pm_map_finish(pm_map *map, int64_t count, const parmap_failure *failure)
{
    if (failure->count > 0)
        add_failure(map, failure);
    const pm_done done = map->done; /* the owner may free the map once all is finished */
    if (atomic_fetch_add(&map->finished, count) + count == map->count)
        pm_done_poke(done);
}

/* Those that the next claim gives; 0: none are left, and the counter is not raised for ever. */
static int64_t claim_at_pace(pm_map *map, pm_pace *pace, int64_t *first)
{
    const int64_t left = pm_map_left(map);
    return left > 0 ? pm_map_claim(map, pm_pace_next(pace, left), first) : 0;
}

void pm_map_work(pm_map *map, const pm_call *call, const char *inputs, char *results)
{
    pm_pace pace = {.target_s = target_s,
                    .first = pm_call_has_loop(call) ? KERNEL_FIRST : 1,
                    .fixed = map->chunk,
                    .workers = map->workers};
    int64_t first, count;
    double begun = pm_now();
    while (!parmap_cancelled() && (count = claim_at_pace(map, &pace, &first)) > 0) {
        parmap_failure failure = {0};
        if (pm_call_run(call, inputs + (size_t)first * call->input_bytes,
                        results + (size_t)first * call->result_bytes, first, count, &failure,
                        NULL) < count)
            return;
        pm_map_finish(map, count, &failure);
        const double now = pm_now();
        pm_pace_measured(&pace, count, now - begun);
        begun = now;
    }
}

/* ---- shared maps ----------------------------------------------------------------------------- */

static pm_map *map_in(pm_ref block)
{
    char *data = pm_direct(block);
    return data ? (pm_map *)(void *)(data + PM_OWN_LINE) : NULL;
}

parmap_status pm_map_create_shared(pm_ref *block, pm_map **map)
{
    PM_TRY(pm_heap_alloc(PM_OWN_LINE + sizeof **map, PM_KIND_POOL, block));
    *map = map_in(*block);
    return PARMAP_OK;
}

/* Where this rank cannot compute it, others do. */
void pm_map_help(pm_ref block)
{
    pm_map *map = map_in(block);
    pm_call call;
    if (!map)
        return;
    char *inputs = map->call.input_bytes > 0 ? pm_direct(map->inputs) : NULL;
    char *results = map->call.result_bytes > 0 ? pm_direct(map->results) : NULL;
    if (pm_call_unpack(&map->call, &call) == PARMAP_OK)
        pm_map_work(map, &call, inputs, results);
    atomic_fetch_sub(&map->tickets, 1);
}
