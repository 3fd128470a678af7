/* One mutex in front of MPI, and its error codes in words. */
#include "comm/door.h"

#include <pthread.h>
#include <string.h>

static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER;

void pm_door_enter(void)
{
    pthread_mutex_lock(&door);
}

bool pm_door_try_enter(void)
{
    return pthread_mutex_trylock(&door) == 0;
}

void pm_door_leave(void)
{
    pthread_mutex_unlock(&door);
}

parmap_status pm_mpi_status(int code, const char *call)
{
    if (code == MPI_SUCCESS)
        return PARMAP_OK;
    char text[MPI_MAX_ERROR_STRING] = "unknown error";
    int length = 0;
    MPI_Error_string(code, text, &length);
    return pm_fail(PARMAP_SYSTEM,
                   "MPI failed in %.*s: %s; look at the MPI installation and the network",
                   (int)strcspn(call, "("), call, text);
}

parmap_status pm_mpi_leave(int code, const char *call)
{
    pm_door_leave();
    return pm_mpi_status(code, call);
}

parmap_status pm_mpi_await(MPI_Request *request, const pm_idle *idle)
{
    pm_pause pause = {0};
    for (;;) {
        int done = 0;
        PM_TRY(PM_MPI(MPI_Test(request, &done, MPI_STATUS_IGNORE)));
        if (done)
            return PARMAP_OK;
        if (idle && idle->call(idle->context))
            pause = (pm_pause){0};
        pm_pause_once(&pause);
    }
}
