/* parmap_program: the order of events in a kernel program.
 *
 *   every rank   command line, so that all find the same usage errors before MPI starts; alone also
 *                the rest of the settings
 *   every rank   MPI, then who is where                                     (1 allgather)
 *   rank 0       settings, plan, output                                     (1 broadcast)
 *   every rank   the run                                                    (1 gather)
 *   rank 0       finishes the file; when it is closed, all may leave        (1 broadcast)
 */
#include "app/again.h"
#include "app/placement.h"
#include "app/progress.h"
#include "app/run.h"
#include "app/settings.h"
#include "app/stop_file.h"
#include "app/summary.h"
#include "app/time_limit.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/text.h"
#include "comm/collective.h"
#include "comm/launcher.h"
#include "comm/pause.h"
#include "store/failed_collect.h"

#include "build_info.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct program {
    const char *name;
    char command[PM_FIELD_TEXT]; /* as it was typed */
    char *const *argv;
    const parmap_spec *spec;
    double begun; /* by pm_now() */
    struct timespec begun_at;
    pm_world world;
    pm_topology topology;
    pm_layers *layers;
    pm_settings settings;   /* rank 0 */
    bool settled;           /* rank 0: settings and plan are made */
    pm_time_limit limit;    /* rank 0 */
    pm_stop_file stop_file; /* rank 0 */
    pm_file file;           /* rank 0 */
    pm_output output;       /* rank 0 */
    pm_failed_list failed;  /* rank 0 */
    pm_todo todo;
    pm_progress progress; /* rank 0 */
    pm_plan plan;
    pm_hub hub;
} program;

static int report(parmap_status status)
{
    if (status != PARMAP_OK)
        pm_log_error("%s", parmap_message());
    return (int)status;
}

/* ---- rank 0: before and after the run -------------------------------------------------------- */

static void tell_beginning(const program *p)
{
    const pm_past *past = &p->output.past;
    if (p->output.note[0])
        pm_log_warning("%s: %s", p->settings.output, p->output.note);
    char again[PM_NUMBER_TEXT + 64] = "";
    if (past->rechecks > 0)
        snprintf(again, sizeof again, "; %" PRId64 " marked blocks are read again", past->rechecks);
    if (past->blocks > 0 || past->rechecks > 0)
        pm_log_note("continuing %s: %" PRId64 " of %" PRId64 " elements are done%s",
                    p->settings.output, past->items, p->plan.blocks.items, again);
    if (p->settings.rerun_failed && past->reruns > 0)
        pm_log_note("computing the failed items of %" PRId64 " of %" PRId64 " blocks again",
                    past->reruns, p->plan.blocks.count);
    else if (p->settings.rerun_failed)
        pm_log_note("%s has no failed items", p->settings.output);
}

static parmap_status open_output(program *p, bool *already)
{
    char path[PM_PATH];
    PM_TRY(pm_output_resolve(p->settings.output, path));
    pm_plan_describe(&p->plan, p->spec->kernel, &p->settings, &p->topology, p->command, &p->file);
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
    p->plan.session = p->output.past.session;
    p->plan.failed_before = p->output.past.failed;
    p->plan.todo_runs = p->todo.count;
    tell_beginning(p);
    return PARMAP_OK;
}

/* What can be said before anybody knows where the ranks are. */
static parmap_status settle(program *p)
{
    if (p->settled)
        return PARMAP_OK;
    PM_TRY(pm_settings_resolve(p->layers, &p->settings));
    pm_log_set_level(p->settings.log_level);
    PM_TRY(pm_plan_make(&p->plan, p->spec->kernel, &p->settings, &p->file));
    p->plan.reporting = pm_progress_wanted(&p->settings);
    p->settled = true;
    return PARMAP_OK;
}

/* There is no use in a run that has to stop before its first block. */
static parmap_status check_time(program *p)
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

