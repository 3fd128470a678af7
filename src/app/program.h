/* A kernel program: what it knows from its first statement to its last.  What rank 0 does before
 * and after the run has files of its own. */
#ifndef PM_APP_PROGRAM_H
#define PM_APP_PROGRAM_H

#include "app/progress.h"
#include "app/run.h"
#include "app/settings.h"
#include "app/stop_file.h"
#include "app/time_limit.h"

#include <time.h>

typedef struct pm_program {
    const char *name;
    char command[PM_FIELD_TEXT]; /* as it was typed */
    char *const *argv;
    const parmap_spec *spec; /* the defaults */
    pm_origin origin;        /* of the kernel */
    pm_mapping mapping;
    double begun; /* by pm_now() */
    struct timespec begun_at;
    pm_world world;
    pm_topology topology;
    pm_layers *layers;
    pm_settings settings;       /* rank 0 */
    bool settled;               /* rank 0: settings, mapping and plan are made, */
    parmap_status unsettled;    /* or this is why they could not be, */
    char why[PM_MESSAGE_BYTES]; /* in words */
    pm_time_limit limit;        /* rank 0 */
    pm_stop_file stop_file;     /* rank 0 */
    pm_file file;               /* rank 0 */
    pm_output output;           /* rank 0 */
    pm_failed_list failed;      /* rank 0 */
    pm_todo todo;
    pm_progress progress; /* rank 0 */
    pm_plan plan;
    pm_hub hub;
    bool too_many; /* rank 0: --on-error has stopped the run */
} pm_program;

/* Local, on the process that will be rank 0, before MPI starts.  Settings, mapping and plan: what
 * can be said before anybody knows where the ranks are.  Does it once, and says the same ever
 * after. */
parmap_status pm_program_settle(pm_program *p);

/* Collective.  A whole program; `argv` are the options, after which the line that was typed,
 * `typed`, has nothing more to say. */
int pm_program_run(int argc, char **argv, char *const *typed, const char *name,
                   const parmap_spec *spec, const pm_origin *origin);

/* Local, rank 0.  From the settings to the output that is open for the run.  Not PARMAP_OK: there
 * is no run. */
parmap_status pm_program_prepare(pm_program *p, const pm_host *hosts);

/* Local, rank 0.  After the run: finishes or leaves the output, prints the summary.  The status of
 * the program. */
parmap_status pm_program_conclude(pm_program *p, pm_outcome *outcome);

/* Local, rank 0.  The same where there was nothing to run. */
parmap_status pm_program_already_complete(pm_program *p);

#endif
