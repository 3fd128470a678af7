/* `[NAME=]FILE:/SET[:FIELD]` in parts. */
#ifndef PM_STORE_INPUT_NAME_H
#define PM_STORE_INPUT_NAME_H

#include "store/input.h"

/* Fills name, named, path and set of an input that is all zeros.  The set begins at the last ":/",
 * and still has ":FIELD" with it: only the file can tell whether the colon belongs to its name.
 * PARMAP_USAGE for a text that is none; one that names no set has set = "". */
parmap_status pm_input_split(const char *text, pm_input *input);

/* The name of an input that was given none: its field's, else the last part of the set's. */
void pm_input_name_itself(pm_input *input);

#endif
