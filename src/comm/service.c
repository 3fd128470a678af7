/* Requests, replies, and the thread that answers while this rank computes.
 *
 * Everything that touches MPI, the lists of those that wait, and a reply's delivery happens with
 * the door held and never waits there.  Executors wait for their boxes: one of them polls MPI
 * meanwhile, the others sleep until that one, or the thread, delivers. */
#include "comm/service.h"

#include "base/log.h"
#include "comm/door.h"
#include "comm/mail.h"
#include "comm/parking.h"
#include "comm/pause.h"
#include "comm/peers.h"
#include "comm/window_backend.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const double hot_s = 50e-6; /* the thread hardly sleeps for so long after a request */
static const double hot_interval_s = 20e-6, warm_s = 10e-3, warm_interval_s = 200e-6,
                    cold_interval_s = 2e-3;
static const double nap_s = 50e-3; /* of an executor while another one polls */
static const double silence_s = 20;
enum { LOOKS = 64 }; /* at MPI, between two at the clock */
const double pm_service_nudge_s = 500e-6;

/* Where the reply to an executor's request arrives. */
typedef enum box_state { BOX_IDLE, BOX_PENDING, BOX_SLEEPING, BOX_DONE } box_state;

typedef struct box {
    _Atomic uint32_t state; /* box_state */
    _Atomic uint32_t sequence;
    void *data; /* for the payload */
    uint64_t value;
    parmap_status status;
} box;

static struct {
    pm_service_hooks hooks;
    box boxes[PM_EXECUTORS][PM_BOXES];
    _Atomic int waiting;      /* executors for their boxes */
    _Atomic bool polling;     /* one of them does */
    _Atomic uint64_t visits;  /* of executors to pm_service_progress */
    _Atomic bool failed;      /* MPI did */
    _Atomic double hot_until; /* pm_now() */
    _Atomic bool over;
    _Atomic int in_flight; /* threads inside a request, a wait or a wake */
    bool threaded;
    pthread_t thread;
} service;

static uint32_t own_rank(void)
{
    return (uint32_t)pm_the_job.world.rank;
}

static uint64_t address_of(pm_ref ref, uint64_t at)
{
    return ref.offset + at;
}

/* ---- delivering: the door is held ------------------------------------------------------------ */

