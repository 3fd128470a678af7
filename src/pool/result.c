/* Waiting for jobs, and what their callers see of them. */
#include "pool/cond.h"
#include "pool/failure.h"
#include "pool/handler.h"
#include "pool/job.h"
#include "pool/watchdog.h"

#include "comm/executor.h"
#include "comm/pause.h"

#include <inttypes.h>

static const double slice_s = 0.25;

/* ---- waiting --------------------------------------------------------------------------------- */

static parmap_status refuse_own_wait(void)
{
    return pm_fail(PARMAP_DEADLOCK, "a callback waits for a job that only its own thread can "
                                    "finish; wait elsewhere");
}

/* Until the job has ended, or nobody is there any more who would see it end; with its mutex. */
static parmap_status await_other(parmap_result *job, pm_deadline deadline)
{
    parmap_status status = PARMAP_OK;
    if (job->attended && pm_handler_is_caller(job->pool))
        return refuse_own_wait();
    pm_executor_rest(true);
    while (status == PARMAP_OK && !pm_job_has_ended(job) && (job->attended || job->awaited)) {
        const double left = deadline.at == 0 ? 0 : deadline.at - pm_now();
        if (left > 0)
            pm_cond_wait(&job->ended, &job->mutex, left < slice_s ? left : slice_s);
        status = left > 0 ? pm_wait_check() : PARMAP_TIMED_OUT;
    }
    pm_executor_rest(false);
    return status;
}

/* Until there is progress to make; with its mutex, which is free meanwhile. */
static parmap_status await_news(parmap_result *job, pm_deadline deadline)
{
    const pm_deadline look = pm_deadline_in(pm_feed_patience(job));
    const bool looks = look.at < deadline.at;
    job->awaited = true;
    pthread_mutex_unlock(&job->mutex);
    const parmap_status status = pm_done_await(job->done, looks ? look : deadline, NULL);
    pthread_mutex_lock(&job->mutex);
    job->awaited = false;
    pthread_cond_broadcast(&job->ended); /* the next one takes over */
    return status == PARMAP_TIMED_OUT && looks ? PARMAP_OK : status;
}

/* One thread sleeps on the done word and makes the progress; others wait for that one. */
static parmap_status await(parmap_result *job, pm_deadline deadline)
{
    while (!pm_job_has_ended(job)) {
        PM_TRY(pm_job_progress(job));
        parmap_status status = PARMAP_OK;
        pthread_mutex_lock(&job->mutex);
        if (!pm_job_has_ended(job))
            status = (job->attended || job->awaited ? await_other : await_news)(job, deadline);
        pthread_mutex_unlock(&job->mutex);
        if (status != PARMAP_OK && !pm_job_has_ended(job))
            return status;
    }
    return PARMAP_OK;
}

static int64_t items_done(const parmap_result *job)
{
    return job->map ? atomic_load(&job->map->finished) : 0;
}

/* Near workers may still use the arrays of a job that was dropped. */
static parmap_status await_near(parmap_result *job, pm_deadline deadline)
{
    pm_watchdog dog = pm_watchdog_start();
    pm_pause pause = {0};
    while (atomic_load(&job->near_at_work) > 0) {
        if (pm_deadline_over(deadline))
            return pm_fail(
                PARMAP_TIMED_OUT,
                "the pool was terminated, but a task on rank %d has not ended yet and may "
                "still write its result",
                parmap_rank());
        pm_watchdog_bark(&dog, "a task on rank %d to end, whose pool was terminated",
                         parmap_rank());
        pm_pause_once(&pause);
    }
    return PARMAP_OK;
}

parmap_status pm_job_await(parmap_result *job, pm_deadline deadline)
{
    const parmap_status status = await(job, deadline);
    if (status == PARMAP_TIMED_OUT)
        return pm_fail(PARMAP_TIMED_OUT,
                       "the job is not done: %" PRId64 " of %" PRId64
                       " items; wait longer, or look at "
                       "what its tasks wait for",
                       items_done(job), job->what.count);
    PM_TRY(status);
    if (job->finished)
        return PARMAP_OK;
    PM_TRY(await_near(job, deadline));
    return pm_fail(PARMAP_CLOSED, "the pool was terminated before the job was done");
}

/* ---- for callers ----------------------------------------------------------------------------- */

static parmap_status failure_of(const parmap_result *job)
{
    return pm_failure_status(&job->failure, job->what.count, job->what.count > 1 ? "item" : NULL);
}

parmap_status parmap_pool_run(parmap_pool *pool, const parmap_job *what)
{
    parmap_result *job;
    PM_TRY(pm_job_start(pool, what, PM_WAITER_NOW, &job));
    parmap_status status = pm_job_await(job, pm_deadline_in(PARMAP_FOREVER));
    if (status == PARMAP_OK)
        status = failure_of(job);
    else {
        pm_job_drop(job);
        if (status == PARMAP_CANCELLED) /* its owner ends, and so do its workers */
            parmap_pool_terminate(pool);
        await_near(job, pm_never);
    }
    pm_job_release(job);
    return status;
}

parmap_status parmap_pool_submit(parmap_pool *pool, const parmap_job *what, parmap_result **result)
{
    parmap_result *job;
    if (result)
        *result = NULL;
    PM_TRY(pm_job_start(pool, what, result ? PM_WAITER_LATER : PM_WAITER_NONE, &job));
    if (result)
        *result = job;
    else
        pm_job_release(job);
    return PARMAP_OK;
}

parmap_status parmap_result_wait(parmap_result *result, double timeout_s)
{
    PM_TRY(pm_need(result, "the result"));
    return pm_job_await(result, pm_deadline_in(timeout_s));
}

parmap_status parmap_result_get(parmap_result *result, double timeout_s)
{
    PM_TRY(parmap_result_wait(result, timeout_s));
    return failure_of(result);
}

parmap_status parmap_result_ready(parmap_result *result, bool *ready)
{
    PM_TRY(pm_need(result, "the result"));
    PM_TRY(pm_need(ready, "the place for whether a result is ready"));
    PM_TRY(pm_job_progress(result));
    *ready = result->finished;
    return result->dropped
               ? pm_fail(PARMAP_CLOSED, "the pool was terminated before the job was done")
               : PARMAP_OK;
}

parmap_status parmap_result_successful(parmap_result *result, bool *successful)
{
    bool ready;
    PM_TRY(pm_need(successful, "the place for whether a job succeeded"));
    PM_TRY(parmap_result_ready(result, &ready));
    if (!ready)
        return pm_fail(PARMAP_USAGE,
                       "the job is not done, so nobody knows; call parmap_result_get");
    *successful = result->failure.count == 0;
    return PARMAP_OK;
}

void parmap_result_free(parmap_result *result)
{
    if (result)
        pm_job_orphan(result);
}
