/* A star around rank 0. */
#include "map/hub.h"

#include "base/log.h"
#include "base/stop.h"
#include "comm/pause.h"

#include <stdlib.h>
#include <time.h>

enum { REPORT = 1, STOP, REQUEST, GRANT, FAILED }; /* kinds of messages */

enum {
    PUMP_US = 50000,       /* how soon a rank that computes sees a stop */
    REPORT_US = 500000,    /* how often it tells how far it is */
    LISTEN_US = 20000,     /* how often rank 0 listens, */
    LISTEN_EAGER_US = 200, /* while other nodes ask for blocks; growing to */
    LISTEN_LAZY_US = 2000,
    WATCH_US = 250000
};

enum { CAUSE_SHIFT = 8 }; /* pm_hub.stop: the status, and above it the cause */

static int64_t now_us(void)
{
    return (int64_t)(pm_now() * 1e6);
}

/* Every rank must get to the end of the run, so a message that cannot be sent is no reason to stop
 * here: the launcher ends a job whose network is gone. */
static void send(pm_hub *hub, int rank, int64_t kind, int64_t a, int64_t b)
{
    const pm_message message = {.kind = kind, .values = {a, b}};
    if (pm_message_send(rank, &message) != PARMAP_OK)
        pm_log_detail("%s", parmap_message());
    else if (rank == 0)
        atomic_fetch_add(&hub->sent, 1);
}

static void tell_all_to_stop(pm_hub *hub)
{
    if (hub->told_stop)
        return;
    hub->told_stop = true;
    for (int rank = 1; rank < hub->world.size; rank++)
        send(hub, rank, STOP, atomic_load(&hub->stop), 0);
}

/* Are there too many failed items, as far as this rank knows? */
static bool too_many_failed(pm_hub *hub)
{
    return atomic_load(&hub->failed) + atomic_load(&hub->failed_elsewhere) >= hub->failed_limit;
}

/* Others, with `pumping`: rank 0 learns of items that have failed since it was told last. */
static void tell_failed(pm_hub *hub)
{
    const int64_t failed = atomic_load(&hub->failed);
    if (hub->failed_limit == INT64_MAX || failed == hub->failed_told)
        return;
    send(hub, 0, FAILED, failed - hub->failed_told, 0);
    hub->failed_told = failed;
}

static void take(pm_hub *hub, int source, const pm_message *message)
{
    int expected = 0;
    if (hub->world.rank == 0)
        hub->received_of[source]++;
    switch (message->kind) {
    case REPORT:
        hub->items_of[source] = message->values[0];
        break;
    case FAILED:
        atomic_fetch_add(&hub->failed_elsewhere, message->values[0]);
        if (too_many_failed(hub) &&
            atomic_compare_exchange_strong(&hub->stop, &expected, PARMAP_ITEMS_FAILED))
            tell_all_to_stop(hub);
        break;
    case STOP:
        atomic_compare_exchange_strong(&hub->stop, &expected, (int)message->values[0]);
        if (hub->world.rank == 0)
            tell_all_to_stop(hub);
        else
            hub->stops_seen++;
        break;
    case REQUEST: {
        const pm_chunk none = {0, 0};
        const pm_chunk chunk = hub->serve ? hub->serve(hub->serve_context) : none;
        send(hub, source, GRANT, chunk.begin, chunk.end);
        break;
    }
    case GRANT:
        hub->grant = (pm_chunk){message->values[0], message->values[1]};
        atomic_store(&hub->granted, 1);
        break;
    default:
        pm_log_detail("a message of unknown kind %lld came from rank %d", (long long)message->kind,
                      source);
    }
}

/* Takes all messages that are there; false when there were none. */
static bool pump(pm_hub *hub)
{
    bool any = false;
    if (hub->world.size == 1 || pthread_mutex_trylock(&hub->pumping) != 0)
        return false;
    for (;;) {
        pm_message message;
        int source;
        bool got;
        if (pm_message_poll(&message, &source, &got) != PARMAP_OK || !got)
            break;
        take(hub, source, &message);
        any = true;
    }
    if (hub->world.rank > 0)
        tell_failed(hub);
    const int64_t now = now_us();
    if (hub->reporting && hub->world.rank > 0 && now >= hub->next_report_us) {
        hub->next_report_us = now + REPORT_US;
        send(hub, 0, REPORT, atomic_load(&hub->items_done), 0);
    }
    pthread_mutex_unlock(&hub->pumping);
    return any;
}

