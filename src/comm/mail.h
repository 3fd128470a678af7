/* Packets between the services: sent without waiting, received by polling, on a communicator of
 * their own.  For comm/service.c, with the door held. */
#ifndef PM_COMM_MAIL_H
#define PM_COMM_MAIL_H

#include "comm/packet.h"
#include "comm/pause.h"

/* Collective; the door is not held. */
parmap_status pm_mail_open(const pm_world *world);

/* Collective, when no rank asks for anything any more; the door is not held.  Receives what is
 * still under way with `receive`, which takes one packet. */
parmap_status pm_mail_close(const pm_idle *receive);

/* The packet is copied, with packet->bytes of payload unless that is NULL. */
parmap_status pm_mail_send(uint32_t rank, const pm_packet *packet, const void *payload);

/* Like pm_mail_send, for a payload that is made in place: a packet with room for `bytes` behind it,
 * to be filled in and posted.  NULL with a message when there is no memory. */
pm_packet *pm_mail_prepare(uint32_t bytes);
parmap_status pm_mail_post(uint32_t rank, pm_packet *packet);

/* The next packet, its payload behind it, or NULL; to be given back before the next. */
pm_packet *pm_mail_receive(parmap_status *status);
parmap_status pm_mail_give_back(void);

#endif
