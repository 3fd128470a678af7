/* What Slurm gave, and whether the ranks use it. */
#include "app/doctor.h"

#include "app/slurm_job.h"
#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHORT_SECONDS = 300 };

/* A number of Slurm's environment; -1 = it is not set. */
static long long setting(const char *name)
{
    const char *text = getenv(name);
    return text && isdigit((unsigned char)*text) ? atoll(text) : -1;
}

void pm_doctor_ask_slurm(pm_doctor *doctor)
{
    char id[PM_SLURM_ID];
    char *const scontrol[] = {"scontrol", "--oneliner", "show", "job", id, NULL};
    doctor->slurm_left_s = pm_slurm_time_left();
    if (pm_slurm_job_id(id) && !pm_slurm_ask(scontrol, doctor->slurm_job, sizeof doctor->slurm_job))
        doctor->slurm_job[0] = '\0';
}

/* The text of " NAME=text " in what Slurm said, up to the next blank; NULL = nothing. */
static const char *answered(const pm_doctor *doctor, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = doctor->slurm_job; (at = strstr(at, name)); at += length)
        if ((at == doctor->slurm_job || at[-1] == ' ') && at[length] == '=')
            return at + length + 1;
    return NULL;
}

static bool is_one(const char *text)
{
    return text && *text == '1';
}

static void say_job(pm_doctor *doctor)
{
    const long long nodes = setting("SLURM_JOB_NUM_NODES"), tasks = setting("SLURM_NTASKS"),
                    cpus = setting("SLURM_CPUS_PER_TASK");
    const char *requeue = answered(doctor, "Requeue");
    char id[PM_SLURM_ID], text[256] = "", clock[PM_NUMBER_TEXT];
    size_t used = 0;
#define ADD(...) used += (size_t)snprintf(text + used, sizeof text - used, __VA_ARGS__)
    if (nodes > 0)
        ADD(", %lld node%s", nodes, pm_plural(nodes));
    if (tasks > 0)
        ADD(", %lld task%s", tasks, pm_plural(tasks));
    if (cpus > 0)
        ADD(", %lld CPU%s per task", cpus, pm_plural(cpus));
    if (isfinite(doctor->slurm_left_s))
        ADD(", %s left", pm_format_clock(clock, fmax(0, doctor->slurm_left_s)));
    if (requeue)
        ADD(", requeue %s", is_one(requeue) ? "on" : "off");
#undef ADD
    pm_doctor_say(doctor, PM_FINE, "job %s%s", pm_slurm_job_id(id), text);
}

/* What the batch script asked for and the ranks do not get. */
static void say_unused(pm_doctor *doctor)
{
    const long long nodes = setting("SLURM_JOB_NUM_NODES"), tasks = setting("SLURM_NTASKS");
    const int ranks = doctor->world.size;
    if (tasks > ranks)
        pm_doctor_say(
            doctor, PM_WARNING,
            "the job has %lld tasks, but only %d rank%s run%s; start with srun or mpirun, "
            "all of them",
            tasks, ranks, pm_plural(ranks), ranks == 1 ? "s" : "");
    else if (tasks > 0 && tasks < ranks)
        pm_doctor_say(doctor, PM_WARNING,
                      "%d ranks run in a job of %lld task%s; ask for them with #SBATCH --ntasks=%d",
                      ranks, tasks, pm_plural(tasks), ranks);
    else if (nodes > doctor->topology.nodes)
        pm_doctor_say(doctor, PM_WARNING,
                      "the job has %lld nodes, but all ranks are on %d; use --ntasks-per-node, or "
                      "ask for fewer nodes",
                      nodes, doctor->topology.nodes);
}

static int least_mask(const pm_doctor *doctor)
{
    int least = doctor->hosts[0].mask_cores;
    for (int r = 1; r < doctor->world.size; r++)
        if (doctor->hosts[r].mask_cores < least)
            least = doctor->hosts[r].mask_cores;
    return least;
}

static void say_cpus(pm_doctor *doctor)
{
    const long long cpus = setting("SLURM_CPUS_PER_TASK");
    const int mask = least_mask(doctor), threads = doctor->topology.threads_most;
    const char *launcher = doctor->launcher.name;
    if (cpus > mask)
        pm_doctor_say(doctor, PM_WARNING,
                      "--cpus-per-task is %lld, but a rank may use %d core%s; %s", cpus, mask,
                      pm_plural(mask),
                      !launcher || strcmp(launcher, "srun") == 0
                          ? "srun does not take it over by itself: srun "
                            "--cpus-per-task=$SLURM_CPUS_PER_TASK, or export "
                            "SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK"
                          : "start with mpirun --bind-to none");
    if (cpus > 0 && threads > cpus)
        pm_doctor_say(doctor, PM_WARNING,
                      "%d threads a rank, but --cpus-per-task is %lld; use --threads %lld, or "
                      "#SBATCH --cpus-per-task=%d",
                      threads, cpus, cpus, threads);
}

parmap_status pm_doctor_slurm(pm_doctor *doctor)
{
    char id[PM_SLURM_ID], clock[PM_NUMBER_TEXT];
    if (doctor->world.rank != 0 || !pm_slurm_job_id(id))
        return PARMAP_OK;
    say_job(doctor);
    say_unused(doctor);
    say_cpus(doctor);
    if (doctor->slurm_left_s < SHORT_SECONDS)
        pm_doctor_say(doctor, PM_WARNING, "the job ends in %s; ask for more with #SBATCH --time",
                      pm_format_clock(clock, fmax(0, doctor->slurm_left_s)));
    if (is_one(answered(doctor, "BatchFlag")) && !is_one(answered(doctor, "Requeue")))
        pm_doctor_say(
            doctor, PM_WARNING,
            "nothing starts the job again after its time limit or the loss of a node; use "
            "#SBATCH --requeue");
    return PARMAP_OK;
}
