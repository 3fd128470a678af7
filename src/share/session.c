/* From parmap_start to parmap_finish: the job as programs with shared objects see it. */
#include "share/session.h"

#include "share/block.h"
#include "share/cancel.h"
#include "share/object.h"

#include "base/log.h"
#include "base/text.h"
#include "comm/launcher.h"
#include "comm/window_choice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    pm_world world;
    pm_topology topology;
    bool started;
    bool owns_mpi;
    bool stillborn; /* parmap_start failed, on all ranks alike */
    bool serving;   /* rank 0 is alone in main */
    atomic_bool aborting;
    const pm_session_hooks *hooks; /* NULL = none */
} session = {.world = {.size = 1}};

/* ---- starting -------------------------------------------------------------------------------- */

/* 0 = as many as there are cores for. */
static parmap_status read_threads(int *threads)
{
    const char *text = getenv("PARMAP_THREADS");
    parmap_int128 number = 0;
    if (text && *text && strcmp(text, "auto") != 0 &&
        pm_parse_integer_within(text, 1, PM_EXECUTORS / 2, &number) != PARMAP_OK)
        return pm_fail(PARMAP_USAGE, "PARMAP_THREADS is \"%s\"; it can be 1 to %d, or auto", text,
                       (int)PM_EXECUTORS / 2);
    *threads = (int)number;
    return PARMAP_OK;
}

typedef struct settings {
    pm_window_wish window;
    int threads; /* of a rank */
} settings;

/* On rank 0; the others may have another environment. */
static parmap_status read_settings(settings *s)
{
    PM_TRY(pm_window_read_wish(&s->window));
    return read_threads(&s->threads);
}

static void read_verbosity(void)
{
    const char *text = getenv("PARMAP_VERBOSE");
    bool verbose;
    if (text && pm_parse_switch(text, &verbose) == PARMAP_OK && verbose)
        pm_log_set_level(PM_LOG_VERBOSE);
}

static parmap_status open_window(const pm_host *hosts)
{
    settings ours = {.threads = 0};
    const parmap_status status = session.world.rank == 0 ? read_settings(&ours) : PARMAP_OK;
    PM_TRY(pm_agree(&session.world, status, NULL));
    PM_TRY(pm_broadcast(&session.world, &ours, sizeof ours, NULL));
    PM_TRY(pm_topology_derive(hosts, session.world.size, session.world.rank, ours.threads,
                              &session.topology));
    return pm_window_open(&session.world, &session.topology, hosts, session.owns_mpi, &ours.window);
}

static parmap_status join_job(void)
{
    pm_host here, *hosts = malloc((size_t)session.world.size * sizeof *hosts);
    if (!hosts)
        return pm_fail(PARMAP_SYSTEM, "out of memory for %d ranks", session.world.size);
    pm_host_describe(&here);
    parmap_status status =
        session.world.size > PM_MOST_RANKS
            ? pm_fail(PARMAP_SYSTEM, "shared objects work for up to %d ranks", (int)PM_MOST_RANKS)
            : pm_allgather(&session.world, &here, hosts, sizeof here, NULL);
    if (status == PARMAP_OK)
        status = open_window(hosts);
    free(hosts);
    return status;
}

parmap_status parmap_start(int *argc, char ***argv)
{
    if (session.started)
        return pm_fail(PARMAP_USAGE, "parmap_start was called already");
    const char *cure = pm_world_is_up() ? NULL : pm_window_cure(pm_world_library());
    session.stillborn = true;
    PM_TRY(pm_world_join(argc, argv, &session.world, &session.owns_mpi));
    pm_log_mute(session.world.rank != 0);
    read_verbosity();
    PM_TRY(join_job());
    if (cure)
        pm_log_detail("set %s: the one-sided calls of this MPI need it", cure);
    pm_heap_open();
    session.started = pm_executor_self() != 0; /* the first thread is number 0 */
    session.stillborn = !session.started;
    return session.started ? PARMAP_OK : PARMAP_SYSTEM;
}

/* ---- finishing ------------------------------------------------------------------------------- */

#ifdef NDEBUG
static void report_leaks(void) {}
#else
static void report_leaks(void)
{
    static const char *const names[] = {
#define KIND_NAME(name, text) [PM_KIND_##name - PM_KIND_FIRST] = text,
        PM_KIND_LIST(KIND_NAME)
#undef KIND_NAME
    };
    for (uint32_t i = 1; i < sizeof names / sizeof names[0]; i++) {
        const int64_t live = pm_heap_live(PM_KIND_FIRST + i);
        char line[160];
        if (live == 0)
            continue;
        const int length =
            snprintf(line, sizeof line, "parmap: rank %d did not free: %" PRId64 " x %s\n",
                     session.world.rank, live, names[i]);
        fwrite(line, 1, (size_t)length, stderr); /* every rank's, so not through the log */
    }
}
#endif

