/* Iterators: made, freed, and told when their pool ends. */
#include "pool/iterator.h"

#include "pool/carrier.h"
#include "pool/watchdog.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { AHEAD_LEAST = 256, AHEAD_EACH = 16, AHEAD_BYTES = 16 << 20, AHEAD_MOST = 1 << 20 };

/* ---- making and freeing ---------------------------------------------------------------------- */

/* No more than may be given out, or than there are. */
static int64_t choose_chunk(const parmap_job *what)
{
    int64_t most = what->next ? AHEAD_MOST : what->count;
    if (what->ahead > 0 && what->ahead < most)
        most = what->ahead;
    const int64_t chunk = what->chunk < most ? what->chunk : most;
    return chunk > 0 ? chunk : 1;
}

static void choose_width(const parmap_pool *pool, parmap_iterator *iterator)
{
    const int64_t bytes = (int64_t)(iterator->call.input_bytes + iterator->call.result_bytes);
    int64_t ahead = AHEAD_LEAST + AHEAD_EACH * (int64_t)pool->size;
    iterator->chunk = choose_chunk(&iterator->what);
    if (bytes > 0 && ahead > AHEAD_BYTES / bytes / iterator->chunk)
        ahead = AHEAD_BYTES / bytes / iterator->chunk;
    if (ahead < 2 * pool->size)
        ahead = 2 * pool->size;
    iterator->width = ahead;
    if (iterator->what.ahead > 0)
        iterator->width = iterator->what.ahead / iterator->chunk;
    if (iterator->width < 1)
        iterator->width = 1;
    if (iterator->width > AHEAD_MOST)
        iterator->width = AHEAD_MOST;
}

static parmap_status check(const parmap_job *what, const pm_call *call)
{
    if (what->count < 0 || what->chunk < 0 || what->ahead < 0)
        return pm_fail(PARMAP_USAGE, "count, chunk and ahead of a job cannot be negative");
    if (!what->next && what->count > 0 && call->input_bytes > 0 && !what->inputs)
        return pm_fail(PARMAP_USAGE, "a job of %" PRId64 " items without inputs; or set next",
                       what->count);
    return PARMAP_OK;
}

static void destroy(parmap_iterator *iterator)
{
    pm_done_close(&iterator->done_home);
    pthread_mutex_destroy(&iterator->mutex);
    free(iterator->slots);
    free(iterator);
}

static parmap_status make(parmap_pool *pool, const parmap_job *what, bool ordered,
                          parmap_iterator **made)
{
    pm_call call;
    PM_TRY(pm_need(made, "the place for an iterator"));
    *made = NULL;
    PM_TRY(pm_pool_check_open(pool));
    PM_TRY(pm_call_make(what, &call));
    PM_TRY(check(what, &call));
    parmap_iterator *iterator = calloc(1, sizeof *iterator);
    if (!iterator)
        return pm_fail(PARMAP_SYSTEM, "out of memory for an iterator");
    pthread_mutex_init(&iterator->mutex, NULL);
    iterator->pool = pool;
    iterator->what = *what;
    iterator->call = call;
    iterator->ordered = ordered;
    iterator->exhausted = !what->next && what->count == 0;
    choose_width(pool, iterator);
    iterator->slots = calloc((size_t)iterator->width, sizeof(pm_parcel *));
    parmap_status status =
        iterator->slots
            ? pm_done_open(&iterator->done_home, pool->carrier->is_private, &iterator->done)
            : pm_fail(PARMAP_SYSTEM, "out of memory for an iterator");
    if (status == PARMAP_OK)
        *made = iterator;
    else
        destroy(iterator);
    return status;
}

static parmap_status start(parmap_pool *pool, const parmap_job *what, bool ordered,
                           parmap_iterator **iterator)
{
    PM_TRY(make(pool, what, ordered, iterator));
    parmap_iterator *made = *iterator;
    pthread_mutex_lock(&pool->mutex);
    made->next = pool->iterators;
    if (pool->iterators)
        pool->iterators->previous = made;
    pool->iterators = made;
    made->ended = atomic_load(&pool->state) == PM_POOL_TERMINATED; /* meanwhile */
    pthread_mutex_unlock(&pool->mutex);
    const parmap_status status = made->ended ? pm_imap_refuse_dropped() : pm_imap_send_more(made);
    if (status != PARMAP_OK) {
        parmap_iterator_free(made);
        *iterator = NULL;
    }
    return status;
}

