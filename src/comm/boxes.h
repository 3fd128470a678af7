/* Where the reply to an executor's request arrives: one box for requests, one for waits. */
#ifndef PM_COMM_BOXES_H
#define PM_COMM_BOXES_H

#include "comm/packet.h"

typedef enum pm_box_state {
    PM_BOX_IDLE,
    PM_BOX_PENDING,
    PM_BOX_SLEEPING,
    PM_BOX_DONE
} pm_box_state;

typedef struct pm_box {
    _Atomic uint32_t state; /* pm_box_state */
    _Atomic uint32_t sequence;
    void *data; /* for the payload */
    uint64_t value;
    parmap_status status;
} pm_box;

/* By the executor.  For the next request; its sequence goes into the packet. */
pm_box *pm_box_open(pm_executor self, pm_box_kind which, void *data);

/* By the executor.  When the reply was read, or is no longer waited for; the door is not held. */
void pm_box_close(pm_box *box);

/* By the executor.  Until the reply is there, or `seconds` are over, or for no reason. */
void pm_box_sleep(pm_box *box, double seconds);

static inline bool pm_box_is_done(const pm_box *box)
{
    return atomic_load(&box->state) == PM_BOX_DONE;
}

/* With the door held.  A reply that nobody waits for any more is dropped. */
void pm_box_deliver(const pm_packet *reply, const void *payload);

#endif