static parmap_status prepare(program *p, const pm_host *hosts)
{
    PM_TRY(settle(p));
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

/* How many items have failed, in all attempts. */
static int64_t failed_of(const program *p, const pm_outcome *outcome)
{
    return outcome ? p->plan.failed_before + outcome->tally.failed : pm_file_failed(&p->file);
}

/* What failed, from the journals, while they are there. */
static parmap_status collect_failed(program *p)
{
    p->failed.count = 0;
    PM_TRY(pm_failed_collect(p->plan.path, &p->file, &p->failed));
    pm_failures_name(p->failed.items, p->failed.count, &p->plan);
    return PARMAP_OK;
}

static parmap_status finish_file(program *p, const pm_outcome *outcome)
{
    pm_plan_conclude(&p->plan, p->output.past.checksum + outcome->tally.checksum,
                     &outcome->tally.stats, outcome->seconds, &p->file);
    if (p->plan.can_fail) {
        pm_record_int(&p->file.data, "failed", failed_of(p, outcome));
        PM_TRY(collect_failed(p));
    }
    return pm_output_finish(&p->output, &p->file, &p->failed);
}

static parmap_status summarise(const program *p, const char *status, const pm_outcome *outcome)
{
    const pm_record *data = &p->file.data;
    const bool whole = outcome && outcome->status == PARMAP_OK;
    const int64_t before = p->output.past.items;
    char min[PM_STATS_TEXT] = "", max[PM_STATS_TEXT] = "", sum[PM_STATS_TEXT] = "";
    if (whole && p->plan.stats)
        pm_stats_format(&outcome->tally.stats, p->plan.result, min, max, sum);
    const pm_summary summary = {
        .program = p->name,
        .status = status,
        .kernel = p->spec->kernel->name,
        .plan = &p->plan,
        .topology = &p->topology,
        .items = outcome ? before + outcome->tally.items : p->file.items,
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
static parmap_status end_with_failed(const program *p, int64_t failed, const pm_failed *items,
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

static parmap_status already_complete(program *p)
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

static parmap_status verdict(const program *p, const pm_outcome *outcome)
{
    char x[PM_NUMBER_TEXT];
    if (outcome->differences == 0)
        return summarise(p, "verified", outcome);
    pm_format_int128(x, pm_range_item(&p->plan.range, outcome->first_difference));
    return pm_fail(PARMAP_BAD_DATA,
                   "%s differs from what %s computes: first at index %" PRId64 " (x = %s), %" PRId64
                   " of %" PRId64 " elements; compute it again with --force",
                   p->settings.verify, p->spec->kernel->name, outcome->first_difference, x,
                   outcome->differences, outcome->tally.items);
}

/* Blocks whose marks promised more than the file held. */
static void tell_lost(const program *p, const pm_tally *tally)
{
    if (tally->lost > 0)
        pm_log_warning("%" PRId64 " blocks of %s were lost or damaged, the first at index %" PRId64
                       "; they are computed again",
                       tally->lost, p->settings.output,
                       pm_block_first(&p->plan.blocks, tally->first_lost));
}

/* What asked the run to stop: "stopped by SIGTERM". */
static const char *describe_stop(const program *p, char text[PM_MESSAGE_BYTES])
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

static parmap_status fail_stopped(const program *p, const pm_outcome *outcome)
{
    char text[PM_MESSAGE_BYTES];
    const bool writes = p->plan.goal == PM_GOAL_WRITE;
    return pm_fail(PARMAP_STOPPED, "%s after %" PRId64 " of %" PRId64 " elements%s%s%s; %s",
                   describe_stop(p, text), p->output.past.items + outcome->tally.items,
                   p->plan.blocks.items, writes ? ", " : "", writes ? p->settings.output : "",
                   writes ? " is incomplete" : "",
                   writes && !p->settings.journal
                       ? "without a journal it can only be computed from the start: run the same "
                         "command again"
                       : "run the same command again");
}

/* Stopped by --on-error. */
static parmap_status end_too_many(program *p, const pm_outcome *outcome)
{
    const int64_t done = p->output.past.items + outcome->tally.items;
    const bool writing = p->plan.goal == PM_GOAL_WRITE;
    if (writing && collect_failed(p) == PARMAP_OK)
        pm_failures_show(p->failed.items, p->failed.count);
    else
        pm_failures_show(outcome->failures.items, outcome->failures.count);
    pm_output_abandon(&p->output);
    summarise(p, "stopped", outcome);
    return pm_fail(PARMAP_ITEMS_FAILED,
                   "stopped by --on-error after %" PRId64 " of %" PRId64 " elements: %" PRId64
                   " failed; run the same command with --on-error continue%s",
                   done, p->plan.blocks.items, failed_of(p, outcome),
                   writing ? " to go on, and with --rerun-failed to compute those again too" : "");
}

static parmap_status conclude(program *p, pm_outcome *outcome)
{
    tell_lost(p, &outcome->tally);
    pm_failures_name(outcome->failures.items, outcome->failures.count, &p->plan);
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

/* ---- every rank ------------------------------------------------------------------------------ */

/* Which blocks are left, from rank 0 to all. */
static parmap_status share_todo(program *p)
{
    pm_todo *todo = &p->todo;
    if (p->plan.todo_runs == 0)
        return p->plan.goal == PM_GOAL_WRITE ? PARMAP_OK : pm_todo_all(todo, p->plan.blocks.count);
    if (p->world.rank > 0)
        todo->runs = calloc((size_t)p->plan.todo_runs, sizeof *todo->runs);
    if (!todo->runs)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the list of blocks that are left");
    todo->count = p->plan.todo_runs;
    return pm_broadcast_from(&p->world, 0, todo->runs, (size_t)todo->count * sizeof *todo->runs,
                             NULL);
}

/* Rank 0 makes the plan, all get it.  PARMAP_OK also when there is no run: plan.status says why. */
static parmap_status agree(program *p)
{
    pm_host here, *hosts = calloc((size_t)p->world.size, sizeof *hosts);
    if (!hosts)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the places of %d ranks", p->world.size);
    pm_host_describe(&here);
    parmap_status status = pm_allgather(&p->world, &here, hosts, sizeof here, NULL);
    if (status == PARMAP_OK && p->world.rank == 0) {
        p->plan.status = prepare(p, hosts);
        snprintf(p->plan.message, sizeof p->plan.message, "%s", parmap_message());
    }
    p->plan.left_s = pm_time_limit_left(&p->limit);
    if (status == PARMAP_OK)
        status = pm_broadcast(&p->world, &p->plan, sizeof p->plan, NULL);
    p->plan.until = isfinite(p->plan.left_s) ? pm_now() + p->plan.left_s : 0;
    if (status == PARMAP_OK && p->plan.status == PARMAP_OK && !p->plan.finished)
        status = share_todo(p);
    if (status == PARMAP_OK && p->plan.status == PARMAP_OK && p->world.rank > 0)
        status =
            pm_topology_derive(hosts, p->world.size, p->world.rank, p->plan.threads, &p->topology);
    if (status == PARMAP_OK && p->plan.status == PARMAP_OK && !p->plan.finished)
        status = pm_todo_seal(&p->todo, pm_run_unit(&p->plan, &p->topology), p->plan.blocks.count);
    free(hosts);
    return status;
}

/* Rank 0's last word: the run is over, and whether it had told the others to stop. */
typedef struct farewell {
    parmap_status status;
    bool told_stop;
} farewell;

/* On rank 0's listening thread, a few times a second. */
static void watch(void *context, int64_t items_done)
{
    program *p = context;
    if (p->plan.reporting)
        pm_progress_show(&p->progress, items_done);
    if (p->plan.goal == PM_GOAL_WRITE && pm_stop_file_seen(&p->stop_file))
        pm_hub_stop_for(&p->hub, PM_CAUSE_FILE);
    if (p->plan.goal == PM_GOAL_WRITE && pm_lock_is_lost(&p->output.lock))
        pm_hub_stop(&p->hub, PARMAP_WRITE_ERROR);
}

/* PARMAP_OK when all ranks have left the run in order, with the program's status in `result`. */
static parmap_status map(program *p, parmap_status *result)
{
    pm_outcome outcome;
    farewell last = {0};
    const bool reporting = p->world.rank == 0 && p->plan.reporting;
    if (reporting)
        pm_progress_begin(&p->progress, p->settings.progress, p->plan.blocks.items,
                          p->output.past.items);
    PM_TRY(pm_run(&p->plan, &p->todo, p->spec->kernel, &p->topology, &p->world,
                  reporting || p->plan.goal == PM_GOAL_WRITE ? watch : NULL, p, &p->hub, &outcome));
    if (reporting)
        pm_progress_end(&p->progress, outcome.tally.items);
    if (p->world.rank == 0)
        last = (farewell){.status = conclude(p, &outcome), .told_stop = p->hub.told_stop};
    const pm_idle idle = {pm_hub_idle, &p->hub};
    PM_TRY(pm_broadcast(&p->world, &last, sizeof last, &idle));
    if (p->world.rank > 0)
        pm_hub_drain(&p->hub, last.told_stop);
    pm_hub_close(&p->hub);
    *result = last.status;
    return PARMAP_OK;
}

/* The program between MPI_Init and MPI_Finalize; the exit code of rank 0. */
static parmap_status run(program *p)
{
    parmap_status result = PARMAP_OK;
    if (agree(p) != PARMAP_OK) {
        report(PARMAP_SYSTEM);
        pm_world_abort(PARMAP_SYSTEM);
    }
    if (p->plan.status != PARMAP_OK)
        return pm_fail(p->plan.status, "%s", p->plan.message);
    if (p->plan.finished)
        return p->world.rank == 0 ? already_complete(p) : PARMAP_OK;
    if (map(p, &result) != PARMAP_OK) {
        report(PARMAP_SYSTEM);
        pm_world_abort(PARMAP_SYSTEM);
    }
    return result;
}

/* Command line and, where no launcher started this process, all that can be wrong with the
 * settings.  Under a launcher environment and configuration may differ between ranks, and one that
 * left alone could let the others hang in MPI_Init: there rank 0 looks at them after it, and all
 * agree. */
static parmap_status check_early(program *p, int argc, char **argv, pm_action *action)
{
    if (!p->spec->kernel || !p->spec->dataset || !p->spec->output)
        return pm_fail(PARMAP_USAGE,
                       "the parmap_spec of this program lacks a kernel, a data set or an output; "
                       "name them in its main");
    PM_TRY(pm_settings_command_line(argc, argv, p->spec, &p->layers, action));
    return *action == PM_ACTION_RUN && !pm_launcher_detect().name ? settle(p) : PARMAP_OK;
}

/* What needs no run, and no MPI; the exit code in *code. */
static bool answered(program *p, pm_action action, int *code)
{
    const bool speaks = pm_launcher_detect().rank == 0;
    *code = 0;
    if (action == PM_ACTION_RUN)
        return false;
    if (!speaks)
        return true;
    parmap_status status = PARMAP_OK;
    if (action == PM_ACTION_HELP)
        pm_settings_help(p->name, p->spec);
    else if (action == PM_ACTION_VERSION)
        printf("%s (parmap %s)\n%s, HDF5 %s\n%s\n", p->name, PARMAP_VERSION, pm_world_library(),
               pm_file_library(), PM_BUILD_INFO);
    else if (action == PM_ACTION_PRINT_PLAN && (status = settle(p)) == PARMAP_OK)
        pm_plan_print(&p->plan, &p->settings);
    else if (action == PM_ACTION_PRINT_CONFIG &&
             (status = pm_settings_resolve(p->layers, &p->settings)) == PARMAP_OK)
        pm_settings_print(p->layers);
    *code = report(status == PARMAP_OK ? pm_log_finish_stdout() : status);
    return true;
}

static const char *name_of(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path ? path : "parmap";
}

static void keep_command(program *p, int argc, char **argv)
{
    size_t used = 0;
    for (int i = 0; i < argc && used < sizeof p->command; i++)
        used += (size_t)snprintf(p->command + used, sizeof p->command - used, "%s%s", i ? " " : "",
                                 i ? argv[i] : p->name);
}

/* What is saved can be gone on with, once what ended the run is out of the way. */
static void show_how_to_continue(const program *p, int code)
{
    if (p->settled && p->plan.goal == PM_GOAL_WRITE && p->settings.journal &&
        (code == PARMAP_STOPPED || code == PARMAP_WRITE_ERROR))
        pm_again_print(p->argv, p->settings.force);
}

/* A launcher ends the job when one rank fails.  Before MPI all do: the one that speaks goes first.
 * After it rank 0 alone returns the code, and goes first, too: when it is the last, Open MPI's
 * mpirun takes two seconds to end, else one. */
static void let_the_first_leave(const program *p, int code)
{
    const long wait_ns = p->world.size > 0 ? 50000000 : 200000000;
    if (code != 0 && pm_launcher_detect().rank != 0)
        nanosleep(&(struct timespec){.tv_nsec = wait_ns}, NULL);
}

int parmap_program(int argc, char **argv, const parmap_spec *spec)
{
    static program p; /* too large for a stack */
    pm_action action;
    int code;
    pm_stop_install();
    p.begun = pm_now();
    clock_gettime(CLOCK_REALTIME, &p.begun_at);
    p.argv = argv;
    p.name = name_of(argv[0]);
    p.spec = spec;
    keep_command(&p, argc, argv);
    p.output.lock.fd = -1;
    pm_log_open(p.name);
    pm_log_mute(pm_launcher_detect().rank != 0);
    const parmap_status usage = check_early(&p, argc, argv, &action);
    if (usage != PARMAP_OK) {
        code = report(usage);
    } else if (!answered(&p, action, &code)) {
        const parmap_status started = pm_world_start(&argc, &argv, &p.world);
        pm_log_mute(started == PARMAP_OK ? p.world.rank != 0 : pm_launcher_detect().rank != 0);
        code = report(started == PARMAP_OK ? run(&p) : started);
        if (p.world.rank == 0)
            show_how_to_continue(&p, code);
        pm_world_finish(p.world.rank == 0 ? code : 0, p.topology.nodes > 1);
    }
    pm_settings_free(p.layers);
    let_the_first_leave(&p, code);
    return p.world.rank == 0 ? code : 0;
}
