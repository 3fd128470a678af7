/* The parallel region. */
#include "map/pipeline.h"

#include "base/hash.h"
#include "base/stop.h"
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
    size_t results_bytes; /* of a block, in whole pages; behind it its statuses, */
    size_t inputs_at;     /* and behind these its inputs */
    size_t buffer_bytes;  /* of all */
    pm_limit *limit;
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
    tally->failed += other->failed;
    tally->dropped += other->dropped;
    tally->checksum += other->checksum;
    tally->reread += other->reread;
    tally->reread_items += other->reread_items;
    tally->unproven += other->unproven;
    tally->lost += other->lost;
    tally->first_lost =
        other->first_lost < tally->first_lost ? other->first_lost : tally->first_lost;
    tally->seconds = other->seconds > tally->seconds ? other->seconds : tally->seconds;
    pm_stats_merge(&tally->stats, &other->stats);
}

/* Of a block that was marked: is it there? */
static parmap_status look_again(const pm_flow *flow, pm_piece *piece, bool *right, pm_tally *tally)
{
    pm_worth worth = PM_WORTH_LOST;
    PM_TRY(flow->sink->reload(flow->sink_self, piece, &worth));
    *right = worth == PM_WORTH_RIGHT;
    tally->reread += *right;
    tally->unproven += worth == PM_WORTH_UNPROVEN;
    tally->lost += worth == PM_WORTH_LOST;
    if (worth == PM_WORTH_LOST && piece->block < tally->first_lost)
        tally->first_lost = piece->block;
    return PARMAP_OK;
}

uint64_t pm_piece_hash(const pm_piece *piece)
{
    const uint64_t seed = (uint64_t)piece->block;
    const uint64_t hash = pm_hash_block(piece->results, piece->bytes, seed);
    return piece->statuses ? hash + pm_hash_block(piece->statuses, (size_t)piece->count, seed)
                           : hash;
}

static void add_stats(const pm_flow *flow, const pm_piece *piece, pm_stats *stats)
{
    const pm_layout_field *numbers = &flow->result.fields[0];
    const int64_t elements = pm_layout_elements(numbers);
    if (piece->statuses)
        pm_stats_add_some(stats, numbers->type, elements, piece->results, piece->statuses,
                          PM_ITEM_GOOD, piece->count);
    else
        pm_stats_add(stats, numbers->type, flow->vector, piece->results, piece->count * elements);
}

static parmap_status produce(const pm_flow *flow, pm_piece *piece, bool loaded)
{
    if (piece->statuses && !loaded)
        memset(piece->statuses, PM_ITEM_PENDING, (size_t)piece->count);
    piece->marked = false;
    return flow->source->produce(flow->source_self, piece);
}

/* Items that failed: of a block that is kept they are news to the hub. */
static void count_failed(const pm_piece *piece, bool kept, pm_tally *tally)
{
    const int64_t failed = pm_count_failed(piece->statuses, piece->count);
    tally->failed += failed;
    if (kept && failed > 0)
        pm_hub_failed(piece->hub, failed);
}

