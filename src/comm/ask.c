/* Asking other ranks, and waiting for what they say.  One of the executors that wait polls MPI
 * meanwhile, the others sleep until that one, or the service's thread, delivers. */
#include "comm/ask.h"

#include "comm/boxes.h"
#include "comm/door.h"
#include "comm/mail.h"
#include "comm/pause.h"
#include "comm/peers.h"
#include "comm/service.h"
#include "comm/window_backend.h"

static const double nap_s = 50e-3; /* of an executor while another one polls */
static const double silence_s = 20;
enum { LOOKS = 64 }; /* at MPI, between two at the clock */

static struct {
    _Atomic int waiting;   /* executors for their boxes */
    _Atomic bool polling;  /* one of them does */
    _Atomic int in_flight; /* threads inside a call */
} asking;

bool pm_ask_needs_help(void)
{
    return atomic_load(&asking.waiting) > 0 && !atomic_load(&asking.polling);
}

int pm_ask_in_flight(void)
{
    return atomic_load(&asking.in_flight);
}

parmap_status pm_ask_enter(void)
{
    atomic_fetch_add(&asking.in_flight, 1);
    if (!pm_window_closing())
        return PARMAP_OK;
    pm_ask_leave();
    return pm_refuse_closed();
}

void pm_ask_leave(void)
{
    atomic_fetch_sub(&asking.in_flight, 1);
}

/* ---- waiting for a reply --------------------------------------------------------------------- */

static parmap_status refuse_silence(uint32_t rank)
{
    return pm_fail(PARMAP_SYSTEM,
                   "rank %u on %s has not answered for %g s; look whether it lives and whether the "
                   "network does",
                   (unsigned)rank, pm_window_node(rank), silence_s);
}

/* How long a wait for a box may last.  Only time in which this rank itself ran counts: a job may be
 * suspended as a whole. */
typedef struct patience {
    double left;
    double last; /* look at the clock */
} patience;

static bool lose_patience(patience *p)
{
    const double now = pm_now(), step = now - p->last;
    if (p->last > 0)
        p->left -= step < 0.1 ? step : 0.1;
    p->last = now;
    return p->left <= 0;
}

static parmap_status check_health(void)
{
    PM_TRY(pm_service_check());
    return pm_peers_check();
}

/* Until another executor or the thread delivers, or it is time to look around. */
static void sleep_for(pm_box *mine, patience *limit)
{
    if (limit->last == 0)
        limit->last = pm_now();
    pm_box_sleep(mine, limit->left < nap_s ? limit->left : nap_s);
}

/* One of the executors that wait polls, politely; the others are woken by what it delivers. */
static parmap_status await_box(pm_box *mine, double seconds)
{
    patience limit = {.left = seconds};
    pm_pause pause = {0};
    bool poller = false;
    parmap_status status = PARMAP_OK;
    atomic_fetch_add(&asking.waiting, 1);
    for (uint32_t look = 1; !pm_box_is_done(mine); look++) {
        if (!poller)
            poller = !pm_service_has_thread() || !atomic_exchange(&asking.polling, true);
        if (!poller)
            sleep_for(mine, &limit);
        else if (pm_service_progress())
            pause = (pm_pause){0};
        else
            pm_pause_once(&pause);
        if (poller && !pm_pause_is_long(&pause) && look % LOOKS != 0)
            continue;
        status = check_health();
        if (status != PARMAP_OK || lose_patience(&limit))
            break;
    }
    if (poller && pm_service_has_thread())
        atomic_store(&asking.polling, false);
    atomic_fetch_sub(&asking.waiting, 1);
    if (status == PARMAP_OK && !pm_box_is_done(mine))
        status = PARMAP_TIMED_OUT;
    return status;
}

static parmap_status send_packet(uint32_t rank, const pm_packet *packet, const void *payload)
{
    pm_door_enter();
    const parmap_status status = pm_mail_send(rank, packet, payload);
    pm_door_leave();
    return status;
}

static parmap_status request_reply(pm_packet *request, const void *out, void *in, uint64_t *value)
{
    const pm_executor self = pm_executor_self();
    const uint32_t rank = request->ref.rank;
    if (self == 0)
        return PARMAP_SYSTEM;
    pm_box *mine = pm_box_open(self, PM_BOX_REQUEST, in);
    request->executor = self;
    request->box = PM_BOX_REQUEST;
    request->sequence = mine->sequence;
    parmap_status status = send_packet(rank, request, out);
    if (status == PARMAP_OK)
        status = await_box(mine, pm_service_has_thread() ? silence_s : 1e30);
    if (status == PARMAP_OK) {
        *value = mine->value;
        status = mine->status;
    } else if (status == PARMAP_TIMED_OUT) {
        status = refuse_silence(rank);
    }
    pm_box_close(mine);
    return status;
}

parmap_status pm_ask(pm_packet *request, const void *out, void *in, uint64_t *value)
{
    PM_TRY(pm_ask_enter());
    const parmap_status status = request_reply(request, out, in, value);
    pm_ask_leave();
    return status;
}

/* ---- waiting and waking ---------------------------------------------------------------------- */

/* To the rank that has the word; this one does it itself. */
static parmap_status carry_out(const pm_packet *packet)
{
    if (packet->ref.rank != (uint32_t)pm_the_job.world.rank)
        return send_packet(packet->ref.rank, packet, NULL);
    pm_door_enter();
    const parmap_status status = pm_service_serve(packet);
    pm_door_leave();
    return status;
}

static parmap_status cancel(pm_packet *wait, pm_box *mine)
{
    wait->kind = PM_PACKET_CANCEL;
    PM_TRY(carry_out(wait));
    const parmap_status status = await_box(mine, pm_service_has_thread() ? silence_s : 1e30);
    return status == PARMAP_TIMED_OUT ? refuse_silence(wait->ref.rank) : status;
}

static parmap_status wait_for_word(pm_ref ref, uint64_t at, uint32_t expected, double seconds,
                                   bool *timed_out)
{
    const pm_executor self = pm_executor_self();
    if (self == 0)
        return PARMAP_SYSTEM;
    pm_box *mine = pm_box_open(self, PM_BOX_WAIT, NULL);
    pm_packet wait = {.kind = PM_PACKET_WAIT,
                      .box = PM_BOX_WAIT,
                      .executor = self,
                      .sequence = mine->sequence,
                      .ref = ref,
                      .at = at,
                      .a = expected};
    parmap_status status = carry_out(&wait);
    if (status == PARMAP_OK)
        status = await_box(mine, seconds);
    if (status == PARMAP_TIMED_OUT)
        status = cancel(&wait, mine);
    if (status == PARMAP_OK) {
        *timed_out = mine->value == PM_WAIT_CANCELLED;
        status = mine->status == PARMAP_STALE ? pm_refuse_ref(ref) : mine->status;
    }
    pm_box_close(mine);
    return status;
}

parmap_status pm_ask_wait(pm_ref ref, uint64_t at, uint32_t expected, double seconds,
                          bool *timed_out)
{
    PM_TRY(pm_ask_enter());
    const parmap_status status = wait_for_word(ref, at, expected, seconds, timed_out);
    pm_ask_leave();
    return status;
}

parmap_status pm_ask_wake(pm_ref ref, uint64_t at, int count)
{
    const pm_packet packet = {.kind = PM_PACKET_WAKE, .ref = ref, .at = at, .a = (uint64_t)count};
    PM_TRY(pm_ask_enter());
    const parmap_status status = carry_out(&packet);
    pm_ask_leave();
    return status;
}
