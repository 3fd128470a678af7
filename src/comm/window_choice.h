/* Which window backends may be tried, before any window is made: a crash cannot be fallen back
 * from.
 */
#ifndef PM_COMM_WINDOW_CHOICE_H
#define PM_COMM_WINDOW_CHOICE_H

#include "comm/topology.h"
#include "comm/world.h"

typedef struct pm_window_choice {
    bool allowed[3]; /* shm, rma, msg: tried in this order */
} pm_window_choice;

/* Local.  `library` and `level` are pm_world_library() and pm_world_thread_level(), `asked` is ""
 * or the one that the user wants.  PARMAP_USAGE: no such backend, or it cannot work here. */
parmap_status pm_window_choose(const pm_topology *topology, const char *library,
                               pm_thread_level level, const char *asked, pm_window_choice *choice);

/* Local, before MPI_Init.  Sets what is known to cure the one-sided calls of this MPI library,
 * where the user has set nothing; returns it in words, or NULL. */
const char *pm_window_cure(const char *library);

#endif
