/* What comes back from the workers: results into the caller's arrays, more parts for far workers,
 * the end of the job. */
#include "pool/job.h"

#include "pool/failure.h"

#include <string.h>

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
    pm_job_unlist(pool, job);
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
        return pm_feed_far(job);
    if (job->map || job->what.count == 0)
        finish(job);
    return PARMAP_OK;
}

void pm_job_settle(parmap_result *job, pm_parcel *parcel)
{
    pthread_mutex_lock(&job->mutex);
    if (!pm_job_has_ended(job))
        settle(job, parcel);
    pthread_mutex_unlock(&job->mutex);
}

parmap_status pm_job_look(parmap_result *job)
{
    pthread_mutex_lock(&job->mutex);
    const parmap_status status = pm_job_has_ended(job) ? PARMAP_OK : look(job);
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
    if (job->attended || pm_job_has_ended(job))
        return PARMAP_OK;
    pthread_mutex_lock(&job->mutex);
    if (!job->awaited && !pm_job_has_ended(job))
        status = take_parcels(job);
    if (!job->awaited && !pm_job_has_ended(job) && status == PARMAP_OK)
        status = look(job);
    pthread_mutex_unlock(&job->mutex);
    return status;
}
