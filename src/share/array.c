/* Arrays: in the heap of one rank, or in blocks over the segments of all.
 *
 *   block of a local array:   | unused 56 | lock word 8 | unused 48 | elements ... |
 *   space of a distributed one, on every rank:                         | elements ... |
 *
 * A local array's elements begin with a cache line.  The handle of a distributed one names its
 * space; in place of the offset it has the number of elements per rank.
 *
 * Verbs: as those of a number; a slice takes one for each rank that has a part of it. */
#include "share/mutex.h"
#include "share/number.h"
#include "share/object.h"
#include "share/session.h"

#include <inttypes.h>

enum { LOCK = PM_OWN_LINE + 8, ELEMENTS = PM_OWN_LINE + 64 };

static inline bool is_distributed(const parmap_array *array)
{
    return array->handle.rank >> PM_RANK_BITS != 0;
}

/* The place of an element, and in *rest how many follow it there, itself included. */
static inline pm_ref locate(const parmap_array *array, uint64_t index, uint64_t width, uint64_t *at,
                            uint64_t *rest)
{
    pm_ref ref = pm_handle_ref(&array->handle);
    if (!is_distributed(array)) {
        *at = ELEMENTS + index * width;
        *rest = (uint64_t)array->length - index;
        return ref;
    }
    const uint64_t share = array->handle.offset;
    ref.rank = (uint32_t)(index / share) & PM_MOST_RANKS;
    ref.offset = 0;
    *at = index % share * width;
    *rest = share - index % share;
    return ref;
}

static parmap_status open_array(const parmap_array *array, pm_typecode *type)
{
    pm_ref ref;
    PM_TRY(pm_open_handle(array ? &array->handle : NULL, PM_KIND_ARRAY, &ref));
    *type = pm_typecodes[pm_handle_code(&array->handle)];
    return PARMAP_OK;
}

/* ---- creating and freeing -------------------------------------------------------------------- */

static parmap_status check_wish(const parmap_array *array, char typecode, int64_t length)
{
    if (!array)
        return pm_fail(PARMAP_USAGE, "parmap_array_create needs a place for the handle");
    PM_TRY(pm_typecode_check(typecode));
    if (length < 0)
        return pm_fail(PARMAP_USAGE, "an array of %" PRId64 " elements; it has 0 or more", length);
    const int width = pm_typecodes[(unsigned char)typecode].width;
    if (length > (INT64_MAX >> 1) / width)
        return pm_fail(PARMAP_NO_MEMORY,
                       "no memory holds %" PRId64 " elements of %d bytes; ask for less", length,
                       width);
    return PARMAP_OK;
}

parmap_status parmap_array_create(parmap_array *array, char typecode, int64_t length)
{
    pm_ref ref;
    PM_TRY(check_wish(array, typecode, length));
    const uint64_t width = pm_typecodes[(unsigned char)typecode].width;
    PM_TRY(pm_create(PM_KIND_ARRAY, 0, ELEMENTS + (uint64_t)length * width, &array->handle, &ref));
    array->handle.kind |= (uint32_t)(unsigned char)typecode << 24;
    array->length = length;
    return PARMAP_OK;
}

/* Collective.  That all ranks ask for the same, and for something possible. */
static parmap_status agree_on_wish(const parmap_array *array, char typecode, int64_t length)
{
    const int64_t mine[2] = {(unsigned char)typecode, length};
    int64_t first[2] = {mine[0], mine[1]};
    PM_TRY(parmap_broadcast(first, sizeof first, 0));
    parmap_status status = check_wish(array, typecode, length);
    if (status == PARMAP_OK && (mine[0] != first[0] || mine[1] != first[1]))
        status = pm_fail(PARMAP_USAGE,
                         "rank %d makes a distributed array of %" PRId64
                         " elements of typecode %c, rank 0 one of %" PRId64
                         " of %c; all must ask for the same",
                         parmap_rank(), length, typecode, first[1], (char)first[0]);
    return pm_session_agree(status);
}

