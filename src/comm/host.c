/* Host name, boot, affinity mask and cgroup quota of this process. */
#include "comm/host.h"

#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CORES = 8192, MOST_THREADS = 4096, PATH = 4096 };

/* FNV-1a: the names and masks hashed here are few and short. */
static uint64_t hash(const void *data, size_t bytes)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < bytes; i++)
        h = (h ^ ((const unsigned char *)data)[i]) * 1099511628211u;
    return h;
}

/* The first line of a file without its end; "" when it cannot be read. */
static const char *first_line(const char *path, char *line, int bytes)
{
    line[0] = '\0';
    FILE *file = fopen(path, "re");
    if (file) {
        if (!fgets(line, bytes, file))
            line[0] = '\0';
        fclose(file);
    }
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static void describe_mask(pm_host *host)
{
    const size_t bytes = CPU_ALLOC_SIZE(MOST_CORES);
    cpu_set_t *mask = CPU_ALLOC(MOST_CORES);
    if (mask && sched_getaffinity(0, bytes, mask) == 0) {
        host->mask = hash(mask, bytes);
        host->mask_cores = CPU_COUNT_S(bytes, mask);
    } else {
        host->mask_cores = host->node_cores;
    }
    CPU_FREE(mask);
}

/* ---- the cgroup ------------------------------------------------------------------------------ */

/* The first line of a file of the cgroup `folder`, below the place where `root` is mounted. */
static const char *cgroup_line(const char *root, const char *folder, const char *file, char *line,
                               int bytes)
{
    char path[PATH];
    line[0] = '\0';
    return snprintf(path, sizeof path, "/sys/fs/cgroup%s%s/%s", root, folder, file) <
                   (int)sizeof path
               ? first_line(path, line, bytes)
               : line;
}

/* cores = quota / period, of "QUOTA PERIOD" (v2: in one file, "max" = none; v1: in two, -1 = none)
 */
static double quota_of(const char *quota, const char *period)
{
    const double q = atof(quota), p = atof(period);
    return q > 0 && p > 0 ? q / p : INFINITY;
}

static double quota_v2(const char *folder)
{
    char line[128], *space;
    cgroup_line("", folder, "cpu.max", line, sizeof line);
    space = strchr(line, ' ');
    return space ? quota_of(line, space) : INFINITY;
}

static double quota_v1(const char *folder)
{
    char quota[128], period[128];
    cgroup_line("/cpu", folder, "cpu.cfs_quota_us", quota, sizeof quota);
    return quota_of(quota, cgroup_line("/cpu", folder, "cpu.cfs_period_us", period, sizeof period));
}

/* bytes; "max" (v2) and nothing = none.  v1 says none by a number beyond any memory. */
static double bytes_of(const char *line)
{
    const double bytes = atof(line);
    return bytes > 0 && bytes < 0x1p62 ? bytes : INFINITY;
}

static double memory_v2(const char *folder)
{
    char line[128];
    return bytes_of(cgroup_line("", folder, "memory.max", line, sizeof line));
}

static double memory_v1(const char *folder)
{
    char line[128];
    return bytes_of(cgroup_line("/memory", folder, "memory.limit_in_bytes", line, sizeof line));
}

/* The tightest limit of a folder and all those above it. */
static double tightest(char *folder, double (*limit)(const char *folder))
{
    double least = INFINITY;
    for (;;) {
        least = fmin(least, limit(folder));
        char *slash = strrchr(folder, '/');
        if (!slash)
            return least;
        *slash = '\0';
    }
}

/* Is the word one of the list "cpu,cpuacct"? */
static bool listed(const char *list, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

/* The limit of this process's cgroups; INFINITY = none.  Lines of /proc/self/cgroup: "0::/folder"
 * (v2) and "4:cpu,cpuacct:/folder" (v1). */
static double cgroup_limit(const char *controller, double (*v1)(const char *folder),
                           double (*v2)(const char *folder))
{
    double least = INFINITY;
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[PATH];
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *folder = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!folder)
            continue;
        *folder++ = '\0';
        if (controllers[1] == '\0')
            least = fmin(least, tightest(folder, v2));
        else if (listed(controllers + 1, controller))
            least = fmin(least, tightest(folder, v1));
    }
    if (file)
        fclose(file);
    return least;
}

/* ---- what is told ---------------------------------------------------------------------------- */

static int32_t threads_asked(void)
{
    static const char *const variables[] = {"OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *text = getenv(variables[i]);
        const long threads = text ? strtol(text, NULL, 10) : 0; /* of "4,2" the outermost level */
        if (threads > 0)
            return threads < MOST_THREADS ? (int32_t)threads : MOST_THREADS;
    }
    return 0;
}

void pm_host_describe(pm_host *host)
{
    char boot[64];
    memset(host, 0, sizeof *host);
    if (gethostname(host->name, sizeof host->name - 1) != 0)
        strcpy(host->name, "localhost");
    first_line("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    host->boot = hash(boot, strlen(boot));
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const int64_t birth[] = {getpid(), now.tv_sec, now.tv_nsec, (int64_t)host->boot};
    host->nonce = hash(birth, sizeof birth);
    host->node_cores = (int32_t)sysconf(_SC_NPROCESSORS_ONLN);
    describe_mask(host);
    const double quota = cgroup_limit("cpu", quota_v1, quota_v2);
    host->quota_cores = isfinite(quota) ? (int32_t)fmax(1.0, ceil(quota)) : 0;
    struct stat space;
    host->process = getpid();
    host->process_space = stat("/proc/self/ns/pid", &space) == 0 ? space.st_ino : 0;
    host->threads_asked = threads_asked();
}

/* "MemAvailable:   123456 kB" */
static int64_t available_bytes(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    char line[128];
    long long kib = -1;
    while (file && kib < 0 && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %lld", &kib) != 1)
            kib = -1;
    if (file)
        fclose(file);
    return kib < 0 ? -1 : (int64_t)kib * 1024;
}

void pm_host_describe_memory(pm_host_memory *memory)
{
    const double limit = cgroup_limit("memory", memory_v1, memory_v2);
    memory->total = (int64_t)sysconf(_SC_PHYS_PAGES) * (int64_t)sysconf(_SC_PAGESIZE);
    memory->available = available_bytes();
    memory->limit = limit < (double)memory->total ? (int64_t)limit : 0;
}
