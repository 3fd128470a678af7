/* The record, and what can be told from it. */
#include "store/lease.h"

#include "base/hash.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(pm_lease) == 256, "its place in the file");

enum { LOOK_MS = 200, TORN_LOOKS = 5 };

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static uint64_t check_of(const pm_lease *lease)
{
    return pm_hash_block((const char *)lease + sizeof lease->check,
                         sizeof *lease - sizeof lease->check, 0);
}

/* What was never written says that nobody writes, and so does what stays damaged.  Another machine
 * may just be writing it, so it is read more than once. */
pm_lease pm_lease_read(int fd, int64_t at)
{
    static const pm_lease nobody;
    pm_lease lease = nobody;
    for (int looks = 0; looks < TORN_LOOKS; looks++) {
        if (looks > 0)
            sleep_ms(LOOK_MS);
        if (pread(fd, &lease, sizeof lease, at) != (ssize_t)sizeof lease ||
            memcmp(&lease, &nobody, sizeof lease) == 0)
            return nobody;
        if (lease.check == check_of(&lease)) {
            lease.host[sizeof lease.host - 1] = lease.job[sizeof lease.job - 1] = '\0';
            return lease;
        }
    }
    return nobody;
}

bool pm_lease_write(int fd, int64_t at, pm_lease *lease)
{
    lease->seconds = time(NULL);
    lease->check = check_of(lease);
    return pwrite(fd, lease, sizeof *lease, at) == (ssize_t)sizeof *lease;
}

bool pm_lease_same(const pm_lease *a, const pm_lease *b)
{
    return a->pid == b->pid && a->started == b->started && a->boot == b->boot &&
           a->process_space == b->process_space && strcmp(a->host, b->host) == 0;
}

/* The 22nd field of /proc/PID/stat, counted behind the name, which may hold anything; 0 of a
 * process that is no more, or only waits for its parent to look at it. */
static int64_t start_of(int64_t pid)
{
    char path[32], text[1024];
    long long ticks = 0;
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    FILE *file = fopen(path, "re");
    const size_t got = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[got] = '\0';
    const char *at = strrchr(text, ')');
    if (at && (strncmp(at, ") Z", 3) == 0 || strncmp(at, ") X", 3) == 0))
        return 0;
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at && sscanf(at, "%lld", &ticks) == 1 ? ticks : 0;
}

pm_lease pm_lease_of_here(void)
{
    pm_host here;
    pm_lease lease;
    const char *job = getenv("SLURM_JOB_ID");
    pm_host_describe(&here);
    memset(&lease, 0, sizeof lease);
    memcpy(lease.host, here.name, sizeof lease.host);
    snprintf(lease.job, sizeof lease.job, "%s", job ? job : "");
    lease.boot = here.boot;
    lease.process_space = here.process_space;
    lease.pid = getpid();
    lease.started = start_of(lease.pid);
    lease.beat = 1;
    return lease;
}

pm_lease_verdict pm_lease_judge(const pm_lease *lease)
{
    pm_host here;
    if (lease->pid == 0)
        return PM_LEASE_DEAD;
    pm_host_describe(&here);
    if (strcmp(here.name, lease->host) != 0)
        return PM_LEASE_UNKNOWN;
    if (here.boot != lease->boot)
        return PM_LEASE_DEAD; /* the machine was started anew */
    if (here.process_space != lease->process_space || lease->started == 0)
        return PM_LEASE_UNKNOWN; /* another container, or no /proc: the process cannot be seen */
    return start_of(lease->pid) == lease->started ? PM_LEASE_ALIVE : PM_LEASE_DEAD;
}

bool pm_lease_beats(int fd, int64_t at, const pm_lease *lease, int watch_s)
{
    char job[64] = "";
    if (lease->job[0])
        snprintf(job, sizeof job, ", job %s", lease->job);
    pm_log_note("looking for up to %d s whether the run on host %s (process %lld%s) still lives",
                watch_s, lease->host, (long long)lease->pid, job);
    for (int waited_ms = 0; waited_ms < watch_s * 1000; waited_ms += LOOK_MS) {
        sleep_ms(LOOK_MS);
        const pm_lease now = pm_lease_read(fd, at);
        if (now.pid == 0)
            return false; /* it has just ended */
        if (now.beat != lease->beat || !pm_lease_same(&now, lease))
            return true;
    }
    return false;
}