parmap_status parmap_array_create_distributed(parmap_array *array, char typecode, int64_t length)
{
    uint32_t space, generation;
    PM_TRY(pm_session_check_collective());
    PM_TRY(agree_on_wish(array, typecode, length));
    const uint64_t ranks = (uint64_t)parmap_size();
    const uint64_t share = length > 0 ? ((uint64_t)length + ranks - 1) / ranks : 1;
    PM_TRY(pm_space_open(share * pm_typecodes[(unsigned char)typecode].width, &space, &generation));
    *array =
        (parmap_array){.handle = {.rank = space << PM_RANK_BITS,
                                  .generation = generation,
                                  .offset = share,
                                  .kind = PM_KIND_ARRAY | (uint32_t)(unsigned char)typecode << 24},
                       .length = length};
    return PARMAP_OK;
}

static parmap_status check_space(const parmap_array *array)
{
    const uint32_t space = array->handle.rank >> PM_RANK_BITS;
    if (space >= PM_SPACES || pm_spaces[space].generation != array->handle.generation)
        return pm_refuse_stale();
    return PARMAP_OK;
}

/* The agreement also sees to it that no rank is still at work in the array. */
static parmap_status free_distributed(parmap_array *array)
{
    PM_TRY(pm_session_check_collective());
    PM_TRY(pm_session_agree(check_space(array)));
    PM_TRY(pm_space_close(array->handle.rank >> PM_RANK_BITS));
    *array = (parmap_array){.length = 0};
    return PARMAP_OK;
}

parmap_status parmap_array_free(parmap_array *array)
{
    pm_typecode type;
    PM_TRY(open_array(array, &type));
    if (is_distributed(array))
        return free_distributed(array);
    PM_TRY(pm_destroy(&array->handle, PM_KIND_ARRAY));
    array->length = 0;
    return PARMAP_OK;
}

/* ---- the own part ---------------------------------------------------------------------------- */

parmap_status parmap_array_local(const parmap_array *array, void **elements, int64_t *first,
                                 int64_t *count)
{
    pm_typecode type;
    PM_TRY(open_array(array, &type));
    const parmap_handle *handle = &array->handle;
    const int64_t rank = parmap_rank();
    int64_t begin = 0, end = 0;
    char *own = NULL;
    if (is_distributed(array)) {
        PM_TRY(check_space(array));
        begin = rank * (int64_t)handle->offset;
        end = begin + (int64_t)handle->offset;
        own = pm_space_own(handle->rank >> PM_RANK_BITS);
    } else {
        uint64_t lock; /* looked at to see whether the array is still there */
        PM_TRY(pm_load(pm_handle_ref(handle), LOCK, &lock));
        end = handle->rank == (uint32_t)rank ? array->length : 0;
        own = (char *)pm_space_own(0) + handle->offset + ELEMENTS;
    }
    end = end < array->length ? end : array->length;
    *count = begin < end ? end - begin : 0;
    *first = *count > 0 ? begin : 0;
    *elements = *count > 0 ? own : NULL;
    return PARMAP_OK;
}

/* ---- single elements ------------------------------------------------------------------------- */

static parmap_status refuse_index(const parmap_array *array, int64_t index)
{
    if (array->length == 0)
        return pm_fail(PARMAP_USAGE, "there is no element %" PRId64 "; the array is empty", index);
    return pm_fail(PARMAP_USAGE, "there is no element %" PRId64 "; the array has 0..%" PRId64,
                   index, array->length - 1);
}

static inline parmap_status open_element(const parmap_array *array, int64_t index, pm_number *n)
{
    uint64_t rest;
    PM_TRY(open_array(array, &n->type));
    if (__builtin_expect((uint64_t)index >= (uint64_t)array->length, 0))
        return refuse_index(array, index);
    n->ref = locate(array, (uint64_t)index, n->type.width, &n->at, &rest);
    n->code = pm_handle_code(&array->handle);
    n->family = "array";
    return PARMAP_OK;
}

parmap_status parmap_array_load_int(const parmap_array *array, int64_t index, int64_t *number)
{
    pm_number n;
    PM_TRY(open_element(array, index, &n));
    return pm_number_load_int(&n, number);
}

parmap_status parmap_array_load_real(const parmap_array *array, int64_t index, double *number)
{
    pm_number n;
    PM_TRY(open_element(array, index, &n));
    return pm_number_load_real(&n, number);
}

