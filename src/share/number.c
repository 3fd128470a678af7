/* Numbers in shared memory.  Real ones are kept as their bits, and added to by compare and swap:
 * what MPI libraries do with reals in windows is not to be relied on. */
#include "share/number.h"

static parmap_status word(const pm_number *n, pm_word_op op, uint64_t a, uint64_t b, uint64_t *old)
{
    return pm_word(n->ref, n->at, op, n->type.width, a, b, old);
}

/* A function for numbers of the other kind was called. */
static parmap_status refuse_kind(const pm_number *n, const char *verb)
{
    return pm_fail(PARMAP_USAGE, "typecode %c is %s: use parmap_%s_%s_%s", n->code,
                   n->type.is_real ? "real" : "an integer", n->family, verb,
                   n->type.is_real ? "real" : "int");
}

parmap_status pm_number_load_int(const pm_number *n, int64_t *number)
{
    uint64_t bits;
    if (n->type.is_real)
        return refuse_kind(n, "load");
    PM_TRY(word(n, PM_LOAD, 0, 0, &bits));
    *number = pm_typecode_extend(n->type, bits);
    return PARMAP_OK;
}

parmap_status pm_number_load_real(const pm_number *n, double *number)
{
    uint64_t bits;
    if (!n->type.is_real)
        return refuse_kind(n, "load");
    PM_TRY(word(n, PM_LOAD, 0, 0, &bits));
    *number = pm_typecode_real(n->type, bits);
    return PARMAP_OK;
}

parmap_status pm_number_store_int(const pm_number *n, int64_t number)
{
    if (n->type.is_real)
        return pm_number_store_real(n, (double)number);
    PM_TRY(pm_typecode_fit((char)n->code, number));
    return word(n, PM_STORE, (uint64_t)number, 0, NULL);
}

parmap_status pm_number_store_real(const pm_number *n, double number)
{
    if (!n->type.is_real)
        return refuse_kind(n, "store");
    return word(n, PM_STORE, pm_typecode_bits(n->type, number), 0, NULL);
}

parmap_status pm_number_compare_swap_int(const pm_number *n, int64_t expected, int64_t desired,
                                         int64_t *found)
{
    uint64_t bits;
    if (n->type.is_real)
        return refuse_kind(n, "compare_swap");
    PM_TRY(pm_typecode_fit((char)n->code, expected));
    PM_TRY(pm_typecode_fit((char)n->code, desired));
    PM_TRY(word(n, PM_COMPARE_SWAP, (uint64_t)expected, (uint64_t)desired, &bits));
    *found = pm_typecode_extend(n->type, bits);
    return PARMAP_OK;
}

/* A double that no float is equal to is expected in vain: nothing may be swapped then, or the
 * caller would take *found for a refusal. */
parmap_status pm_number_compare_swap_real(const pm_number *n, double expected, double desired,
                                          double *found)
{
    const pm_typecode wide = pm_typecodes['d'];
    if (!n->type.is_real)
        return refuse_kind(n, "compare_swap");
    const uint64_t expected_bits = pm_typecode_bits(n->type, expected);
    const bool possible = pm_typecode_bits(wide, pm_typecode_real(n->type, expected_bits)) ==
                          pm_typecode_bits(wide, expected);
    uint64_t bits;
    PM_TRY(word(n, possible ? PM_COMPARE_SWAP : PM_LOAD, expected_bits,
                pm_typecode_bits(n->type, desired), &bits));
    *found = pm_typecode_real(n->type, bits);
    return PARMAP_OK;
}

parmap_status pm_number_add_real(const pm_number *n, double number, double *before)
{
    uint64_t seen, bits;
    if (!n->type.is_real)
        return refuse_kind(n, before ? "fetch_add" : "add");
    PM_TRY(word(n, PM_LOAD, 0, 0, &seen));
    do {
        bits = seen;
        const double sum = pm_typecode_real(n->type, bits) + number;
        PM_TRY(word(n, PM_COMPARE_SWAP, bits, pm_typecode_bits(n->type, sum), &seen));
    } while (seen != bits);
    if (before)
        *before = pm_typecode_real(n->type, bits);
    return PARMAP_OK;
}

parmap_status pm_number_add_int_rarely(const pm_number *n, int64_t number, const int64_t *before)
{
    if (n->type.is_character)
        return pm_fail(PARMAP_USAGE,
                       "typecode c is a character, which nothing can be added to; use b or B");
    return before ? refuse_kind(n, "fetch_add") : pm_number_add_real(n, (double)number, NULL);
}
