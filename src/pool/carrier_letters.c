/* The functions named receive_... run with the door held, by whatever thread looks at what arrives:
 * they never wait.  The mutex here is never held while entering the door. */
#include "pool/carrier.h"
#include "pool/job.h"
#include "pool/say.h"

#include "comm/post.h"

#include <stdlib.h>
#include <string.h>

/* A far worker that has nothing to do. */
typedef struct idle_worker {
    struct idle_worker *next;
    uint32_t rank;
    uint64_t address;
} idle_worker;

/* The owner's. */
struct pm_letter_box {
    pthread_mutex_t mutex;
    idle_worker *idle;
    pm_parcel *waiting, **waiting_end;
    bool leaving;
};

/* From a worker to the owner, in front of the second half of a parcel.  To a worker goes the first
 * half of one, or nothing: it is let go. */
typedef struct report {
    uint32_t rank, unused;
    uint64_t address; /* of the worker, which is idle now */
    uint64_t cookie;  /* of the parcel; 0: none yet */
} report;

/* ---- the owner's side ------------------------------------------------------------------------ */

static parmap_status settle(const report *from, const char *second_half, uint64_t bytes)
{
    const pm_parcel *parcel = (const pm_parcel *)(uintptr_t)from->cookie;
    const pm_parcel_spec *spec = (const pm_parcel_spec *)(const void *)parcel->data;
    memcpy(parcel->data + parcel->layout.status_at, second_half, bytes);
    return pm_done_push_inside(spec->done, parcel->ref, parcel->layout.status_at);
}

/* With the mutex. */
static pm_parcel *take_waiting(struct pm_letter_box *box)
{
    pm_parcel *parcel = box->waiting;
    if (parcel) {
        box->waiting = parcel->next;
        if (!box->waiting)
            box->waiting_end = &box->waiting;
    }
    return parcel;
}

/* The worker's next parcel, or its place among the idle ones. */
static parmap_status receive_idle(struct pm_letter_box *box, const report *from)
{
    idle_worker *idle = malloc(sizeof *idle);
    if (!idle)
        return pm_fail(PARMAP_SYSTEM, "out of memory for an idle worker");
    *idle = (idle_worker){.rank = from->rank, .address = from->address};
    pthread_mutex_lock(&box->mutex);
    const pm_parcel *parcel = take_waiting(box);
    const bool leaving = box->leaving;
    if (!parcel && !leaving) {
        idle->next = box->idle;
        box->idle = idle;
        idle = NULL;
    }
    pthread_mutex_unlock(&box->mutex);
    if (!idle)
        return PARMAP_OK;
    free(idle);
    return pm_post_send_inside(from->rank, from->address, parcel ? parcel->data : NULL,
                               parcel ? pm_parcel_ticket(parcel).inputs : 0, NULL, 0);
}

static void receive_report(void *context, const void *letter, uint64_t bytes)
{
    report from;
    memcpy(&from, letter, sizeof from);
    parmap_status status = PARMAP_OK;
    if (from.cookie)
        status = settle(&from, (const char *)letter + sizeof from, bytes - sizeof from);
    if (status == PARMAP_OK)
        status = receive_idle(context, &from);
    if (status != PARMAP_OK)
        pm_say_and_abort("%s", parmap_message());
}

static parmap_status open_box(parmap_pool *pool)
{
    struct pm_letter_box *box = calloc(1, sizeof *box);
    if (!box)
        return pm_fail(PARMAP_SYSTEM, "out of memory for a pool");
    box->waiting_end = &box->waiting;
    pthread_mutex_init(&box->mutex, NULL);
    pool->letters = box;
    return pool->far > 0 ? pm_post_open(receive_report, box, &pool->route.address) : PARMAP_OK;
}

static void close_box(parmap_pool *pool)
{
    struct pm_letter_box *box = pool->letters;
    if (!box)
        return;
    if (pool->far > 0)
        pm_post_close(pool->route.address);
    for (idle_worker *next, *idle = box->idle; idle; idle = next) {
        next = idle->next;
        free(idle);
    }
    pthread_mutex_destroy(&box->mutex);
    free(box);
}

static idle_worker *take_idle(struct pm_letter_box *box)
{
    idle_worker *idle = box->idle;
    if (idle)
        box->idle = idle->next;
    return idle;
}