static void deliver(const pm_packet *reply, const void *payload)
{
    box *to = &service.boxes[pm_executor_number(reply->executor)][reply->box % PM_BOXES];
    const uint32_t state = atomic_load(&to->state);
    if (state == BOX_IDLE || state == BOX_DONE || to->sequence != reply->sequence)
        return; /* nobody waits for it any more */
    to->value = reply->a;
    to->status = (parmap_status)reply->status;
    if (to->data && reply->bytes)
        memcpy(to->data, payload, reply->bytes);
    if (atomic_exchange(&to->state, BOX_DONE) == BOX_SLEEPING)
        syscall(SYS_futex, &to->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* To the box of a request, in this process or another. */
static parmap_status reply_to(pm_executor executor, uint32_t sequence, pm_box_kind which,
                              parmap_status status, uint64_t value)
{
    const pm_packet reply = {.kind = PM_PACKET_REPLY,
                             .box = (uint8_t)which,
                             .executor = executor,
                             .sequence = sequence,
                             .a = value,
                             .status = status};
    const uint32_t rank = pm_executor_rank(executor);
    if (rank == own_rank()) {
        deliver(&reply, NULL);
        return PARMAP_OK;
    }
    return pm_mail_send(rank, &reply, NULL);
}

static parmap_status end_wait(pm_executor executor, uint32_t sequence, parmap_status status,
                              pm_wait_end end)
{
    return reply_to(executor, sequence, PM_BOX_WAIT, status, end);
}

/* Files the wait, unless the word is another one already. */
static parmap_status begin_wait(const pm_packet *wait)
{
    uint64_t word;
    const parmap_status status = service.hooks.load_own(wait->ref, wait->at, &word);
    if (status != PARMAP_OK)
        return end_wait(wait->executor, wait->sequence, status, PM_WAIT_CHANGED);
    if ((uint32_t)word != (uint32_t)wait->a)
        return end_wait(wait->executor, wait->sequence, PARMAP_OK, PM_WAIT_CHANGED);
    return pm_park(wait->ref.space, address_of(wait->ref, wait->at), wait->executor,
                   wait->sequence);
}

static parmap_status cancel_wait(const pm_packet *wait)
{
    if (!pm_unpark(wait->ref.space, address_of(wait->ref, wait->at), wait->executor,
                   wait->sequence))
        return PARMAP_OK; /* its end is on its way */
    return end_wait(wait->executor, wait->sequence, PARMAP_OK, PM_WAIT_CANCELLED);
}

static parmap_status wake(pm_ref ref, uint64_t at, uint64_t count)
{
    parmap_status status = PARMAP_OK;
    pm_parked *parked;
    while (count-- > 0 && status == PARMAP_OK &&
           (parked = pm_unpark_first(ref.space, address_of(ref, at)))) {
        status = end_wait(parked->executor, parked->sequence, PARMAP_OK, PM_WAIT_WOKEN);
        pm_parked_give_back(parked);
    }
    return status;
}

/* ---- serving: the door is held --------------------------------------------------------------- */

static parmap_status serve_word(const pm_packet *request)
{
    char *data = pm_direct(request->ref);
    uint64_t value = 0;
    if (data)
        value = pm_word_at(data + request->at, (pm_word_op)request->op, request->width, request->a,
                           request->b);
    return reply_to(request->executor, request->sequence, PM_BOX_REQUEST,
                    data ? PARMAP_OK : PARMAP_STALE, value);
}

static parmap_status serve_get(const pm_packet *request)
{
    const char *data = pm_direct(request->ref);
    pm_packet *reply = data ? pm_mail_prepare(request->bytes) : NULL;
    if (!reply)
        return reply_to(request->executor, request->sequence, PM_BOX_REQUEST,
                        data ? PARMAP_SYSTEM : PARMAP_STALE, 0);
    *reply = (pm_packet){.kind = PM_PACKET_REPLY,
                         .box = PM_BOX_REQUEST,
                         .bytes = request->bytes,
                         .executor = request->executor,
                         .sequence = request->sequence};
    pm_copy_from_words(reply + 1, data + request->at, request->width, request->bytes);
    return pm_mail_post(pm_executor_rank(request->executor), reply);
}

static parmap_status serve_put(const pm_packet *request)
{
    char *data = pm_direct(request->ref);
    if (data)
        pm_copy_to_words(data + request->at, request + 1, request->width, request->bytes);
    return reply_to(request->executor, request->sequence, PM_BOX_REQUEST,
                    data ? PARMAP_OK : PARMAP_STALE, 0);
}

static parmap_status serve(const pm_packet *packet)
{
    switch ((pm_packet_kind)packet->kind) {
    case PM_PACKET_WORD:
        return serve_word(packet);
    case PM_PACKET_GET:
        return serve_get(packet);
    case PM_PACKET_PUT:
        return serve_put(packet);
    case PM_PACKET_WAIT:
        return begin_wait(packet);
    case PM_PACKET_CANCEL:
        return cancel_wait(packet);
    case PM_PACKET_WAKE:
        return wake(packet->ref, packet->at, packet->a);
    case PM_PACKET_NUDGE:
        service.hot_until = pm_now() + pm_service_nudge_s;
        return PARMAP_OK;
    case PM_PACKET_REPLY:
        deliver(packet, packet + 1);
        return PARMAP_OK;
    }
    return pm_fail(PARMAP_BUG, "a packet of kind %d; report it", packet->kind);
}

static bool receive_one(void)
{
    parmap_status status = PARMAP_OK;
    const pm_packet *packet = pm_mail_receive(&status);
    if (packet) {
        status = serve(packet);
        const parmap_status next = pm_mail_give_back();
        status = status == PARMAP_OK ? next : status;
    }
    if (status != PARMAP_OK && !atomic_exchange(&service.failed, true))
        pm_log_error("%s", parmap_message());
    return packet != NULL;
}

/* After a nudge there is nothing to see: MPI itself carries the calls out. */
static bool is_hot(void)
{
    if (pm_now() < service.hot_until)
        return true;
    service.hot_until = 0;
    return false;
}

/* Others may need the core that this one would spin on. */
static bool crowded(void)
{
    return pm_the_job.topology.size > pm_the_job.topology.cores;
}

static bool progress(void)
{
    if (!pm_door_try_enter())
        return false;               /* whoever is inside makes progress */
    const bool any = receive_one(); /* who waits for it need not wait for the next look too */
    const bool hot = service.hot_until > 0 && is_hot();
    pm_door_leave();
    return any || hot;
}

bool pm_service_progress(void)
{
    atomic_fetch_add_explicit(&service.visits, 1, memory_order_relaxed);
    const bool more = progress();
    if (more && service.hot_until > 0 && crowded())
        sched_yield();
    return more;
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void nap(double seconds)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)(seconds * 1e9)}, NULL);
}

