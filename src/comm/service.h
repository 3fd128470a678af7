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

/* Collective, when pm_ask_in_flight() is 0 on all ranks. */
parmap_status pm_service_stop(void);

/* Local.  One look at what has arrived; whether there was something, or is about to be. */
bool pm_service_progress(void);

/* Local, with the door held.  Tells a rank to look often for a while. */
parmap_status pm_service_nudge(uint32_t rank);

/* Seconds for which a nudge lasts. */
extern const double pm_service_nudge_s;

/* Local, with the door held.  Does what the packet asks for. */
parmap_status pm_service_serve(const pm_packet *packet);

/* Local.  Whether a thread serves while the rank computes. */
bool pm_service_has_thread(void);

/* Local.  PARMAP_SYSTEM when MPI has failed under the service. */
parmap_status pm_service_check(void);

#endif
