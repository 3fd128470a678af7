/* The texts that a user wrote, and how a mistake in one is shown: the text, and a caret under the
 * place. */
#ifndef PM_FORMULA_SCRIPT_H
#define PM_FORMULA_SCRIPT_H

#include "base/status.h"

/* One text: a formula, or what followed --let or --param. */
typedef struct pm_script {
    char label[24];   /* what stands before it in messages: "formula", "formula 2", "--let" */
    const char *text; /* the caller's; as long as the script is used */
} pm_script;

/* bytes begin .. end-1 of a script. */
typedef struct pm_place {
    const pm_script *script;
    int begin, end;
} pm_place;

/* PARMAP_USAGE, with the message
 *
 *     formula: x*yy
 *                ^~ what is wrong; the way out
 *
 * Of long texts the neighbourhood of the place is shown. */
parmap_status pm_script_fail(pm_place place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
