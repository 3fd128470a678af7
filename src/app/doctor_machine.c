/* What the nodes have: ranks, cores, memory, shared memory, limits, clocks. */
#include "app/doctor.h"

#include "base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/* ---- ranks and cores ------------------------------------------------------------------------- */

/* "8", "2 to 3" */
static char *format_span(char text[PM_NUMBER_TEXT], int least, int most)
{
    snprintf(text, PM_NUMBER_TEXT, least == most ? "%d" : "%d to %d", least, most);
    return text;
}

/* What a node's leader says of it. */
typedef struct place {
    bool leads;
    int ranks;
} place;

parmap_status pm_doctor_nodes(pm_doctor *doctor)
{
    const place mine = {pm_doctor_leads(doctor), doctor->topology.node_ranks};
    place *all;
    PM_TRY(pm_doctor_gather(doctor, &mine, sizeof mine, &all));
    pm_names names = {.count = 0};
    char ranks[PM_NUMBER_TEXT];
    int least = doctor->world.size, most = 0;
    for (int r = 0; all && r < doctor->world.size; r++)
        if (all[r].leads) {
            pm_names_add(&names, doctor->hosts[r].name);
            least = all[r].ranks < least ? all[r].ranks : least;
            most = all[r].ranks > most ? all[r].ranks : most;
        }
    free(all);
    pm_doctor_say(doctor, PM_FINE, "%s: %s rank%s%s", names.text, format_span(ranks, least, most),
                  pm_plural(most), doctor->topology.nodes > 1 ? " on each" : "");
    return PARMAP_OK;
}

/* How to give the ranks more of the cores that their nodes have, by the launcher at hand. */
static const char *how_to_widen(const pm_doctor *doctor)
{
    const char *name = doctor->launcher.name;
    if (!name)
        return "ask for more cores (sbatch --cpus-per-task, docker --cpus, taskset)";
    return strcmp(name, "srun") == 0 ? "start with srun --cpus-per-task=N (N = threads)"
           : strcmp(name, "MPICH's mpirun") == 0
               ? "start with mpirun -bind-to none"
               : "start with mpirun --bind-to none (OMPI_MCA_hwloc_base_binding_policy=none)";
}

/* Ranks that may use fewer cores than their nodes have; the cgroup's quota is counted apart. */
static void count_bound(const pm_doctor *doctor, int *bound, int *to_one, int *by_quota)
{
    *bound = *to_one = *by_quota = 0;
    for (int r = 0; r < doctor->world.size; r++) {
        const pm_host *host = &doctor->hosts[r];
        *bound += host->mask_cores < host->node_cores;
        *to_one += host->mask_cores == 1 && host->node_cores > 1;
        *by_quota += host->quota_cores > 0 && host->quota_cores < host->mask_cores;
    }
}

/* What to ask less of: threads where there are more than the cores give each rank, else ranks. */
static void format_fewer(char text[64], const pm_topology *t)
{
    const int each = t->cores > t->size ? t->cores / t->size : 1;
    if (t->threads_most > each)
        snprintf(text, 64, "use --threads %d%s", each,
                 t->cores < t->size ? " and fewer ranks"
                 : t->size > 1      ? " or fewer ranks"
                                    : "");
    else
        strcpy(text, "use fewer ranks");
}

static void say_crowded(pm_doctor *doctor, const char *layout)
{
    const pm_topology *t = &doctor->topology;
    int bound, to_one, by_quota;
    char fewer[64];
    count_bound(doctor, &bound, &to_one, &by_quota);
    format_fewer(fewer, t);
    if (t->one_core)
        pm_doctor_say(doctor, PM_WARNING, "%s, and all threads of a rank are bound to one core; %s",
                      layout, how_to_widen(doctor));
    else if (to_one == t->size && t->size > 1)
        pm_doctor_say(doctor, PM_WARNING, "%s: several ranks are bound to the same core; %s",
                      layout, how_to_widen(doctor));
    else
        pm_doctor_say(doctor, PM_WARNING, "%s%s; %s%s%s", layout,
                      by_quota ? ", which is all that the cgroup allows" : "", fewer,
                      bound ? ", or " : "", bound ? how_to_widen(doctor) : "");
}

