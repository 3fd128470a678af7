/* MPI_Init to MPI_Finalize. */
#include "comm/world.h"

#include "base/log.h"
#include "comm/door.h"
#include "comm/launcher.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FINALIZE_SECONDS = 10 };

static parmap_status check_launcher(int size)
{
    const pm_launcher launcher = pm_launcher_detect();
    if (size > 1 || launcher.size <= 1)
        return PARMAP_OK;
    return pm_fail(
        PARMAP_SYSTEM,
        "%s started %d processes, but MPI sees only this one: the program was built with %s; "
        "start it with the launcher of that MPI%s",
        launcher.name, launcher.size, pm_world_library(),
        strcmp(launcher.name, "srun") == 0
            ? " (srun --mpi=pmix for Open MPI, srun --mpi=pmi2 for MPICH)"
            : ", or build it with this one");
}

pm_thread_level pm_world_thread_level(void)
{
    int level = MPI_THREAD_SINGLE;
    MPI_Query_thread(&level);
    return level >= MPI_THREAD_MULTIPLE     ? PM_THREAD_MULTIPLE
           : level >= MPI_THREAD_SERIALIZED ? PM_THREAD_SERIALIZED
           : level >= MPI_THREAD_FUNNELED   ? PM_THREAD_FUNNELED
                                            : PM_THREAD_SINGLE;
}

static parmap_status look_around(pm_world *world)
{
    PM_TRY(PM_MPI(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN)));
    PM_TRY(PM_MPI(MPI_Comm_rank(MPI_COMM_WORLD, &world->rank)));
    return PM_MPI(MPI_Comm_size(MPI_COMM_WORLD, &world->size));
}

bool pm_world_is_up(void)
{
    int initialised = 0;
    MPI_Initialized(&initialised);
    return initialised;
}

parmap_status pm_world_join(int *argc, char ***argv, pm_world *world, bool *own)
{
    int finalised = 0;
    MPI_Finalized(&finalised);
    if (finalised)
        return pm_fail(PARMAP_USAGE, "MPI is finalised already; start parmap before that");
    *own = !pm_world_is_up();
    return *own ? pm_world_start(argc, argv, world) : look_around(world);
}

/* Open MPI 4 takes a program in a shell that srun gave (`srun --pty bash`) for one of srun's tasks,
 * finds no PMI there and ends it.  Without this variable it starts alone, as it should. */
static void leave_shell_of_srun(void)
{
    static const char *const tasks[] = {"PMIX_RANK", "PMI_RANK", "PMI_FD", "OMPI_COMM_WORLD_SIZE"};
    const char *size = getenv("SLURM_STEP_NUM_TASKS");
    bool task = !size || strcmp(size, "1") != 0;
    for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++)
        task = task || getenv(tasks[i]);
    if (!task && strncmp(pm_world_library(), "Open MPI 4.", strlen("Open MPI 4.")) == 0)
        unsetenv("SLURM_NODELIST");
}

parmap_status pm_world_start(int *argc, char ***argv, pm_world *world)
{
    int level = MPI_THREAD_SINGLE;
    leave_shell_of_srun();
    PM_TRY(PM_MPI(MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &level)));
    PM_TRY(look_around(world));
    if (level < MPI_THREAD_SERIALIZED)
        return pm_fail(PARMAP_SYSTEM,
                       "%s gives thread level %d only; parmap needs SERIALIZED: use an MPI "
                       "built with threads",
                       pm_world_library(), level);
    return check_launcher(world->size);
}

static void *give_up(void *code)
{
    sleep(FINALIZE_SECONDS);
    pm_log_detail("MPI_Finalize hangs; the results are safe, leaving without it");
    _exit((int)(intptr_t)code);
}

/* MPICH over UCX and TCP hangs in MPI_Finalize when a connection is still being made there, since
 * the peer no longer answers.  A moment after the last message UCX's own thread has made them all.
 */
static void let_connections_settle(void)
{
    enum { SETTLE_NS = 200000000 };
    if (strncmp(pm_world_library(), "MPICH", strlen("MPICH")) == 0 &&
        MPI_Barrier(MPI_COMM_WORLD) == MPI_SUCCESS)
        nanosleep(&(struct timespec){.tv_nsec = SETTLE_NS}, NULL);
}

void pm_world_finish(int code, bool several_nodes)
{
    int initialised = 0, finalised = 0;
    MPI_Initialized(&initialised);
    MPI_Finalized(&finalised);
    if (!initialised || finalised)
        return;
    pthread_t watchdog;
    if (pthread_create(&watchdog, NULL, give_up, (void *)(intptr_t)code) == 0)
        pthread_detach(watchdog);
    if (several_nodes)
        let_connections_settle();
    MPI_Finalize();
}

static bool aborting;

bool pm_world_is_aborting(void)
{
    return aborting;
}

_Noreturn void pm_world_abort(int code)
{
    aborting = true;
    int initialised = 0;
    MPI_Initialized(&initialised);
    if (initialised)
        MPI_Abort(MPI_COMM_WORLD, code);
    exit(code);
}

/* "Open MPI v4.1.4, package: ..." and "MPICH Version:\t4.0.2\n..." -> name and version */
const char *pm_world_library(void)
{
    static char text[64];
    if (text[0])
        return text;
    char full[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length = 0;
    MPI_Get_library_version(full, &length);
    char name[32] = "MPI", version[24] = "";
    if (sscanf(full, "Open MPI v%23[0-9.a-z]", version) == 1)
        strcpy(name, "Open MPI");
    else if (sscanf(full, "%31[A-Za-z] Version: %23[0-9.a-z]", name, version) != 2)
        snprintf(version, sizeof version, "%.*s", (int)strcspn(full, "\n,"), full);
    snprintf(text, sizeof text, "%s %s", name, version);
    return text;
}
