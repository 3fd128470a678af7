/* Whether a formula computes without overflow and the like for all inputs within a box. */
#ifndef PM_FORMULA_PROVE_H
#define PM_FORMULA_PROVE_H

#include "formula/parts.h"
#include "formula/real_interval.h"

/* The values that a number can have. */
typedef struct pm_reach {
    pm_interval whole;     /* of whole numbers, */
    pm_real_interval real; /* of real ones */
} pm_reach;

/* All values of a type; of a real one NaN and infinities too. */
pm_reach pm_reach_of_type(parmap_type type);

/* `inputs`: by the number of the input.  Types must be set.  True when every operation that may go
 * wrong is proved not to. */
bool pm_prove(const pm_parts *parts, const pm_reach *inputs);

#endif
