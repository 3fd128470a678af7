/* What the environment says of the launcher. */
#include "comm/launcher.h"

#include "check.h"

#include <stdlib.h>

/* Every variable that a launcher sets and this test knows of. */
static const char *const all[] = {
    "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_RANK",     "PMI_SIZE",
    "MV2_COMM_WORLD_RANK",  "MV2_COMM_WORLD_SIZE",  "SLURM_PROCID", "SLURM_STEP_NUM_TASKS",
    "SLURM_NTASKS",         "SLURM_NPROCS",         "SLURM_JOB_ID", "SLURM_JOB_NUM_NODES"};

static void forget(void)
{
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        unsetenv(all[i]);
}

static void set(const char *rank, const char *rank_is, const char *size, const char *size_is)
{
    setenv(rank, rank_is, 1);
    setenv(size, size_is, 1);
}

static void check_alone(void)
{
    const pm_launcher l = pm_launcher_detect();
    CHECK_TEXT(l.name, NULL);
    CHECK_INT(l.rank, 0);
    CHECK_INT(l.size, 1);
}

static void check_found(const char *name, const char *variable, int rank, int size)
{
    const pm_launcher l = pm_launcher_detect();
    CHECK(l.name != NULL);
    if (l.name == NULL)
        return;
    CHECK_HOLDS(l.name, name);
    CHECK_TEXT(l.variable, variable);
    CHECK_INT(l.rank, rank);
    CHECK_INT(l.size, size);
}

static void alone(void)
{
    forget();
    check_alone();
}

static void each_launcher(void)
{
    forget();
    set("OMPI_COMM_WORLD_RANK", "3", "OMPI_COMM_WORLD_SIZE", "8");
    check_found("Open MPI", "OMPI_COMM_WORLD_SIZE", 3, 8);
    forget();
    set("PMI_RANK", "0", "PMI_SIZE", "4");
    check_found("MPICH", "PMI_SIZE", 0, 4);
    forget();
    set("MV2_COMM_WORLD_RANK", "1", "MV2_COMM_WORLD_SIZE", "2");
    check_found("MVAPICH", "MV2_COMM_WORLD_SIZE", 1, 2);
    forget();
    set("SLURM_PROCID", "5", "SLURM_STEP_NUM_TASKS", "16");
    check_found("srun", "SLURM_STEP_NUM_TASKS", 5, 16);
}

static void one_process(void)
{
    forget();
    set("OMPI_COMM_WORLD_RANK", "0", "OMPI_COMM_WORLD_SIZE", "1");
    check_found("Open MPI", "OMPI_COMM_WORLD_SIZE", 0, 1);
}

/* A batch script has the job's variables; a program that it runs alone is one process. */
static void in_a_batch_script(void)
{
    forget();
    setenv("SLURM_JOB_ID", "1234", 1);
    set("SLURM_PROCID", "0", "SLURM_NTASKS", "8");
    setenv("SLURM_NPROCS", "8", 1);
    setenv("SLURM_JOB_NUM_NODES", "2", 1);
    check_alone();
}

/* mpirun starts its daemons with srun, so ranks have the variables of both. */
static void mpirun_within_slurm(void)
{
    forget();
    set("SLURM_PROCID", "1", "SLURM_STEP_NUM_TASKS", "2");
    setenv("SLURM_NTASKS", "2", 1);
    set("OMPI_COMM_WORLD_RANK", "7", "OMPI_COMM_WORLD_SIZE", "8");
    check_found("Open MPI", "OMPI_COMM_WORLD_SIZE", 7, 8);
    forget();
    set("SLURM_PROCID", "1", "SLURM_STEP_NUM_TASKS", "2");
    set("PMI_RANK", "6", "PMI_SIZE", "8");
    check_found("MPICH", "PMI_SIZE", 6, 8);
}

static void damaged_values(void)
{
    forget();
    setenv("PMI_SIZE", "4", 1);
    check_found("MPICH", "PMI_SIZE", 0, 4);
    forget();
    set("PMI_RANK", "", "PMI_SIZE", "");
    const pm_launcher l = pm_launcher_detect();
    CHECK_INT(l.rank, 0);
    CHECK_INT(l.size, 1);
}

int main(void)
{
    static const check_case cases[] = {
        {"launcher: alone", alone},
        {"launcher: each of them", each_launcher},
        {"launcher: one process", one_process},
        {"launcher: alone in a batch script", in_a_batch_script},
        {"launcher: mpirun within Slurm", mpirun_within_slurm},
        {"launcher: values that are missing", damaged_values},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