parmap_status pm_doctor_cores(pm_doctor *doctor)
{
    const pm_topology *t = &doctor->topology;
    const int64_t idle = t->cores - t->threads_total;
    char layout[128], threads[PM_NUMBER_TEXT], hint[96] = "";
    int bound, to_one, by_quota;
    count_bound(doctor, &bound, &to_one, &by_quota);
    snprintf(layout, sizeof layout, "%d rank%s x %s thread%s on %d core%s", t->size,
             pm_plural(t->size), format_span(threads, t->threads_least, t->threads_most),
             pm_plural(t->threads_most), t->cores, pm_plural(t->cores));
    if (t->one_core || t->tight_cores > 0) {
        say_crowded(doctor, layout);
        return PARMAP_OK;
    }
    if (idle > 0)
        snprintf(hint, sizeof hint, "; %" PRId64 " core%s stay%s idle", idle, pm_plural(idle),
                 idle == 1 ? "s" : "");
    if (t->cores / t->size > t->threads_most)
        snprintf(hint + strlen(hint), sizeof hint - strlen(hint), ", --threads %d would use them",
                 t->cores / t->size);
    pm_doctor_say(doctor, PM_FINE, "%s%s%s", layout,
                  by_quota ? " (the cgroup's quota)"
                  : bound  ? " (the affinity mask; the nodes have more)"
                           : "",
                  hint);
    return PARMAP_OK;
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* MPI, HDF5 and OpenMP take about 50 MiB of a rank, and every thread has buffers of its own. */
static const int64_t rank_bytes = (int64_t)64 << 20, thread_bytes = (int64_t)4 << 20;

typedef struct memory {
    pm_host_memory node;
    bool leads;
    int64_t needed;
} memory;

static int64_t usable(const memory *m)
{
    const int64_t there = m->node.available >= 0 ? m->node.available : m->node.total;
    return m->node.limit > 0 && m->node.limit < there ? m->node.limit : there;
}

/* The one with the least for what its ranks need. */
parmap_status pm_doctor_memory(pm_doctor *doctor)
{
    const pm_topology *t = &doctor->topology;
    memory mine = {.leads = pm_doctor_leads(doctor)}, *all;
    char total[PM_NUMBER_TEXT], there[PM_NUMBER_TEXT], limit[PM_NUMBER_TEXT],
        needed[PM_NUMBER_TEXT];
    pm_host_describe_memory(&mine.node);
    mine.needed = t->node_ranks * (rank_bytes + thread_bytes * t->threads_most);
    PM_TRY(pm_doctor_gather(doctor, &mine, sizeof mine, &all));
    int worst = 0;
    for (int r = 1; all && r < t->size; r++)
        if (all[r].leads &&
            usable(&all[r]) - all[r].needed < usable(&all[worst]) - all[worst].needed)
            worst = r;
    const memory m = all ? all[worst] : mine;
    free(all);
    const bool enough = usable(&m) >= m.needed;
    pm_doctor_say(
        doctor, enough ? PM_FINE : PM_WARNING, "%s: %s, %s available%s%s%s%s%s",
        doctor->hosts[worst].name, pm_format_bytes(total, m.node.total),
        m.node.available < 0 ? "unknown" : pm_format_bytes(there, m.node.available),
        m.node.limit ? ", cgroup limit " : ", no cgroup limit",
        m.node.limit ? pm_format_bytes(limit, m.node.limit) : "",
        enough ? "" : "; its ranks need about ", enough ? "" : pm_format_bytes(needed, m.needed),
        enough ? "" : ": use fewer ranks, or ask for more (sbatch --mem, docker --memory)");
    return PARMAP_OK;
}

/* ---- shared memory --------------------------------------------------------------------------- */

typedef struct shm {
    bool leads, usable;
    int ranks;
    int64_t total, free;
} shm;

static shm look_at_shm(const pm_doctor *doctor)
{
    shm s = {.leads = pm_doctor_leads(doctor), .ranks = doctor->topology.node_ranks};
    struct statvfs room;
    s.usable = statvfs("/dev/shm", &room) == 0 && access("/dev/shm", W_OK | X_OK) == 0;
    if (s.usable) {
        s.total = (int64_t)room.f_blocks * (int64_t)room.f_frsize;
        s.free = (int64_t)room.f_bavail * (int64_t)room.f_frsize;
    }
    return s;
}

/* Without `least` nothing starts; `most` is what shared objects may come to use. */
static void say_shm(pm_doctor *doctor, const char *name, const shm *s, int64_t heap)
{
    const int64_t least = s->ranks * (int64_t)PM_HEAP_BEGIN + (1 << 20);
    const int64_t most = least + s->ranks * heap, each_mib = (s->free - least) / s->ranks >> 20;
    char total[PM_NUMBER_TEXT], free[PM_NUMBER_TEXT], needed[PM_NUMBER_TEXT], smaller[64] = "";
    pm_format_bytes(total, s->total);
    pm_format_bytes(free, s->free);
    if (each_mib > 0)
        snprintf(smaller, sizeof smaller, ", or set PARMAP_HEAP=%" PRId64 "M", each_mib);
    if (s->ranks == 1)
        pm_doctor_say(doctor, PM_FINE, "one rank on a node: /dev/shm is not needed");
    else if (!s->usable)
        pm_doctor_say(doctor, PM_WRONG,
                      "%s: /dev/shm is missing or cannot be written to; mount a tmpfs there "
                      "(mount -t tmpfs -o mode=1777 tmpfs /dev/shm)",
                      name);
    else if (s->free < least)
        pm_doctor_say(doctor, PM_WRONG,
                      "%s: /dev/shm has %s of %s free, %d ranks need %s; make it larger (docker "
                      "--shm-size, mount -o remount,size=), or remove what lies there",
                      name, free, total, s->ranks, pm_format_bytes(needed, least));
    else if (s->free < most)
        pm_doctor_say(
            doctor, PM_WARNING,
            "%s: /dev/shm has %s of %s free, shared objects of %d ranks may take %s (kernel "
            "programs need no more); make it larger (docker --shm-size)%s",
            name, free, total, s->ranks, pm_format_bytes(needed, most), smaller);
    else
        pm_doctor_say(doctor, PM_FINE, "%s: /dev/shm has %s of %s free; shared objects may take %s",
                      name, free, total, pm_format_bytes(needed, most));
}

/* MPICH over UCX takes 4.1 MiB for each rank, and ends the job when they are not there.  (The size
 * counts, not what is free: other ranks may have taken theirs already.) */
void pm_doctor_warn_of_shm(pm_doctor *doctor)
{
    static const int64_t mpich_bytes = (int64_t)42 << 20; /* of ten ranks */
    const char *local = getenv("MPI_LOCALNRANKS");
    const int ranks = local && atoi(local) > 1 ? atoi(local) : 1;
    const int64_t least = ranks * (mpich_bytes / 10);
    char total[PM_NUMBER_TEXT], needed[PM_NUMBER_TEXT];
    struct statvfs room;
    doctor->check = "shm";
    if (ranks == 1 || strncmp(pm_world_library(), "MPICH", 5) != 0 || getenv("UCX_POSIX_DIR") ||
        statvfs("/dev/shm", &room) != 0 || (int64_t)room.f_blocks * (int64_t)room.f_frsize >= least)
        return;
    pm_doctor_say(doctor, PM_WARNING,
                  "/dev/shm has %s; to start %d ranks MPICH may need %s of it: make it larger "
                  "(docker --shm-size, mount -o remount,size=)",
                  pm_format_bytes(total, (int64_t)room.f_blocks * (int64_t)room.f_frsize), ranks,
                  pm_format_bytes(needed, least));
}

/* The node with the least for a rank. */
parmap_status pm_doctor_shm(pm_doctor *doctor)
{
    const shm mine = look_at_shm(doctor);
    shm *all;
    pm_window_wish wish;
    PM_TRY(pm_doctor_gather(doctor, &mine, sizeof mine, &all));
    if (!all)
        return PARMAP_OK;
    int worst = 0;
    for (int r = 1; r < doctor->world.size; r++)
        if (all[r].leads && all[r].free / all[r].ranks < all[worst].free / all[worst].ranks)
            worst = r;
    if (pm_window_read_wish(&wish) == PARMAP_OK)
        say_shm(doctor, doctor->hosts[worst].name, &all[worst], wish.bytes);
    else
        pm_doctor_say(doctor, PM_WRONG, "%s", parmap_message());
    free(all);
    return PARMAP_OK;
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* Of any rank, the lowest; RLIM_INFINITY is the highest number there is. */
static rlim_t lowest(const struct rlimit *limits, int size, int *where)
{
    *where = 0;
    for (int r = 1; r < size; r++)
        if (limits[2 * r].rlim_cur < limits[2 * *where].rlim_cur)
            *where = r;
    return limits[2 * *where].rlim_cur;
}

/* Below this the daemon of Open MPI 4 goes round in a circle that takes all memory. */
static const rlim_t mpi_file_bytes = (rlim_t)16 << 20;

bool pm_doctor_limits_suffice(pm_doctor *doctor)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};
    char text[PM_NUMBER_TEXT], needed[PM_NUMBER_TEXT];
    getrlimit(RLIMIT_FSIZE, &limit);
    doctor->check = "limits";
    if (limit.rlim_cur >= mpi_file_bytes)
        return true;
    pm_doctor_say(doctor, PM_WRONG,
                  "files can have %s at most, and MPI itself may need %s; raise it with ulimit -f "
                  "unlimited",
                  pm_format_bytes(text, (int64_t)limit.rlim_cur),
                  pm_format_bytes(needed, (int64_t)mpi_file_bytes));
    return false;
}

