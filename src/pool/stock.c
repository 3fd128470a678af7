/* The parcels of a pool: all that there are, and spare ones for single items. */
#include "pool/carrier.h"
#include "pool/job.h"

enum { SPARES = 1024 };

static void list_parcel(parmap_pool *pool, pm_parcel *parcel)
{
    pthread_mutex_lock(&pool->mutex);
    parcel->later = pool->parcels;
    if (pool->parcels)
        pool->parcels->earlier = parcel;
    pool->parcels = parcel;
    pthread_mutex_unlock(&pool->mutex);
}

static void unlist_parcel(parmap_pool *pool, pm_parcel *parcel)
{
    pthread_mutex_lock(&pool->mutex);
    if (parcel->earlier)
        parcel->earlier->later = parcel->later;
    else
        pool->parcels = parcel->later;
    if (parcel->later)
        parcel->later->earlier = parcel->earlier;
    pthread_mutex_unlock(&pool->mutex);
}

static pm_parcel *take_spare(parmap_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pm_parcel *spare = pool->spare;
    if (spare) {
        pool->spare = spare->next;
        pool->spares--;
    }
    pthread_mutex_unlock(&pool->mutex);
    return spare;
}

static void destroy_parcel(parmap_pool *pool, pm_parcel *parcel)
{
    unlist_parcel(pool, parcel);
    pm_parcel_free(parcel);
}

parmap_status pm_pool_get_parcel(parmap_pool *pool, const pm_call *call, int64_t room,
                                 pm_parcel **parcel)
{
    pm_parcel *spare = room == 1 ? take_spare(pool) : NULL;
    if (spare && spare->input_bytes == call->input_bytes &&
        spare->result_bytes == call->result_bytes) {
        *parcel = spare;
        return PARMAP_OK;
    }
    if (spare)
        destroy_parcel(pool, spare);
    PM_TRY(pm_parcel_create(call, room, pool->carrier->is_private, parcel));
    list_parcel(pool, *parcel);
    return PARMAP_OK;
}

void pm_pool_give_back(parmap_pool *pool, pm_parcel *parcel)
{
    bool kept = false;
    pthread_mutex_lock(&pool->mutex);
    if (parcel->room == 1 && pool->spares < SPARES) {
        parcel->next = pool->spare;
        parcel->job = NULL;
        parcel->holds_job = false;
        pool->spare = parcel;
        pool->spares++;
        kept = true;
    }
    pthread_mutex_unlock(&pool->mutex);
    if (!kept)
        destroy_parcel(pool, parcel);
}

/* When no worker is left that writes to one. */
void pm_pool_free_parcels(parmap_pool *pool)
{
    while (pool->parcels) {
        pm_parcel *parcel = pool->parcels;
        if (parcel->holds_job)
            pm_job_release(parcel->job);
        destroy_parcel(pool, parcel);
    }
}
