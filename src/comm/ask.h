/* What executors ask of other ranks for the backends rma and msg: words of their memory, waiting
 * and waking. */
#ifndef PM_COMM_ASK_H
#define PM_COMM_ASK_H

#include "comm/packet.h"

/* Local.  Sends the request (kind, op, width, bytes, ref, at, a, b) to the rank that ref names,
 * with `bytes` of payload unless `out` is NULL, and waits for the reply: *value, and its payload to
 * `in`. The reply's status, without a message but for PARMAP_SYSTEM and PARMAP_CLOSED. */
parmap_status pm_ask(pm_packet *request, const void *out, void *in, uint64_t *value);

/* Local.  pm_wait_word and pm_wake_word. */
parmap_status pm_ask_wait(pm_ref ref, uint64_t at, uint32_t expected, double seconds,
                          bool *timed_out);
parmap_status pm_ask_wake(pm_ref ref, uint64_t at, int count);

/* Local.  Around everything that needs other ranks: while the window closes nobody gets in.
 * PARMAP_CLOSED then; else pm_ask_leave follows. */
parmap_status pm_ask_enter(void);
void pm_ask_leave(void);

/* Local.  How many threads of this rank are inside. */
int pm_ask_in_flight(void);

/* Local.  Executors wait for replies, and the one that polled for them has gone. */
bool pm_ask_needs_help(void);

#endif
