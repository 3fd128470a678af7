#include "pool/parcel.h"

#include "pool/failure.h"

#include "comm/pause.h"
#include "share/object.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(pm_parcel_spec) <= PM_PARCEL_DONE, "the done word follows it");
_Static_assert(sizeof(pm_parcel_status) == PM_PARCEL_RESULTS, "the results follow it");

/* A block's data begin 16 bytes into a cache line; here lines begin. */
static uint64_t next_line(uint64_t at)
{
    return ((at + 16 + 63) & ~UINT64_C(63)) - 16;
}

/* ---- the owner's side ------------------------------------------------------------------------ */

static pm_parcel_layout lay_out(size_t input_bytes, size_t result_bytes, int64_t room)
{
    const uint64_t items = (uint64_t)room;
    pm_parcel_layout l = {.status_at = next_line(PM_PARCEL_INPUTS + items * input_bytes)};
    l.statuses_at = (l.status_at + PM_PARCEL_RESULTS + items * result_bytes + 7) & ~UINT64_C(7);
    l.failure_at = l.statuses_at + ((4 * items + 7) & ~UINT64_C(7));
    l.bytes = l.failure_at + ((sizeof(parmap_failure) + 7) & ~UINT64_C(7));
    return l;
}

/* Memory like that of a block, whose data begin 16 bytes into a line. */
static char *copy_of_block(uint64_t bytes)
{
    char *memory = aligned_alloc(64, (bytes + 16 + 63) & ~UINT64_C(63));
    if (!memory)
        pm_fail(PARMAP_SYSTEM, "out of memory for the records of a task");
    return memory ? memory + 16 : NULL;
}

static void free_copy(char *copy)
{
    if (copy)
        free(copy - 16);
}

parmap_status pm_parcel_create(const pm_call *call, int64_t count, pm_parcel **parcel)
{
    pm_parcel *made = calloc(1, sizeof *made);
    if (!made)
        return pm_fail(PARMAP_SYSTEM, "out of memory for a task");
    made->room = count;
    made->input_bytes = call->input_bytes;
    made->result_bytes = call->result_bytes;
    made->layout = lay_out(call->input_bytes, call->result_bytes, count);
    parmap_status status = pm_heap_alloc_unset(made->layout.bytes, PM_KIND_PARCEL, &made->ref);
    if (status == PARMAP_OK) {
        made->data = pm_direct(made->ref);
        made->is_copy = !made->data;
        if (made->is_copy && !(made->data = copy_of_block(made->layout.bytes))) {
            pm_heap_free(made->ref, PM_KIND_PARCEL);
            status = PARMAP_SYSTEM;
        }
    }
    if (status != PARMAP_OK) {
        free(made);
        return status;
    }
    *parcel = made;
    return PARMAP_OK;
}

void pm_parcel_free(pm_parcel *parcel)
{
    pm_heap_free(parcel->ref, PM_KIND_PARCEL);
    if (parcel->is_copy)
        free_copy(parcel->data);
    free(parcel);
}

parmap_status pm_parcel_pack(pm_parcel *parcel, const pm_call *call, int64_t first, int64_t count,
                             pm_done done, pm_ticket *ticket)
{
    pm_parcel_spec *spec = (pm_parcel_spec *)(void *)parcel->data;
    parcel->first = first;
    parcel->count = count;
    PM_TRY(pm_call_pack(call, &spec->call));
    spec->first = first;
    spec->count = count;
    spec->room = parcel->room;
    spec->cookie = (uintptr_t)parcel;
    spec->done = done;
    memset(parcel->data + PM_PARCEL_DONE, 0, 8);
    const uint64_t inputs = ((uint64_t)count * call->input_bytes + 7) & ~UINT64_C(7);
    *ticket =
        (pm_ticket){PM_TICKET_PARCEL, parcel->ref, parcel->layout.bytes, PM_PARCEL_INPUTS + inputs};
    return parcel->is_copy ? pm_put(parcel->ref, 0, 8, parcel->data, ticket->inputs) : PARMAP_OK;
}

static parmap_status fetch(pm_parcel *parcel, uint64_t first, uint64_t end)
{
    return pm_get(parcel->ref, first, 8, parcel->data + first, end - first);
}