static int64_t done_everywhere(const pm_hub *hub)
{
    int64_t done = atomic_load(&hub->items_done);
    for (int rank = 1; rank < hub->world.size; rank++)
        done += hub->items_of[rank];
    return done;
}

/* Sleeps, or wakes at once when the hub closes; false then. */
static bool sleep_us(pm_hub *hub, int64_t us)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const int64_t ns = until.tv_nsec + us * 1000;
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_mutex_lock(&hub->closing_lock);
    if (!hub->closing)
        pthread_cond_timedwait(&hub->closed, &hub->closing_lock, &until);
    const bool open = !hub->closing;
    pthread_mutex_unlock(&hub->closing_lock);
    return open;
}

static void stop_listening(pm_hub *hub)
{
    if (!hub->listening)
        return;
    pthread_mutex_lock(&hub->closing_lock);
    hub->closing = true;
    pthread_cond_signal(&hub->closed);
    pthread_mutex_unlock(&hub->closing_lock);
    pthread_join(hub->listener, NULL);
    hub->listening = false;
}

static void init_locks(pm_hub *hub)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&hub->closed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&hub->closing_lock, NULL);
    pthread_mutex_init(&hub->pumping, NULL);
}

/* Rank 0's listening thread. */
static void *listen(void *context)
{
    pm_hub *hub = context;
    int64_t pause = LISTEN_EAGER_US, next_watch = now_us() + WATCH_US;
    while (sleep_us(hub, pause)) {
        if (pm_stop_signal())
            pm_hub_stop_for(hub, pm_stop_signal());
        const bool any = pump(hub);
        if (hub->watch && now_us() >= next_watch) {
            next_watch = now_us() + WATCH_US;
            hub->watch(hub->watch_context, done_everywhere(hub));
        }
        pause = any ? LISTEN_EAGER_US : pause * 2;
        const int64_t longest = hub->serve ? LISTEN_LAZY_US : LISTEN_US;
        pause = pause < longest ? pause : longest;
    }
    return NULL;
}

parmap_status pm_hub_open(pm_hub *hub, const pm_world *world, bool reporting, pm_hub_watch *watch,
                          void *watch_context, pm_hub_serve *serve, void *serve_context)
{
    *hub = (pm_hub){.world = *world,
                    .reporting = reporting,
                    .watch = watch,
                    .watch_context = watch_context,
                    .serve = serve,
                    .serve_context = serve_context,
                    .failed_limit = INT64_MAX,
                    .next_report_us = now_us() + REPORT_US};
    atomic_store(&hub->next_pump_us, now_us() + PUMP_US);
    init_locks(hub);
    if (world->rank > 0)
        return PARMAP_OK;
    hub->items_of = calloc((size_t)world->size, sizeof *hub->items_of);
    hub->received_of = calloc((size_t)world->size, sizeof *hub->received_of);
    if (!hub->items_of || !hub->received_of)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the reports of %d ranks", world->size);
    if (world->size == 1 && !watch)
        return PARMAP_OK;
    if (pthread_create(&hub->listener, NULL, listen, hub) != 0)
        return pm_fail(PARMAP_SYSTEM,
                       "cannot start a thread; raise the limit of processes (ulimit -u)");
    hub->listening = true;
    return PARMAP_OK;
}

void pm_hub_done(pm_hub *hub, int64_t items)
{
    atomic_fetch_add_explicit(&hub->items_done, items, memory_order_relaxed);
}

void pm_hub_limit_failed(pm_hub *hub, int64_t limit, int64_t before)
{
    pthread_mutex_lock(&hub->pumping); /* others may have failed already */
    hub->failed_limit = limit;
    atomic_fetch_add(&hub->failed_elsewhere, before);
    const bool stop = too_many_failed(hub);
    pthread_mutex_unlock(&hub->pumping);
    if (stop)
        pm_hub_stop(hub, PARMAP_ITEMS_FAILED);
}

