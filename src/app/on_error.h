/* --on-error: how many items may fail before a run stops. */
#ifndef PM_APP_ON_ERROR_H
#define PM_APP_ON_ERROR_H

#include "base/status.h"

/* Both 0: any number may. */
typedef struct pm_on_error {
    int64_t count;  /* of failed items that stop a run; 1 = the first does */
    double percent; /* or so many of each hundred items */
} pm_on_error;

/* "continue", "stop", "fail-after N" or "fail-after P%"; "fail-after=N" and "fail-after:N" are the
 * same.  PARMAP_USAGE, with a message that lacks the subject (app/options.h). */
parmap_status pm_on_error_read(const char *text, pm_on_error *on_error);

/* How many failed items stop a run of `items`; INT64_MAX = they never do. */
int64_t pm_on_error_limit(const pm_on_error *on_error, int64_t items);

#endif
