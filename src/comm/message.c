/* Eager sends of four numbers.  What is under way is kept in a list until MPI is done with it. */
#include "comm/message.h"

#include "comm/door.h"
#include "comm/pause.h"

#include <stdlib.h>

enum { TAG = 0x706d }; /* "pm" */

typedef struct under_way {
    struct under_way *next;
    MPI_Request request;
    pm_message message;
} under_way;

static under_way *sends; /* behind the door */

/* Forgets the sends that are complete.  The door is held. */
static int collect_complete(void)
{
    for (under_way **link = &sends; *link;) {
        under_way *send = *link;
        int done = 0;
        const int code = MPI_Test(&send->request, &done, MPI_STATUS_IGNORE);
        if (code != MPI_SUCCESS)
            return code;
        if (done) {
            *link = send->next;
            free(send);
        } else {
            link = &send->next;
        }
    }
    return MPI_SUCCESS;
}

parmap_status pm_message_send(int rank, const pm_message *message)
{
    under_way *send = malloc(sizeof *send);
    if (!send)
        return pm_fail(PARMAP_SYSTEM, "out of memory for a message of %zu bytes", sizeof *send);
    send->message = *message;
    pm_door_enter();
    int code = MPI_Isend(&send->message, sizeof send->message, MPI_BYTE, rank, TAG, MPI_COMM_WORLD,
                         &send->request);
    if (code == MPI_SUCCESS) {
        send->next = sends;
        sends = send;
        code = collect_complete();
    } else {
        free(send);
    }
    return pm_mpi_leave(code, "MPI_Isend");
}

parmap_status pm_message_poll(pm_message *message, int *source, bool *got)
{
    MPI_Status status;
    int there = 0;
    pm_door_enter();
    int code = MPI_Iprobe(MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &there, &status);
    if (code == MPI_SUCCESS && there) {
        *source = status.MPI_SOURCE;
        code = MPI_Recv(message, sizeof *message, MPI_BYTE, status.MPI_SOURCE, TAG, MPI_COMM_WORLD,
                        MPI_STATUS_IGNORE);
    }
    *got = code == MPI_SUCCESS && there;
    return pm_mpi_leave(code, "MPI_Iprobe");
}

parmap_status pm_message_flush(void)
{
    pm_pause pause = {0};
    for (;;) {
        pm_door_enter();
        const int code = collect_complete();
        const bool empty = !sends;
        PM_TRY(pm_mpi_leave(code, "MPI_Test"));
        if (empty)
            return PARMAP_OK;
        pm_pause_once(&pause);
    }
}
