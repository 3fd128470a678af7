/* The door to MPI, for the files of comm/ only: every MPI call goes through one mutex, so that
 * MPI_THREAD_SERIALIZED is enough.  Nobody holds the door while waiting: post, leave, enter, test.
 */
#ifndef PM_COMM_DOOR_H
#define PM_COMM_DOOR_H

#include "base/status.h"
#include "comm/pause.h"

#include <mpi.h>

void pm_door_enter(void);
void pm_door_leave(void);

/* False when another thread is inside. */
bool pm_door_try_enter(void);

/* PARMAP_OK, or PARMAP_SYSTEM with MPI's own text. */
parmap_status pm_mpi_status(int code, const char *call);

/* One MPI call through the door; a parmap_status. */
#define PM_MPI(call) (pm_door_enter(), pm_mpi_leave((call), #call))
parmap_status pm_mpi_leave(int code, const char *call);

/* Until a request is complete, politely; `idle` may be NULL. */
parmap_status pm_mpi_await(MPI_Request *request, const pm_idle *idle);

#endif
