/* Feeding far workers with parts of a map whose arrays they cannot reach, while that pays. */
#include "pool/feed.h"

#include "pool/job.h"

#include "comm/pause.h"

#include <string.h>

enum {
    PART_BYTES = 1 << 20, /* of a part of a map that is copied, if it has several items */
    PARTS_EACH = 2        /* under way for each far worker: one is computed, one waits */
};

/* What a part should take to compute; how long it must take to be worth sending; about what it
 * costs to copy a byte there and back. */
static const double part_s = 1e-3, least_part_s = 20e-6, copy_byte_s = 0.4e-9;

/* From one look at a map's progress to the next. */
static const double look_s = 1e-3;

/* Kernels with loops say what they cost; what goes item by item is tried. */
void pm_feed_prepare(parmap_pool *pool, parmap_result *job)
{
    const pm_call *call = &job->call;
    const double copy_s = copy_byte_s * (double)(call->input_bytes + call->result_bytes);
    job->feed = (pm_feed){
        .pace = {.target_s = part_s, .first = 1, .fixed = job->what.chunk, .workers = pool->size},
        .over = pool->far == 0 || job->what.count == 1 || job->map_block.generation != 0 ||
                (pm_call_has_loop(call) && call->kernel->cost_s < 2 * copy_s)};
}

/* What an item costs now, by the progress of all workers since the last look.  Without any it is at
 * least that long: somebody computes a giant, and whoever is idle should have the rest. */
static void look_at_progress(parmap_result *job)
{
    pm_feed *f = &job->feed;
    const double now = pm_now(), seconds = now - f->looked_s;
    const int64_t items = atomic_load(&job->map->finished), done = items - f->looked_items;
    if (seconds < look_s)
        return;
    if (f->looked_s > 0)
        f->pace.item_s = done > 0 ? seconds * job->pool->size / (double)done : seconds;
    f->looked_s = now;
    f->looked_items = items;
}

double pm_feed_patience(const parmap_result *job)
{
    return job->map && !job->feed.over && pm_map_left(job->map) > 0 ? look_s : PARMAP_FOREVER;
}

static bool part_pays(const parmap_result *job, int64_t size)
{
    const double item_s = job->feed.pace.item_s;
    const double copy_s = copy_byte_s * (double)(job->call.input_bytes + job->call.result_bytes);
    return item_s == 0 || (item_s > 2 * copy_s && item_s * (double)size > least_part_s);
}

/* 0: it does not pay. */
static int64_t size_of_part(parmap_result *job)
{
    const int64_t bytes = (int64_t)(job->call.input_bytes + job->call.result_bytes);
    const int64_t most = bytes == 0 ? PART_BYTES : bytes < PART_BYTES ? PART_BYTES / bytes : 1;
    const int64_t size = pm_pace_next(&job->feed.pace, pm_map_left(job->map));
    return !part_pays(job, size) ? 0 : size < most ? size : most;
}

static parmap_status send_part(parmap_result *job, pm_parcel *parcel, int64_t size)
{
    parmap_pool *pool = job->pool;
    pm_ticket ticket;
    int64_t first;
    const int64_t count = pm_map_claim(job->map, size, &first);
    if (count == 0) {
        pm_pool_give_back(pool, parcel);
        return PARMAP_OK;
    }
    const size_t bytes = job->call.input_bytes;
    parcel->job = job;
    if (bytes > 0)
        memcpy(pm_parcel_inputs(parcel), (const char *)job->what.inputs + (size_t)first * bytes,
               (size_t)count * bytes);
    PM_TRY(pm_parcel_pack(parcel, &job->call, first, count, job->done, &ticket));
    parcel->holds_job =
        true; /* its worker writes to the job's stack, whatever happens to the job */
    pm_job_hold(job);
    PM_TRY(pm_pool_send(pool, &ticket));
    job->feed.under_way++;
    job->feed.sent++;
    return PARMAP_OK;
}

/* Each far worker gets one item at first; then what the items cost decides. */
parmap_status pm_feed_far(parmap_result *job)
{
    pm_feed *f = &job->feed;
    const int64_t far = job->pool->far;
    if (f->over)
        return PARMAP_OK;
    look_at_progress(job);
    while (pm_map_left(job->map) > 0 && f->under_way < far * PARTS_EACH) {
        pm_parcel *parcel;
        const int64_t size = size_of_part(job);
        if (size == 0 || (f->pace.item_s == 0 && f->sent >= far))
            return PARMAP_OK;
        const parmap_status status = pm_pool_get_parcel(job->pool, &job->call, size, &parcel);
        if (status == PARMAP_NO_MEMORY) { /* near workers do it, or it goes on when one is back */
            f->over = f->under_way == 0;
            return PARMAP_OK;
        }
        PM_TRY(status);
        PM_TRY(send_part(job, parcel, size));
    }
    return PARMAP_OK;
}
