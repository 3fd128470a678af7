/* Which type every part of a formula is computed in.
 *
 * Whole numbers are computed in one type, W: int64; uint64 or int128 when an input or --type is.
 * Real ones in R: float64; float32 when all inputs are float32, or whole numbers that float32
 * holds. Real constants take the type of what they meet; float32(...) and the like say otherwise.
 */
#ifndef PM_FORMULA_TYPES_H
#define PM_FORMULA_TYPES_H

#include "formula/parts.h"

/* Sets the types of all nodes and results of parts whose inputs are bound.  `wanted` is that of
 * --type, or PARMAP_TYPES.  PARMAP_USAGE, at the place, for operations that a type does not have.
 */
parmap_status pm_types_set(pm_parts *parts, parmap_type wanted);

/* The type in which values of a type are computed: int64 for narrow whole numbers. */
parmap_type pm_types_carrier(parmap_type type);

/* Of two types of whole numbers that the first takes all of, or of two real ones, the wider. */
parmap_type pm_types_wider(parmap_type a, parmap_type b);

/* Whether the values of one carrier are all values of another. */
bool pm_types_holds(parmap_type type, parmap_type other);

/* The type in which two whole numbers are compared or divided: int128 where signs are mixed. */
parmap_type pm_types_common(parmap_type a, parmap_type b);

/* Whether a number is one of a type's. */
bool pm_types_fits(parmap_int128 value, parmap_type type);

#endif
