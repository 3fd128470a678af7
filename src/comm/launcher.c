/* The launchers' variables.  SLURM_NTASKS is not among them: a batch shell has it as well, so a
 * program that is run alone inside a batch script would look like many. */
#include "comm/launcher.h"

#include <stdlib.h>

static const struct {
    const char *name, *rank, *size;
} known[] = {
    {"Open MPI's mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"MPICH's mpirun", "PMI_RANK", "PMI_SIZE"},
    {"MVAPICH's mpirun", "MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"},
    {"srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"}, /* last: mpirun within Slurm has it too */
};

static int number(const char *variable, int otherwise)
{
    const char *text = getenv(variable);
    return text && *text ? atoi(text) : otherwise;
}

pm_launcher pm_launcher_detect(void)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (getenv(known[i].size))
            return (pm_launcher){.name = known[i].name,
                                 .variable = known[i].size,
                                 .rank = number(known[i].rank, 0),
                                 .size = number(known[i].size, 1)};
    return (pm_launcher){.rank = 0, .size = 1};
}
