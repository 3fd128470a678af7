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

static parmap_status give_block(pm_parcel *parcel, bool is_private)
{
    if (!is_private) {
        PM_TRY(pm_heap_alloc_unset(parcel->layout.bytes, PM_KIND_PARCEL, &parcel->ref));
        parcel->data = pm_direct(parcel->ref);
        return PARMAP_OK;
    }
    parcel->data = copy_of_block(parcel->layout.bytes);
    parcel->ref = pm_private_ref(parcel->data);
    return parcel->data ? PARMAP_OK : PARMAP_SYSTEM;
}

parmap_status pm_parcel_create(const pm_call *call, int64_t count, bool is_private,
                               pm_parcel **parcel)
{
    pm_parcel *made = calloc(1, sizeof *made);
    if (!made)
        return pm_fail(PARMAP_SYSTEM, "out of memory for a task");
    made->room = count;
    made->input_bytes = call->input_bytes;
    made->result_bytes = call->result_bytes;
    made->layout = lay_out(call->input_bytes, call->result_bytes, count);
    const parmap_status status = give_block(made, is_private);
    if (status == PARMAP_OK)
        *parcel = made;
    else
        free(made);
    return status;
}

void pm_parcel_free(pm_parcel *parcel)
{
    if (parcel->ref.space == PM_PRIVATE)
        free_copy(parcel->data);
    else
        pm_heap_free(parcel->ref, PM_KIND_PARCEL);
    free(parcel);
}

pm_parcel *pm_parcel_at(pm_ref ref)
{
    const pm_parcel_spec *spec = (const pm_parcel_spec *)(const void *)pm_direct(ref);
    return (pm_parcel *)(uintptr_t)spec->cookie;
}

pm_ticket pm_parcel_ticket(const pm_parcel *parcel)
{
    return (pm_ticket){PM_TICKET_PARCEL, parcel->ref,
                       PM_PARCEL_INPUTS + (uint64_t)parcel->count * parcel->input_bytes};
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
    *ticket = pm_parcel_ticket(parcel);
    return PARMAP_OK;
}

parmap_status pm_parcel_take(pm_done done, uint64_t place, pm_parcel **parcel, uint64_t *below)
{
    pm_ref ref = done.ref;
    ref.generation = PM_ANY_GENERATION;
    ref.offset = place;
    const pm_parcel_status *status = (const pm_parcel_status *)(const void *)pm_direct(ref);
    if (!status)
        return pm_refuse_closed();
    *parcel = (pm_parcel *)(uintptr_t)status->cookie;
    *below = status->link;
    return PARMAP_OK;
}

parmap_status pm_parcel_item_status(const pm_parcel *parcel, int64_t index)
{
    const int32_t *statuses = (const int32_t *)(void *)(parcel->data + parcel->layout.statuses_at);
    return pm_parcel_result(parcel)->failed > 0 ? (parmap_status)statuses[index] : PARMAP_OK;
}

static _Atomic uint64_t *word_of(char *data)
{
    return (_Atomic uint64_t *)(void *)(data + PM_PARCEL_DONE);
}

void pm_parcel_withdraw(pm_parcel *parcel)
{
    atomic_store(word_of(parcel->data), PM_PARCEL_WITHDRAWN);
}

const parmap_failure *pm_parcel_failure(const pm_parcel *parcel)
{
    static const parmap_failure none;
    return pm_parcel_result(parcel)->failed > 0
               ? (const parmap_failure *)(const void *)(parcel->data + parcel->layout.failure_at)
               : &none;
}

/* ---- the worker's side ----------------------------------------------------------------------- */

/* A function that this rank does not have fails all items. */
static parmap_status run(const pm_parcel_spec *spec, const char *inputs, char *results,
                         int32_t *statuses, parmap_failure *failure)
{
    pm_call call;
    const parmap_status status = pm_call_unpack(&spec->call, &call);
    if (status == PARMAP_OK)
        return pm_call_run(&call, inputs, results, spec->first, spec->count, failure, statuses) ==
                       spec->count
                   ? PARMAP_OK
                   : PARMAP_CANCELLED;
    for (int64_t i = 0; i < spec->count; i++) {
        statuses[i] = (int32_t)status;
        pm_failure_add(failure, spec->first + i, status);
    }
    return PARMAP_OK;
}

static pm_parcel_layout layout_of(const char *data)
{
    const pm_parcel_spec *spec = (const pm_parcel_spec *)(const void *)data;
    return lay_out(spec->call.input_bytes, spec->call.result_bytes, spec->room);
}

parmap_status pm_parcel_compute(char *data, uint64_t *first, uint64_t *bytes)
{
    const pm_parcel_spec *spec = (const pm_parcel_spec *)(const void *)data;
    const pm_parcel_layout layout = layout_of(data);
    pm_parcel_status *status = (pm_parcel_status *)(void *)(data + layout.status_at);
    parmap_failure failure = {0};
    const double begun = pm_now();
    if (atomic_load(word_of(data)) != PM_PARCEL_WITHDRAWN)
        PM_TRY(run(spec, data + PM_PARCEL_INPUTS, data + layout.status_at + PM_PARCEL_RESULTS,
                   (int32_t *)(void *)(data + layout.statuses_at), &failure));
    status->seconds = pm_now() - begun;
    status->cookie = spec->cookie;
    status->failed = failure.count;
    if (failure.count > 0)
        memcpy(data + layout.failure_at, &failure, sizeof failure);
    *first = layout.status_at;
    *bytes = (failure.count > 0 ? layout.bytes : layout.statuses_at) - layout.status_at;
    return PARMAP_OK;
}

parmap_status pm_parcel_work(const pm_ticket *ticket)
{
    char *data = pm_direct(ticket->ref);
    uint64_t first, bytes;
    if (!data)
        return pm_refuse_closed();
    PM_TRY(pm_parcel_compute(data, &first, &bytes));
    return pm_done_push(((const pm_parcel_spec *)(const void *)data)->done, ticket->ref, first);
}

char *pm_parcel_copy(const void *inputs, uint64_t bytes)
{
    char *data = copy_of_block(layout_of(inputs).bytes);
    if (data)
        memcpy(data, inputs, bytes);
    return data;
}

void pm_parcel_free_copy(char *data)
{
    free_copy(data);
}
