/* The command `parmap doctor`: a table of checks, which all ranks go through together while rank 0
 * speaks, and a watch that ends the job when one of them hangs. */
#include "app/doctor.h"

#include "app/commands.h"
#include "app/options.h"
#include "base/stop.h"
#include "base/ticker.h"
#include "comm/window_choice.h"

#include <getopt.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct check {
    const char *name;
    parmap_status (*run)(pm_doctor *doctor);
    const char *hang; /* what it means when the check does not end */
} check;

#define NETWORK                                                                                    \
    "a rank, or the network between nodes, does not answer; look for the node that is down"
#define DISK "the file system does not answer on one of the nodes; choose another --output"

/* The window comes last: it can take the whole job with it. */
static const check checks[] = {
    {"mpi", pm_doctor_mpi, NETWORK},
    {"nodes", pm_doctor_nodes, NETWORK},
    {"cores", pm_doctor_cores, NETWORK},
    {"memory", pm_doctor_memory, NETWORK},
    {"shm", pm_doctor_shm, NETWORK},
    {"limits", pm_doctor_limits, NETWORK},
    {"hdf5", pm_doctor_hdf5, NETWORK},
    {"folder", pm_doctor_folder, DISK},
    {"shared", pm_doctor_shared, DISK},
    {"locks", pm_doctor_locks, DISK},
    {"speed", pm_doctor_speed, DISK},
    {"clock", pm_doctor_clock, NETWORK},
    {"slurm", pm_doctor_slurm, NETWORK},
    {"window", pm_doctor_window, "the one-sided calls of this MPI hang; set PARMAP_WINDOW=msg"},
};

/* ---- the watch ------------------------------------------------------------------------------- */

enum { START_SECONDS = 120, CHECK_SECONDS = 30, LATER_SECONDS = 5, ABORT_SECONDS = 10 };

static struct {
    _Atomic double deadline; /* pm_now() */
    _Atomic(const check *) running;
    const pm_doctor *doctor;
    pm_ticker ticker;
} watch;

static const check starting = {
    "mpi", NULL,
    "a node is not up, or MPI cannot reach it; look at the network, and at mpirun's hosts"};

/* Rank 0 says it; the others give it time to, and then end the job without it. */
static void give_up(void)
{
    const check *running = atomic_load(&watch.running);
    char text[256], line[512];
    alarm(ABORT_SECONDS); /* should ending the job hang as well */
    if (watch.doctor->launcher.rank == 0) {
        snprintf(text, sizeof text, "this has not ended in time: perhaps %s", running->hang);
        const size_t length = pm_doctor_format(line, sizeof line, PM_WRONG, running->name, text);
        if (write(STDOUT_FILENO, line, length) < 0)
            _exit(PARMAP_SYSTEM);
    }
    pm_doctor_clean();
    pm_world_abort(PARMAP_SYSTEM);
}

static bool look(void *unused)
{
    (void)unused;
    if (pm_now() > atomic_load(&watch.deadline))
        give_up();
    return true;
}

static void watch_over(const check *running, double seconds)
{
    atomic_store(&watch.running, running);
    atomic_store(&watch.deadline,
                 pm_now() + seconds + (watch.doctor->launcher.rank == 0 ? 0 : LATER_SECONDS));
}

static parmap_status watch_begin(const pm_doctor *doctor)
{
    watch.doctor = doctor;
    watch_over(&starting, START_SECONDS);
    return pm_ticker_start(&watch.ticker, 0.1, look, NULL);
}

/* ---- the ranks together ---------------------------------------------------------------------- */

parmap_status pm_doctor_gather(pm_doctor *doctor, const void *mine, size_t bytes, void *all)
{
    char *room = NULL;
    parmap_status status = PARMAP_OK;
    if (doctor->world.rank == 0 && !(room = calloc((size_t)doctor->world.size, bytes)))
        status = pm_fail(PARMAP_SYSTEM, "out of memory for %d ranks", doctor->world.size);
    status = pm_agree(&doctor->world, status, doctor->idle);
    if (status == PARMAP_OK)
        status = pm_gather(&doctor->world, mine, room, bytes, doctor->idle);
    memcpy(all, &room, sizeof room);
    return status;
}

bool pm_doctor_leads(const pm_doctor *doctor)
{
    return doctor->topology.node_leader == doctor->world.rank;
}

static parmap_status look_around(pm_doctor *doctor)
{
    pm_host here;
    doctor->hosts = calloc((size_t)doctor->world.size, sizeof *doctor->hosts);
    if (!doctor->hosts)
        return pm_fail(PARMAP_SYSTEM, "out of memory for %d ranks", doctor->world.size);
    pm_host_describe(&here);
    PM_TRY(pm_allgather(&doctor->world, &here, doctor->hosts, sizeof here, NULL));
    PM_TRY(pm_broadcast(&doctor->world, &doctor->threads, sizeof doctor->threads, NULL));
    return pm_topology_derive(doctor->hosts, doctor->world.size, doctor->world.rank,
                              doctor->threads, &doctor->topology);
}

/* Rank 0 decides whether to go on, so that a signal to it stops all between two checks. */
static parmap_status go_through(pm_doctor *doctor, bool *stopped)
{
    *stopped = false;
    PM_TRY(look_around(doctor));
    for (size_t i = 0; i < sizeof checks / sizeof checks[0] && !*stopped; i++) {
        watch_over(&checks[i], CHECK_SECONDS);
        *stopped = pm_stop_signal() != 0;
        PM_TRY(pm_broadcast(&doctor->world, stopped, sizeof *stopped, doctor->idle));
        doctor->check = checks[i].name;
        if (!*stopped)
            PM_TRY(checks[i].run(doctor));
    }
    return PARMAP_OK;
}

