/* The parallel region. */
#include "map/pipeline.h"

#include "base/hash.h"
#include "base/types.h"
#include "comm/pause.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_ALIGNMENT = 4096, MESSAGE = 1024 };

/* What the threads of a rank share. */
typedef struct crew {
    const pm_flow *flow;
    pm_claims *claims;
    pm_hub *hub;
    double begun;
    pm_tally tally;
    parmap_status status;  /* the first failure, */
    char message[MESSAGE]; /* and what it had to say: messages belong to threads */
} crew;

pm_tally pm_tally_none(void)
{
    pm_tally tally;
    memset(&tally, 0, sizeof tally); /* the padding too: it travels */
    tally.stats = pm_stats_none();
    tally.first_lost = INT64_MAX;
    return tally;
}

void pm_tally_add(pm_tally *tally, const pm_tally *other)
{
    tally->blocks += other->blocks;
    tally->items += other->items;
    tally->checksum += other->checksum;
    tally->reread += other->reread;
    tally->lost += other->lost;
    tally->first_lost =
        other->first_lost < tally->first_lost ? other->first_lost : tally->first_lost;
    tally->seconds = other->seconds > tally->seconds ? other->seconds : tally->seconds;
    pm_stats_merge(&tally->stats, &other->stats);
}

/* Of a block that was marked: is it there? */
static parmap_status look_again(const pm_flow *flow, pm_piece *piece, bool *right, pm_tally *tally)
{
    PM_TRY(flow->sink->reload(flow->sink_self, piece, right));
    tally->reread += *right;
    tally->lost += !*right;
    if (!*right && piece->block < tally->first_lost)
        tally->first_lost = piece->block;
    return PARMAP_OK;
}

static parmap_status carry(const pm_flow *flow, pm_task task, pm_piece *piece, pm_tally *tally)
{
    bool right = false;
    piece->item = pm_block_first(&flow->blocks, piece->block);
    piece->count = pm_block_length(&flow->blocks, piece->block);
    piece->bytes = (size_t)piece->count * pm_type_bytes(flow->type);
    piece->marked = false;
    if (task == PM_TASK_RECHECK)
        PM_TRY(look_again(flow, piece, &right, tally));
    if (!right)
        PM_TRY(flow->source->produce(flow->source_self, piece));
    if (flow->checksum)
        piece->hash = pm_hash_block(piece->results, piece->bytes, (uint64_t)piece->block);
    if (flow->stats)
        pm_stats_add(&tally->stats, flow->type, flow->vector, piece->results, piece->count);
    if (flow->sink->emit && !right)
        PM_TRY(flow->sink->emit(flow->sink_self, piece));
    if (flow->sink->mark && !piece->marked)
        PM_TRY(flow->sink->mark(flow->sink_self, piece));
    tally->checksum += piece->hash;
    tally->items += piece->count;
    tally->blocks++;
    return PARMAP_OK;
}

static pm_task task_at(const pm_flow *flow, int64_t place, int64_t *block)
{
    *block = flow->todo ? pm_todo_block(flow->todo, place) : place;
    return flow->todo ? pm_todo_task(flow->todo, *block) : PM_TASK_COMPUTE;
}

/* One thread, until there is nothing more to claim. */
static parmap_status work(const crew *c, int thread, void *buffer, pm_tally *tally)
{
    pm_piece piece = {.results = buffer};
    pm_chunk chunk;
    while (!pm_hub_stopped(c->hub) && c->claims->schedule->claim(c->claims, thread, &chunk)) {
        for (int64_t place = chunk.begin; place < chunk.end; place++) {
            if (pm_hub_stopped(c->hub))
                return PARMAP_OK;
            const pm_task task = task_at(c->flow, place, &piece.block);
            if (task == PM_TASK_NONE)
                continue;
            PM_TRY(carry(c->flow, task, &piece, tally));
            pm_hub_done(c->hub, piece.count);
        }
    }
    return PARMAP_OK;
}

static void join(crew *c, const pm_tally *tally, parmap_status status)
{
#pragma omp critical(pm_crew)
    {
        pm_tally_add(&c->tally, tally);
        if (status != PARMAP_OK && c->status == PARMAP_OK) {
            c->status = status;
            snprintf(c->message, sizeof c->message, "%s", parmap_message());
        }
    }
}

static void serve_on(crew *c, int thread, size_t buffer_bytes)
{
    pm_tally tally = pm_tally_none();
    parmap_status status;
    void *buffer = aligned_alloc(BUFFER_ALIGNMENT, buffer_bytes);
    if (buffer)
        status = work(c, thread, buffer, &tally);
    else
        status = pm_fail(PARMAP_SYSTEM, "out of memory for a block of %zu bytes", buffer_bytes);
    free(buffer);
    if (status != PARMAP_OK)
        pm_hub_stop(c->hub, status);
    tally.seconds = pm_now() - c->begun;
    join(c, &tally, status);
}

parmap_status pm_pipeline_run(const pm_flow *flow, pm_claims *claims, pm_hub *hub, pm_tally *tally)
{
    const int64_t longest = pm_block_length(&flow->blocks, 0);
    const size_t bytes = (size_t)longest * pm_type_bytes(flow->type);
    const size_t buffer_bytes =
        (bytes + BUFFER_ALIGNMENT - 1) / BUFFER_ALIGNMENT * BUFFER_ALIGNMENT;
    crew c = {
        .flow = flow, .claims = claims, .hub = hub, .begun = pm_now(), .tally = pm_tally_none()};
    omp_set_dynamic(0);
#pragma omp parallel default(none) shared(c) firstprivate(buffer_bytes) num_threads(claims->threads)
    serve_on(&c, omp_get_thread_num(), buffer_bytes);
    *tally = c.tally;
    return c.status == PARMAP_OK ? PARMAP_OK : pm_fail(c.status, "%s", c.message);
}
