/* Letters of any size between ranks whose memory is not at hand to each other (backends rma and
 * msg): one message each way, where verbs would take a round trip for every step.
 *
 * A letter goes to the address of a box, which stands for a function of the receiving process. That
 * is called with the door held, by whatever thread looks at what arrives: it must not wait, take a
 * mutex that is ever held while entering the door, or call into the window; it may call what ends
 * in _inside. */
#ifndef PM_COMM_POST_H
#define PM_COMM_POST_H

#include "comm/packet.h"

typedef void pm_post_handler(void *context, const void *letter, uint64_t bytes);

/* Local.  *address means this box to every rank, and is never given again. */
parmap_status pm_post_open(pm_post_handler *handler, void *context, uint64_t *address);

/* Local.  When it returns the handler is not running and will not be called; what still comes is
 * dropped.  0 is no box. */
void pm_post_close(uint64_t address);

/* Local.  Sends head and body as one letter; both are copied. */
parmap_status pm_post_send(uint32_t rank, uint64_t address, const void *head, uint64_t head_bytes,
                           const void *body, uint64_t body_bytes);

/* The same, and waking threads that wait for a word of private memory, from a handler. */
parmap_status pm_post_send_inside(uint32_t rank, uint64_t address, const void *head,
                                  uint64_t head_bytes, const void *body, uint64_t body_bytes);
parmap_status pm_post_wake_inside(pm_ref ref, uint64_t at);

/* With the door held, by the service: a packet of kind POST. */
parmap_status pm_post_receive(const pm_packet *packet, const void *payload);

/* At the end: forgets boxes and halves of letters. */
void pm_post_clear(void);

#endif