parmap_status pm_parcel_take(uint64_t place, uint32_t rank, pm_parcel **parcel, uint64_t *below)
{
    const pm_ref ref = {
        .rank = rank & PM_MOST_RANKS, .generation = PM_ANY_GENERATION, .offset = place};
    uint64_t words[2]; /* link, cookie */
    PM_TRY(pm_get(ref, 0, 8, words, sizeof words));
    *below = words[0];
    pm_parcel *taken = *parcel = (pm_parcel *)(uintptr_t)words[1];
    if (!taken->is_copy)
        return PARMAP_OK;
    const pm_parcel_layout *l = &taken->layout;
    PM_TRY(fetch(taken, l->status_at, l->statuses_at));
    return pm_parcel_result(taken)->failed > 0 ? fetch(taken, l->statuses_at, l->bytes) : PARMAP_OK;
}

parmap_status pm_parcel_item_status(const pm_parcel *parcel, int64_t index)
{
    const int32_t *statuses = (const int32_t *)(void *)(parcel->data + parcel->layout.statuses_at);
    return pm_parcel_result(parcel)->failed > 0 ? (parmap_status)statuses[index] : PARMAP_OK;
}

const parmap_failure *pm_parcel_failure(const pm_parcel *parcel)
{
    static const parmap_failure none;
    return pm_parcel_result(parcel)->failed > 0
               ? (const parmap_failure *)(const void *)(parcel->data + parcel->layout.failure_at)
               : &none;
}

/* ---- the worker's side ----------------------------------------------------------------------- */

/* A parcel as its worker has it: the block itself where that is at hand, else a copy. */
typedef struct delivery {
    char *data;
    char *copy; /* NULL: none */
    const pm_parcel_spec *spec;
    pm_parcel_layout layout;
    pm_parcel_status *status;
    int32_t *statuses;
} delivery;

static parmap_status open_parcel(const pm_ticket *ticket, delivery *d)
{
    *d = (delivery){.data = pm_direct(ticket->ref)};
    if (!d->data) {
        d->data = d->copy = copy_of_block(ticket->bytes);
        if (!d->data)
            return PARMAP_SYSTEM;
        PM_TRY(pm_get(ticket->ref, 0, 8, d->data, ticket->inputs));
    }
    d->spec = (pm_parcel_spec *)(void *)d->data;
    d->layout = lay_out(d->spec->call.input_bytes, d->spec->call.result_bytes, d->spec->room);
    d->status = (pm_parcel_status *)(void *)(d->data + d->layout.status_at);
    d->statuses = (int32_t *)(void *)(d->data + d->layout.statuses_at);
    return PARMAP_OK;
}

/* A function that this rank does not have fails all items. */
static parmap_status compute(const delivery *d, parmap_failure *failure)
{
    const pm_parcel_spec *spec = d->spec;
    pm_call call;
    const parmap_status status = pm_call_unpack(&spec->call, &call);
    if (status == PARMAP_OK) {
        const int64_t done = pm_call_run(&call, d->data + PM_PARCEL_INPUTS,
                                         d->data + d->layout.status_at + PM_PARCEL_RESULTS,
                                         spec->first, spec->count, failure, d->statuses);
        return done == spec->count ? PARMAP_OK : PARMAP_CANCELLED;
    }
    for (int64_t i = 0; i < spec->count; i++) {
        d->statuses[i] = (int32_t)status;
        pm_failure_add(failure, spec->first + i, status);
    }
    return PARMAP_OK;
}

static parmap_status send_back(const pm_ticket *ticket, const delivery *d)
{
    const uint64_t first = d->layout.status_at;
    const uint64_t end = d->status->failed > 0 ? d->layout.bytes : d->layout.statuses_at;
    if (d->copy)
        PM_TRY(pm_put(ticket->ref, first, 8, d->data + first, end - first));
    return pm_done_push(d->spec->done, ticket->ref, first);
}

static parmap_status work(const pm_ticket *ticket, delivery *d)
{
    PM_TRY(open_parcel(ticket, d));
    parmap_failure failure = {0};
    const double begun = pm_now();
    PM_TRY(compute(d, &failure));
    d->status->seconds = pm_now() - begun;
    d->status->cookie = d->spec->cookie;
    d->status->failed = failure.count;
    if (failure.count > 0)
        memcpy(d->data + d->layout.failure_at, &failure, sizeof failure);
    return send_back(ticket, d);
}

parmap_status pm_parcel_work(const pm_ticket *ticket)
{
    delivery d;
    const parmap_status status = work(ticket, &d);
    free_copy(d.copy);
    return status;
}
