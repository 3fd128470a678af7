/* What can be done with a number in shared memory, be it a value or an element of an array.
 *
 * Verbs, beyond those of the caller: 1 each; adding to a real number takes 2, more when others add
 * to it at the same time. */
#ifndef PM_SHARE_NUMBER_H
#define PM_SHARE_NUMBER_H

#include "comm/window.h"
#include "share/typecode.h"

typedef struct pm_number {
    pm_ref ref;
    uint64_t at; /* where it lies in the block, in the width of its typecode */
    pm_typecode type;
    unsigned char code;
    const char *family; /* of the public functions, for messages: "value" */
} pm_number;

parmap_status pm_number_load_int(const pm_number *n, int64_t *number);
parmap_status pm_number_load_real(const pm_number *n, double *number);
parmap_status pm_number_store_int(const pm_number *n, int64_t number);
parmap_status pm_number_store_real(const pm_number *n, double number);
parmap_status pm_number_compare_swap_int(const pm_number *n, int64_t expected, int64_t desired,
                                         int64_t *found);
parmap_status pm_number_compare_swap_real(const pm_number *n, double expected, double desired,
                                          double *found);

/* *before = the number before the addition; NULL: not asked for. */
parmap_status pm_number_add_real(const pm_number *n, double number, double *before);

/* The rarer half of the next one: an integer is added to what is none. */
parmap_status pm_number_add_int_rarely(const pm_number *n, int64_t number, const int64_t *before);

static inline parmap_status pm_number_add_int(const pm_number *n, int64_t number, int64_t *before)
{
    uint64_t bits;
    if (__builtin_expect(n->type.is_real || n->type.is_character, 0))
        return pm_number_add_int_rarely(n, number, before);
    PM_TRY(pm_word(n->ref, n->at, PM_ADD, n->type.width, (uint64_t)number, 0, &bits));
    if (before)
        *before = pm_typecode_extend(n->type, bits);
    return PARMAP_OK;
}

#endif
