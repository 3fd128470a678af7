/* Opens the ends of the pipeline, runs it, gathers what came of it. */
#include "app/run.h"

#include "base/log.h"
#include "base/stop.h"
#include "comm/collective.h"
#include "comm/pause.h"
#include "map/ends.h"
#include "store/keeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Both ends, as far as the plan needs them. */
typedef struct ends {
    pm_computer computer;
    pm_sample_source sample; /* its kernel is the source of whole runs */
    pm_items items;          /* that source's, where items can fail, */
    pm_failures failures;    /* and who is told */
    pm_file_sink file;
    pm_compare_sink compare;
} ends;

/* The results of the file, and the statuses where items can fail. */
static parmap_status open_data(const pm_plan *plan, pm_data *data, pm_data *statuses, bool writable)
{
    PM_TRY(pm_data_open(data, plan->path, plan->offset, plan->result.bytes, writable));
    return plan->can_fail ? pm_data_open(statuses, plan->path, plan->statuses_offset, 1, writable)
                          : PARMAP_OK;
}

static parmap_status open_file(const pm_plan *plan, const pm_topology *topology, ends *e)
{
    pm_file_sink *file = &e->file;
    file->checksum = plan->checksum;
    PM_TRY(open_data(plan, &file->data, &file->statuses, true));
    PM_TRY(pm_journal_open(&file->journal, plan->path, topology->node,
                           topology->rank == topology->node_leader));
    return plan->can_fail ? pm_failed_log_open(&e->failures.log, file->journal.path,
                                               file->journal.seed, topology->size)
                          : PARMAP_OK;
}

static parmap_status open_sink(const pm_plan *plan, const pm_topology *topology, ends *e,
                               pm_flow *flow)
{
    switch (plan->goal) {
    case PM_GOAL_WRITE:
        flow->sink = &pm_sink_file;
        flow->sink_self = &e->file;
        return open_file(plan, topology, e);
    case PM_GOAL_VERIFY:
        flow->sink = &pm_sink_compare;
        flow->sink_self = &e->compare;
        return open_data(plan, &e->compare.data, &e->compare.statuses, false);
    case PM_GOAL_COMPUTE:
        break;
    }
    flow->sink = &pm_sink_none;
    return PARMAP_OK;
}

static parmap_status read_rows(void *reader, int64_t first, int64_t count, void *items)
{
    return pm_columns_read(reader, first, count, items);
}

static parmap_status open_source(const pm_plan *plan, const pm_mapping *mapping, ends *e)
{
    PM_TRY(pm_plan_computer(plan, mapping, &e->computer));
    e->items = (pm_items){.computer = &e->computer,
                          .range = &plan->range,
                          .retries = plan->retries,
                          .failed = pm_failures_take,
                          .context = &e->failures,
                          .no_nan = plan->nan == PM_NAN_FAIL};
    e->sample = (pm_sample_source){.samples = plan->samples,
                                   .kernel = {.computer = &e->computer,
                                              .range = plan->range,
                                              .items = plan->can_fail ? &e->items : NULL,
                                              .read = mapping->reader ? read_rows : NULL,
                                              .rows = mapping->reader,
                                              .no_nan = plan->nan == PM_NAN_STOP}};
    return PARMAP_OK;
}

static parmap_status open_ends(const pm_plan *plan, const pm_todo *todo, const pm_mapping *mapping,
                               const pm_topology *topology, pm_hub *hub, ends *e, pm_flow *flow)
{
    *e = (ends){.file = {.data.fd = -1, .statuses.fd = -1, .journal = {.fd = -1, .marks = -1}},
                .compare = {.data.fd = -1, .statuses.fd = -1, .first = INT64_MAX}};
    pm_failures_open(&e->failures, hub, topology, plan->session);
    if (mapping->ready != PARMAP_OK)
        return pm_fail(mapping->ready, "%s", mapping->failure);
    PM_TRY(open_source(plan, mapping, e));
    *flow =
        (pm_flow){.blocks = plan->blocks,
                  .todo = todo,
                  .result = plan->result,
                  .input_bytes = pm_kernel_source_loads(&e->sample.kernel) ? plan->input.bytes : 0,
                  .vector = e->computer.vector,
                  .checksum = plan->checksum,
                  .stats = plan->stats,
                  .can_fail = plan->can_fail,
                  .cost_s = mapping->kernel->cost_s,
                  .until = plan->until,
                  .source = plan->samples ? &pm_source_sample : &pm_source_kernel,
                  .source_self = plan->samples ? (void *)&e->sample : (void *)&e->sample.kernel};
    return open_sink(plan, topology, e, flow);
}

