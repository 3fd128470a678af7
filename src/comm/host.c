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

/* cores = quota / period, of "QUOTA PERIOD" (v2: in one file, "max" = none; v1: in two, -1 = none)
 */
static double quota_of(const char *quota, const char *period)
{
    const double q = atof(quota), p = atof(period);
    return q > 0 && p > 0 ? q / p : INFINITY;
}

static double quota_v2(const char *folder)
{
    char path[PATH], line[128], *space;
    if (snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", folder) >= (int)sizeof path)
        return INFINITY;
    first_line(path, line, sizeof line);
    space = strchr(line, ' ');
    return space ? quota_of(line, space) : INFINITY;
}

static double quota_v1(const char *folder)
{
    char path[PATH], quota[128], period[128];
    if (snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", folder) >=
        (int)sizeof path)
        return INFINITY;
    first_line(path, quota, sizeof quota);
    snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_period_us", folder);
    return quota_of(quota, first_line(path, period, sizeof period));
}

/* The tightest quota of a folder and all those above it. */
static double tightest(char *folder, double (*quota)(const char *folder))
{
    double cores = INFINITY;
    for (;;) {
        cores = fmin(cores, quota(folder));
        char *slash = strrchr(folder, '/');
        if (!slash)
            return cores;
        *slash = '\0';
    }
}

/* Lines of /proc/self/cgroup: "0::/folder" (v2) and "4:cpu,cpuacct:/folder" (v1). */
static double cgroup_cores(void)
{
    double cores = INFINITY;
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
            cores = fmin(cores, tightest(folder, quota_v2));
        else if (strstr(controllers, "cpu,") || strcmp(controllers, ":cpu") == 0)
            cores = fmin(cores, tightest(folder, quota_v1));
    }
    if (file)
        fclose(file);
    return cores;
}

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
    const double quota = cgroup_cores();
    host->quota_cores = isfinite(quota) ? (int32_t)fmax(1.0, ceil(quota)) : 0;
    struct stat space;
    host->process = getpid();
    host->process_space = stat("/proc/self/ns/pid", &space) == 0 ? space.st_ino : 0;
    host->threads_asked = threads_asked();
}
