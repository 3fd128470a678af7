/* A window of parcels moves along the inputs: the oldest is given back to the caller item by item,
 * and new ones are sent as old ones are used up.
 *
 *     slots: a ring of `width` parcels, by their number modulo width
 *              returned          received, or under way          to be sent
 *           ...........|===========|======|..............|................
 *                      oldest                            next number
 *
 * In order, the caller gets that of number `oldest`; else those that have come, in a list. */
#include "pool/iterator.h"

#include "pool/carrier.h"
#include "pool/failure.h"
#include "pool/job.h"

#include "share/object.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { AHEAD_LEAST = 256, AHEAD_EACH = 16, AHEAD_BYTES = 16 << 20, AHEAD_MOST = 1 << 20 };

struct parmap_iterator {
    parmap_pool *pool;  /* NULL once that is gone */
    _Atomic bool ended; /* it was terminated */
    bool abandoned;     /* freed while workers still had parcels: the pool frees it at its end */
    struct parmap_iterator *next, *previous; /* in pool->iterators */
    parmap_job what;
    pm_call call;
    bool ordered;
    int64_t chunk, width; /* items of a parcel, parcels at once */
    pm_done_home done_home;
    pm_done done;

    pthread_mutex_t mutex; /* between the caller and the end of the pool */
    int64_t taken;         /* inputs so far */
    bool exhausted;        /* there are no more */
    int64_t sent, oldest;  /* numbers of parcels */
    int64_t under_way;
    pm_parcel **slots; /* in order: what has come */
    pm_parcel *come;   /* else: the same as a list */
    pm_parcel *current;
    int64_t given; /* items of it */
    pm_parcel *spare;
};

/* ---- sending --------------------------------------------------------------------------------- */

static parmap_status get_parcel(parmap_iterator *iterator, pm_parcel **parcel)
{
    pm_parcel *spare = iterator->spare;
    if (!spare)
        return pm_pool_get_parcel(iterator->pool, &iterator->call, iterator->chunk, parcel);
    iterator->spare = spare->next;
    *parcel = spare;
    return PARMAP_OK;
}

static void keep(parmap_iterator *iterator, pm_parcel *parcel)
{
    parcel->next = iterator->spare;
    iterator->spare = parcel;
}

/* The next inputs, up to a chunk of them. */
static int64_t fill(parmap_iterator *iterator, char *inputs)
{
    const parmap_job *what = &iterator->what;
    const size_t bytes = iterator->call.input_bytes;
    int64_t count = 0;
    if (what->next) {
        while (count < iterator->chunk && !iterator->exhausted) {
            iterator->exhausted = !what->next(inputs + (size_t)count * bytes, what->context);
            count += !iterator->exhausted;
        }
        return count;
    }
    const int64_t left = what->count - iterator->taken;
    count = left < iterator->chunk ? left : iterator->chunk;
    if (bytes > 0)
        memcpy(inputs, (const char *)what->inputs + (size_t)iterator->taken * bytes,
               (size_t)count * bytes);
    iterator->exhausted = count == left;
    return count;
}

static parmap_status send_one(parmap_iterator *iterator)
{
    pm_parcel *parcel;
    pm_ticket ticket;
    PM_TRY(get_parcel(iterator, &parcel));
    const int64_t count = fill(iterator, pm_parcel_inputs(parcel));
    if (count == 0) {
        keep(iterator, parcel);
        return PARMAP_OK;
    }
    parcel->number = iterator->sent;
    parmap_status status =
        pm_parcel_pack(parcel, &iterator->call, iterator->taken, count, iterator->done, &ticket);
    if (status == PARMAP_OK)
        status = pm_pool_send(iterator->pool, &ticket);
    if (status != PARMAP_OK) {
        keep(iterator, parcel);
        return status;
    }
    iterator->taken += count;
    iterator->sent++;
    iterator->under_way++;
    return PARMAP_OK;
}

/* A full heap is no error while parcels are under way: they come back. */
static parmap_status send_more(parmap_iterator *iterator)
{
    while (!iterator->exhausted && iterator->sent - iterator->oldest < iterator->width) {
        const parmap_status status = send_one(iterator);
        if (status == PARMAP_NO_MEMORY && iterator->sent > iterator->oldest)
            return PARMAP_OK;
        PM_TRY(status);
    }
    return PARMAP_OK;
}

/* ---- receiving ------------------------------------------------------------------------------- */

static parmap_status receive(parmap_iterator *iterator)
{
    uint64_t place;
    PM_TRY(pm_done_take(iterator->done, &place));
    while (place != 0) {
        pm_parcel *parcel;
        PM_TRY(pm_parcel_take(iterator->done, place, &parcel, &place));
        pm_pool_settle(iterator->pool);
        iterator->under_way--;
        if (iterator->ordered) {
            iterator->slots[parcel->number % iterator->width] = parcel;
        } else {
            parcel->next = iterator->come;
            iterator->come = parcel;
        }
    }
    return PARMAP_OK;
}

