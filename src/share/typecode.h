/* The typecodes of values and arrays: size, sign, and what fits. */
#ifndef PM_SHARE_TYPECODE_H
#define PM_SHARE_TYPECODE_H

#include "base/status.h"

typedef struct pm_typecode {
    unsigned char width; /* bytes; 0 = there is no such typecode */
    bool is_signed;
    bool is_real;
    bool is_character; /* nothing can be added to it */
} pm_typecode;

extern __attribute__((visibility("hidden"))) const pm_typecode pm_typecodes[256];

/* The typecode of a value or array; it lies above the kind. */
static inline unsigned char pm_handle_code(const parmap_handle *handle)
{
    return (unsigned char)(handle->kind >> 24);
}

/* PARMAP_USAGE when there is no such typecode. */
parmap_status pm_typecode_check(char code);

/* Whether the one's elements can be taken for the other's. */
bool pm_typecodes_match(char code, char other);

/* PARMAP_USAGE when an integer does not fit.  Everything fits the real ones, rounded, and L and Q,
 * which take the 64 bits as they are. */
parmap_status pm_typecode_fit(char code, int64_t number);

/* The number whose bits, in the typecode's width, are the low ones of `bits`. */
static inline int64_t pm_typecode_extend(pm_typecode type, uint64_t bits)
{
    const int spare = 64 - 8 * type.width;
    return type.is_signed ? (int64_t)(bits << spare) >> spare : (int64_t)(bits << spare >> spare);
}

/* Real numbers and the bits that they are kept as. */
uint64_t pm_typecode_bits(pm_typecode type, double number);
double pm_typecode_real(pm_typecode type, uint64_t bits);

#endif
