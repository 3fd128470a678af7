#include "pool/handler.h"

#include "pool/carrier.h"
#include "pool/say.h"

#include <stdlib.h>

typedef struct pm_handler {
    parmap_pool *pool;
    pthread_t thread;
    pm_done_home home;
    pm_done done;
    _Atomic bool over;
    parmap_result *attended; /* maps; with the pool's mutex */
} pm_handler;

static void call_back(const parmap_result *job)
{
    const parmap_job *what = &job->what;
    if (job->failure.count == 0 && what->callback)
        what->callback(what->results, what->context);
    if (job->failure.count > 0 && what->error_callback)
        what->error_callback(&job->failure, what->context);
}

/* The parcel of a single holds a reference, so that the callback finds the job. */
static parmap_status take_parcels(pm_handler *handler)
{
    uint64_t place;
    PM_TRY(pm_done_take(handler->done, &place));
    while (place != 0) {
        pm_parcel *parcel;
        PM_TRY(pm_parcel_take(handler->done, place, &parcel, &place));
        parmap_result *job = parcel->job;
        const bool single = job->single;
        if (single)
            parcel->holds_job = false; /* this thread does, until it has called back */
        pm_job_settle(job, parcel);
        if (single && job->finished)
            call_back(job);
        if (single)
            pm_job_release(job);
    }
    return PARMAP_OK;
}

/* Takes the attended jobs that have ended off the list. */
static parmap_result *take_ended(pm_handler *handler)
{
    parmap_result *ended = NULL;
    pthread_mutex_lock(&handler->pool->mutex);
    for (parmap_result **link = &handler->attended; *link;) {
        parmap_result *job = *link;
        if (pm_job_has_ended(job)) {
            *link = job->next_attended;
            job->next_attended = ended;
            ended = job;
        } else {
            link = &job->next_attended;
        }
    }
    pthread_mutex_unlock(&handler->pool->mutex);
    return ended;
}

/* The list only grows at its head meanwhile. */
static parmap_status look_at_maps(pm_handler *handler, double *patience)
{
    pthread_mutex_lock(&handler->pool->mutex);
    parmap_result *job = handler->attended;
    pthread_mutex_unlock(&handler->pool->mutex);
    parmap_status status = PARMAP_OK;
    *patience = PARMAP_FOREVER;
    for (; job && status == PARMAP_OK; job = job->next_attended) {
        status = pm_job_look(job);
        const double its = pm_feed_patience(job);
        *patience = its < *patience ? its : *patience;
    }
    for (parmap_result *next, *ended = take_ended(handler); ended; ended = next) {
        next = ended->next_attended;
        if (ended->finished)
            call_back(ended);
        pm_job_release(ended);
    }
    return status;
}

static void *handle(void *argument)
{
    pm_handler *handler = argument;
    parmap_status status = PARMAP_OK;
    while (!atomic_load(&handler->over) && status == PARMAP_OK) {
        double patience;
        status = take_parcels(handler);
        if (status == PARMAP_OK)
            status = look_at_maps(handler, &patience);
        if (status == PARMAP_OK && !atomic_load(&handler->over))
            status = pm_done_await(handler->done, pm_deadline_in(patience), NULL);
        if (status == PARMAP_TIMED_OUT)
            status = PARMAP_OK;
    }
    if (status != PARMAP_OK &&
        status != PARMAP_CLOSED) { /* nobody would ever tell those that wait */
        pm_say("%s; the pool is terminated", parmap_message());
        parmap_pool_terminate(handler->pool);
    }
    return NULL;
}

static void destroy(pm_handler *handler)
{
    pm_done_close(&handler->home);
    free(handler);
}

static parmap_status start(parmap_pool *pool, pm_handler **started)
{
    pm_handler *handler = calloc(1, sizeof *handler);
    if (!handler)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the pool's thread");
    handler->pool = pool;
    const parmap_status status =
        pm_done_open(&handler->home, pool->carrier->is_private, &handler->done);
    if (status != PARMAP_OK) {
        free(handler);
        return status;
    }
    if (pthread_create(&handler->thread, NULL, handle, handler) != 0) {
        destroy(handler);
        return pm_fail(PARMAP_SYSTEM, "cannot start the thread that calls a pool's callbacks; look "
                                      "at ulimit -u");
    }
    *started = handler;
    return PARMAP_OK;
}

parmap_status pm_handler_prepare(parmap_pool *pool, parmap_result *job)
{
    pthread_mutex_lock(&pool->mutex);
    const parmap_status status = pool->handler ? PARMAP_OK : start(pool, &pool->handler);
    pthread_mutex_unlock(&pool->mutex);
    PM_TRY(status);
    job->attended = true;
    job->done = pool->handler->done;
    return PARMAP_OK;
}

parmap_status pm_handler_attend(parmap_pool *pool, parmap_result *job)
{
    pm_handler *handler = pool->handler;
    pm_job_hold(job);
    pthread_mutex_lock(&pool->mutex);
    job->next_attended = handler->attended;
    handler->attended = job;
    pthread_mutex_unlock(&pool->mutex);
    return pm_done_poke(handler->done);
}

bool pm_handler_is_caller(const parmap_pool *pool)
{
    const pm_handler *handler = pool->handler;
    return handler && pthread_equal(handler->thread, pthread_self());
}

void pm_handler_stop(parmap_pool *pool)
{
    pm_handler *handler = pool->handler;
    if (!handler || pm_handler_is_caller(pool)) /* a callback ends the program */
        return;
    atomic_store(&handler->over, true);
    pm_done_poke(handler->done);
    pthread_join(handler->thread, NULL);
    for (parmap_result *next, *job = handler->attended; job; job = next) {
        next = job->next_attended;
        pm_job_release(job);
    }
    destroy(handler);
    pool->handler = NULL;
}
