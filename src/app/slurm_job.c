/* Slurm's variables, and one question to squeue.  Slurm sets SLURM_JOB_END_TIME from version 23.02
 * on; the batch scripts of slurm/ set it for older ones. */
#include "app/slurm_job.h"

#include "base/child.h"
#include "base/log.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double answer_within_s = 2;

const char *pm_slurm_job_id(char id[PM_SLURM_ID])
{
    const char *job = getenv("SLURM_JOB_ID"), *array = getenv("SLURM_ARRAY_JOB_ID"),
               *task = getenv("SLURM_ARRAY_TASK_ID");
    if (!job || !*job)
        return NULL;
    if (array && *array && task && *task) /* the last task's own id is that of the whole array */
        snprintf(id, PM_SLURM_ID, "%s_%s", array, task);
    else
        snprintf(id, PM_SLURM_ID, "%s", job);
    return id;
}

/* ---- asking squeue --------------------------------------------------------------------------- */

bool pm_slurm_ask(char *const arguments[], char *answer, size_t bytes)
{
    const pm_child child = {.arguments = arguments, .limit_s = answer_within_s};
    pm_child_end end;
    const bool good = pm_child_run(&child, answer, bytes, &end);
    if (end.error != 0)
        pm_log_detail("cannot ask %s: %s", arguments[0], strerror(end.error));
    else if (end.timed_out)
        pm_log_detail("%s did not answer within %.0f s", arguments[0], answer_within_s);
    answer[end.timed_out ? 0 : strcspn(answer, "\n")] = '\0';
    return good && end.length > 0;
}

/* "1-02:03:04", "UNLIMITED", ... */
static double ask_squeue(char id[PM_SLURM_ID])
{
    char answer[64];
    double left;
    char *const squeue[] = {"squeue", "-h", "-j", id, "-o", "%L", NULL};
    if (!pm_slurm_ask(squeue, answer, sizeof answer) ||
        pm_parse_duration(answer, &left) != PARMAP_OK)
        return INFINITY;
    return left;
}

/* ---- the end of the job ---------------------------------------------------------------------- */

double pm_slurm_time_left(void)
{
    char id[PM_SLURM_ID];
    const char *end = getenv("SLURM_JOB_END_TIME");
    parmap_int128 seconds;
    if (!pm_slurm_job_id(id))
        return INFINITY;
    if (!end || !*end)
        return ask_squeue(id);
    if (pm_parse_integer_within(end, 1, INT64_MAX, &seconds) == PARMAP_OK) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        return (double)(int64_t)seconds - (double)now.tv_sec - 1e-9 * (double)now.tv_nsec;
    }
    pm_log_detail("SLURM_JOB_END_TIME=%s is no time", end);
    return INFINITY;
}