/* The parcel that comes next, or NULL. */
static pm_parcel *take_next(parmap_iterator *iterator)
{
    pm_parcel **place =
        iterator->ordered ? &iterator->slots[iterator->oldest % iterator->width] : &iterator->come;
    pm_parcel *parcel = *place;
    if (parcel)
        *place = iterator->ordered ? NULL : parcel->next;
    return parcel;
}

static parmap_status refuse_dropped(void)
{
    return pm_fail(PARMAP_CLOSED, "the pool was terminated before all results were read");
}

/* Sees that there is a current parcel; PARMAP_EMPTY: there are no more. */
static parmap_status find_current(parmap_iterator *iterator, pm_deadline deadline)
{
    while (!iterator->current) {
        iterator->current = take_next(iterator);
        if (iterator->current)
            break;
        if (!iterator->pool || iterator->ended)
            return refuse_dropped();
        PM_TRY(receive(iterator));
        PM_TRY(send_more(iterator));
        iterator->current = take_next(iterator);
        if (iterator->current)
            break;
        if (iterator->under_way == 0)
            return PARMAP_EMPTY;
        pthread_mutex_unlock(&iterator->mutex);
        const parmap_status status = pm_done_await(iterator->done, deadline, NULL);
        pthread_mutex_lock(&iterator->mutex);
        if (iterator->pool && !iterator->ended)
            PM_TRY(status);
    }
    return PARMAP_OK;
}

/* ---- giving to the caller -------------------------------------------------------------------- */

static parmap_status report(const parmap_iterator *iterator, int64_t index, parmap_status status)
{
    const parmap_failure *in_parcel = pm_parcel_failure(iterator->current);
    parmap_failure failure = *in_parcel;
    if (in_parcel->index != index) { /* the text is that of another item */
        failure = (parmap_failure){.rank = in_parcel->rank, .status = status};
    }
    failure.index = index;
    failure.count = 1;
    return pm_failure_status(&failure, 1, "item");
}

static parmap_status give(parmap_iterator *iterator, void *result, int64_t *index)
{
    pm_parcel *parcel = iterator->current;
    const int64_t item = iterator->given++, number = parcel->first + item;
    const size_t bytes = iterator->call.result_bytes;
    const parmap_status status = pm_parcel_item_status(parcel, item);
    parmap_status returned = PARMAP_OK;
    if (index)
        *index = number;
    if (status != PARMAP_OK)
        returned = report(iterator, number, status);
    else if (result && bytes > 0)
        memcpy(result, (char *)pm_parcel_results(parcel) + (size_t)item * bytes, bytes);
    if (iterator->given == parcel->count) {
        iterator->current = NULL;
        iterator->given = 0;
        iterator->oldest++;
        keep(iterator, parcel);
    }
    return returned;
}

/* Before the caller has to wait: half the window is empty, or nothing is left to give. */
static bool is_low(const parmap_iterator *iterator)
{
    return iterator->pool && !iterator->ended && !iterator->exhausted &&
           iterator->sent - iterator->oldest <= iterator->width / 2;
}

static parmap_status next(parmap_iterator *iterator, void *result, int64_t *index,
                          pm_deadline deadline)
{
    PM_TRY(find_current(iterator, deadline));
    if (is_low(iterator))
        PM_TRY(send_more(iterator));
    return give(iterator, result, index);
}

parmap_status parmap_iterator_next(parmap_iterator *iterator, void *result, int64_t *index,
                                   double timeout_s)
{
    PM_TRY(pm_need(iterator, "the iterator"));
    PM_TRY(pm_wait_check());
    pthread_mutex_lock(&iterator->mutex);
    const parmap_status status = next(iterator, result, index, pm_deadline_in(timeout_s));
    const int64_t done = iterator->oldest * iterator->chunk;
    pthread_mutex_unlock(&iterator->mutex);
    if (status == PARMAP_TIMED_OUT)
        pm_fail(PARMAP_TIMED_OUT,
                "no result has come within %g s, after about %" PRId64
                " items; wait longer, or look at "
                "what the tasks wait for",
                timeout_s, done);
    return status;
}

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
    const parmap_status status = made->ended ? refuse_dropped() : send_more(made);
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
            keep(iterator, iterator->slots[i]);
    if (iterator->current)
        keep(iterator, iterator->current);
    give_back(iterator->pool, &iterator->come);
    give_back(iterator->pool, &iterator->spare);
}

/* Until no worker has one of its parcels; with the mutex. */
static void await_parcels(parmap_iterator *iterator)
{
    parmap_status status = PARMAP_OK;
    while (status == PARMAP_OK && iterator->pool && !iterator->ended &&
           receive(iterator) == PARMAP_OK && iterator->under_way > 0) {
        pthread_mutex_unlock(&iterator->mutex);
        status = pm_done_await(iterator->done, pm_deadline_in(PARMAP_FOREVER), NULL);
        pthread_mutex_lock(&iterator->mutex);
    }
}

void parmap_iterator_free(parmap_iterator *iterator)
{
    if (!iterator)
        return;
    pthread_mutex_lock(&iterator->mutex);
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
