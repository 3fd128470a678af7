/* The kernel of a formula. */
#ifndef PM_APP_MAPPING_FORMULA_H
#define PM_APP_MAPPING_FORMULA_H

#include "app/mapping.h"

/* Local, rank 0, before MPI starts.  Compiles the formulas for the inputs, or for the range where
 * there are none, and for the type that is asked for.  `object` gets the shared object. */
parmap_status pm_mapping_formula(const pm_origin *origin, const pm_settings *settings,
                                 const pm_input *inputs, int count, pm_bytes *object);

#endif
