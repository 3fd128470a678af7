/* The dynamic schedule: each thread takes the next block when it is free.
 *
 * The ranks of a node share a counter in memory.  On one node it holds the whole run.  On several,
 * the run's own counter stands in the memory of rank 0's node, and a node whose counter is empty
 * takes the next part from there: directly on rank 0's node, by a message elsewhere.  Parts shrink
 * with what is left, so that all nodes end together. */
#include "map/hub.h"

#include "comm/pause.h"
#include "comm/segment.h"

#include <stdlib.h>

enum { PARTS_PER_NODE = 4 }; /* a part is what is left, divided by so many per node */

typedef struct counters {
    _Atomic int locked;
    int refilling;    /* a rank of the node is fetching the next part */
    int exhausted;    /* there is no further part */
    pm_chunk node;    /* what the node has left */
    int64_t run_next; /* on rank 0's node: the first block that no node has taken */
} counters;

typedef struct dynamic {
    pm_segment segment;
    counters *counters;
} dynamic;

/* Held for a few instructions, so waiting needs no queue. */
static void lock(counters *c)
{
    pm_pause pause = {0};
    while (atomic_exchange_explicit(&c->locked, 1, memory_order_acquire))
        pm_pause_once(&pause);
}

static void unlock(counters *c)
{
    atomic_store_explicit(&c->locked, 0, memory_order_release);
}

static parmap_status open_dynamic(pm_claims *claims)
{
    dynamic *d = calloc(1, sizeof *d);
    if (!d)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the claims of a run");
    claims->state = d;
    const parmap_status status =
        pm_segment_open(claims->topology, "claims", sizeof(counters), &d->segment);
    if (status != PARMAP_OK)
        return pm_fail(status, "%s, or use --schedule static", parmap_message());
    d->counters = d->segment.data;
    return PARMAP_OK;
}

static void close_dynamic(pm_claims *claims)
{
    dynamic *d = claims->state;
    if (d)
        pm_segment_close(&d->segment);
    free(d);
    claims->state = NULL;
}

/* The next part of the run, on rank 0's node. */
static pm_chunk next_part(pm_claims *claims, counters *c)
{
    const int64_t left = claims->places - c->run_next;
    int64_t part = left;
    if (claims->topology->nodes > 1) {
        part = left / (PARTS_PER_NODE * (int64_t)claims->topology->nodes);
        part = (part / claims->unit + 1) * claims->unit;
        part = part < left ? part : left;
    }
    const pm_chunk chunk = {c->run_next, c->run_next + part};
    c->run_next += part;
    return chunk;
}

static pm_chunk serve_dynamic(pm_claims *claims)
{
    counters *c = ((dynamic *)claims->state)->counters;
    lock(c);
    const pm_chunk chunk = next_part(claims, c);
    unlock(c);
    return chunk;
}

static void refill(pm_claims *claims, counters *c)
{
    const bool home = claims->topology->node == 0;
    const pm_chunk chunk = home ? serve_dynamic(claims) : pm_hub_request(claims->hub);
    lock(c);
    c->node = chunk;
    c->exhausted = chunk.begin == chunk.end;
    c->refilling = 0;
    unlock(c);
}

typedef enum outcome { TAKEN, EMPTY, MUST_REFILL, MUST_WAIT } outcome;

static outcome try_take(counters *c, pm_chunk *chunk)
{
    outcome result = TAKEN;
    lock(c);
    if (c->node.begin < c->node.end) {
        *chunk = (pm_chunk){c->node.begin, c->node.begin + 1};
        c->node.begin++;
    } else if (c->exhausted) {
        result = EMPTY;
    } else if (c->refilling) {
        result = MUST_WAIT;
    } else {
        c->refilling = 1;
        result = MUST_REFILL;
    }
    unlock(c);
    return result;
}

static bool claim_dynamic(pm_claims *claims, int thread, pm_chunk *chunk)
{
    (void)thread;
    counters *c = ((dynamic *)claims->state)->counters;
    pm_pause pause = {0};
    for (;;) {
        switch (try_take(c, chunk)) {
        case TAKEN:
            return true;
        case EMPTY:
            return false;
        case MUST_REFILL:
            refill(claims, c);
            break;
        case MUST_WAIT:
            if (pm_hub_stopped(claims->hub))
                return false;
            pm_pause_once(&pause);
            break;
        }
    }
}

const pm_schedule pm_schedule_dynamic = {.name = "dynamic",
                                         .open = open_dynamic,
                                         .claim = claim_dynamic,
                                         .serve = serve_dynamic,
                                         .close = close_dynamic};
