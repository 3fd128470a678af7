/* `touch FILE.stop` stops the run that writes FILE, from any machine that sees the folder. */
#ifndef PM_APP_STOP_FILE_H
#define PM_APP_STOP_FILE_H

#include "store/data.h"

#include <time.h>

typedef struct pm_stop_file {
    char path[PM_PATH + 8];
    struct timespec stale; /* time of one that could not be removed, and does not count */
    double next_look;      /* by pm_now() */
} pm_stop_file;

/* Local, rank 0.  Before the run: removes one that is older than `begun` (of the clock of the day),
 * which was meant for an earlier run. */
void pm_stop_file_open(pm_stop_file *file, const char *output, struct timespec begun);

/* Local, rank 0.  Whether somebody asks to stop; the file is removed then.  Looks once a second,
 * however often it is called. */
bool pm_stop_file_seen(pm_stop_file *file);

/* Local, rank 0.  After the run: one that came too late must not stop the next. */
void pm_stop_file_close(const pm_stop_file *file);

#endif
