/* What rank 0 does after the run, and says. */
#include "app/program.h"

#include "app/summary.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/text.h"
#include "comm/pause.h"
#include "store/failed_collect.h"
#include "work/kernel.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* How many items have failed, in all attempts. */
static int64_t failed_of(const pm_program *p, const pm_outcome *outcome)
{
    return outcome ? p->plan.failed_before + outcome->tally.failed : pm_file_failed(&p->file);
}

/* What failed, from the journals, while they are there. */
static parmap_status collect_failed(pm_program *p)
{
    p->failed.count = 0;
    PM_TRY(pm_failed_collect(p->plan.path, &p->file, &p->failed));
    pm_failures_name(p->failed.items, p->failed.count, &p->mapping, &p->plan.range);
    return PARMAP_OK;
}

static parmap_status finish_file(pm_program *p, const pm_outcome *outcome)
{
    pm_plan_conclude(&p->plan, p->output.past.checksum + outcome->tally.checksum,
                     &outcome->tally.stats, outcome->seconds, &p->file);
    if (p->plan.can_fail) {
        pm_record_int(&p->file.data, "failed", failed_of(p, outcome));
        PM_TRY(collect_failed(p));
    }
    return pm_output_finish(&p->output, &p->file, &p->failed);
}

static parmap_status summarise(const pm_program *p, const char *status, const pm_outcome *outcome)
{
    const pm_record *data = &p->file.data;
    const bool whole = outcome && outcome->status == PARMAP_OK;
    const int64_t reread = outcome ? outcome->tally.reread_items : 0;
    const int64_t before = p->output.past.items + reread;
    char min[PM_STATS_TEXT] = "", max[PM_STATS_TEXT] = "", sum[PM_STATS_TEXT] = "";
    if (whole && p->plan.stats)
        pm_stats_format(&outcome->tally.stats, p->plan.result.fields[0].type, min, max, sum);
    const pm_summary summary = {
        .program = p->name,
        .status = status,
        .kernel = p->mapping.kernel->name,
        .formula = p->mapping.kernel->text,
        .arithmetic = pm_mapping_arithmetic(&p->mapping, &p->plan.range),
        .plan = &p->plan,
        .topology = &p->topology,
        .items = outcome ? p->output.past.items + outcome->tally.items : p->file.items,
        .before = before,
        .failed = failed_of(p, outcome),
        .seconds = outcome ? outcome->seconds : 0,
        .balance = outcome ? outcome->balance : 1,
        .has_checksum =
            outcome ? whole && p->plan.checksum : pm_record_find(data, "checksum") != NULL,
        .checksum = outcome ? p->output.past.checksum + outcome->tally.checksum
                            : pm_record_get_uint(data, "checksum", 0),
        .min = outcome ? min : pm_record_get_text(data, "min", NULL),
        .max = outcome ? max : pm_record_get_text(data, "max", NULL),
        .sum = outcome ? sum : pm_record_get_text(data, "sum", NULL),
        .output = p->settings.verify ? p->settings.verify : p->settings.output,
        .dataset = p->file.dataset,
    };
    if (p->settings.log_level == PM_LOG_QUIET && p->settings.summary == PM_SUMMARY_TEXT)
        return PARMAP_OK;
    return pm_summary_print(&summary, p->settings.summary);
}

/* The run has come to its end, but not every item: the first of them, and what can be done. */
static parmap_status end_with_failed(const pm_program *p, int64_t failed, const pm_failed *items,
                                     int64_t count)
{
    char more[64] = "", ways[PM_FIELD_TEXT] = "";
    const int64_t shown = count < PM_FAILURES_SHOWN ? count : PM_FAILURES_SHOWN;
    pm_failures_show(items, shown);
    if (failed > shown)
        snprintf(more, sizeof more, ", %" PRId64 " more than are shown", failed - shown);
    if (p->plan.goal == PM_GOAL_WRITE)
        snprintf(ways, sizeof ways,
                 "; parmap info --failed %s lists all, --rerun-failed computes them again",
                 p->settings.output);
    return pm_fail(PARMAP_ITEMS_FAILED, "%" PRId64 " of %" PRId64 " items failed%s%s", failed,
                   p->plan.blocks.items, more, ways);
}

parmap_status pm_program_already_complete(pm_program *p)
{
    const int64_t failed = pm_file_failed(&p->file);
    if (p->settings.rerun_failed)
        pm_log_note("%s has no failed items", p->settings.output);
    if (p->plan.stats && !pm_record_find(&p->file.data, "min"))
        pm_log_note("%s has no statistics; --force computes it again", p->settings.output);
    PM_TRY(summarise(p, "already complete", NULL));
    if (failed == 0)
        return PARMAP_OK;
    PM_TRY(pm_file_read_failed(p->plan.path, &p->failed));
    return end_with_failed(p, failed, p->failed.items, p->failed.count);
}

static parmap_status verdict(const pm_program *p, const pm_outcome *outcome)
{
    char x[PM_FIELD_TEXT];
    if (outcome->differences == 0)
        return summarise(p, "verified", outcome);
    pm_mapping_input(x, sizeof x, &p->mapping, &p->plan.range, outcome->first_difference);
    return pm_fail(PARMAP_BAD_DATA,
                   "%s differs from what %s computes: first at index %" PRId64 " (x = %s), %" PRId64
                   " of %" PRId64 " elements; compute it again with --force",
                   p->settings.verify, pm_kernel_name(p->mapping.kernel), outcome->first_difference,
                   x, outcome->differences, outcome->tally.items);
}