parmap_status pm_doctor_limits(pm_doctor *doctor)
{
    struct rlimit mine[2] = {{RLIM_INFINITY, RLIM_INFINITY}, {RLIM_INFINITY, RLIM_INFINITY}}, *all;
    char text[PM_NUMBER_TEXT];
    int where;
    getrlimit(RLIMIT_FSIZE, &mine[0]);
    getrlimit(RLIMIT_CPU, &mine[1]);
    PM_TRY(pm_doctor_gather(doctor, mine, sizeof mine, &all));
    if (!all)
        return PARMAP_OK;
    const rlim_t size = lowest(all, doctor->world.size, &where);
    if (size != RLIM_INFINITY)
        pm_doctor_say(doctor, PM_WARNING,
                      "%s: files can have %s at most; raise it with ulimit -f unlimited",
                      doctor->hosts[where].name, pm_format_bytes(text, (int64_t)size));
    const rlim_t time = lowest(all + 1, doctor->world.size, &where);
    if (time != RLIM_INFINITY)
        pm_doctor_say(doctor, PM_WARNING,
                      "%s: a process ends after %s of computing; raise it with ulimit -t unlimited",
                      doctor->hosts[where].name, pm_format_clock(text, (double)time));
    if (size == RLIM_INFINITY && time == RLIM_INFINITY)
        pm_doctor_say(doctor, PM_FINE, "none on the size of files or the time of processes");
    free(all);
    return PARMAP_OK;
}

