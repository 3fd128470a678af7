/* Looking at an input in this very process. */
#ifndef PM_STORE_INPUT_LOOK_H
#define PM_STORE_INPUT_LOOK_H

#include "store/input.h"

/* As pm_input_look, but HDF5 may crash or hang on a damaged file. */
parmap_status pm_input_examine(const char *text, pm_input *input);

#endif