static parmap_status send_parcel(parmap_pool *pool, const pm_ticket *ticket)
{
    struct pm_letter_box *box = pool->letters;
    pm_parcel *parcel = pm_parcel_at(ticket->ref);
    pthread_mutex_lock(&box->mutex);
    idle_worker *idle = take_idle(box);
    if (!idle) {
        parcel->next = NULL;
        *box->waiting_end = parcel;
        box->waiting_end = &parcel->next;
    }
    pthread_mutex_unlock(&box->mutex);
    if (!idle) {
        pm_pool_call_near(pool, 1);
        return PARMAP_OK;
    }
    const parmap_status status =
        pm_post_send(idle->rank, idle->address, parcel->data, ticket->inputs, NULL, 0);
    free(idle);
    return status;
}

static parmap_status take_parcel(parmap_pool *pool, pm_ticket *ticket)
{
    struct pm_letter_box *box = pool->letters;
    pthread_mutex_lock(&box->mutex);
    const pm_parcel *parcel = take_waiting(box);
    const bool leaving = box->leaving;
    pthread_mutex_unlock(&box->mutex);
    if (!parcel)
        return leaving ? PARMAP_CLOSED : PARMAP_EMPTY;
    *ticket = pm_parcel_ticket(parcel);
    return PARMAP_OK;
}

static void let_go(parmap_pool *pool)
{
    struct pm_letter_box *box = pool->letters;
    idle_worker *idle;
    do {
        pthread_mutex_lock(&box->mutex);
        box->leaving = true;
        idle = take_idle(box);
        pthread_mutex_unlock(&box->mutex);
        if (idle)
            pm_post_send(idle->rank, idle->address, NULL, 0, NULL, 0);
        free(idle);
    } while (idle);
}

/* ---- a far worker's side --------------------------------------------------------------------- */

enum { NOTHING, TASK, LEAVE, NO_MEMORY };

/* What has come for a worker; it has one parcel at a time. */
typedef struct desk {
    uint64_t state; /* one of the above; first */
    char *data;
    uint64_t address; /* where it receives */
} desk;

static void receive_parcel(void *context, const void *letter, uint64_t bytes)
{
    desk *d = context;
    const pm_ref ref = pm_private_ref(d);
    d->data = bytes > 0 ? pm_parcel_copy(letter, bytes) : NULL;
    if (pm_store(ref, 0, bytes == 0 ? LEAVE : d->data ? TASK : NO_MEMORY) == PARMAP_OK)
        pm_post_wake_inside(ref, 0);
}

static parmap_status await_parcel(desk *d)
{
    const pm_ref ref = pm_private_ref(d);
    uint64_t state = NOTHING;
    while (state == NOTHING) {
        PM_TRY(pm_block_on(ref, 0, NOTHING, pm_deadline_in(PARMAP_FOREVER), NULL));
        PM_TRY(pm_load(ref, 0, &state));
    }
    if (state == NO_MEMORY)
        pm_say_and_abort("out of memory for the inputs of a task");
    return state == TASK ? PARMAP_OK : PARMAP_CLOSED;
}

/* From one parcel to the next. */
static parmap_status work_once(const pm_carrier_route *route, desk *d, uint64_t cookie,
                               uint64_t first, uint64_t bytes)
{
    const report mine = {.rank = (uint32_t)parmap_rank(), .address = d->address, .cookie = cookie};
    char *data = d->data;
    PM_TRY(pm_store(pm_private_ref(d), 0, NOTHING));
    d->data = NULL;
    const parmap_status status = pm_post_send((uint32_t)route->owner, route->address, &mine,
                                              sizeof mine, data ? data + first : NULL, bytes);
    pm_parcel_free_copy(data);
    PM_TRY(status);
    return await_parcel(d);
}

static parmap_status work_at(const pm_carrier_route *route, desk *d)
{
    uint64_t cookie = 0, first = 0, bytes = 0;
    for (;;) {
        PM_TRY(work_once(route, d, cookie, first, bytes));
        PM_TRY(pm_parcel_compute(d->data, &first, &bytes));
        cookie = ((const pm_parcel_spec *)(const void *)d->data)->cookie;
    }
}

/* Also when a task ends its thread. */
static void close_desk(void *context)
{
    desk *d = context;
    pm_post_close(d->address);
    pm_parcel_free_copy(d->data);
}

static parmap_status work(const pm_carrier_route *route)
{
    desk d = {.state = NOTHING};
    parmap_status status;
    PM_TRY(pm_post_open(receive_parcel, &d, &d.address));
    pthread_cleanup_push(close_desk, &d);
    status = work_at(route, &d);
    pthread_cleanup_pop(1);
    return status;
}

const pm_carrier pm_carrier_letters = {.is_private = true,
                                       .open = open_box,
                                       .close = close_box,
                                       .send = send_parcel,
                                       .take = take_parcel,
                                       .let_go = let_go,
                                       .work = work};