/* Whatever a rank has to complain of, it goes on: the others wait for it. */
static parmap_status close_all(void)
{
    PM_TRY(pm_barrier(&session.world, pm_window_idle()));
    report_leaks();
    pm_window_begin_closing();
    const parmap_status drained = pm_agree(&session.world, pm_block_drain(), pm_window_idle());
    const parmap_status closed = pm_window_close();
    pm_heap_close();
    return drained == PARMAP_OK ? closed : drained;
}

int parmap_finish(void)
{
    parmap_status status = session.hooks ? session.hooks->leave() : PARMAP_OK;
    if (status != PARMAP_OK) {
        fprintf(stderr, "parmap: rank %d: %s\n", session.world.rank, parmap_message());
        return (int)status;
    }
    if (session.started)
        status = close_all();
    session.started = false;
    if (session.owns_mpi)
        pm_world_finish((int)status, session.topology.nodes > 1);
    if (status != PARMAP_OK)
        fprintf(stderr, "parmap: %s\n", parmap_message());
    return (int)status;
}

/* ---- asking and meeting ---------------------------------------------------------------------- */

const pm_topology *pm_session_topology(void)
{
    return &session.topology;
}

int parmap_rank(void)
{
    return session.world.rank;
}

int parmap_size(void)
{
    return session.world.size;
}

const char *parmap_window(void)
{
    return session.started ? pm_window_name() : "";
}

parmap_status pm_session_check_started(void)
{
    return session.started ? PARMAP_OK : pm_refuse_closed();
}

parmap_status pm_session_check_collective(void)
{
    return !session.serving
               ? PARMAP_OK
               : pm_fail(PARMAP_USAGE,
                         "a collective call between parmap_serve and parmap_finish: main is alone "
                         "there, and the other ranks serve; use processes, or make the call before "
                         "parmap_serve");
}

static parmap_status check_collective(void)
{
    PM_TRY(pm_session_check_started());
    return pm_session_check_collective();
}

void pm_session_set_serving(bool serving)
{
    session.serving = serving;
}

void pm_session_hook(const pm_session_hooks *hooks)
{
    session.hooks = hooks;
}

parmap_status parmap_sync_all(void)
{
    PM_TRY(check_collective());
    return pm_window_meet();
}

parmap_status parmap_broadcast(void *data, size_t bytes, int root)
{
    PM_TRY(check_collective());
    if (root < 0 || root >= session.world.size)
        return pm_fail(PARMAP_USAGE, "there is no rank %d to broadcast from; ranks are 0..%d", root,
                       session.world.size - 1);
    return pm_broadcast_from(&session.world, root, data, bytes, pm_window_idle());
}

parmap_status parmap_sum(int64_t *values, int64_t count)
{
    PM_TRY(check_collective());
    if (count < 0)
        return pm_fail(PARMAP_USAGE, "parmap_sum of %" PRId64 " values; it takes 0 or more", count);
    return pm_sum(&session.world, (uint64_t *)values, count, pm_window_idle());
}

parmap_status pm_session_agree(parmap_status mine)
{
    return session.started ? pm_agree(&session.world, mine, pm_window_idle()) : mine;
}

void pm_session_abort(parmap_status status)
{
    atomic_store(&session.aborting, true);
    fflush(NULL);
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL); /* MPICH drops output at once */
    pm_world_abort((int)status);
}

bool pm_session_aborting(void)
{
    return atomic_load(&session.aborting);
}

void parmap_must(parmap_status status, const char *call, const char *file, int line)
{
    if (status == PARMAP_OK)
        return;
    if (status == PARMAP_CANCELLED && pm_cancelled() && session.hooks)
        session.hooks->end_caller(PARMAP_TERMINATED);
    while (status == PARMAP_CLOSED && pm_window_closing())
        pause(); /* a daemon thread: the process ends under it, with another exit code */
    const bool first = session.world.rank == 0 && pm_launcher_detect().rank == 0;
    if (first || !session.stillborn)
        fprintf(stderr, "%s:%d: rank %d%s%s: %.*s: %s\n", file, line, session.world.rank,
                pm_cancel_mine ? ", " : "", pm_cancel_mine ? pm_cancel_mine->name : "",
                (int)strcspn(call, "("), call, parmap_message());
    if (!session.stillborn)
        pm_session_abort(status);
    fflush(NULL);
    /* all ranks are here with the same message: one is enough, and nobody need be killed */
    pm_world_finish((int)status, session.topology.nodes > 1);
    exit(first ? (int)status : 0);
}
