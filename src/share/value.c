/* Values: a number and its lock.
 *
 *   block:   | unused 48 | number 8 | lock word 8 |
 */
#include "share/mutex.h"
#include "share/number.h"
#include "share/object.h"

enum { NUMBER = PM_OWN_LINE, LOCK = NUMBER + 8, BLOCK_BYTES = NUMBER + 16 };

static inline parmap_status open_value(const parmap_value *value, pm_number *n)
{
    PM_TRY(pm_open_handle(value ? &value->handle : NULL, PM_KIND_VALUE, &n->ref));
    n->at = NUMBER;
    n->code = pm_handle_code(&value->handle);
    n->type = pm_typecodes[n->code];
    n->family = "value";
    return PARMAP_OK;
}

/* With the number 0. */
static parmap_status create(parmap_value *value, char typecode, pm_number *n)
{
    PM_TRY(pm_create(PM_KIND_VALUE, 0, BLOCK_BYTES, value ? &value->handle : NULL, &n->ref));
    value->handle.kind |= (uint32_t)(unsigned char)typecode << 24;
    return open_value(value, n);
}

parmap_status parmap_value_create_int(parmap_value *value, char typecode, int64_t initial)
{
    pm_number n;
    PM_TRY(pm_typecode_check(typecode));
    PM_TRY(pm_typecode_fit(typecode, initial));
    PM_TRY(create(value, typecode, &n));
    return pm_number_store_int(&n, initial);
}

parmap_status parmap_value_create_real(parmap_value *value, char typecode, double initial)
{
    pm_number n;
    PM_TRY(pm_typecode_check(typecode));
    if (!pm_typecodes[(unsigned char)typecode].is_real)
        return pm_fail(PARMAP_USAGE, "typecode %c is an integer: use parmap_value_create_int",
                       typecode);
    PM_TRY(create(value, typecode, &n));
    return pm_number_store_real(&n, initial);
}

parmap_status parmap_value_free(parmap_value *value)
{
    return pm_destroy(value ? &value->handle : NULL, PM_KIND_VALUE);
}

parmap_status parmap_value_load_int(const parmap_value *value, int64_t *number)
{
    pm_number n;
    PM_TRY(open_value(value, &n));
    return pm_number_load_int(&n, number);
}

parmap_status parmap_value_load_real(const parmap_value *value, double *number)
{
    pm_number n;
    PM_TRY(open_value(value, &n));
    return pm_number_load_real(&n, number);
}

parmap_status parmap_value_store_int(const parmap_value *value, int64_t number)
{
    pm_number n;
    PM_TRY(open_value(value, &n));
    return pm_number_store_int(&n, number);
}

parmap_status parmap_value_store_real(const parmap_value *value, double number)
{
    pm_number n;
    PM_TRY(open_value(value, &n));
    return pm_number_store_real(&n, number);
}

parmap_status parmap_value_add_int(const parmap_value *value, int64_t number)
{
    pm_number n;
    PM_TRY(open_value(value, &n));
    return pm_number_add_int(&n, number, NULL);
}

parmap_status parmap_value_add_real(const parmap_value *value, double number)
{
    pm_number n;
    PM_TRY(open_value(value, &n));
    return pm_number_add_real(&n, number, NULL);
}

parmap_status parmap_value_fetch_add_int(const parmap_value *value, int64_t number, int64_t *before)
{
    pm_number n;
    PM_TRY(open_value(value, &n));
    return pm_number_add_int(&n, number, before);
}

parmap_status parmap_value_fetch_add_real(const parmap_value *value, double number, double *before)
{
    pm_number n;
    PM_TRY(open_value(value, &n));
    return pm_number_add_real(&n, number, before);
}

parmap_status parmap_value_compare_swap_int(const parmap_value *value, int64_t expected,
                                            int64_t desired, int64_t *found)
{
    pm_number n;
    PM_TRY(open_value(value, &n));
    return pm_number_compare_swap_int(&n, expected, desired, found);
}

parmap_status parmap_value_compare_swap_real(const parmap_value *value, double expected,
                                             double desired, double *found)
{
    pm_number n;
    PM_TRY(open_value(value, &n));
    return pm_number_compare_swap_real(&n, expected, desired, found);
}

parmap_status parmap_value_lock(const parmap_value *value, parmap_lock *lock)
{
    pm_number n;
    PM_TRY(open_value(value, &n));
    pm_inner_lock(&value->handle, LOCK, lock);
    return PARMAP_OK;
}
