/* All that is wrong with what a user gave, not only the first of it: a line on stderr for each. */
#ifndef PM_APP_COMPLAINTS_H
#define PM_APP_COMPLAINTS_H

#include "base/status.h"

typedef struct pm_complaints {
    parmap_status status; /* of the first */
    char last[2048];      /* which is not printed yet: it becomes the program's own message */
} pm_complaints;

/* Takes a failure, whose message is the thread's; PARMAP_OK is none. */
void pm_complain(pm_complaints *complaints, parmap_status status);

/* The status of the first complaint, with the message of the last; PARMAP_OK when there was none.
 */
parmap_status pm_complaints_end(const pm_complaints *complaints);

#endif
