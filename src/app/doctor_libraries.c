/* MPI, its launcher, and HDF5: do they belong together? */
#include "app/doctor.h"

#include "store/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATHS = 512 };

/* The libraries that this process has loaded. */
typedef struct loaded {
    char mpi[2][PATHS]; /* the first two that differ; "" = none */
    char hdf5[PATHS];
} loaded;

static void note(loaded *libraries, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (strncmp(name, "libhdf5", 7) == 0 && !strstr(name, "_hl") && !libraries->hdf5[0])
        snprintf(libraries->hdf5, PATHS, "%s", path);
    if (strncmp(name, "libmpi.so", 9) != 0 && strncmp(name, "libmpich.so", 11) != 0)
        return;
    char *place = libraries->mpi[libraries->mpi[0][0] != '\0'];
    if (strcmp(libraries->mpi[0], path) != 0 && !place[0])
        snprintf(place, PATHS, "%s", path);
}

/* Lines of /proc/self/maps: "55d0-55d1 r-xp 00000000 fe:00 1234   /path". */
static void find_loaded(loaded *libraries)
{
    FILE *file = fopen("/proc/self/maps", "re");
    char line[PATHS + 128];
    memset(libraries, 0, sizeof *libraries);
    while (file && fgets(line, sizeof line, file)) {
        const char *path = strchr(line, '/');
        line[strcspn(line, "\n")] = '\0';
        if (path)
            note(libraries, path);
    }
    if (file)
        fclose(file);
}

/* Open MPI under srun needs PMIx, and ends the process when there is none. */
static bool srun_gives_nothing(const pm_doctor *doctor)
{
    return doctor->launcher.name && strcmp(doctor->launcher.name, "srun") == 0 &&
           doctor->launcher.size > 1 && strncmp(pm_world_library(), "Open MPI", 8) == 0 &&
           !getenv("PMIX_RANK");
}

bool pm_doctor_libraries_agree(pm_doctor *doctor)
{
    loaded libraries;
    find_loaded(&libraries);
    doctor->check = "mpi";
    if (libraries.mpi[1][0]) {
        doctor->check = "hdf5";
        pm_doctor_say(doctor, PM_WRONG,
                      "two MPI libraries in one program: %s and %s; most likely HDF5 (%s) brought "
                      "the other one: build parmap with a serial HDF5, or with -DHDF5_ROOT= of the "
                      "HDF5 that belongs to its MPI",
                      libraries.mpi[0], libraries.mpi[1], libraries.hdf5);
    } else if (srun_gives_nothing(doctor)) {
        pm_doctor_say(doctor, PM_WRONG,
                      "srun started %d processes without telling %s of each other; start with srun "
                      "--mpi=pmix, or with its mpirun",
                      doctor->launcher.size, pm_world_library());
    }
    return doctor->found[PM_WRONG] == 0;
}

/* srun --mpi=pmi2 sets the same variables as MPICH's mpirun, but for one. */
static const char *starter(const pm_doctor *doctor)
{
    const bool by_srun = doctor->launcher.name && getenv("SLURM_STEP_ID") &&
                         strcmp(doctor->launcher.variable, "PMI_SIZE") == 0 &&
                         !getenv("MPI_LOCALNRANKS");
    return by_srun ? "srun" : doctor->launcher.name;
}

parmap_status pm_doctor_mpi(pm_doctor *doctor)
{
    static const char *const levels[] = {"SINGLE", "FUNNELED", "SERIALIZED", "MULTIPLE"};
    const pm_topology *t = &doctor->topology;
    const char *by = starter(doctor);
    pm_doctor_say(doctor, PM_FINE, "%s, %s%s: %d rank%s on %d node%s, thread level %s",
                  pm_world_library(), by ? "started by " : "without a launcher", by ? by : "",
                  t->size, pm_plural(t->size), t->nodes, pm_plural(t->nodes),
                  levels[pm_world_thread_level()]);
    return PARMAP_OK;
}

parmap_status pm_doctor_hdf5(pm_doctor *doctor)
{
    pm_store_library library;
    loaded libraries;
    if (doctor->world.rank != 0)
        return PARMAP_OK;
    pm_store_library_describe(&library);
    find_loaded(&libraries);
    if (strcmp(library.built, library.loaded) != 0)
        pm_doctor_say(doctor, PM_WRONG,
                      "built with the headers of HDF5 %s, but the library is %s (%s); build parmap "
                      "again, or let LD_LIBRARY_PATH lead to %s",
                      library.built, library.loaded, libraries.hdf5, library.built);
    else
        pm_doctor_say(doctor, PM_FINE, "HDF5 %s, %s; headers and library agree", library.loaded,
                      library.parallel ? "parallel, with the MPI of this program"
                                       : "serial, which is all that parmap needs");
    return PARMAP_OK;
}
