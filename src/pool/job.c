/* From a job to its results: singles go as parcels, maps by a counter; what far workers cannot
 * reach is copied for them while that pays. */
#include "pool/job.h"

#include "pool/carrier.h"
#include "pool/failure.h"
#include "pool/handler.h"

#include "comm/pause.h"
#include "share/object.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    INPUT_COPY = 4096,    /* bytes of a single input that is copied */
    PART_BYTES = 1 << 20, /* of a part of a map that is copied, if it has several items */
    PARTS_EACH = 2        /* under way for each far worker: one is computed, one waits */
};

/* What a part should take to compute; how long it must take to be worth sending; about what it
 * costs to copy a byte there and back. */
static const double part_s = 1e-3, least_part_s = 20e-6, copy_byte_s = 0.4e-9;

/* From one look at a map's progress to the next. */
static const double look_s = 1e-3;

/* ---- making ---------------------------------------------------------------------------------- */

static parmap_status check_job(const parmap_job *what, const pm_call *call)
{
    if (what->count < 0 || what->chunk < 0)
        return pm_fail(PARMAP_USAGE,
                       "a job of %" PRId64 " items in chunks of %" PRId64
                       "; neither can be negative",
                       what->count, what->chunk);
    const uint64_t bytes =
        call->input_bytes > call->result_bytes ? call->input_bytes : call->result_bytes;
    if (bytes > 0 && (uint64_t)what->count > PM_MOST_BYTES / bytes)
        return pm_fail(PARMAP_USAGE,
                       "a job of %" PRId64 " items of %" PRIu64 " bytes; no memory is as large",
                       what->count, bytes);
    if (what->count > 0 &&
        ((call->input_bytes > 0 && !what->inputs) || (call->result_bytes > 0 && !what->results)))
        return pm_fail(PARMAP_USAGE,
                       "a job of %" PRId64 " items without %s; or set their size to 0", what->count,
                       what->inputs ? "memory for the results" : "inputs");
    return PARMAP_OK;
}

static parmap_status make(parmap_pool *pool, const parmap_job *what, parmap_result **job)
{
    pm_call call;
    PM_TRY(pm_call_make(what, &call));
    PM_TRY(check_job(what, &call));
    parmap_result *made = calloc(1, sizeof *made);
    if (!made)
        return pm_fail(PARMAP_SYSTEM, "out of memory for a job");
    made->pool = pool;
    made->what = *what;
    if (what->chunk > what->count) /* the counter must not overflow */
        made->what.chunk = what->count;
    made->call = call;
    atomic_init(&made->references, 1);
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->ended, NULL);
    *job = made;
    return PARMAP_OK;
}

static void destroy(parmap_result *job)
{
    if (job->map_block.generation != 0)
        pm_heap_free(job->map_block, PM_KIND_POOL);
    else
        free(job->map);
    pm_done_close(&job->done_home);
    pthread_cond_destroy(&job->ended);
    pthread_mutex_destroy(&job->mutex);
    free(job->input);
    free(job);
}

void pm_job_release(parmap_result *job)
{
    if (atomic_fetch_sub(&job->references, 1) == 1)
        destroy(job);
}

void pm_job_hold(parmap_result *job)
{
    atomic_fetch_add(&job->references, 1);
}

/* ---- the pool's lists; with its mutex -------------------------------------------------------- */

static void list_job(parmap_pool *pool, parmap_result *job)
{
    pm_job_hold(job);
    job->listed = true;
    job->next = pool->jobs;
    if (pool->jobs)
        pool->jobs->previous = job;
    pool->jobs = job;
}

static void unlist_job(parmap_pool *pool, parmap_result *job)
{
    if (!job->listed)
        return;
    job->listed = false;
    if (job->previous)
        job->previous->next = job->next;
    else
        pool->jobs = job->next;
    if (job->next)
        job->next->previous = job->previous;
    pm_job_release(job);
}

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
    pm_map_work(job->map, &job->call, job->input ? job->input : job->what.inputs,
                job->what.results);
    atomic_fetch_sub(&job->near_at_work, 1);
    pm_job_release(job);
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
    }
    return status;
}

/* ---- maps ------------------------------------------------------------------------------------ */

/* Whether the arrays, if there are any, and the counter lie in memory that all ranks of the job can
 * reach. */
