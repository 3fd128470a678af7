/* Jobs: made, listed, given to the workers (give.c), followed until they end (progress.c). */
#include "pool/job.h"

#include "pool/cond.h"
#include "pool/handler.h"

#include "share/object.h"

#include <inttypes.h>
#include <stdlib.h>

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
    pm_cond_init(&made->ended);
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

void pm_job_unlist(parmap_pool *pool, parmap_result *job)
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

/* ---- the end of a job that is not done ------------------------------------------------------- */

void pm_job_drop(parmap_result *job)
{
    parmap_pool *pool = job->pool;
    pthread_mutex_lock(&job->mutex);
    if (!pm_job_has_ended(job)) {
        if (job->map)
            atomic_store(&job->map->next, job->map->count);
        atomic_store(&job->dropped, true);
        pthread_cond_broadcast(&job->ended);
        if (!job->attended && job->done.ref.offset != 0) /* 0: it was refused before it began */
            pm_done_poke(job->done);
    }
    pthread_mutex_lock(&pool->mutex);
    pm_job_unlist(pool, job);
    pthread_mutex_unlock(&pool->mutex);
    pthread_mutex_unlock(&job->mutex);
}

/* ---- starting -------------------------------------------------------------------------------- */

static bool has_callback(const parmap_job *what)
{
    return what->callback || what->error_callback;
}

/* With the pool's mutex. */
static void list_orphan(parmap_pool *pool, parmap_result *job)
{
    job->next_orphan = NULL;
    *pool->orphans_end = job;
    pool->orphans_end = &job->next_orphan;
}

/* Results that were freed too early are looked after by whoever gives more: the oldest one, which
 * goes to the end of the list if it is not done.  Whether it was. */
static bool reap_orphan(parmap_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    parmap_result *job = pool->orphans;
    if (job)
        pool->orphans = job->next_orphan;
    if (!pool->orphans)
        pool->orphans_end = &pool->orphans;
    pthread_mutex_unlock(&pool->mutex);
    if (!job)
        return false;
    if (pm_job_progress(job) == PARMAP_OK && pm_job_has_ended(job)) {
        pm_job_release(job);
        return true;
    }
    pthread_mutex_lock(&pool->mutex);
    list_orphan(pool, job);
    pthread_mutex_unlock(&pool->mutex);
    return false;
}

void pm_job_orphan(parmap_result *job)
{
    pthread_mutex_lock(&job->mutex);
    const bool orphan = !pm_job_has_ended(job) && !job->attended;
    if (orphan) {
        pthread_mutex_lock(&job->pool->mutex);
        list_orphan(job->pool, job);
        pthread_mutex_unlock(&job->pool->mutex);
    }
    pthread_mutex_unlock(&job->mutex);
    if (!orphan)
        pm_job_release(job);
}

/* On the pool's list, unless that was closed meanwhile: whoever terminates it drops what is listed.
 */
static parmap_status list_open(parmap_pool *pool, parmap_result *job)
{
    pthread_mutex_lock(&pool->mutex);
    const bool open = atomic_load(&pool->state) == PM_POOL_OPEN;
    if (open)
        list_job(pool, job);
    pthread_mutex_unlock(&pool->mutex);
    return open ? PARMAP_OK : pm_pool_check_open(pool);
}

/* With the job's mutex, so that it is dropped before or after. */
static parmap_status give_to_workers(parmap_pool *pool, parmap_result *job)
{
    const parmap_job *what = &job->what;
    if (job->dropped)
        return pm_pool_check_open(pool);
    if (job->waiter == PM_WAITER_NONE || (job->waiter == PM_WAITER_LATER && has_callback(what)))
        PM_TRY(pm_handler_prepare(pool, job));
    if (what->count > 0)
        return pm_job_give(pool, job);
    return job->attended ? pm_handler_attend(pool, job) : PARMAP_OK;
}

static parmap_status start(parmap_pool *pool, parmap_result *job)
{
    while (reap_orphan(pool))
        ;
    PM_TRY(list_open(pool, job));
    pthread_mutex_lock(&job->mutex);
    const parmap_status status = give_to_workers(pool, job);
    pthread_mutex_unlock(&job->mutex);
    PM_TRY(status);
    return job->what.count > 0 || job->attended ? PARMAP_OK : pm_job_look(job);
}

parmap_status pm_job_start(parmap_pool *pool, const parmap_job *what, pm_job_waiter waiter,
                           parmap_result **job)
{
    PM_TRY(pm_pool_check_open(pool));
    PM_TRY(make(pool, what, job));
    (*job)->waiter = waiter;
    const parmap_status status = start(pool, *job);
    if (status == PARMAP_OK)
        return PARMAP_OK;
    pm_job_drop(*job);
    pm_job_release(*job);
    return status;
}