/* Blocks whose marks promised more than the file held. */
static void tell_lost(const pm_program *p, const pm_tally *tally)
{
    if (tally->lost > 0)
        pm_log_warning("%" PRId64 " of %" PRId64 " blocks of %s were lost or damaged, the first at "
                       "index %" PRId64 ", and have been computed again",
                       tally->lost, p->plan.blocks.count, p->settings.output,
                       pm_block_first(&p->plan.blocks, tally->first_lost));
    if (tally->unproven > 0)
        pm_log_note("%" PRId64 " of %" PRId64 " blocks of %s had no checksum to compare them with "
                    "(--checksum off), and have been computed again",
                    tally->unproven, p->plan.blocks.count, p->settings.output);
}

/* What asked the run to stop: "stopped by SIGTERM". */
static const char *describe_stop(const pm_program *p, char text[PM_MESSAGE_BYTES])
{
    const int cause = pm_hub_cause(&p->hub);
    if (cause == PM_CAUSE_FILE)
        snprintf(text, PM_MESSAGE_BYTES, "stopped by %.900s", p->stop_file.path);
    else if (cause == PM_CAUSE_TIME)
        snprintf(text, PM_MESSAGE_BYTES, "stopped %.1f s before the time limit",
                 fmax(p->limit.end - pm_now(), 0));
    else
        snprintf(text, PM_MESSAGE_BYTES, "stopped by %s", pm_stop_signal_name(cause));
    return text;
}

static parmap_status fail_stopped(const pm_program *p, const pm_outcome *outcome)
{
    char text[PM_MESSAGE_BYTES];
    const bool writes = p->plan.goal == PM_GOAL_WRITE;
    return pm_fail(PARMAP_STOPPED, "%s after %" PRId64 " of %" PRId64 " elements%s%s%s; %s",
                   describe_stop(p, text), p->output.past.items + outcome->tally.items,
                   p->plan.blocks.items, writes ? ", " : "", writes ? p->settings.output : "",
                   writes ? " is incomplete" : "",
                   writes && !p->output.keeps
                       ? "without a journal it can only be computed from the start: run the same "
                         "command again"
                       : "run the same command again");
}

/* Stopped by --on-error. */
static parmap_status end_too_many(pm_program *p, const pm_outcome *outcome)
{
    const int64_t done = p->output.past.items + outcome->tally.items;
    const bool writing = p->plan.goal == PM_GOAL_WRITE;
    if (writing && collect_failed(p) == PARMAP_OK)
        pm_failures_show(p->failed.items, p->failed.count);
    else
        pm_failures_show(outcome->failures.items, outcome->failures.count);
    pm_output_abandon(&p->output);
    p->too_many = true;
    summarise(p, "stopped", outcome);
    return pm_fail(PARMAP_ITEMS_FAILED,
                   "stopped by --on-error after %" PRId64 " of %" PRId64 " elements: %" PRId64
                   " failed; run the same command with --on-error continue%s",
                   done, p->plan.blocks.items, failed_of(p, outcome),
                   writing ? " to go on, and with --rerun-failed to compute those again too" : "");
}

/* Results of inputs that were changed meanwhile are of no use, and neither would others be that a
 * resume added. */
static parmap_status check_inputs(pm_program *p)
{
    const parmap_status status = pm_mapping_check_inputs(&p->mapping);
    if (status != PARMAP_OK)
        pm_output_abandon(&p->output);
    return status;
}

static void tell_others(int64_t others)
{
    if (others > 0)
        pm_log_note("%" PRId64 " items have a NaN or an infinity among their inputs (--nan)",
                    others);
}

parmap_status pm_program_conclude(pm_program *p, pm_outcome *outcome)
{
    tell_lost(p, &outcome->tally);
    pm_failures_name(outcome->failures.items, outcome->failures.count, &p->mapping, &p->plan.range);
    if (p->plan.goal == PM_GOAL_WRITE)
        pm_stop_file_close(&p->stop_file);
    if (p->plan.goal == PM_GOAL_WRITE && pm_lock_is_lost(&p->output.lock)) {
        pm_output_abandon(&p->output);
        return pm_fail(PARMAP_WRITE_ERROR,
                       "another run has taken %s over, since nothing was heard of this one for "
                       "more than %d s; run the same command again when that has ended",
                       p->settings.output, PM_LEASE_DEAD_S);
    }
    if (outcome->status == PARMAP_ITEMS_FAILED)
        return end_too_many(p, outcome);
    if (outcome->status == PARMAP_STOPPED) {
        pm_output_abandon(&p->output);
        summarise(p, "stopped", outcome);
        return fail_stopped(p, outcome);
    }
    if (outcome->status != PARMAP_OK) {
        pm_output_abandon(&p->output);
        return pm_fail(outcome->status, "%s", outcome->message);
    }
    PM_TRY(check_inputs(p));
    tell_others(outcome->others);
    if (p->plan.goal == PM_GOAL_VERIFY)
        return verdict(p, outcome);
    if (p->plan.goal == PM_GOAL_WRITE)
        PM_TRY(finish_file(p, outcome));
    PM_TRY(summarise(p, "complete", outcome));
    const int64_t failed = failed_of(p, outcome);
    if (failed == 0)
        return PARMAP_OK;
    const bool writing = p->plan.goal == PM_GOAL_WRITE;
    return end_with_failed(p, failed, writing ? p->failed.items : outcome->failures.items,
                           writing ? p->failed.count : outcome->failures.count);
}