static bool is_shared(const parmap_result *job, pm_ref *inputs, pm_ref *results)
{
    const uint64_t items = (uint64_t)job->what.count;
    const uint32_t another = (uint32_t)((parmap_rank() + 1) % parmap_size());
    return pm_direct(pm_head_ref(another)) &&
           pm_window_find(job->what.inputs, items * job->call.input_bytes, inputs) &&
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
        if (status != PARMAP_OK) {
            atomic_fetch_sub(&job->map->tickets, count - i);
            return status;
        }
    }
    return PARMAP_OK;
}

/* Kernels say what they cost; tasks are tried. */
static void prepare_feed(parmap_pool *pool, parmap_result *job)
{
    const pm_call *call = &job->call;
    const double copy_s = copy_byte_s * (double)(call->input_bytes + call->result_bytes);
    job->feed = (pm_feed){
        .pace = {.target_s = part_s, .first = 1, .fixed = job->what.chunk, .workers = pool->size},
        .over = pool->far == 0 || job->what.count == 1 || job->map_block.generation != 0 ||
                (call->kernel && call->kernel->cost_s < 2 * copy_s)};
}

static parmap_status start_map(parmap_pool *pool, parmap_result *job)
{
    PM_TRY(make_map(pool, job));
    PM_TRY(copy_input(job));
    prepare_feed(pool, job);
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

/* ---- feeding far workers with parts of a map ------------------------------------------------- */

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

double pm_job_patience(const parmap_result *job)
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
static parmap_status feed(parmap_result *job)
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

/* ---- what comes back ------------------------------------------------------------------------- */

static void copy_results(parmap_result *job, const pm_parcel *parcel)
{
    const size_t bytes = job->call.result_bytes;
    const char *from = pm_parcel_results(parcel);
    char *to = (char *)job->what.results + (size_t)parcel->first * bytes;
    if (bytes == 0)
        return;
    if (pm_parcel_result(parcel)->failed == 0) {
        memcpy(to, from, (size_t)parcel->count * bytes);
        return;
    }
    for (int64_t i = 0; i < parcel->count; i++)
        if (pm_parcel_item_status(parcel, i) == PARMAP_OK)
            memcpy(to + (size_t)i * bytes, from + (size_t)i * bytes, bytes);
}

/* With the job's mutex. */
static void finish(parmap_result *job)
{
    parmap_pool *pool = job->pool;
    if (job->map)
        pm_failure_merge(&job->failure, &job->map->failure);
    atomic_store(&job->finished, true);
    pthread_cond_broadcast(&job->ended);
    pthread_mutex_lock(&pool->mutex);
    unlist_job(pool, job);
    pthread_mutex_unlock(&pool->mutex);
}

/* With the job's mutex, and a reference of the caller's besides the parcel's. */
static void settle(parmap_result *job, pm_parcel *parcel)
{
    parmap_pool *pool = job->pool;
    copy_results(job, parcel);
    pm_pool_settle(pool);
    if (job->single) {
        job->failure = *pm_parcel_failure(parcel);
        job->single = NULL;
        pm_pool_give_back(pool, parcel);
        finish(job);
        return;
    }
    job->feed.under_way--;
    pm_pace_measured(&job->feed.pace, parcel->count, pm_parcel_result(parcel)->seconds);
    pm_map_finish(job->map, parcel->count, pm_parcel_failure(parcel));
    pm_pool_give_back(pool, parcel);
    pm_job_release(job);
}

/* With the job's mutex. */
static parmap_status look(parmap_result *job)
{
    if (job->map && !pm_map_is_done(job->map))
        return feed(job);
    if (job->map || job->what.count == 0)
        finish(job);
    return PARMAP_OK;
}

static bool has_ended(const parmap_result *job)
{
    return job->finished || job->dropped;
}

void pm_job_settle(parmap_result *job, pm_parcel *parcel)
{
    pthread_mutex_lock(&job->mutex);
    if (!has_ended(job))
        settle(job, parcel);
    pthread_mutex_unlock(&job->mutex);
}

parmap_status pm_job_look(parmap_result *job)
{
    pthread_mutex_lock(&job->mutex);
    const parmap_status status = has_ended(job) ? PARMAP_OK : look(job);
    pthread_mutex_unlock(&job->mutex);
    return status;
}

/* With the job's mutex. */
static parmap_status take_parcels(parmap_result *job)
{
    uint64_t place;
    PM_TRY(pm_done_take(job->done, &place));
    while (place != 0) {
        pm_parcel *parcel;
        PM_TRY(pm_parcel_take(job->done, place, &parcel, &place));
        settle(job, parcel);
    }
    return PARMAP_OK;
}

parmap_status pm_job_progress(parmap_result *job)
{
    parmap_status status = PARMAP_OK;
    if (job->attended || has_ended(job))
        return PARMAP_OK;
    pthread_mutex_lock(&job->mutex);
    if (!job->awaited && !has_ended(job))
        status = take_parcels(job);
    if (!job->awaited && !has_ended(job) && status == PARMAP_OK)
        status = look(job);
    pthread_mutex_unlock(&job->mutex);
    return status;
}

void pm_job_drop(parmap_result *job)
{
    parmap_pool *pool = job->pool;
    pthread_mutex_lock(&job->mutex);
    if (!has_ended(job)) {
        if (job->map)
            atomic_store(&job->map->next, job->map->count);
        atomic_store(&job->dropped, true);
        pthread_cond_broadcast(&job->ended);
        if (!job->attended && job->done.ref.offset != 0) /* 0: it was refused before it began */
            pm_done_poke(job->done);
    }
    pthread_mutex_lock(&pool->mutex);
    unlist_job(pool, job);
    pthread_mutex_unlock(&pool->mutex);
    pthread_mutex_unlock(&job->mutex);
}

/* ---- starting -------------------------------------------------------------------------------- */

/* A single task goes as a parcel, unless there are workers of this process only, which need no
 * copy, or it does not fit into the heap. */
static parmap_status start(parmap_pool *pool, parmap_result *job)
{
    if (job->what.count == 1 && pool->far > 0) {
        const parmap_status status = start_single(pool, job);
        if (status != PARMAP_NO_MEMORY)
            return status;
    }
    return start_map(pool, job);
}

static bool has_callback(const parmap_job *what)
{
    return what->callback || what->error_callback;
}

/* Results that were freed too early are looked after by whoever gives more. */
static bool reap_orphan(parmap_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    parmap_result *job = pool->orphans;
    if (job)
        pm_job_hold(job);
    pthread_mutex_unlock(&pool->mutex);
    if (!job)
        return false;
    const bool over = pm_job_progress(job) == PARMAP_OK && has_ended(job);
    pthread_mutex_lock(&pool->mutex);
    if (over && pool->orphans == job) {
        pool->orphans = job->next_orphan;
        pm_job_release(job);
    }
    pthread_mutex_unlock(&pool->mutex);
    pm_job_release(job);
    return over;
}

void pm_job_orphan(parmap_result *job)
{
    pthread_mutex_lock(&job->mutex);
    const bool orphan = !has_ended(job) && !job->attended;
    if (orphan) {
        pthread_mutex_lock(&job->pool->mutex);
        job->next_orphan = job->pool->orphans;
        job->pool->orphans = job;
        pthread_mutex_unlock(&job->pool->mutex);
    }
    pthread_mutex_unlock(&job->mutex);
    if (!orphan)
        pm_job_release(job);
}

static parmap_status start_empty(parmap_pool *pool, parmap_result *job)
{
    return job->attended ? pm_handler_attend(pool, job) : pm_job_look(job);
}

parmap_status pm_job_start(parmap_pool *pool, const parmap_job *what, pm_job_waiter waiter,
                           parmap_result **job)
{
    PM_TRY(pm_pool_check_open(pool));
    PM_TRY(make(pool, what, job));
    parmap_result *made = *job;
    made->waiter = waiter;
    while (reap_orphan(pool))
        ;
    pthread_mutex_lock(&pool->mutex);
    list_job(pool, made);
    pthread_mutex_unlock(&pool->mutex);
    parmap_status status = PARMAP_OK;
    if (waiter == PM_WAITER_NONE || (waiter == PM_WAITER_LATER && has_callback(what)))
        status = pm_handler_prepare(pool, made);
    if (status == PARMAP_OK)
        status = (what->count == 0 ? start_empty : start)(pool, made);
    if (status == PARMAP_OK)
        return PARMAP_OK;
    pm_job_drop(made);
    pm_job_release(made);
    return status;
}