static parmap_status carry(const pm_flow *flow, pm_task task, pm_piece *piece, pm_tally *tally)
{
    bool right = false;
    piece->item = pm_block_first(&flow->blocks, piece->block);
    piece->count = pm_block_length(&flow->blocks, piece->block);
    piece->bytes = (size_t)piece->count * flow->result.bytes;
    piece->marked = false;
    if (task != PM_TASK_COMPUTE)
        PM_TRY(look_again(flow, piece, &right, tally));
    const bool kept = right && task != PM_TASK_RERUN;
    tally->reread_items += kept ? piece->count : 0;
    if (!kept)
        PM_TRY(produce(flow, piece, right));
    if (flow->checksum)
        piece->hash = pm_piece_hash(piece);
    if (flow->stats)
        add_stats(flow, piece, &tally->stats);
    if (flow->sink->emit && !kept)
        PM_TRY(flow->sink->emit(flow->sink_self, piece));
    if (flow->sink->mark && !piece->marked)
        PM_TRY(flow->sink->mark(flow->sink_self, piece));
    if (piece->statuses)
        count_failed(piece, kept, tally);
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

bool pm_piece_given_up(void *piece)
{
    const pm_piece *p = piece;
    const bool stopped = pm_hub_stopped(p->hub);
    if (pm_limit_over(p->limit, pm_now())) {
        pm_hub_stop_for(p->hub, PM_CAUSE_TIME);
        return true;
    }
    const bool may_end =
        pm_hub_cause(p->hub) == PM_CAUSE_TIME || pm_hub_status(p->hub) == PARMAP_ITEMS_FAILED;
    return stopped && (!may_end || pm_stop_signal() != 0);
}

/* Whether another block may begin. */
static bool may_go_on(const crew *c, double now)
{
    if (!pm_limit_fits(c->limit, now))
        pm_hub_stop_for(c->hub, PM_CAUSE_TIME);
    return !pm_hub_stopped(c->hub);
}

/* One thread, until there is nothing more to claim.  A stop is looked for after the claim: so a
 * rank that drops nothing knows that it has done all it could. */
static parmap_status work(const crew *c, int thread, char *buffer, pm_tally *tally)
{
    pm_piece piece = {.inputs = c->flow->input_bytes > 0 ? buffer + c->inputs_at : NULL,
                      .results = buffer,
                      .statuses = c->flow->can_fail ? (uint8_t *)buffer + c->results_bytes : NULL,
                      .pace = pm_pace_of(c->flow->cost_s),
                      .limit = c->limit,
                      .hub = c->hub};
    pm_chunk chunk;
    while (c->claims->schedule->claim(c->claims, thread, &chunk)) {
        for (int64_t place = chunk.begin; place < chunk.end; place++) {
            const pm_task task = task_at(c->flow, place, &piece.block);
            if (task == PM_TASK_NONE)
                continue;
            const double begun = pm_now();
            const parmap_status status =
                may_go_on(c, begun) ? carry(c->flow, task, &piece, tally) : PARMAP_STOPPED;
            if (status == PARMAP_STOPPED) {
                tally->dropped += chunk.end - place;
                return PARMAP_OK;
            }
            PM_TRY(status);
            if (task != PM_TASK_RECHECK) /* reading says nothing about computing */
                pm_limit_learn(c->limit, pm_now() - begun);
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

static void serve_on(crew *c, int thread)
{
    pm_tally tally = pm_tally_none();
    parmap_status status;
    char *buffer = aligned_alloc(BUFFER_ALIGNMENT, c->buffer_bytes);
    if (buffer)
        status = work(c, thread, buffer, &tally);
    else
        status = pm_fail(PARMAP_SYSTEM, "out of memory for a block of %zu bytes", c->buffer_bytes);
    free(buffer);
    if (status != PARMAP_OK)
        pm_hub_stop(c->hub, status);
    tally.seconds = pm_now() - c->begun;
    join(c, &tally, status);
}

static size_t whole_pages(size_t bytes)
{
    return (bytes + BUFFER_ALIGNMENT - 1) / BUFFER_ALIGNMENT * BUFFER_ALIGNMENT;
}

parmap_status pm_pipeline_run(const pm_flow *flow, pm_claims *claims, pm_hub *hub, pm_tally *tally)
{
    const size_t longest = (size_t)pm_block_length(&flow->blocks, 0);
    const size_t results_bytes = whole_pages(longest * flow->result.bytes);
    const size_t inputs_at = results_bytes + (flow->can_fail ? whole_pages(longest) : 0);
    pm_limit limit = pm_limit_of(flow->until, flow->cost_s * (double)longest);
    crew c = {.flow = flow,
              .claims = claims,
              .hub = hub,
              .results_bytes = results_bytes,
              .inputs_at = inputs_at,
              .buffer_bytes = inputs_at + whole_pages(longest * flow->input_bytes),
              .limit = &limit,
              .begun = pm_now(),
              .tally = pm_tally_none()};
    omp_set_dynamic(0);
#pragma omp parallel default(none) shared(c) num_threads(claims->threads)
    serve_on(&c, omp_get_thread_num());
    *tally = c.tally;
    return c.status == PARMAP_OK ? PARMAP_OK : pm_fail(c.status, "%s", c.message);
}
