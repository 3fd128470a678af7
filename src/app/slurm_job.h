/* The Slurm job that this process runs in, if any. */
#ifndef PM_APP_SLURM_JOB_H
#define PM_APP_SLURM_JOB_H

enum { PM_SLURM_ID = 64 };

/* Local.  The id by which scontrol and squeue know this job: "123", or "120_3" for a task of an
 * array.  Returns `id`, or NULL where there is no job. */
const char *pm_slurm_job_id(char id[PM_SLURM_ID]);

/* Local.  Seconds until the job's time limit: by SLURM_JOB_END_TIME, else squeue is asked, which
 * gets two seconds.  INFINITY when there is no job, no limit, or no answer. */
double pm_slurm_time_left(void);

#endif