parmap_status parmap_pool_imap(parmap_pool *pool, const parmap_job *job, parmap_iterator **iterator)
{
    return start(pool, job, true, iterator);
}

parmap_status parmap_pool_imap_unordered(parmap_pool *pool, const parmap_job *job,
                                         parmap_iterator **iterator)
{
    return start(pool, job, false, iterator);
}

static void unlist(parmap_pool *pool, parmap_iterator *iterator)
{
    pthread_mutex_lock(&pool->mutex);
    if (iterator->previous)
        iterator->previous->next = iterator->next;
    else
        pool->iterators = iterator->next;
    if (iterator->next)
        iterator->next->previous = iterator->previous;
    pthread_mutex_unlock(&pool->mutex);
}

static void give_back(parmap_pool *pool, pm_parcel **list)
{
    for (pm_parcel *next, *parcel = *list; parcel; parcel = next) {
        next = parcel->next;
        pm_pool_give_back(pool, parcel);
    }
    *list = NULL;
}

/* All parcels are here. */
static void give_back_all(parmap_iterator *iterator)
{
    for (int64_t i = 0; i < iterator->width; i++)
        if (iterator->slots[i])
            pm_imap_keep(iterator, iterator->slots[i]);
    if (iterator->current)
        pm_imap_keep(iterator, iterator->current);
    give_back(iterator->pool, &iterator->come);
    give_back(iterator->pool, &iterator->spare);
}

static void withdraw_parcels(const parmap_iterator *iterator)
{
    parmap_pool *pool = iterator->pool;
    pthread_mutex_lock(&pool->mutex);
    for (pm_parcel *parcel = pool->parcels; parcel; parcel = parcel->later)
        if (parcel->job == iterator)
            pm_parcel_withdraw(parcel);
    pthread_mutex_unlock(&pool->mutex);
}

/* Until no worker has one of its parcels; with the mutex. */
static void await_parcels(parmap_iterator *iterator)
{
    parmap_status status = PARMAP_OK;
    pm_watchdog dog = pm_watchdog_start();
    while ((status == PARMAP_OK || status == PARMAP_TIMED_OUT) && iterator->pool &&
           !iterator->ended && pm_imap_receive(iterator) == PARMAP_OK && iterator->under_way > 0) {
        pthread_mutex_unlock(&iterator->mutex);
        pm_watchdog_bark(&dog, "the tasks of an iterator that is freed");
        status = pm_done_await(iterator->done, pm_deadline_in(pm_watchdog_left(&dog)), NULL);
        pthread_mutex_lock(&iterator->mutex);
    }
}

void parmap_iterator_free(parmap_iterator *iterator)
{
    if (!iterator)
        return;
    pthread_mutex_lock(&iterator->mutex);
    if (iterator->pool && iterator->under_way > 0)
        withdraw_parcels(iterator);
    await_parcels(iterator);
    parmap_pool *pool = iterator->pool;
    iterator->abandoned = pool && iterator->under_way > 0;
    const bool abandoned = iterator->abandoned;
    if (pool && !abandoned)
        give_back_all(iterator);
    pthread_mutex_unlock(&iterator->mutex);
    if (abandoned)
        return;
    if (pool)
        unlist(pool, iterator);
    destroy(iterator);
}

/* An iterator in the list is not freed while the pool's mutex is held.  Its own mutex is not
 * needed: a thread that has it may be computing the next input. */
void pm_iterators_end(parmap_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    for (parmap_iterator *iterator = pool->iterators; iterator; iterator = iterator->next) {
        iterator->ended = true;
        pm_done_poke(iterator->done);
    }
    pthread_mutex_unlock(&pool->mutex);
}

static void leave(parmap_iterator *iterator)
{
    pthread_mutex_lock(&iterator->mutex);
    iterator->pool = NULL;
    iterator->current = iterator->come = iterator->spare = NULL; /* the pool frees all parcels */
    memset(iterator->slots, 0, (size_t)iterator->width * sizeof(pm_parcel *));
    pm_done_poke(iterator->done);
    const bool abandoned = iterator->abandoned;
    pthread_mutex_unlock(&iterator->mutex);
    if (abandoned)
        destroy(iterator);
}

/* Nobody else uses the pool by now. */
void pm_iterators_leave(parmap_pool *pool)
{
    for (parmap_iterator *next, *iterator = pool->iterators; iterator; iterator = next) {
        next = iterator->next;
        leave(iterator);
    }
    pool->iterators = NULL;
}
