/* One persistent receive, and sends that are kept in a list until MPI is done with them.  How many
 * packets go to whom is counted, so that at the end every rank knows how many it must still take.
 */
#include "comm/mail.h"

#include "comm/collective.h"
#include "comm/door.h"

#include <stdlib.h>
#include <string.h>

enum { TAG = 1, SMALL = 256 };

typedef struct letter {
    struct letter *next;
    MPI_Request request;
    uint32_t room; /* for the payload */
    pm_packet packet;
} letter;

static struct {
    MPI_Comm comm;
    MPI_Request receive;
    pm_packet *arrived; /* the buffer of the receive */
    letter *sending;
    letter *spare; /* with room for SMALL */
    int64_t *sent; /* packets to each rank */
    int64_t received;
    int size;
} mail;

static parmap_status out_of_memory(void)
{
    return pm_fail(PARMAP_SYSTEM, "out of memory for the messages of %d ranks", mail.size);
}

parmap_status pm_mail_open(const pm_world *world)
{
    const size_t bytes = sizeof(pm_packet) + PM_PAYLOAD;
    MPI_Request request;
    mail.size = world->size;
    mail.received = 0;
    mail.sent = calloc((size_t)world->size, sizeof *mail.sent);
    mail.arrived = malloc(bytes);
    PM_TRY(pm_agree(world, mail.sent && mail.arrived ? PARMAP_OK : out_of_memory(), NULL));
    PM_TRY(PM_MPI(MPI_Comm_idup(MPI_COMM_WORLD, &mail.comm, &request)));
    PM_TRY(pm_mpi_await(&request, NULL));
    PM_TRY(PM_MPI(MPI_Comm_set_errhandler(mail.comm, MPI_ERRORS_RETURN)));
    PM_TRY(PM_MPI(MPI_Recv_init(mail.arrived, (int)bytes, MPI_BYTE, MPI_ANY_SOURCE, TAG, mail.comm,
                                &mail.receive)));
    return PM_MPI(MPI_Start(&mail.receive));
}

/* ---- sending --------------------------------------------------------------------------------- */

static void finish(letter *sent)
{
    if (sent->room == SMALL) {
        sent->next = mail.spare;
        mail.spare = sent;
    } else {
        free(sent);
    }
}

static int collect_complete(void)
{
    for (letter **link = &mail.sending; *link;) {
        letter *sent = *link;
        int done = 0;
        const int code = MPI_Test(&sent->request, &done, MPI_STATUS_IGNORE);
        if (code != MPI_SUCCESS)
            return code;
        if (done) {
            *link = sent->next;
            finish(sent);
        } else {
            link = &sent->next;
        }
    }
    return MPI_SUCCESS;
}

static letter *letter_of(pm_packet *packet)
{
    return (letter *)(void *)((char *)packet - offsetof(letter, packet));
}

pm_packet *pm_mail_prepare(uint32_t bytes)
{
    const uint32_t room = bytes > SMALL ? bytes : SMALL;
    letter *made = room == SMALL ? mail.spare : NULL;
    if (made)
        mail.spare = made->next;
    else
        made = malloc(sizeof *made + room);
    if (!made) {
        pm_fail(PARMAP_SYSTEM, "out of memory for a message of %u bytes", (unsigned)bytes);
        return NULL;
    }
    made->room = room;
    return &made->packet;
}

parmap_status pm_mail_post(uint32_t rank, pm_packet *packet)
{
    letter *made = letter_of(packet);
    const size_t bytes = sizeof *packet + (packet->kind == PM_PACKET_GET ? 0 : packet->bytes);
    int done = 0;
    int code = MPI_Isend(packet, (int)bytes, MPI_BYTE, (int)rank, TAG, mail.comm, &made->request);
    if (code == MPI_SUCCESS) {
        mail.sent[rank]++;
        code = MPI_Test(&made->request, &done, MPI_STATUS_IGNORE);
    }
    if (done || code != MPI_SUCCESS) {
        finish(made);
    } else {
        made->next = mail.sending;
        mail.sending = made;
    }
    return pm_mpi_status(code, "MPI_Isend");
}

parmap_status pm_mail_send(uint32_t rank, const pm_packet *packet, const void *payload)
{
    pm_packet *made = pm_mail_prepare(payload ? packet->bytes : 0);
    if (!made)
        return PARMAP_SYSTEM;
    *made = *packet;
    if (payload)
        memcpy(made + 1, payload, packet->bytes);
    return pm_mail_post(rank, made);
}

/* ---- receiving ------------------------------------------------------------------------------- */

pm_packet *pm_mail_receive(parmap_status *status)
{
    int done = 0;
    int code = MPI_Test(&mail.receive, &done, MPI_STATUS_IGNORE);
    if (code == MPI_SUCCESS && mail.sending)
        code = collect_complete();
    *status = pm_mpi_status(code, "MPI_Test");
    if (!done)
        return NULL;
    mail.received++;
    return mail.arrived;
}

parmap_status pm_mail_give_back(void)
{
    return pm_mpi_status(MPI_Start(&mail.receive), "MPI_Start");
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Until every packet that was sent to this rank has come, and all of its own have left. */
static parmap_status drain(int64_t expected, const pm_idle *receive)
{
    pm_pause pause = {0};
    for (;;) {
        const bool got = receive->call(receive->context);
        pm_door_enter();
        const bool over = mail.received >= expected && !mail.sending;
        pm_door_leave();
        if (over)
            return PARMAP_OK;
        if (got)
            pause = (pm_pause){0};
        pm_pause_once(&pause);
    }
}

static void forget(void)
{
    for (letter *next; mail.spare; mail.spare = next) {
        next = mail.spare->next;
        free(mail.spare);
    }
    free(mail.sent);
    free(mail.arrived);
    mail.sent = NULL;
    mail.arrived = NULL;
}

parmap_status pm_mail_close(const pm_idle *receive)
{
    int64_t expected = 0;
    MPI_Request request;
    int64_t *sent = malloc((size_t)mail.size * sizeof *sent); /* MPI reads it for a while */
    if (!sent)
        return out_of_memory();
    memcpy(sent, mail.sent, (size_t)mail.size * sizeof *sent);
    PM_TRY(PM_MPI(
        MPI_Ireduce_scatter_block(sent, &expected, 1, MPI_INT64_T, MPI_SUM, mail.comm, &request)));
    /* the others may need this rank's service until they come here */
    PM_TRY(pm_mpi_await(&request, receive));
    free(sent);
    PM_TRY(drain(expected, receive));
    PM_TRY(PM_MPI(MPI_Cancel(&mail.receive)));
    PM_TRY(PM_MPI(MPI_Wait(&mail.receive, MPI_STATUS_IGNORE)));
    PM_TRY(PM_MPI(MPI_Request_free(&mail.receive)));
    PM_TRY(PM_MPI(MPI_Comm_free(&mail.comm)));
    forget();
    return PARMAP_OK;
}
