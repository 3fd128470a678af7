/* Making a pool and ending it. */
#include "pool/pool.h"

#include "pool/carrier.h"
#include "pool/cond.h"
#include "pool/context.h"
#include "pool/failure.h"
#include "pool/handler.h"
#include "pool/iterator.h"
#include "pool/job.h"
#include "pool/process.h"
#include "pool/say.h"
#include "pool/watchdog.h"
#include "pool/worker.h"

#include "share/session.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_WORKERS = 1 << 20 };

/* ---- tickets and parcels --------------------------------------------------------------------- */

parmap_status pm_pool_check_open(const parmap_pool *pool)
{
    PM_TRY(pm_need(pool, "the pool"));
    PM_TRY(pm_wait_check());
    if (pool->owner != pm_context_self())
        return pm_fail(PARMAP_USAGE,
                       "only the process that made a pool can give it tasks; a worker of it "
                       "would wait for itself");
    if (atomic_load(&pool->state) == PM_POOL_OPEN)
        return PARMAP_OK;
    return pm_fail(PARMAP_CLOSED, "the pool was %s; it takes no more tasks",
                   pool->state == PM_POOL_CLOSED ? "closed" : "terminated");
}

void pm_pool_call_near(parmap_pool *pool, int64_t count)
{
    pthread_mutex_lock(&pool->mutex);
    pool->gate++;
    if (pool->idle > 0 && count == 1)
        pthread_cond_signal(&pool->changed);
    else if (pool->idle > 0)
        pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->mutex);
}

parmap_status pm_pool_send(parmap_pool *pool, const pm_ticket *ticket)
{
    atomic_fetch_add(&pool->outstanding, 1);
    const parmap_status status = pool->carrier->send(pool, ticket);
    if (status != PARMAP_OK)
        pm_pool_settle(pool);
    return status;
}

/* ---- ending ---------------------------------------------------------------------------------- */

/* One that has not ended; NULL: all have. */
static parmap_result *hold_first_job(parmap_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    parmap_result *job = pool->jobs;
    if (job)
        pm_job_hold(job);
    pthread_mutex_unlock(&pool->mutex);
    return job;
}

/* Drops all jobs that have not ended. */
static void drop_jobs(parmap_pool *pool)
{
    for (;;) {
        parmap_result *job = hold_first_job(pool);
        if (!job)
            return;
        pm_job_drop(job);
        pm_job_release(job);
    }
}

/* Near workers end when nothing is left, far ones when the queue is empty. */
static void let_go(parmap_pool *pool)
{
    pool->carrier->let_go(pool);
    pthread_mutex_lock(&pool->mutex);
    pool->leaving = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->mutex);
}

parmap_status parmap_pool_close(parmap_pool *pool)
{
    int open = PM_POOL_OPEN;
    PM_TRY(pm_need(pool, "the pool"));
    atomic_compare_exchange_strong(&pool->state, &open, PM_POOL_CLOSED);
    return PARMAP_OK;
}

static parmap_status terminate(parmap_pool *pool)
{
    if (atomic_exchange(&pool->state, PM_POOL_TERMINATED) == PM_POOL_TERMINATED)
        return PARMAP_OK;
    drop_jobs(pool); /* before tasks fail for being terminated */
    pm_iterators_end(pool);
    parmap_status status = PARMAP_OK;
    for (int i = 0; i < pool->size && status == PARMAP_OK; i++)
        status = parmap_process_terminate(&pool->workers[i]);
    drop_jobs(pool); /* that were given meanwhile */
    pm_iterators_end(pool);
    let_go(pool);
    return status;
}

parmap_status parmap_pool_terminate(parmap_pool *pool)
{
    PM_TRY(pm_need(pool, "the pool"));
    pthread_mutex_lock(&pool->ending);
    const parmap_status status = terminate(pool);
    pthread_mutex_unlock(&pool->ending);
    return status;
}

/* After close: until the jobs are done. */
static parmap_status await_jobs(parmap_pool *pool, pm_deadline deadline)
{
    for (;;) {
        parmap_result *job = hold_first_job(pool);
        if (!job)
            return PARMAP_OK;
        const parmap_status status = pm_job_await(job, deadline);
        pm_job_release(job);
        if (status != PARMAP_CLOSED) /* terminated meanwhile */
            PM_TRY(status);
    }
}

