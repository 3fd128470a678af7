/* The ranks of the job: starting and finishing MPI, or doing without it. */
#ifndef PM_COMM_WORLD_H
#define PM_COMM_WORLD_H

#include "base/status.h"

typedef struct pm_world {
    int rank;
    int size;
} pm_world;

/* Collective.  MPI_Init_thread(SERIALIZED), unless the program is to stay alone, and the guard
 * against a launcher of another MPI, which would make every process rank 0 of 1 (PARMAP_SYSTEM). */
parmap_status pm_world_start(int *argc, char ***argv, pm_world *world);

/* The level that MPI gives; a program of its own may have asked for less than SERIALIZED. */
typedef enum pm_thread_level {
    PM_THREAD_SINGLE,
    PM_THREAD_FUNNELED,
    PM_THREAD_SERIALIZED,
    PM_THREAD_MULTIPLE
} pm_thread_level;

/* Collective.  For programs that may have initialised MPI themselves: *own = false then, and any
 * thread level will do. */
parmap_status pm_world_join(int *argc, char ***argv, pm_world *world, bool *own);

/* Local. */
pm_thread_level pm_world_thread_level(void);

/* Local.  Whether MPI is initialised: too late for settings in the environment. */
bool pm_world_is_up(void);

/* Collective.  Finalises MPI.  It gives MPI_Finalize ten seconds (MPICH over TCP can hang there)
 * and then ends the process with `code`: call it when every file is closed and every rank knows it.
 */
void pm_world_finish(int code, bool several_nodes);

/* Local.  Ends the whole job at once; for bugs only, where ranks could no longer agree. */
_Noreturn void pm_world_abort(int code);

/* Whether that has begun: the process may exit. */
bool pm_world_is_aborting(void);

/* Local.  "Open MPI 4.1.4", "MPICH 4.0.2"; before or after MPI_Init. */
const char *pm_world_library(void);

#endif