/* ---- clocks ---------------------------------------------------------------------------------- */

static const double most_skew_s = 5;

/* All look at the same moment, as far as a barrier can tell. */
parmap_status pm_doctor_clock(pm_doctor *doctor)
{
    struct timespec mine, *all;
    double worst = 0;
    int where = 0;
    if (doctor->topology.nodes == 1)
        return PARMAP_OK;
    PM_TRY(pm_barrier(&doctor->world, doctor->idle));
    clock_gettime(CLOCK_REALTIME, &mine);
    PM_TRY(pm_doctor_gather(doctor, &mine, sizeof mine, &all));
    for (int r = 1; all && r < doctor->world.size; r++) {
        const double skew = (double)(all[r].tv_sec - all[0].tv_sec) +
                            1e-9 * (double)(all[r].tv_nsec - all[0].tv_nsec);
        if (fabs(skew) > fabs(worst)) {
            worst = skew;
            where = r;
        }
    }
    free(all);
    if (fabs(worst) > most_skew_s)
        pm_doctor_say(doctor, PM_WARNING,
                      "the clock of %s is %.1f s %s that of %s; set them by NTP (chronyc tracking)",
                      doctor->hosts[where].name, fabs(worst), worst > 0 ? "ahead of" : "behind",
                      doctor->hosts[0].name);
    else
        pm_doctor_say(doctor, PM_FINE, "the nodes' clocks agree within %.1f s",
                      fmax(0.1, ceil(fabs(worst) * 10) / 10));
    return PARMAP_OK;
}
