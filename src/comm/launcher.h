/* What the launcher (mpirun, srun) told this process through its environment, before MPI starts. */
#ifndef PM_COMM_LAUNCHER_H
#define PM_COMM_LAUNCHER_H

typedef struct pm_launcher {
    const char *name; /* whose variables were found: "mpirun of Open MPI" ..., or NULL = alone */
    const char *variable; /* the one that tells the size */
    int rank;             /* 0 when alone */
    int size;             /* 1 when alone */
} pm_launcher;

/* Local. */
pm_launcher pm_launcher_detect(void);

#endif
