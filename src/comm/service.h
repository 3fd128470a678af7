/* The service that ranks give each other for the backends rma and msg: words of one's own memory
 * for others, waiting and waking.  A thread per rank gives it also while the rank computes; whoever
 * waits gives it too. */
#ifndef PM_COMM_SERVICE_H
#define PM_COMM_SERVICE_H

#include "comm/packet.h"

/* What the backend adds. */
typedef struct pm_service_hooks {
    /* The word at ref of this rank, with the door held. */
    parmap_status (*load_own)(pm_ref ref, uint64_t at, uint64_t *value);
    /* Called while another thread is in the door; ends the job if it hangs there.  May be NULL. */
    void (*watch)(void);
} pm_service_hooks;

/* Collective. */
parmap_status pm_service_start(const pm_service_hooks *hooks);

/* Collective, when pm_service_in_flight() is 0 on all ranks. */
parmap_status pm_service_stop(void);

/* Local.  How many threads of this rank are inside a request, a wait or a wake; while the window
 * closes no others get in.  pm_service_enter: PARMAP_CLOSED then; else pm_service_leave follows. */
int pm_service_in_flight(void);
parmap_status pm_service_enter(void);
void pm_service_leave(void);

/* Local.  One look at what has arrived; whether there was something, or is about to be. */
bool pm_service_progress(void);

/* Local, with the door held.  Tells a rank to look often for a while. */
parmap_status pm_service_nudge(uint32_t rank);

/* Seconds for which a nudge lasts. */
extern const double pm_service_nudge_s;

/* Local.  Sends the request (kind, op, width, bytes, ref, at, a, b) to the rank that ref names,
 * with `bytes` of payload unless `out` is NULL, and waits for the reply: *value, and its payload to
 * `in`. The reply's status, without a message but for PARMAP_SYSTEM. */
parmap_status pm_service_request(pm_packet *request, const void *out, void *in, uint64_t *value);

/* Local.  pm_wait_word and pm_wake_word. */
parmap_status pm_service_wait(pm_ref ref, uint64_t at, uint32_t expected, double seconds,
                              bool *timed_out);
parmap_status pm_service_wake(pm_ref ref, uint64_t at, int count);

#endif