static void close_ends(ends *e)
{
    pm_data_close(&e->file.data);
    pm_data_close(&e->file.statuses);
    pm_journal_close(&e->file.journal);
    pm_data_close(&e->compare.data);
    pm_data_close(&e->compare.statuses);
    pm_failures_close(&e->failures);
}

/* The keeper's thread could not bring data onto the disk: no rank goes on. */
static void stop_all(void *hub, parmap_status status)
{
    pm_hub_stop(hub, status);
}

static parmap_status keep_first_failure(pm_keeper *keeper, parmap_status status)
{
    char why[PM_MESSAGE_BYTES];
    snprintf(why, sizeof why, "%s", parmap_message());
    pm_keeper_stop(keeper, false);
    return pm_fail(status, "%s", why);
}

/* The data is on the disk before anybody says that the run is complete.  A run that is stopped says
 * in the journal what is, if there is time. */
static parmap_status run_and_keep(const pm_plan *plan, const pm_flow *flow, pm_claims *claims,
                                  pm_hub *hub, const ends *e, pm_tally *tally)
{
    pm_keeper keeper;
    const pm_topology *t = claims->topology;
    const double every_s = t->rank == t->node_leader ? plan->sync_s : 0;
    PM_TRY(pm_keeper_start(&keeper, &e->file.data, &e->file.journal, plan->blocks.count, every_s,
                           stop_all, hub));
    const parmap_status status = pm_pipeline_run(flow, claims, hub, tally);
    if (status != PARMAP_OK)
        return keep_first_failure(&keeper, status);
    const bool stopped = tally->dropped > 0;
    PM_TRY(
        pm_keeper_stop(&keeper, stopped && every_s > 0 && pm_stop_leaves_time(pm_hub_cause(hub))));
    const parmap_status synced = stopped ? PARMAP_OK : pm_data_sync(&e->file.data);
    if (synced != PARMAP_OK)
        pm_journal_disown(&e->file.journal);
    return synced;
}

/* This rank's part.  A failure here must not keep it from the gathering: the others wait there. */
static void run_here(const pm_plan *plan, const pm_todo *todo, const pm_mapping *mapping,
                     pm_claims *claims, pm_hub *hub, parmap_status prepared, pm_end *end)
{
    ends e;
    pm_flow flow;
    end->tally = pm_tally_none();
    end->status = open_ends(plan, todo, mapping, claims->topology, hub, &e, &flow);
    if (prepared != PARMAP_OK)
        end->status = prepared;
    if (end->status == PARMAP_OK && plan->goal == PM_GOAL_WRITE)
        end->status = run_and_keep(plan, &flow, claims, hub, &e, &end->tally);
    else if (end->status == PARMAP_OK)
        end->status = pm_pipeline_run(&flow, claims, hub, &end->tally);
    if (end->status != PARMAP_OK) {
        snprintf(end->message, sizeof end->message, "%s", parmap_message());
        pm_hub_stop(hub, end->status);
    }
    end->differences = e.compare.differences;
    end->first_difference = e.compare.first;
    end->failures = e.failures.first;
    end->others = e.sample.kernel.others;
    close_ends(&e);
    end->sent = pm_hub_finish(hub);
}

static int64_t sent_by(const void *ends_of_all, int rank)
{
    return ((const pm_end *)ends_of_all)[rank].sent;
}