/* Executors wait for replies, and the one that polled for them has gone. */
static bool is_needed(void)
{
    return atomic_load(&service.waiting) > 0 && !atomic_load(&service.polling);
}

/* It runs for microseconds, and others wait for it: it asks for short turns, which then come at
 * once even where the cores compute (Linux 6.12 and later; elsewhere it changes nothing), and for
 * naps as short as they say. */
static void ask_for_short_turns(void)
{
    const struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t turn_ns, deadline, period;
    } attributes = {
        .size = 48, .nice = getpriority(PRIO_PROCESS, 0), .turn_ns = 100000}; /* SCHED_OTHER */
    syscall(SYS_sched_setattr, 0, &attributes, 0);
    prctl(PR_SET_TIMERSLACK, 1000); /* ns */
}

/* Frequent after a request, since another one is likely to follow; rare when nobody asks, or while
 * an executor of this rank looks itself. */
static void *serve_others(void *unused)
{
    (void)unused;
    double last = 0;
    uint64_t visits = 0;
    ask_for_short_turns();
    while (!atomic_load(&service.over)) {
        const uint64_t seen = visits;
        visits = atomic_load_explicit(&service.visits, memory_order_relaxed);
        const bool served = progress();
        const double now = pm_now();
        if (served)
            last = now;
        else if (service.hooks.watch)
            service.hooks.watch();
        /* it never spins or yields: who naps has a claim to the core when it wakes */
        if (visits != seen)
            nap(cold_interval_s);
        else
            nap(now - last < hot_s                   ? hot_interval_s
                : now - last < warm_s || is_needed() ? warm_interval_s
                                                     : cold_interval_s);
    }
    return NULL;
}

parmap_status pm_service_nudge(uint32_t rank)
{
    const pm_packet nudge = {.kind = PM_PACKET_NUDGE};
    return pm_mail_send(rank, &nudge, NULL);
}

parmap_status pm_service_start(const pm_service_hooks *hooks)
{
    service.hooks = *hooks;
    atomic_store(&service.over, false);
    atomic_store(&service.failed, false);
    parmap_status status = pm_agree(&pm_the_job.world, pm_mail_open(&pm_the_job.world), NULL);
    PM_TRY(status);
    service.threaded = pm_the_job.own_thread;
    if (service.threaded && pthread_create(&service.thread, NULL, serve_others, NULL) != 0)
        status = pm_fail(PARMAP_SYSTEM, "cannot start the thread that serves other ranks; "
                                        "look at ulimit -u");
    return pm_agree(&pm_the_job.world, status, NULL);
}

static bool receive_through_door(void)
{
    return pm_service_progress();
}

/* From here on the calling thread serves what is still asked. */
parmap_status pm_service_stop(void)
{
    atomic_store(&service.over, true);
    if (service.threaded)
        pthread_join(service.thread, NULL);
    const parmap_status status = pm_mail_close(receive_through_door);
    pm_parking_clear();
    return status;
}

int pm_service_in_flight(void)
{
    return atomic_load(&service.in_flight);
}

parmap_status pm_service_enter(void)
{
    atomic_fetch_add(&service.in_flight, 1);
    if (!pm_window_closing())
        return PARMAP_OK;
    pm_service_leave();
    return pm_refuse_closed();
}