static parmap_status join_workers(parmap_pool *pool, pm_deadline deadline)
{
    for (int i = 0; i < pool->size; i++) {
        const double left = deadline.at == 0 ? 0 : deadline.at - pm_now();
        PM_TRY(parmap_process_join(&pool->workers[i], left > 0 ? left : 0));
    }
    return PARMAP_OK;
}

static void release_list(parmap_result *job, size_t link_at)
{
    for (parmap_result *next; job; job = next) {
        next = *(parmap_result **)(void *)((char *)job + link_at);
        pm_job_release(job);
    }
}

/* When no worker is left. */
static void destroy(parmap_pool *pool)
{
    pthread_mutex_lock(&pool->ending);
    pthread_mutex_unlock(&pool->ending);
    if (pool->carrier) /* first: nothing must arrive any more */
        pool->carrier->close(pool);
    pm_iterators_leave(pool);
    pm_handler_stop(pool);
    release_list(pool->maps, offsetof(parmap_result, next_map));
    release_list(pool->helped, offsetof(parmap_result, next_helped));
    release_list(pool->orphans, offsetof(parmap_result, next_orphan));
    pm_pool_free_parcels(pool);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->mutex);
    pthread_mutex_destroy(&pool->ending);
    free(pool->workers);
    free(pool);
}

/* Where nobody else can: those that do not end are then named by whoever ends the process. */
static void end_terminated(parmap_pool *pool)
{
    parmap_pool_terminate(pool);
    if (join_workers(pool, pm_deadline_in(PM_PATIENCE_S / 2)) == PARMAP_OK)
        destroy(pool);
}

/* At the end of the owner. */
static void end_unjoined(void *context)
{
    parmap_pool *pool = context;
    pm_watchdog dog = pm_watchdog_start();
    const bool terminated = pm_context_self()->cancel.requested;
    if (atomic_load(&pool->state) == PM_POOL_OPEN && !terminated)
        pm_say("a pool of %d workers was neither closed nor joined; it is terminated", pool->size);
    while (!terminated && atomic_load(&pool->state) == PM_POOL_CLOSED &&
           await_jobs(pool, pm_deadline_in(pm_watchdog_left(&dog))) == PARMAP_TIMED_OUT)
        pm_watchdog_bark(&dog, "the tasks of a pool that was closed and not joined");
    end_terminated(pool);
}

parmap_status parmap_pool_join(parmap_pool *pool, double timeout_s)
{
    const pm_deadline deadline = pm_deadline_in(timeout_s);
    PM_TRY(pm_need(pool, "the pool"));
    if (pm_handler_is_caller(pool))
        return pm_fail(PARMAP_DEADLOCK, "a callback cannot join its pool, which waits for it; join "
                                        "elsewhere");
    if (atomic_load(&pool->state) == PM_POOL_OPEN)
        return pm_fail(PARMAP_USAGE,
                       "the pool still takes tasks; close or terminate it before join");
    if (atomic_load(&pool->state) == PM_POOL_CLOSED)
        PM_TRY(await_jobs(pool, deadline));
    let_go(pool);
    PM_TRY(join_workers(pool, deadline));
    pm_process_not_at_end(end_unjoined, pool);
    destroy(pool);
    return PARMAP_OK;
}

/* ---- making ---------------------------------------------------------------------------------- */

static parmap_status choose_size(int asked, int *size)
{
    if (asked < 0 || asked > MOST_WORKERS)
        return pm_fail(PARMAP_USAGE,
                       "a pool of %d workers; there can be 1 to %d, or 0 for as many as "
                       "the job has threads",
                       asked, (int)MOST_WORKERS);
    *size = asked > 0 ? asked : (int)pm_session_topology()->threads_total;
    return PARMAP_OK;
}

static int count_far(int size)
{
    const int ranks = parmap_size();
    return size - (size + ranks - 1) / ranks; /* every ranks-th is near, the first one too */
}

