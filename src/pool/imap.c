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

#include "pool/failure.h"

#include <inttypes.h>
#include <string.h>

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

void pm_imap_keep(parmap_iterator *iterator, pm_parcel *parcel)
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
        pm_imap_keep(iterator, parcel);
        return PARMAP_OK;
    }
    parcel->number = iterator->sent;
    parcel->job = iterator;
    parmap_status status =
        pm_parcel_pack(parcel, &iterator->call, iterator->taken, count, iterator->done, &ticket);
    if (status == PARMAP_OK)
        status = pm_pool_send(iterator->pool, &ticket);
    if (status != PARMAP_OK) {
        pm_imap_keep(iterator, parcel);
        return status;
    }
    iterator->taken += count;
    iterator->sent++;
    iterator->under_way++;
    return PARMAP_OK;
}

/* A full heap is no error while parcels are under way: they come back. */
parmap_status pm_imap_send_more(parmap_iterator *iterator)
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

parmap_status pm_imap_receive(parmap_iterator *iterator)
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

parmap_status pm_imap_refuse_dropped(void)
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
            return pm_imap_refuse_dropped();
        PM_TRY(pm_imap_receive(iterator));
        PM_TRY(pm_imap_send_more(iterator));
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
        pm_imap_keep(iterator, parcel);
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
        PM_TRY(pm_imap_send_more(iterator));
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
