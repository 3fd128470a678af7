/* Answering other ranks, and the thread that does so while this rank computes.  Everything that
 * touches MPI, the lists of those that wait, and a reply's delivery happens with the door held and
 * never waits there. */
#include "comm/service.h"

#include "base/log.h"
#include "comm/ask.h"
#include "comm/boxes.h"
#include "comm/door.h"
#include "comm/mail.h"
#include "comm/parking.h"
#include "comm/pause.h"
#include "comm/post.h"
#include "comm/window_backend.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const double hot_s = 50e-6; /* the thread hardly sleeps for so long after a request */
static const double hot_interval_s = 20e-6, warm_s = 10e-3, warm_interval_s = 200e-6,
                    cold_interval_s = 2e-3;
const double pm_service_nudge_s = 500e-6;

static struct {
    pm_service_hooks hooks;
    _Atomic uint64_t visits;  /* of executors to pm_service_progress */
    _Atomic bool failed;      /* MPI did */
    _Atomic double hot_until; /* pm_now() */
    _Atomic bool over;
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
        pm_box_deliver(&reply, NULL);
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

parmap_status pm_service_serve(const pm_packet *packet)
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
    case PM_PACKET_POST:
        return pm_post_receive(packet, packet + 1);
    case PM_PACKET_REPLY:
        pm_box_deliver(packet, packet + 1);
        return PARMAP_OK;
    }
    return pm_fail(PARMAP_BUG, "a packet of kind %d; report it", packet->kind);
}

static bool receive_one(void)
{
    parmap_status status = PARMAP_OK;
    const pm_packet *packet = pm_mail_receive(&status);
    if (packet) {
        status = pm_service_serve(packet);
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
    if (more && service.hot_until > 0 && pm_crowded())
        sched_yield();
    return more;
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void nap(double seconds)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)(seconds * 1e9)}, NULL);
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
            nap(now - last < hot_s                           ? hot_interval_s
                : now - last < warm_s || pm_ask_needs_help() ? warm_interval_s
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

static bool receive(void *unused)
{
    (void)unused;
    return pm_service_progress();
}

/* From here on the calling thread serves what is still asked. */
parmap_status pm_service_stop(void)
{
    atomic_store(&service.over, true);
    if (service.threaded)
        pthread_join(service.thread, NULL);
    const parmap_status status = pm_mail_close(&(pm_idle){receive, NULL});
    pm_parking_clear();
    pm_post_clear();
    return status;
}

bool pm_service_has_thread(void)
{
    return service.threaded;
}

parmap_status pm_service_check(void)
{
    return atomic_load(&service.failed)
               ? pm_fail(PARMAP_SYSTEM, "MPI failed; see the message before")
               : PARMAP_OK;
}
