/* Giving a job to the workers: a single item as a parcel, else as a map. */
#include "pool/job.h"

#include "pool/carrier.h"
#include "pool/handler.h"

#include <stdlib.h>
#include <string.h>

enum { INPUT_COPY = 4096 }; /* bytes of a single input that is copied */

/* ---- the pool's maps, with its mutex --------------------------------------------------------- */

static void list_map(parmap_pool *pool, parmap_result *job)
{
    pm_job_hold(job);
    *pool->maps_end = job;
    pool->maps_end = &job->next_map;
}

/* The first map with items left; those before it are taken off. */
static parmap_result *first_map(parmap_pool *pool)
{
    while (pool->maps && (pm_map_left(pool->maps->map) == 0 || pool->maps->dropped)) {
        parmap_result *job = pool->maps;
        pool->maps = job->next_map;
        if (!pool->maps)
            pool->maps_end = &pool->maps;
        pm_job_release(job);
    }
    return pool->maps;
}

/* Also when the task ends its thread, as PARMAP_MUST does in a worker that was terminated. */
static void leave_map(void *context)
{
    parmap_result *job = context;
    atomic_fetch_sub(&job->near_at_work, 1);
    pm_job_release(job);
}

bool pm_job_help_map(parmap_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    parmap_result *job = first_map(pool);
    if (job) {
        pm_job_hold(job);
        atomic_fetch_add(&job->near_at_work, 1);
    }
    pthread_mutex_unlock(&pool->mutex);
    if (!job)
        return false;
    pthread_cleanup_push(leave_map, job);
    pm_map_work(job->map, &job->call, job->input ? job->input : job->what.inputs,
                job->what.results);
    pthread_cleanup_pop(1);
    return true;
}

int64_t pm_job_far_at_maps(parmap_pool *pool)
{
    int64_t busy = 0;
    pthread_mutex_lock(&pool->mutex);
    parmap_result *kept = NULL, *next;
    for (parmap_result *job = pool->helped; job; job = next) {
        const int64_t tickets = atomic_load(&job->map->tickets);
        next = job->next_helped;
        busy += tickets;
        if (tickets > 0) {
            job->next_helped = kept;
            kept = job;
        } else {
            pm_job_release(job);
        }
    }
    pool->helped = kept;
    pthread_mutex_unlock(&pool->mutex);
    return busy;
}

/* ---- single items ---------------------------------------------------------------------------- */

static parmap_status start_single(parmap_pool *pool, parmap_result *job)
{
    pm_ticket ticket;
    PM_TRY(pm_pool_get_parcel(pool, &job->call, 1, &job->single));
    pm_parcel *parcel = job->single;
    if (!job->attended)
        job->done = (pm_done){parcel->ref, PM_PARCEL_DONE};
    parcel->job = job;
    if (job->call.input_bytes > 0)
        memcpy(pm_parcel_inputs(parcel), job->what.inputs, job->call.input_bytes);
    parcel->holds_job = job->attended; /* nobody else may, by the time of the callback */
    if (parcel->holds_job)
        pm_job_hold(job);
    parmap_status status = pm_parcel_pack(parcel, &job->call, 0, 1, job->done, &ticket);
    if (status == PARMAP_OK)
        status = pm_pool_send(pool, &ticket);
    if (status != PARMAP_OK) {
        if (parcel->holds_job)
            pm_job_release(job);
        pm_pool_give_back(pool, parcel);
        job->single = NULL;
        if (!job->attended)
            job->done = (pm_done){.at = 0};
    }
    return status;
}

/* ---- maps ------------------------------------------------------------------------------------ */

/* Whether the arrays, if there are any, lie in memory that all ranks reach. */
static bool is_shared(const parmap_result *job, pm_ref *inputs, pm_ref *results)
{
    const uint64_t items = (uint64_t)job->what.count;
    return pm_window_find(job->what.inputs, items * job->call.input_bytes, inputs) &&
           pm_window_find(job->what.results, items * job->call.result_bytes, results);
}

static parmap_status make_map(parmap_pool *pool, parmap_result *job)
{
    pm_ref inputs = {0}, results = {0};
    const bool shared =
        pool->far > 0 && !pool->carrier->is_private && is_shared(job, &inputs, &results);
    if (shared)
        PM_TRY(pm_map_create_shared(&job->map_block, &job->map));
    else if (!(job->map = aligned_alloc(64, sizeof *job->map)))
        return pm_fail(PARMAP_SYSTEM, "out of memory for a job");
    *job->map = (pm_map){.count = job->what.count,
                         .chunk = job->what.chunk,
                         .workers = pool->size,
                         .inputs = inputs,
                         .results = results};
    return shared ? pm_call_pack(&job->call, &job->map->call) : PARMAP_OK;
}

static parmap_status copy_input(parmap_result *job)
{
    const size_t bytes = job->call.input_bytes;
    if (job->what.count != 1 || bytes == 0 || bytes > INPUT_COPY)
        return PARMAP_OK;
    job->input = malloc(bytes);
    if (!job->input)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the input of a task");
    memcpy(job->input, job->what.inputs, bytes);
    return PARMAP_OK;
}

static parmap_status give_done_word(parmap_pool *pool, parmap_result *job)
{
    const bool far_push =
        !pool->carrier->is_private && (job->map_block.generation != 0 || !job->feed.over);
    return job->attended ? PARMAP_OK : pm_done_open(&job->done_home, !far_push, &job->done);
}

/* Tickets for the workers of other ranks: no more than there are items. */
static parmap_status call_far(parmap_pool *pool, parmap_result *job)
{
    const int64_t count = job->what.count < pool->far ? job->what.count : pool->far;
    const pm_ticket ticket = {.kind = PM_TICKET_MAP, .ref = job->map_block};
    atomic_store(&job->map->tickets, count);
    pthread_mutex_lock(&pool->mutex);
    pm_job_hold(job);
    job->next_helped = pool->helped;
    pool->helped = job;
    pthread_mutex_unlock(&pool->mutex);
    for (int64_t i = 0; i < count; i++) {
        const parmap_status status =
            parmap_queue_put(&pool->route.tickets, &ticket, sizeof ticket, PARMAP_FOREVER);
        if (status == PARMAP_OK)
            continue;
        atomic_fetch_sub(&job->map->tickets, count - i);
        return status == PARMAP_NO_MEMORY ? PARMAP_OK : status; /* then others do it */
    }
    return PARMAP_OK;
}

static parmap_status start_map(parmap_pool *pool, parmap_result *job)
{
    PM_TRY(make_map(pool, job));
    PM_TRY(copy_input(job));
    pm_feed_prepare(pool, job);
    if (!job->feed.over && job->waiter != PM_WAITER_NOW && !job->attended)
        PM_TRY(pm_handler_prepare(pool, job));
    PM_TRY(give_done_word(pool, job));
    job->map->done = job->done;
    pthread_mutex_lock(&pool->mutex);
    list_map(pool, job);
    pthread_mutex_unlock(&pool->mutex);
    pm_pool_call_near(pool, job->what.count);
    if (job->map_block.generation != 0)
        PM_TRY(call_far(pool, job));
    return job->attended ? pm_handler_attend(pool, job) : PARMAP_OK;
}

/* A single task goes as a parcel, unless there are workers of this process only, which need no
 * copy, or it does not fit into the heap. */
parmap_status pm_job_give(parmap_pool *pool, parmap_result *job)
{
    if (job->what.count == 1 && pool->far > 0) {
        const parmap_status status = start_single(pool, job);
        if (status != PARMAP_NO_MEMORY)
            return status;
    }
    return start_map(pool, job);
}