/* ---- the command ----------------------------------------------------------------------------- */

static parmap_status read_option(pm_option_id id, const char *text, pm_value *value)
{
    const parmap_status status = pm_option_read(&pm_options[id], text, value);
    return status == PARMAP_OK
               ? PARMAP_OK
               : pm_fail(status, "%s \"%s\": %s", pm_options[id].name, text, parmap_message());
}

/* The environment's settings, like those of the programs that will run. */
static const char *from_environment(pm_option_id id)
{
    char name[PM_OPTION_TEXT];
    const char *text = getenv(pm_option_environment(name, &pm_options[id]));
    return text && *text ? text : NULL;
}

static parmap_status read_arguments(pm_doctor *doctor, int argc, char **argv)
{
    static const struct option longs[] = {{"output", required_argument, NULL, 'o'},
                                          {"threads", required_argument, NULL, 't'},
                                          {NULL, 0, NULL, 0}};
    const char *output = from_environment(PM_OPTION_OUTPUT);
    const char *threads = from_environment(PM_OPTION_THREADS);
    pm_value value = {.number = 0};
    int code;
    opterr = 0;
    optind = 2;
    while ((code = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
        if (code == ':')
            return pm_fail(PARMAP_USAGE, "%s needs a value; see parmap --help", argv[optind - 1]);
        if (code == '?')
            return pm_fail(PARMAP_USAGE, "doctor has no option %s; see parmap --help",
                           argv[optind - 1]);
        *(code == 'o' ? &output : &threads) = optarg;
    }
    if (optind < argc)
        return pm_fail(PARMAP_USAGE,
                       "doctor takes no argument \"%s\"; name a file or folder with --output",
                       argv[optind]);
    if (threads)
        PM_TRY(read_option(PM_OPTION_THREADS, threads, &value));
    doctor->threads = (int)value.number;
    if (output)
        PM_TRY(read_option(PM_OPTION_OUTPUT, output, &value));
    if (output && value.text && strlen(value.text) >= sizeof doctor->output)
        return pm_fail(PARMAP_USAGE, "the name of the output is too long; shorten it");
    snprintf(doctor->output, sizeof doctor->output, "%s",
             !output      ? "."
             : value.text ? value.text
                          : "");
    return PARMAP_OK;
}

/* The exit code. */
static int conclude(const pm_doctor *doctor, bool stopped)
{
    const int wrong = doctor->found[PM_WRONG], warnings = doctor->found[PM_WARNING];
    if (doctor->world.rank != 0 || doctor->launcher.rank != 0)
        return 0;
    if (stopped)
        printf("parmap doctor: stopped by a signal\n");
    else if (wrong == 0 && warnings == 0)
        printf("parmap doctor: all is well\n");
    else
        printf("parmap doctor: %d wrong, %d warning%s\n", wrong, warnings, pm_plural(warnings));
    if (pm_log_finish_stdout() != PARMAP_OK) {
        pm_log_error("%s", parmap_message());
        return PARMAP_WRITE_ERROR;
    }
    return stopped ? PARMAP_STOPPED : wrong > 0 ? PARMAP_SYSTEM : 0;
}

/* Between MPI_Init and MPI_Finalize. */
static int examine(pm_doctor *doctor)
{
    bool stopped;
    if (go_through(doctor, &stopped) != PARMAP_OK) {
        pm_doctor_say(doctor, PM_WRONG, "%s", parmap_message());
        pm_doctor_clean();
        pm_world_abort(PARMAP_SYSTEM);
    }
    return conclude(doctor, stopped);
}

int pm_command_doctor(int argc, char **argv)
{
    static pm_doctor doctor = {.check = "mpi", .world = {.size = 1}}; /* too large for a stack */
    int code;
    pm_stop_install();
    doctor.launcher = pm_launcher_detect();
    pm_log_mute(doctor.launcher.rank != 0);
    if (read_arguments(&doctor, argc, argv) != PARMAP_OK) {
        pm_log_error("%s", parmap_message());
        return doctor.launcher.rank == 0 ? PARMAP_USAGE : 0;
    }
    if (watch_begin(&doctor) != PARMAP_OK) {
        pm_log_error("%s", parmap_message());
        return PARMAP_SYSTEM;
    }
    if (!pm_doctor_libraries_agree(&doctor) || !pm_doctor_limits_suffice(&doctor))
        return conclude(&doctor, false);
    pm_doctor_warn_of_shm(&doctor);
    if (doctor.launcher.rank == 0)
        pm_doctor_ask_slurm(&doctor);
    pm_window_cure(pm_world_library());
    const parmap_status started = pm_world_start(&argc, &argv, &doctor.world);
    if (started == PARMAP_OK) {
        doctor.launcher.rank = doctor.world.rank;
        code = examine(&doctor);
    } else {
        doctor.check = starting.name;
        pm_doctor_say(&doctor, PM_WRONG, "%s", parmap_message());
        code = conclude(&doctor, false);
    }
    pm_ticker_stop(&watch.ticker);
    pm_world_finish(code, doctor.topology.nodes > 1);
    free(doctor.hosts);
    return code;
}
