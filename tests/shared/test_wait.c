/* TEST seconds=180 */
/* parmap_wait over queues, pipes and events: exactly those that are ready are flagged, it wakes
 * when one becomes ready, and it keeps to its time. */
#include "shared/shared.h"

#include <stdatomic.h>

static const double short_s = 0.1;

/* One of each kind. */
typedef struct objects {
    parmap_queue queue;
    parmap_connection receiver, sender;
    parmap_event event;
} objects;

enum { QUEUE = 1, PIPE = 2, EVENT = 4, KINDS = 3 };

/* Collective.  Made by the last rank. */
static objects new_objects(void)
{
    objects all;
    memset(&all, 0, sizeof all);
    if (parmap_rank() == parmap_size() - 1) {
        CHECK_OK(parmap_queue_create(&all.queue, 0));
        CHECK_OK(parmap_pipe_create(&all.receiver, &all.sender, false));
        CHECK_OK(parmap_event_create(&all.event));
    }
    SHARE_FROM(all, parmap_size() - 1);
    return all;
}

/* Collective.  The sender may have been closed already. */
static void free_objects(objects *all, bool sender_open)
{
    CHECK_OK(parmap_sync_all());
    if (parmap_rank() == 0) {
        CHECK_OK(parmap_queue_free(&all->queue));
        CHECK_OK(parmap_connection_close(&all->receiver));
        if (sender_open)
            CHECK_OK(parmap_connection_close(&all->sender));
        CHECK_OK(parmap_event_free(&all->event));
    }
    CHECK_OK(parmap_sync_all());
}

/* Waits for those of some kinds; the sum of those flagged.  What was flagged before does not count.
 */
static int wait_for(const objects *all, int kinds, double timeout_s, parmap_status *status)
{
    const parmap_waitable each[KINDS] = {{.queue = &all->queue, .ready = true},
                                         {.connection = &all->receiver, .ready = true},
                                         {.event = &all->event, .ready = true}};
    parmap_waitable list[KINDS];
    int count = 0, ready = 0;
    for (int i = 0; i < KINDS; i++)
        if (kinds & 1 << i)
            list[count++] = each[i];
    *status = parmap_wait(list, count, timeout_s);
    count = 0;
    for (int i = 0; i < KINDS; i++)
        if (kinds & 1 << i && list[count++].ready)
            ready |= 1 << i;
    return ready;
}

static int wait_for_all(const objects *all, double timeout_s, parmap_status *status)
{
    return wait_for(all, QUEUE | PIPE | EVENT, timeout_s, status);
}

static void expect(const objects *all, int ready)
{
    parmap_status status;
    CHECK_INT(wait_for_all(all, 0, &status), ready);
    CHECK_INT(status, ready ? PARMAP_OK : PARMAP_TIMED_OUT);
    if (ready) {
        CHECK_INT(wait_for_all(all, PARMAP_FOREVER, &status), ready);
        CHECK_INT(status, PARMAP_OK);
    }
    for (int kind = QUEUE; kind <= EVENT; kind *= 2) { /* one alone */
        CHECK_INT(wait_for(all, kind, 0, &status), ready & kind);
        CHECK_INT(status, ready & kind ? PARMAP_OK : PARMAP_TIMED_OUT);
    }
}

/* What one kind needs to be ready. */
static void make_ready(const objects *all, int kinds)
{
    const int64_t number = 7;
    if (kinds & QUEUE)
        CHECK_OK(parmap_queue_put(&all->queue, &number, sizeof number, 0));
    if (kinds & PIPE)
        CHECK_OK(parmap_connection_send(&all->sender, &number, sizeof number, 0));
    if (kinds & EVENT)
        CHECK_OK(parmap_event_set(&all->event));
}

static void make_unready(const objects *all, int kinds)
{
    int64_t number = 0;
    if (kinds & QUEUE)
        CHECK_OK(parmap_queue_get(&all->queue, &number, sizeof number, NULL, 0));
    if (kinds & PIPE)
        CHECK_OK(parmap_connection_receive(&all->receiver, &number, sizeof number, NULL, 0));
    if (kinds & EVENT)
        CHECK_OK(parmap_event_clear(&all->event));
}

/* Each set of them, as seen from every rank. */
static void exactly_the_ready_ones(void)
{
    objects all = new_objects();
    for (int kinds = 0; kinds < 1 << KINDS; kinds++) {
        if (parmap_rank() == 0)
            make_ready(&all, kinds);
        CHECK_OK(parmap_sync_all());
        expect(&all, kinds);
        CHECK_OK(parmap_sync_all());
        if (parmap_rank() == parmap_size() - 1)
            make_unready(&all, kinds);
        CHECK_OK(parmap_sync_all());
    }
    free_objects(&all, true);
}

