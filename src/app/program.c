/* parmap_program: the order of events in a kernel program.
 *
 *   every rank   command line, so that all find the same usage errors before MPI starts; alone also
 *                the rest of the settings
 *   every rank   MPI, then who is where                                     (1 allgather)
 *   rank 0       settings, plan, output (program_begin.c)                   (2 broadcasts)
 *   every rank   the run                                                    (1 gather)
 *   rank 0       finishes the file (program_end.c); then all may leave      (1 broadcast)
 */
#include "app/program.h"

#include "app/again.h"
#include "base/log.h"
#include "base/stop.h"
#include "comm/collective.h"
#include "comm/launcher.h"
#include "comm/pause.h"

#include "build_info.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int report(parmap_status status)
{
    if (status != PARMAP_OK)
        pm_log_failure();
    return (int)status;
}

/* Which blocks are left, from rank 0 to all. */
static parmap_status share_todo(pm_program *p)
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

/* The kernel and where its inputs are, from rank 0 to all. */
static parmap_status share_mapping(pm_program *p)
{
    if (p->world.rank > 0) {
        pm_mapping_close(&p->mapping); /* it may have taken itself for rank 0 */
        p->mapping.head = p->plan.mapping;
        p->mapping.type = p->plan.type;
    }
    return pm_mapping_share(&p->mapping, &p->origin, &p->world);
}

/* Rank 0 makes the plan, all get it.  PARMAP_OK also when there is no run: plan.status says why. */
static parmap_status agree(pm_program *p)
{
    pm_host here, *hosts = calloc((size_t)p->world.size, sizeof *hosts);
    if (!hosts)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the places of %d ranks", p->world.size);
    pm_host_describe(&here);
    parmap_status status = pm_allgather(&p->world, &here, hosts, sizeof here, NULL);
    if (status == PARMAP_OK && p->world.rank == 0) {
        p->plan.status = pm_program_prepare(p, hosts);
        snprintf(p->plan.message, sizeof p->plan.message, "%s", parmap_message());
    }
    p->plan.left_s = pm_time_limit_left(&p->limit);
    if (status == PARMAP_OK)
        status = pm_broadcast(&p->world, &p->plan, sizeof p->plan, NULL);
    p->plan.until = isfinite(p->plan.left_s) ? pm_now() + p->plan.left_s : 0;
    if (status == PARMAP_OK && p->plan.status == PARMAP_OK && !p->plan.finished)
        status = share_todo(p);
    if (status == PARMAP_OK && p->plan.status == PARMAP_OK && !p->plan.finished)
        status = share_mapping(p);
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
    pm_program *p = context;
    if (p->plan.reporting)
        pm_progress_show(&p->progress, items_done);
    if (p->plan.goal == PM_GOAL_WRITE && pm_stop_file_seen(&p->stop_file))
        pm_hub_stop_for(&p->hub, PM_CAUSE_FILE);
    if (p->plan.goal == PM_GOAL_WRITE && pm_lock_is_lost(&p->output.lock))
        pm_hub_stop(&p->hub, PARMAP_WRITE_ERROR);
}

/* PARMAP_OK when all ranks have left the run in order, with the program's status in `result`. */
static parmap_status map(pm_program *p, parmap_status *result)
{
    pm_outcome outcome;
    farewell last = {0};
    const bool reporting = p->world.rank == 0 && p->plan.reporting;
    if (reporting)
        pm_progress_begin(&p->progress, p->settings.progress, p->plan.blocks.items,
                          p->output.past.items);
    PM_TRY(pm_run(&p->plan, &p->todo, &p->mapping, &p->topology, &p->world,
                  reporting || p->plan.goal == PM_GOAL_WRITE ? watch : NULL, p, &p->hub, &outcome));
    if (reporting)
        pm_progress_end(&p->progress, outcome.tally.items);
    if (p->world.rank == 0)
        last =
            (farewell){.status = pm_program_conclude(p, &outcome), .told_stop = p->hub.told_stop};
    const pm_idle idle = {pm_hub_idle, &p->hub};
    PM_TRY(pm_broadcast(&p->world, &last, sizeof last, &idle));
    if (p->world.rank > 0)
        pm_hub_drain(&p->hub, last.told_stop);
    pm_hub_close(&p->hub);
    *result = last.status;
    return PARMAP_OK;
}

