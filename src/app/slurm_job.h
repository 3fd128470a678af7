/* The Slurm job that this process runs in, if any. */
#ifndef PM_APP_SLURM_JOB_H
#define PM_APP_SLURM_JOB_H

#include <stdbool.h>
#include <stddef.h>

enum { PM_SLURM_ID = 64 };

/* Local.  The id by which scontrol and squeue know this job: "123", or "120_3" for a task of an
 * array.  Returns `id`, or NULL where there is no job. */
const char *pm_slurm_job_id(char id[PM_SLURM_ID]);

/* Local.  Seconds until the job's time limit: by SLURM_JOB_END_TIME, else squeue is asked, which
 * gets two seconds.  INFINITY when there is no job, no limit, or no answer. */
double pm_slurm_time_left(void);

/* Local.  The first line that a command of Slurm writes; arguments[0] is its name, NULL ends them.
 * False when it does not end well, or not within two seconds.  Not between MPI_Init and
 * MPI_Finalize: some transports of MPI do not live with a new process. */
bool pm_slurm_ask(char *const arguments[], char *answer, size_t bytes);

#endif
