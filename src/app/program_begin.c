/* What rank 0 does before the run. */
#include "app/program.h"

#include "app/placement.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/text.h"
#include "comm/pause.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void tell_beginning(const pm_program *p)
{
    const pm_past *past = &p->output.past;
    if (p->output.note[0])
        pm_log_warning("%s: %s", p->settings.output, p->output.note);
    char again[2 * PM_NUMBER_TEXT + 64] = "";
    if (past->rechecks > 0)
        snprintf(again, sizeof again, "; %" PRId64 " of %" PRId64 " blocks are read again",
                 past->rechecks, p->plan.blocks.count);
    if (past->blocks > 0 || past->rechecks > 0)
        pm_log_note("continuing %s: %" PRId64 " of %" PRId64 " elements are done%s",
                    p->settings.output, past->items, p->plan.blocks.items, again);
    if (p->settings.rerun_failed && past->reruns > 0)
        pm_log_note("computing the failed items of %" PRId64 " of %" PRId64 " blocks again",
                    past->reruns, p->plan.blocks.count);
    else if (p->settings.rerun_failed)
        pm_log_note("%s has no failed items", p->settings.output);
}

/* What the file was begun with holds: an attempt cannot add what earlier ones have not kept. */
static void tell_kept(const pm_program *p, const char *option, bool wanted, bool kept)
{
    if (wanted && !kept)
        pm_log_note("%s was begun without --%s, and goes on so; --force begins it anew",
                    p->settings.output, option);
}

static parmap_status open_output(pm_program *p, bool *already)
{
    char path[PM_PATH];
    PM_TRY(pm_output_resolve(p->settings.output, path));
    PM_TRY(pm_mapping_check_output(&p->mapping, path));
    PM_TRY(
        pm_plan_describe(&p->plan, &p->mapping, &p->settings, &p->topology, p->command, &p->file));
    const pm_wish wish = {
        .nodes = p->topology.nodes,
        .force = p->settings.force,
        .resume = p->settings.resume,
        .rerun = p->settings.rerun_failed,
        .journal = p->settings.journal,
        .recheck = p->settings.verify_all ? PM_RECHECK_ALL : PM_RECHECK_DOUBTED,
    };
    PM_TRY(pm_output_begin(&p->output, path, &p->file, &wish, &p->todo, already));
    if (!*already)
        pm_stop_file_open(&p->stop_file, path, p->begun_at);
    strcpy(p->plan.path, path);
    if (*already)
        return PARMAP_OK;
    pm_plan_adopt(&p->plan, &p->file);
    tell_kept(p, "stats", p->settings.stats, p->plan.stats);
    tell_kept(p, "checksum", p->settings.checksum, p->plan.checksum);
    p->plan.session = p->output.past.session;
    p->plan.failed_before = p->output.past.failed;
    p->plan.todo_runs = p->todo.count;
    tell_beginning(p);
    return PARMAP_OK;
}

static parmap_status settle(pm_program *p)
{
    PM_TRY(pm_settings_resolve(p->layers, &p->settings));
    pm_log_set_level(p->settings.log_level);
    PM_TRY(pm_mapping_make(&p->mapping, &p->origin, &p->settings));
    PM_TRY(pm_plan_make(&p->plan, &p->mapping, &p->settings, &p->file));
    p->plan.reporting = pm_progress_wanted(&p->settings);
    return PARMAP_OK;
}

parmap_status pm_program_settle(pm_program *p)
{
    if (p->unsettled != PARMAP_OK)
        return pm_fail(p->unsettled, "%s", p->why);
    if (p->settled)
        return PARMAP_OK;
    p->unsettled = settle(p);
    p->settled = p->unsettled == PARMAP_OK;
    if (!p->settled)
        snprintf(p->why, sizeof p->why, "%s", parmap_message());
    return p->unsettled;
}

/* There is no use in a run that has to stop before its first block. */
static parmap_status check_time(pm_program *p)
{
    p->limit = pm_time_limit_find(&p->settings, p->begun);
    const double left = p->limit.end - pm_now();
    if (pm_stop_signal())
        return pm_fail(PARMAP_STOPPED,
                       "stopped by %s before anything was computed; run the same command again",
                       pm_stop_signal_name(pm_stop_signal()));
    if (pm_time_limit_left(&p->limit) > 0)
        return PARMAP_OK;
    return pm_fail(PARMAP_STOPPED,
                   "stopped before anything was computed: %.0f s are left until the time limit, "
                   "and %.0f s before it all has to be over; give it more time, or choose another "
                   "--time-limit or --time-margin",
                   fmax(left, 0), p->limit.margin_s);
}

parmap_status pm_program_prepare(pm_program *p, const pm_host *hosts)
{
    PM_TRY(pm_program_settle(p));
    PM_TRY(check_time(p));
    PM_TRY(pm_topology_derive(hosts, p->world.size, 0, p->plan.threads, &p->topology));
    if (p->plan.goal == PM_GOAL_WRITE)
        PM_TRY(open_output(p, &p->plan.finished));
    if (!p->plan.finished)
        pm_placement_log(&p->plan, &p->topology);
    pm_log_detail("%s, HDF5 %s, vector unit %d, file %s", pm_world_library(), pm_file_library(),
                  (int)pm_plan_vector(&p->plan), p->plan.path[0] ? p->plan.path : "none");
    return PARMAP_OK;
}
