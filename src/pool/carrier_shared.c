#include "pool/carrier.h"
#include "pool/job.h"

static parmap_status open_queue(parmap_pool *pool)
{
    return parmap_queue_create(&pool->route.tickets, 0);
}

static void close_queue(parmap_pool *pool)
{
    parmap_queue_free(&pool->route.tickets);
}

static parmap_status overflow(parmap_pool *pool, pm_ref ref)
{
    pm_parcel *parcel = pm_parcel_at(ref);
    pthread_mutex_lock(&pool->mutex);
    parcel->next = pool->overflow;
    pool->overflow = parcel;
    pthread_mutex_unlock(&pool->mutex);
    pm_pool_call_near(pool, 1);
    return PARMAP_OK;
}

static pm_parcel *take_overflow(parmap_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pm_parcel *parcel = pool->overflow;
    if (parcel)
        pool->overflow = parcel->next;
    pthread_mutex_unlock(&pool->mutex);
    return parcel;
}

/* Far workers look at the queue by themselves.  If all of them may be busy near ones are called. */
static parmap_status send_ticket(parmap_pool *pool, const pm_ticket *ticket)
{
    const parmap_status status =
        parmap_queue_put(&pool->route.tickets, ticket, sizeof *ticket, PARMAP_FOREVER);
    if (status == PARMAP_NO_MEMORY)
        return overflow(pool, ticket->ref);
    PM_TRY(status);
    int64_t under_way = atomic_load(&pool->outstanding);
    if (pool->helped)
        under_way += pm_job_far_at_maps(pool);
    if (under_way > pool->far)
        pm_pool_call_near(pool, 1);
    return PARMAP_OK;
}

static parmap_status take_ticket(parmap_pool *pool, pm_ticket *ticket)
{
    const pm_parcel *parcel = take_overflow(pool);
    if (!parcel)
        return parmap_queue_get(&pool->route.tickets, ticket, sizeof *ticket, NULL, 0);
    *ticket = pm_parcel_ticket(parcel);
    return PARMAP_OK;
}

static void let_go(parmap_pool *pool)
{
    parmap_queue_close(&pool->route.tickets);
}

parmap_status pm_ticket_work(const pm_ticket *ticket)
{
    if (ticket->kind == PM_TICKET_PARCEL)
        return pm_parcel_work(ticket);
    pm_map_help(ticket->ref);
    return PARMAP_OK;
}

static parmap_status work(const pm_carrier_route *route)
{
    parmap_status status = PARMAP_OK;
    while (status == PARMAP_OK) {
        pm_ticket ticket;
        status = parmap_queue_get(&route->tickets, &ticket, sizeof ticket, NULL, PARMAP_FOREVER);
        if (status == PARMAP_OK)
            status = pm_ticket_work(&ticket);
    }
    return status;
}

const pm_carrier pm_carrier_shared = {.open = open_queue,
                                      .close = close_queue,
                                      .send = send_ticket,
                                      .take = take_ticket,
                                      .let_go = let_go,
                                      .work = work};
