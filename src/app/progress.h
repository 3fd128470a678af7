/* How far the run is, on stderr: a bar on a terminal, a line every few seconds elsewhere. */
#ifndef PM_APP_PROGRESS_H
#define PM_APP_PROGRESS_H

#include "app/settings.h"

typedef struct pm_progress {
    int64_t total;
    int64_t before; /* done by earlier attempts */
    bool always;    /* not only in runs that last */
    bool bar;
    int width; /* of the terminal */
    double begun, last_line;
} pm_progress;

/* Local, rank 0.  Is anything to be shown at all? */
bool pm_progress_wanted(const pm_settings *settings);

/* Local, rank 0.  `before` of the `total` items were done by earlier attempts. */
void pm_progress_begin(pm_progress *progress, pm_when when, int64_t total, int64_t before);

/* A pm_hub_watch; `progress` is a pm_progress. */
void pm_progress_show(void *progress, int64_t done);

/* Takes the bar away; with PM_ALWAYS, says in a line how far the run came. */
void pm_progress_end(pm_progress *progress, int64_t done);

#endif