void pm_service_leave(void)
{
    atomic_fetch_sub(&service.in_flight, 1);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static box *open_box(pm_executor self, pm_box_kind which, void *data)
{
    box *mine = &service.boxes[pm_executor_number(self)][which];
    atomic_fetch_add_explicit(&mine->sequence, 1, memory_order_relaxed);
    mine->data = data;
    atomic_store(&mine->state, BOX_PENDING); /* the rest was written before: see deliver */
    return mine;
}

/* What was given up may be under delivery just now. */
static void close_box(box *mine)
{
    const bool given_up = atomic_load(&mine->state) != BOX_DONE;
    if (given_up)
        pm_door_enter();
    atomic_store(&mine->state, BOX_IDLE);
    if (given_up)
        pm_door_leave();
}

static void sleep_for_box(box *mine, double seconds)
{
    uint32_t state = BOX_PENDING;
    const struct timespec time = {.tv_nsec = (long)(seconds * 1e9)};
    if (!atomic_compare_exchange_strong(&mine->state, &state, BOX_SLEEPING))
        return;
    syscall(SYS_futex, &mine->state, FUTEX_WAIT_PRIVATE, BOX_SLEEPING, &time, NULL, 0);
    state = BOX_SLEEPING;
    atomic_compare_exchange_strong(&mine->state, &state, BOX_PENDING);
}

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
    if (atomic_load(&service.failed))
        return pm_fail(PARMAP_SYSTEM, "MPI failed; see the message before");
    return pm_peers_check();
}

/* One of the executors that wait polls, politely; the others are woken by what it delivers. */
static parmap_status await_box(box *mine, double seconds)
{
    patience limit = {.left = seconds};
    pm_pause pause = {0};
    bool poller = false;
    parmap_status status = PARMAP_OK;
    atomic_fetch_add(&service.waiting, 1);
    for (uint32_t look = 1; atomic_load(&mine->state) != BOX_DONE; look++) {
        if (!poller)
            poller = !service.threaded || !atomic_exchange(&service.polling, true);
        if (!poller)
            sleep_for_box(mine, nap_s);
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
    if (poller && service.threaded)
        atomic_store(&service.polling, false);
    atomic_fetch_sub(&service.waiting, 1);
    if (status == PARMAP_OK && atomic_load(&mine->state) != BOX_DONE)
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
    box *mine = open_box(self, PM_BOX_REQUEST, in);
    request->executor = self;
    request->box = PM_BOX_REQUEST;
    request->sequence = mine->sequence;
    parmap_status status = send_packet(rank, request, out);
    if (status == PARMAP_OK)
        status = await_box(mine, service.threaded ? silence_s : 1e30);
    if (status == PARMAP_OK) {
        *value = mine->value;
        status = mine->status;
    } else if (status == PARMAP_TIMED_OUT) {
        status = refuse_silence(rank);
    }
    close_box(mine);
    return status;
}

parmap_status pm_service_request(pm_packet *request, const void *out, void *in, uint64_t *value)
{
    PM_TRY(pm_service_enter());
    const parmap_status status = request_reply(request, out, in, value);
    pm_service_leave();
    return status;
}

/* ---- waiting and waking ---------------------------------------------------------------------- */

/* To the rank that has the word; this one does it itself. */
static parmap_status carry_out(const pm_packet *packet)
{
    if (packet->ref.rank != own_rank())
        return send_packet(packet->ref.rank, packet, NULL);
    pm_door_enter();
    const parmap_status status = serve(packet);
    pm_door_leave();
    return status;
}

static parmap_status cancel(pm_packet *wait, box *mine)
{
    wait->kind = PM_PACKET_CANCEL;
    PM_TRY(carry_out(wait));
    const parmap_status status = await_box(mine, service.threaded ? silence_s : 1e30);
    return status == PARMAP_TIMED_OUT ? refuse_silence(wait->ref.rank) : status;
}

static parmap_status wait_for_word(pm_ref ref, uint64_t at, uint32_t expected, double seconds,
                                   bool *timed_out)
{
    const pm_executor self = pm_executor_self();
    if (self == 0)
        return PARMAP_SYSTEM;
    box *mine = open_box(self, PM_BOX_WAIT, NULL);
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
    close_box(mine);
    return status;
}

parmap_status pm_service_wait(pm_ref ref, uint64_t at, uint32_t expected, double seconds,
                              bool *timed_out)
{
    PM_TRY(pm_service_enter());
    const parmap_status status = wait_for_word(ref, at, expected, seconds, timed_out);
    pm_service_leave();
    return status;
}

parmap_status pm_service_wake(pm_ref ref, uint64_t at, int count)
{
    const pm_packet packet = {.kind = PM_PACKET_WAKE, .ref = ref, .at = at, .a = (uint64_t)count};
    PM_TRY(pm_service_enter());
    const parmap_status status = carry_out(&packet);
    pm_service_leave();
    return status;
}