parmap_status parmap_array_store_int(const parmap_array *array, int64_t index, int64_t number)
{
    pm_number n;
    PM_TRY(open_element(array, index, &n));
    return pm_number_store_int(&n, number);
}

parmap_status parmap_array_store_real(const parmap_array *array, int64_t index, double number)
{
    pm_number n;
    PM_TRY(open_element(array, index, &n));
    return pm_number_store_real(&n, number);
}

parmap_status parmap_array_add_int(const parmap_array *array, int64_t index, int64_t number)
{
    pm_number n;
    PM_TRY(open_element(array, index, &n));
    return pm_number_add_int(&n, number, NULL);
}

parmap_status parmap_array_add_real(const parmap_array *array, int64_t index, double number)
{
    pm_number n;
    PM_TRY(open_element(array, index, &n));
    return pm_number_add_real(&n, number, NULL);
}

parmap_status parmap_array_fetch_add_int(const parmap_array *array, int64_t index, int64_t number,
                                         int64_t *before)
{
    pm_number n;
    PM_TRY(open_element(array, index, &n));
    return pm_number_add_int(&n, number, before);
}

parmap_status parmap_array_fetch_add_real(const parmap_array *array, int64_t index, double number,
                                          double *before)
{
    pm_number n;
    PM_TRY(open_element(array, index, &n));
    return pm_number_add_real(&n, number, before);
}

/* ---- slices ---------------------------------------------------------------------------------- */

static parmap_status check_slice(const parmap_array *array, int64_t first, int64_t count,
                                 char typecode, const void *elements)
{
    pm_typecode type;
    PM_TRY(open_array(array, &type));
    PM_TRY(pm_typecode_check(typecode));
    if (!pm_typecodes_match((char)pm_handle_code(&array->handle), typecode))
        return pm_fail(PARMAP_USAGE, "the array has typecode %c and the elements %c; take the same",
                       pm_handle_code(&array->handle), typecode);
    if (first < 0 || count < 0 || first > array->length || count > array->length - first)
        return pm_fail(PARMAP_USAGE,
                       "there are no %" PRId64 " elements from %" PRId64
                       " on; the array has %" PRId64,
                       count, first, array->length);
    if (count > 0 && !elements)
        return pm_fail(PARMAP_USAGE, "a slice of %" PRId64 " elements needs a place for them",
                       count);
    return PARMAP_OK;
}

/* Part by part, as it lies on the ranks; one of `into` and `from` is set. */
static parmap_status transfer(const parmap_array *array, uint64_t first, uint64_t count, char *into,
                              const char *from)
{
    const int width = pm_typecodes[pm_handle_code(&array->handle)].width;
    for (uint64_t done = 0; done < count;) {
        uint64_t at, rest;
        const pm_ref ref = locate(array, first + done, (uint64_t)width, &at, &rest);
        const uint64_t part = rest < count - done ? rest : count - done;
        const size_t bytes = part * (uint64_t)width, skipped = done * (uint64_t)width;
        PM_TRY(into ? pm_get(ref, at, width, into + skipped, bytes)
                    : pm_put(ref, at, width, from + skipped, bytes));
        done += part;
    }
    return PARMAP_OK;
}

parmap_status parmap_array_read_as(const parmap_array *array, int64_t first, int64_t count,
                                   char typecode, void *elements)
{
    PM_TRY(check_slice(array, first, count, typecode, elements));
    return transfer(array, (uint64_t)first, (uint64_t)count, elements, NULL);
}

parmap_status parmap_array_write_as(const parmap_array *array, int64_t first, int64_t count,
                                    char typecode, const void *elements)
{
    PM_TRY(check_slice(array, first, count, typecode, elements));
    return transfer(array, (uint64_t)first, (uint64_t)count, NULL, elements);
}

parmap_status parmap_array_lock(const parmap_array *array, parmap_lock *lock)
{
    pm_typecode type;
    PM_TRY(open_array(array, &type));
    if (is_distributed(array))
        return pm_fail(PARMAP_USAGE, "a distributed array has no lock of its own; make a "
                                     "parmap_lock for it with parmap_rlock_create");
    pm_inner_lock(&array->handle, LOCK, lock);
    return PARMAP_OK;
}