/* What is closed is ready: a get or receive would not wait. */
static void closed_ones_are_ready(void)
{
    objects all = new_objects();
    expect(&all, 0);
    CHECK_OK(parmap_sync_all());
    ON_ROOT(parmap_queue_close(&all.queue));
    CHECK_OK(parmap_sync_all());
    expect(&all, QUEUE);
    CHECK_OK(parmap_sync_all());
    ON_ROOT(parmap_connection_close(&all.sender));
    CHECK_OK(parmap_sync_all());
    expect(&all, QUEUE | PIPE);
    free_objects(&all, false);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void it_keeps_to_its_time(void)
{
    objects all = new_objects();
    parmap_status status;
    double begun = shared_now();
    CHECK_INT(wait_for_all(&all, short_s, &status), 0);
    CHECK_INT(status, PARMAP_TIMED_OUT);
    CHECK_TOOK(begun, short_s);
    CHECK_INT(wait_for_all(&all, -1, &status), 0);
    CHECK_INT(status, PARMAP_TIMED_OUT);
    for (int kind = QUEUE; kind <= EVENT; kind *= 2) {
        begun = shared_now();
        CHECK_INT(wait_for(&all, kind, short_s / 2, &status), 0);
        CHECK_INT(status, PARMAP_TIMED_OUT);
        CHECK_TOOK(begun, short_s / 2);
    }
    begun = shared_now();
    CHECK_STATUS(parmap_wait(NULL, 0, short_s), PARMAP_TIMED_OUT);
    CHECK_TOOK(begun, short_s);
    CHECK_STATUS(parmap_wait(NULL, 0, 0), PARMAP_TIMED_OUT);
    free_objects(&all, true);
}

static void refusals(void)
{
    objects all = new_objects();
    parmap_queue zero = {0};
    parmap_waitable none = {0}, two = {.queue = &all.queue, .event = &all.event},
                    never = {.queue = &zero}, sender = {.connection = &all.sender};
    CHECK_STATUS(parmap_wait(&none, 1, 0), PARMAP_USAGE);
    CHECK_STATUS(parmap_wait(&two, 1, 0), PARMAP_USAGE);
    CHECK_STATUS(parmap_wait(&never, 1, 0), PARMAP_USAGE);
    CHECK_STATUS(parmap_wait(&sender, 1, 0), PARMAP_USAGE);
    CHECK_STATUS(parmap_wait(&two, -1, 0), PARMAP_USAGE);
    free_objects(&all, true);
}

/* ---- waking ---------------------------------------------------------------------------------- */

typedef struct waking {
    objects all;
    int kind;
    _Atomic int64_t failures;
} waking;

enum { WAITERS = 3 };

/* The first waits for the one alone, the others for all. */
static void be_waiter(waking *run, int worker)
{
    parmap_status status;
    const int kinds = worker == 0 ? run->kind : QUEUE | PIPE | EVENT;
    if (wait_for(&run->all, kinds, shared_long_s, &status) != run->kind || status != PARMAP_OK)
        run->failures++;
}

/* The last worker makes one ready while the others wait, or before. */
static void wait_or_wake(int worker, void *context)
{
    waking *run = context;
    if (worker < WAITERS) {
        be_waiter(run, worker);
    } else {
        shared_sleep(0.03);
        make_ready(&run->all, run->kind);
    }
}

static void wake_by_each_kind(shared_layout layout)
{
    for (int kind = 1; kind < 1 << KINDS; kind *= 2) {
        waking run = {.all = new_objects(), .kind = kind};
        shared_run_as(layout, WAITERS + 1, wait_or_wake, &run);
        CHECK_INT(shared_sum(run.failures), 0);
        free_objects(&run.all, true);
    }
}

static void it_wakes_when_one_becomes_ready(void)
{
    shared_each_layout(wake_by_each_kind);
}

static void close_or_wait(int worker, void *context)
{
    waking *run = context;
    if (worker < WAITERS) {
        be_waiter(run, worker);
        return;
    }
    shared_sleep(0.03);
    if (run->kind == QUEUE)
        CHECK_OK(parmap_queue_close(&run->all.queue));
    else
        CHECK_OK(parmap_connection_close(&run->all.sender));
}

static void it_wakes_when_one_is_closed(void)
{
    for (int kind = QUEUE; kind <= PIPE; kind++) {
        waking run = {.all = new_objects(), .kind = kind};
        shared_run_as(SHARED_MIXED, WAITERS + 1, close_or_wait, &run);
        CHECK_INT(shared_sum(run.failures), 0);
        free_objects(&run.all, kind != PIPE);
    }
}

/* ---- a server -------------------------------------------------------------------------------- */

enum { CLIENTS = 4 };

/* Two clients put into queues, two send through pipes, each its own numbers in order; an event says
 * that it is time to go. */
typedef struct server {
    parmap_queue queues[2];
    parmap_connection receivers[2], senders[2];
    parmap_event stop;
    parmap_semaphore answered;
    int64_t count;
    _Atomic int64_t failures;
} server;

static void be_client(server *run, int client)
{
    for (int64_t i = 0; i < run->count; i++)
        run->failures +=
            (client < 2 ? parmap_queue_put(&run->queues[client], &i, sizeof i, shared_long_s)
                        : parmap_connection_send(&run->senders[client - 2], &i, sizeof i,
                                                 shared_long_s)) != PARMAP_OK;
    for (int64_t i = 0; i < run->count; i++)
        run->failures += parmap_semaphore_acquire(&run->answered, shared_long_s) != PARMAP_OK;
    run->failures += parmap_event_set(&run->stop) != PARMAP_OK;
}

static bool take_one(server *run, int client, int64_t *next)
{
    int64_t number = -1;
    const parmap_status status =
        client < 2 ? parmap_queue_get(&run->queues[client], &number, sizeof number, NULL, 0)
                   : parmap_connection_receive(&run->receivers[client - 2], &number, sizeof number,
                                               NULL, 0);
    return status == PARMAP_OK && number == next[client]++ &&
           parmap_semaphore_release(&run->answered) == PARMAP_OK;
}

/* What is flagged is there, since nobody else takes it. */
static void be_server(server *run)
{
    int64_t next[CLIENTS] = {0}, sum = 0;
    bool stopped = false;
    while (!stopped || sum < CLIENTS * run->count) {
        parmap_waitable list[CLIENTS + 1] = {{.queue = &run->queues[0]},
                                             {.connection = &run->receivers[0]},
                                             {.queue = &run->queues[1]},
                                             {.connection = &run->receivers[1]},
                                             {.event = &run->stop}};
        if (parmap_wait(list, stopped ? CLIENTS : CLIENTS + 1, shared_long_s) != PARMAP_OK) {
            run->failures++;
            return;
        }
        for (int i = 0; i < CLIENTS; i++)
            if (list[i].ready) {
                sum++;
                if (!take_one(run, i / 2 + i % 2 * 2, next)) {
                    run->failures++;
                    return;
                }
            }
        stopped = stopped || list[CLIENTS].ready;
    }
}

static void be_client_or_server(int worker, void *context)
{
    if (worker < CLIENTS)
        be_client(context, worker);
    else
        be_server(context);
}

static void serve(shared_layout layout)
{
    server run = {.count = shared_count(1000, 50)};
    for (int i = 0; i < 2; i++) {
        SHARE_NEW(run.queues[i], parmap_queue_create(&run.queues[i], 3 * i));
        parmap_connection ends[2] = {0};
        ON_ROOT(parmap_pipe_create(&ends[0], &ends[1], false));
        SHARE(ends);
        run.receivers[i] = ends[0];
        run.senders[i] = ends[1];
    }
    SHARE_NEW(run.stop, parmap_event_create(&run.stop));
    SHARE_NEW(run.answered, parmap_semaphore_create(&run.answered, 0));
    shared_run_as(layout, CLIENTS + 1, be_client_or_server, &run);
    CHECK_INT(shared_sum(run.failures), 0);
    CHECK_OK(parmap_sync_all());
    for (int i = 0; i < 2 && parmap_rank() == 0; i++) {
        CHECK_OK(parmap_queue_free(&run.queues[i]));
        CHECK_OK(parmap_connection_close(&run.receivers[i]));
        CHECK_OK(parmap_connection_close(&run.senders[i]));
    }
    ON_ROOT(parmap_event_free(&run.stop));
    ON_ROOT(parmap_semaphore_free(&run.answered));
}

static void a_server_of_queues_and_pipes(void)
{
    shared_each_layout(serve);
}

static const check_case cases[] = {
    {"exactly the ready ones", exactly_the_ready_ones},
    {"closed ones are ready", closed_ones_are_ready},
    {"it keeps to its time", it_keeps_to_its_time},
    {"refusals", refusals},
    {"it wakes when one becomes ready", it_wakes_when_one_becomes_ready},
    {"it wakes when one is closed", it_wakes_when_one_is_closed},
    {"a server of queues and pipes", a_server_of_queues_and_pipes},
};

SHARED_MAIN(cases)