/* The program between MPI_Init and MPI_Finalize; the exit code of rank 0. */
static parmap_status run(pm_program *p)
{
    parmap_status result = PARMAP_OK;
    if (agree(p) != PARMAP_OK) {
        report(PARMAP_SYSTEM);
        pm_world_abort(PARMAP_SYSTEM);
    }
    if (p->plan.status != PARMAP_OK)
        return pm_fail(p->plan.status, "%s", p->plan.message);
    if (p->plan.finished)
        return p->world.rank == 0 ? pm_program_already_complete(p) : PARMAP_OK;
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
static parmap_status check_early(pm_program *p, int argc, char **argv, pm_action *action)
{
    const bool has_kernel = p->origin.linked || p->origin.words;
    if (!has_kernel || !p->spec->dataset || !p->spec->output)
        return pm_fail(PARMAP_USAGE,
                       "the parmap_spec of this program lacks a kernel, a data set or an output; "
                       "name them in its main");
    PM_TRY(pm_settings_command_line(argc, argv, p->spec, &p->layers, action));
    return *action == PM_ACTION_RUN && !pm_launcher_detect().name ? pm_program_settle(p)
                                                                  : PARMAP_OK;
}

/* What needs no run, and no MPI; the exit code in *code. */
static bool answered(pm_program *p, pm_action action, int *code)
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
    else if (action == PM_ACTION_PRINT_PLAN && (status = pm_program_settle(p)) == PARMAP_OK)
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

static void keep_command(pm_program *p, char *const *typed)
{
    size_t used = 0;
    for (int i = 0; typed[i] && used < sizeof p->command; i++)
        used += (size_t)snprintf(p->command + used, sizeof p->command - used, "%s%s", i ? " " : "",
                                 i ? typed[i] : name_of(typed[0]));
}

/* What is saved can be gone on with, once what ended the run is out of the way. */
static void show_how_to_continue(const pm_program *p, int code)
{
    const bool saved = p->settled && p->plan.goal == PM_GOAL_WRITE && p->output.keeps;
    if (saved && (code == PARMAP_STOPPED || code == PARMAP_WRITE_ERROR || p->too_many))
        pm_again_print(p->argv, p->settings.force, p->too_many ? "--on-error continue" : NULL);
}

/* A launcher ends the job when one rank fails.  Before MPI all do: the one that speaks goes first.
 * After it rank 0 alone returns the code, and goes first, too: when it is the last, Open MPI's
 * mpirun takes two seconds to end, else one. */
static void let_the_first_leave(const pm_program *p, int code)
{
    const long wait_ns = p->world.size > 0 ? 50000000 : 200000000;
    if (code != 0 && pm_launcher_detect().rank != 0)
        nanosleep(&(struct timespec){.tv_nsec = wait_ns}, NULL);
}

/* Programs are started before MPI is: a compiler, and a look at files that may be damaged.  What
 * this finds is told once all ranks can hear it. */
static void settle_early(pm_program *p)
{
    if (pm_launcher_detect().rank == 0)
        pm_program_settle(p);
}

/* A kernel, or a library that it uses, may call exit(): that would look like success. */
static bool kernels_run;

static void refuse_exit(void)
{
    if (!kernels_run || pm_world_is_aborting())
        return;
    pm_log_error("the kernel ended the program with exit(); let it return, or fail the item with "
                 "parmap_fail()");
    _exit(PARMAP_SYSTEM);
}

static int run_with_mpi(pm_program *p, int argc, char **argv)
{
    settle_early(p);
    const parmap_status started = pm_world_start(&argc, &argv, &p->world);
    pm_log_mute(started == PARMAP_OK ? p->world.rank != 0 : pm_launcher_detect().rank != 0);
    const int code = report(started == PARMAP_OK ? run(p) : started);
    if (p->world.rank == 0)
        show_how_to_continue(p, code);
    pm_world_finish(p->world.rank == 0 ? code : 0, p->topology.nodes > 1);
    return code;
}

int pm_program_run(int argc, char **argv, char *const *typed, const char *name,
                   const parmap_spec *spec, const pm_origin *origin)
{
    static pm_program p; /* too large for a stack */
    pm_action action;
    int code;
    pm_stop_install();
    p.begun = pm_now();
    clock_gettime(CLOCK_REALTIME, &p.begun_at);
    p.argv = typed;
    p.name = name;
    p.spec = spec;
    p.origin = *origin;
    keep_command(&p, typed);
    p.output.lock.fd = -1;
    pm_log_open(p.name);
    pm_log_mute(pm_launcher_detect().rank != 0);
    atexit(refuse_exit);
    kernels_run = true;
    const parmap_status usage = check_early(&p, argc, argv, &action);
    if (usage != PARMAP_OK)
        code = report(usage);
    else if (!answered(&p, action, &code))
        code = run_with_mpi(&p, argc, argv);
    pm_mapping_close(&p.mapping);
    pm_settings_free(p.layers);
    let_the_first_leave(&p, code);
    kernels_run = false;
    return p.world.rank == 0 ? code : 0;
}

int parmap_program(int argc, char **argv, const parmap_spec *spec)
{
    const pm_origin origin = {.linked = spec->kernel};
    return pm_program_run(argc, argv, argv, name_of(argv[0]), spec, &origin);
}
