/* What the service of one rank sends to that of another: requests and their replies. */
#ifndef PM_COMM_PACKET_H
#define PM_COMM_PACKET_H

#include "comm/window.h"

typedef enum pm_packet_kind {
    PM_PACKET_WORD,   /* op, width, a, b -> value */
    PM_PACKET_GET,    /* bytes, width -> payload */
    PM_PACKET_PUT,    /* bytes, width, payload -> */
    PM_PACKET_WAIT,   /* a = expected -> value = pm_wait_end, when it ends */
    PM_PACKET_CANCEL, /* of the wait with this sequence; it has no reply of its own */
    PM_PACKET_WAKE,   /* a = count; no reply */
    PM_PACKET_NUDGE,  /* one-sided calls follow, which this MPI carries out in the target's calls */
    PM_PACKET_POST,   /* a = address of the box, b = bytes of the letter, at = the first of these in
                         it, payload */
    PM_PACKET_REPLY   /* status, value, payload; to the box of the executor */
} pm_packet_kind;

typedef enum pm_wait_end { PM_WAIT_WOKEN, PM_WAIT_CHANGED, PM_WAIT_CANCELLED } pm_wait_end;

/* An executor has at most one request and one wait under way: a box for the reply to each. */
typedef enum pm_box_kind { PM_BOX_REQUEST, PM_BOX_WAIT, PM_BOXES } pm_box_kind;

typedef struct pm_packet {
    uint8_t kind, op, width, box;
    uint32_t bytes; /* of the payload that follows, or that is asked for */
    pm_executor executor;
    uint32_t sequence; /* of the executor's requests to this box: a late reply is recognised */
    pm_ref ref;
    uint64_t at;
    uint64_t a, b;  /* a reply's value is in a */
    int64_t status; /* of a reply */
} pm_packet;

enum { PM_PAYLOAD = 64 << 10 };

#endif
