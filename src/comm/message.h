/* Small messages between ranks, outside the collectives: sent without waiting, received by polling.
 */
#ifndef PM_COMM_MESSAGE_H
#define PM_COMM_MESSAGE_H

#include "base/status.h"

typedef struct pm_message {
    int64_t kind; /* what it means is up to the floor above */
    int64_t values[3];
} pm_message;

/* Local.  Hands the message over and returns; it is copied. */
parmap_status pm_message_send(int rank, const pm_message *message);

/* Local.  Takes the next message from anybody, in each sender's order; *got = false when there is
 * none. */
parmap_status pm_message_poll(pm_message *message, int *source, bool *got);

/* Local.  Waits until everything sent has left.  The receivers must still poll. */
parmap_status pm_message_flush(void);

#endif
