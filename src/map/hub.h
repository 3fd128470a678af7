/* What ranks tell each other while a map runs: how far they are, that all must stop, and which
 * blocks another node may take.  Every rank talks with rank 0 only, in small messages; nobody waits
 * for anybody in the loop.  On rank 0 a thread of its own listens; the others look between two
 * blocks. */
#ifndef PM_MAP_HUB_H
#define PM_MAP_HUB_H

#include "comm/message.h"
#include "comm/world.h"
#include "map/claim.h"

#include <pthread.h>
#include <stdatomic.h>

/* Called on rank 0's listening thread, a few times a second. */
typedef void pm_hub_watch(void *context, int64_t items_done);

/* Asks for the next part of the run for another node; an empty chunk when nothing is left. */
typedef pm_chunk pm_hub_serve(void *context);

typedef struct pm_hub {
    pm_world world;
    pm_hub_watch *watch; /* rank 0; NULL = nobody wants to know */
    void *watch_context;
    pm_hub_serve *serve; /* rank 0; NULL = no other node will ask */
    void *serve_context;

    _Atomic int stop;                 /* why nobody claims any more (hub.c); 0 = go on */
    _Atomic int64_t items_done;       /* on this rank */
    _Atomic int64_t failed;           /* items of this rank, */
    _Atomic int64_t failed_elsewhere; /* before the run and, as rank 0 has heard, of other ranks */
    int64_t failed_limit;             /* so many stop the run; INT64_MAX = they do not */
    int64_t failed_told;              /* others: how many of this rank rank 0 was told of */
    _Atomic int64_t next_pump_us;     /* when this rank looks for messages again */

    int64_t *items_of;      /* rank 0: of each rank, as far as it has told */
    int64_t *received_of;   /* rank 0: messages of each rank */
    bool told_stop;         /* rank 0: all others were told */
    bool reporting;         /* others: whether rank 0 wants reports */
    int64_t next_report_us; /* others */
    int64_t stops_seen;     /* others */
    _Atomic int64_t sent;   /* others: messages to rank 0 */
    _Atomic int granted;    /* others: an answer has come, */
    pm_chunk grant;         /* this one */

    pthread_mutex_t pumping; /* one thread of a rank at a time */
    pthread_t listener;
    bool listening;
    bool closing; /* with the two below: the listener sleeps until then */
    pthread_mutex_t closing_lock;
    pthread_cond_t closed;
} pm_hub;

/* Collective, but without communication: `reporting` must agree.  On rank 0, `watch` and `serve`
 * are called by the listening thread, which is started here when there is something to listen to.
 */
parmap_status pm_hub_open(pm_hub *hub, const pm_world *world, bool reporting, pm_hub_watch *watch,
                          void *watch_context, pm_hub_serve *serve, void *serve_context);

/* Local, any thread.  So many more items of this rank are done. */
void pm_hub_done(pm_hub *hub, int64_t items);

/* Local, on all ranks, before anything fails.  The run stops with PARMAP_ITEMS_FAILED as soon as
 * `limit` items have failed, those of earlier attempts (`before`) included. */
void pm_hub_limit_failed(pm_hub *hub, int64_t limit, int64_t before);

/* Local, any thread.  So many more items of this rank have failed. */
void pm_hub_failed(pm_hub *hub, int64_t items);

/* Local, any thread, between two blocks: has anybody asked to stop?  Looks for messages now and
 * then. */
bool pm_hub_stopped(pm_hub *hub);

/* Local, any thread.  Stops all ranks: `why` is the status that this rank saw; or a cause of
 * base/stop.h, and the status is PARMAP_STOPPED. */
void pm_hub_stop(pm_hub *hub, parmap_status why);
void pm_hub_stop_for(pm_hub *hub, int cause);

/* Local, any thread.  Why this rank stops, as it heard first: PARMAP_OK while nobody has asked; and
 * the cause of PARMAP_STOPPED, else PM_CAUSE_NONE. */
parmap_status pm_hub_status(const pm_hub *hub);
int pm_hub_cause(const pm_hub *hub);

/* Local, any thread of a rank on another node than rank 0's: asks rank 0 for blocks and waits.  An
 * empty chunk when nothing is left, or when the run is stopped. */
pm_chunk pm_hub_request(pm_hub *hub);

/* Local.  This rank's work is over and it sends no more.  Returns how many messages it has sent to
 * rank 0, which rank 0 must know for pm_hub_drain_root. */
int64_t pm_hub_finish(pm_hub *hub);

/* Local.  Take what is still under way, so that no message is left in MPI.  On rank 0, after all
 * ranks have finished: sent_by(context, rank) is what pm_hub_finish returned there.  On the others,
 * after rank 0 has drained and said whether it told them to stop (its pm_hub.told_stop). */
void pm_hub_drain_root(pm_hub *hub, int64_t (*sent_by)(const void *context, int rank),
                       const void *context);
void pm_hub_drain(pm_hub *hub, bool told_stop);

/* Local.  Also waits until everything sent has left. */
void pm_hub_close(pm_hub *hub);

/* Local.  For a wait: looks for messages.  `hub` is a pm_hub. */
bool pm_hub_idle(void *hub);

#endif