void pm_hub_failed(pm_hub *hub, int64_t items)
{
    atomic_fetch_add(&hub->failed, items);
    if (too_many_failed(hub))
        pm_hub_stop(hub, PARMAP_ITEMS_FAILED);
}

bool pm_hub_stopped(pm_hub *hub)
{
    if (pm_stop_signal())
        pm_hub_stop_for(hub, pm_stop_signal());
    if (hub->world.rank > 0) {
        const int64_t now = now_us();
        int64_t next = atomic_load_explicit(&hub->next_pump_us, memory_order_relaxed);
        if (now >= next && atomic_compare_exchange_strong(&hub->next_pump_us, &next, now + PUMP_US))
            pump(hub);
    }
    return atomic_load_explicit(&hub->stop, memory_order_relaxed) != 0;
}

static void stop_all(pm_hub *hub, int why)
{
    int expected = 0;
    if (!atomic_compare_exchange_strong(&hub->stop, &expected, why))
        return;
    if (hub->world.rank > 0) {
        send(hub, 0, STOP, why, 0);
    } else {
        pthread_mutex_lock(&hub->pumping);
        tell_all_to_stop(hub);
        pthread_mutex_unlock(&hub->pumping);
    }
}

void pm_hub_stop(pm_hub *hub, parmap_status why)
{
    stop_all(hub, (int)why);
}

void pm_hub_stop_for(pm_hub *hub, int cause)
{
    stop_all(hub, (int)PARMAP_STOPPED + (cause << CAUSE_SHIFT));
}

parmap_status pm_hub_status(const pm_hub *hub)
{
    return (parmap_status)(atomic_load(&hub->stop) & ((1 << CAUSE_SHIFT) - 1));
}

int pm_hub_cause(const pm_hub *hub)
{
    return atomic_load(&hub->stop) >> CAUSE_SHIFT;
}

pm_chunk pm_hub_request(pm_hub *hub)
{
    pm_pause pause = {0};
    atomic_store(&hub->granted, 0);
    send(hub, 0, REQUEST, 0, 0);
    while (!atomic_load(&hub->granted)) {
        pump(hub);
        pm_pause_once(&pause);
    }
    return atomic_load(&hub->stop) ? (pm_chunk){0, 0} : hub->grant;
}

int64_t pm_hub_finish(pm_hub *hub)
{
    pthread_mutex_lock(&hub->pumping);
    if (hub->reporting && hub->world.rank > 0 && atomic_load(&hub->sent) > 0)
        send(hub, 0, REPORT, atomic_load(&hub->items_done), 0);
    if (hub->world.rank > 0)
        tell_failed(hub);
    hub->reporting = false;
    pthread_mutex_unlock(&hub->pumping);
    return atomic_load(&hub->sent);
}

void pm_hub_drain_root(pm_hub *hub, int64_t (*sent_by)(const void *context, int rank),
                       const void *context)
{
    pm_pause pause = {0};
    stop_listening(hub);
    for (int rank = 1; rank < hub->world.size; rank++)
        while (hub->received_of[rank] < sent_by(context, rank)) {
            pump(hub);
            pm_pause_once(&pause);
        }
}

void pm_hub_drain(pm_hub *hub, bool told_stop)
{
    pm_pause pause = {0};
    while (told_stop && hub->stops_seen == 0) {
        pump(hub);
        pm_pause_once(&pause);
    }
}

void pm_hub_close(pm_hub *hub)
{
    stop_listening(hub);
    if (hub->world.size > 1 && pm_message_flush() != PARMAP_OK)
        pm_log_detail("%s", parmap_message());
    free(hub->items_of);
    free(hub->received_of);
    pthread_mutex_destroy(&hub->pumping);
    pthread_mutex_destroy(&hub->closing_lock);
    pthread_cond_destroy(&hub->closed);
}

bool pm_hub_idle(void *hub)
{
    pump(hub);
    return false;
}