static void take_failure(pm_outcome *outcome, const pm_end *end, int rank, int size)
{
    if (end->status == PARMAP_OK || outcome->status != PARMAP_OK)
        return;
    outcome->status = end->status;
    if (size == 1)
        snprintf(outcome->message, sizeof outcome->message, "%s", end->message);
    else
        snprintf(outcome->message, sizeof outcome->message, "%.900s (rank %d on %s)", end->message,
                 rank, end->host);
}

/* Ranks that look as if they shared a node, but share no memory: containers with one host name,
 * say. */
static const pm_end overlap = {
    .status = PARMAP_BUG,
    .message =
        "blocks were computed twice: give the containers of a node host names of their own, or use "
        "--schedule static"};

static void combine(int64_t blocks, parmap_status stop, const pm_end *all, int size,
                    pm_outcome *outcome)
{
    double sum = 0;
    *outcome = (pm_outcome){.tally = pm_tally_none(), .first_difference = INT64_MAX};
    for (int rank = 0; rank < size; rank++) {
        pm_tally_add(&outcome->tally, &all[rank].tally);
        sum += all[rank].tally.seconds;
        outcome->differences += all[rank].differences;
        outcome->others += all[rank].others;
        if (all[rank].first_difference < outcome->first_difference)
            outcome->first_difference = all[rank].first_difference;
        for (int64_t i = 0; i < all[rank].failures.count; i++)
            pm_first_failures_add(&outcome->failures, &all[rank].failures.items[i]);
        take_failure(outcome, &all[rank], rank, size);
    }
    outcome->balance = sum > 0 ? outcome->tally.seconds * size / sum : 1.0;
    if (outcome->status == PARMAP_OK && outcome->tally.blocks < blocks)
        outcome->status = stop == PARMAP_ITEMS_FAILED ? PARMAP_ITEMS_FAILED : PARMAP_STOPPED;
    if (outcome->tally.blocks > blocks)
        take_failure(outcome, &overlap, 0, 1);
}

static pm_chunk serve(void *claims)
{
    return ((pm_claims *)claims)->schedule->serve(claims);
}

int64_t pm_run_unit(const pm_plan *plan, const pm_topology *topology)
{
    const size_t least = plan->can_fail ? 1 : plan->result.bytes; /* bytes of an item */
    return topology->nodes > 1 ? pm_blocks_per_page(&plan->blocks, least) : 1;
}

parmap_status pm_run(const pm_plan *plan, const pm_todo *todo, const pm_mapping *mapping,
                     const pm_topology *topology, const pm_world *world, pm_hub_watch *watch,
                     void *watch_context, pm_hub *hub, pm_outcome *outcome)
{
    pm_claims claims = pm_claims_of(pm_schedule_find(pm_schedule_name(plan->schedule)), topology,
                                    todo->places, pm_run_unit(plan, topology), hub);
    const bool others_ask = claims.schedule->serve && topology->nodes > 1;
    pm_end mine, *all = &mine;
    memset(&mine, 0, sizeof mine);
    memcpy(mine.host, topology->host, sizeof mine.host);
    const double begun = pm_now();
    parmap_status prepared = claims.schedule->open(&claims);
    PM_TRY(pm_hub_open(hub, world, plan->reporting, watch, watch_context,
                       others_ask && prepared == PARMAP_OK ? serve : NULL, &claims));
    pm_hub_limit_failed(hub, plan->failed_limit, plan->failed_before);
    run_here(plan, todo, mapping, &claims, hub, prepared, &mine);
    if (world->rank == 0 && !(all = calloc((size_t)world->size, sizeof *all)))
        return pm_fail(PARMAP_SYSTEM, "out of memory for the ends of %d ranks", world->size);
    const pm_idle idle = {pm_hub_idle, hub};
    PM_TRY(pm_gather(world, &mine, all, sizeof mine, &idle));
    if (world->rank == 0) {
        pm_hub_drain_root(hub, sent_by, all);
        combine(pm_todo_blocks(todo), pm_hub_status(hub), all, world->size, outcome);
        outcome->seconds = pm_now() - begun;
        free(all);
    }
    claims.schedule->close(&claims);
    return PARMAP_OK;
}