static parmap_status make(int size, parmap_pool **pool)
{
    parmap_pool *made = calloc(1, sizeof *made);
    if (!made)
        return pm_fail(PARMAP_SYSTEM, "out of memory for a pool");
    made->owner = pm_context_self();
    made->size = size;
    made->far = count_far(size);
    made->maps_end = &made->maps;
    made->orphans_end = &made->orphans;
    pthread_mutex_init(&made->ending, NULL);
    pthread_mutex_init(&made->mutex, NULL);
    pm_cond_init(&made->changed);
    made->workers = calloc((size_t)size, sizeof *made->workers);
    made->route.owner = parmap_rank();
    const pm_carrier *carrier =
        made->far == 0 || pm_window_is_remote() ? &pm_carrier_letters : &pm_carrier_shared;
    const parmap_status status = made->workers
                                     ? carrier->open(made)
                                     : pm_fail(PARMAP_SYSTEM, "out of memory for %d workers", size);
    if (status == PARMAP_OK) {
        made->carrier = carrier;
        *pool = made;
    } else {
        destroy(made);
    }
    return status;
}

/* Reports of all workers; of those that fail the first. */
static parmap_status await_initializers(const parmap_pool *pool, const parmap_queue *reports)
{
    parmap_failure failure = {0};
    pm_watchdog dog = pm_watchdog_start();
    for (int i = 0; i < pool->size; i++) {
        pm_worker_report report;
        parmap_status status;
        while ((status = parmap_queue_get(reports, &report, sizeof report, NULL,
                                          pm_watchdog_left(&dog))) == PARMAP_EMPTY)
            pm_watchdog_bark(&dog, "the initializers of %d of %d workers to return", pool->size - i,
                             pool->size);
        PM_TRY(status);
        pm_failure_merge(&failure, &report.failure);
    }
    return pm_failure_status(&failure, pool->size, "worker");
}

static parmap_status start_workers(parmap_pool *pool, const parmap_pool_options *options,
                                   const parmap_queue *reports)
{
    for (int i = 0; i < pool->size; i++) {
        const parmap_status status = pm_worker_start(pool, i, options, reports);
        if (status != PARMAP_OK) {
            pool->size = i;
            return status;
        }
    }
    return reports ? await_initializers(pool, reports) : PARMAP_OK;
}

static parmap_status check_options(const parmap_pool_options *options)
{
    PM_TRY(pm_need(options, "the options of a pool"));
    if (options->input_bytes > PM_MOST_BYTES)
        return pm_fail(PARMAP_USAGE, "an initializer's input of %zu bytes; no memory is as large",
                       options->input_bytes);
    return options->input_bytes == 0 ? PARMAP_OK
                                     : pm_need(options->input, "the input of a pool's initializer");
}

/* When it fails the pool is gone.  The queue of reports goes after the workers that write to it. */
static parmap_status start(parmap_pool *pool, const parmap_pool_options *options)
{
    const bool reporting = options->initializer != NULL;
    parmap_queue reports;
    parmap_status status = reporting ? parmap_queue_create(&reports, 0) : PARMAP_OK;
    const bool made = reporting && status == PARMAP_OK;
    if (status == PARMAP_OK)
        status = start_workers(pool, options, reporting ? &reports : NULL);
    if (status == PARMAP_OK)
        status = pm_process_at_end(end_unjoined, pool);
    char why[1024];
    snprintf(why, sizeof why, "%s", parmap_message());
    if (status != PARMAP_OK)
        end_terminated(pool);
    if (made)
        parmap_queue_free(&reports);
    return status == PARMAP_OK ? PARMAP_OK : pm_fail(status, "%s", why);
}

parmap_status parmap_pool_create_with(parmap_pool **pool, const parmap_pool_options *options)
{
    int size = 0;
    PM_TRY(pm_need(pool, "the place for a pool"));
    *pool = NULL;
    PM_TRY(check_options(options));
    PM_TRY(pm_serve_check());
    PM_TRY(choose_size(options->size, &size));
    PM_TRY(make(size, pool));
    const parmap_status status = start(*pool, options);
    if (status != PARMAP_OK)
        *pool = NULL;
    return status;
}

parmap_status parmap_pool_create(parmap_pool **pool, int size)
{
    return parmap_pool_create_with(pool, &(parmap_pool_options){.size = size});
}

int parmap_pool_size(const parmap_pool *pool)
{
    return pool ? pool->size : 0;
}
