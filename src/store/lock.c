/* The lock first, then the lease where the lock may not be the whole truth. */
#include "store/lock.h"

#include "base/filesystem.h"
#include "base/hash.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(pm_lease) == 256, "its place in the file");

enum {
    LOCK_TELLS_S = PM_LEASE_BEAT_S + 2, /* long enough to see a beat, after a lock was granted */
    LOOK_MS = 200,
    TORN_LOOKS = 5,
    TAKING_S = 2 * PM_LEASE_DEAD_S /* nobody takes longer to take a lease */
};

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* ---- the lock -------------------------------------------------------------------------------- */

typedef enum answer { GRANTED, HELD, NO_LOCKS } answer;

/* An open-file-description lock: unlike the older kind it is not lost when another descriptor
 * closes. */
static answer try_lock(int fd)
{
    struct flock record = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &record) == 0)
        return GRANTED;
    return errno == EAGAIN || errno == EACCES ? HELD : NO_LOCKS;
}

static bool same_file(int fd, const char *path)
{
    struct stat open_one, named_one;
    return fstat(fd, &open_one) == 0 && stat(path, &named_one) == 0 &&
           open_one.st_ino == named_one.st_ino && open_one.st_dev == named_one.st_dev;
}

/* ---- the lease ------------------------------------------------------------------------------- */

static uint64_t check_of(const pm_lease *lease)
{
    return pm_hash_block((const char *)lease + sizeof lease->check,
                         sizeof *lease - sizeof lease->check, 0);
}

/* What was never written says that nobody writes, and so does what stays damaged.  Another machine
 * may just be writing it, so it is read more than once. */
static pm_lease read_lease(int fd)
{
    static const pm_lease nobody;
    pm_lease lease = nobody;
    for (int looks = 0; looks < TORN_LOOKS; looks++) {
        if (looks > 0)
            sleep_ms(LOOK_MS);
        if (pread(fd, &lease, sizeof lease, PM_JOURNAL_LEASE) != (ssize_t)sizeof lease ||
            memcmp(&lease, &nobody, sizeof lease) == 0)
            return nobody;
        if (lease.check == check_of(&lease)) {
            lease.host[sizeof lease.host - 1] = lease.job[sizeof lease.job - 1] = '\0';
            return lease;
        }
    }
    return nobody;
}

/* A beat that cannot be written is no reason to end a run. */
static void write_lease(int fd, pm_lease *lease)
{
    lease->seconds = time(NULL);
    lease->check = check_of(lease);
    if (pwrite(fd, lease, sizeof *lease, PM_JOURNAL_LEASE) != (ssize_t)sizeof *lease)
        pm_log_detail("cannot renew the lease of the output: %s", strerror(errno));
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

static pm_lease lease_of_here(void)
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

typedef enum verdict { DEAD, ALIVE, UNKNOWN } verdict;

/* What can be known of a writer without waiting. */
static verdict judge(const pm_lease *lease)
{
    pm_host here;
    if (lease->pid == 0)
        return DEAD;
    pm_host_describe(&here);
    if (strcmp(here.name, lease->host) != 0)
        return UNKNOWN;
    if (here.boot != lease->boot)
        return DEAD; /* the machine was started anew */
    if (here.process_space != lease->process_space || lease->started == 0)
        return UNKNOWN; /* another container, or no /proc: the process cannot be seen */
    return start_of(lease->pid) == lease->started ? ALIVE : DEAD;
}

/* Does the lease change while it is watched?  A change proves that its writer lives, whatever the
 * clocks of the two machines say. */
static bool beats(int fd, const pm_lease *lease, int watch_s)
{
    char job[64] = "";
    if (lease->job[0])
        snprintf(job, sizeof job, ", job %s", lease->job);
    pm_log_note("looking for up to %d s whether the run on host %s (process %lld%s) still lives",
                watch_s, lease->host, (long long)lease->pid, job);
    for (int waited_ms = 0; waited_ms < watch_s * 1000; waited_ms += LOOK_MS) {
        sleep_ms(LOOK_MS);
        const pm_lease now = read_lease(fd);
        if (now.pid == 0)
            return false; /* it has just ended */
        if (now.beat != lease->beat || now.pid != lease->pid || now.started != lease->started)
            return true;
    }
    return false;
}

static bool lives(int fd, const pm_lease *lease, bool granted)
{
    const verdict known = judge(lease);
    if (known != UNKNOWN)
        return known == ALIVE;
    const int64_t age = time(NULL) - lease->seconds;
    if (granted && (age > PM_LEASE_DEAD_S || age < -PM_LEASE_DEAD_S))
        return false;
    return beats(fd, lease, granted ? LOCK_TELLS_S : PM_LEASE_DEAD_S);
}

static parmap_status held(const char *output, const pm_lease *who)
{
    if (who->pid == 0)
        return pm_fail(PARMAP_CANNOT_CREATE,
                       "%s is being written by another run; wait for it, or choose "
                       "another --output",
                       output);
    return pm_fail(PARMAP_CANNOT_CREATE,
                   "%s is being written by another run (host %s, process %lld%s%s); wait "
                   "for it, or choose another --output",
                   output, who->host, (long long)who->pid, who->job[0] ? ", job " : "", who->job);
}

/* Without locks, two runs that begin at the same moment would both find a dead lease: this file,
 * which only one of them can make, lets them look one after the other. */
static void begin_taking(char path[PM_JOURNAL_PATH + 8], const char *journal)
{
    snprintf(path, PM_JOURNAL_PATH + 8, "%s.taking", journal);
    for (int waited_ms = 0; waited_ms < TAKING_S * 1000; waited_ms += LOOK_MS) {
        struct stat info;
        const int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
        if (fd >= 0)
            close(fd);
        if (fd >= 0 || errno != EEXIST)
            return;
        if (stat(path, &info) == 0 && time(NULL) - info.st_mtime > TAKING_S)
            break; /* left by one that was killed while it looked */
        sleep_ms(LOOK_MS);
    }
}

/* Where the lock cannot be the whole truth: refused, or perhaps kept to one machine. */
static parmap_status take_lease(pm_lock *lock, const char *path, const char *output, bool granted)
{
    char taking[PM_JOURNAL_PATH + 8];
    pm_filesystem fs;
    const bool enough = granted && pm_filesystem_describe(path, &fs) && fs.local;
    if (!granted)
        begin_taking(taking, path);
    const pm_lease there = enough ? (pm_lease){0} : read_lease(lock->fd);
    const parmap_status status =
        !enough && lives(lock->fd, &there, granted) ? held(output, &there) : PARMAP_OK;
    lock->lease = lease_of_here();
    if (status == PARMAP_OK)
        write_lease(lock->fd, &lock->lease);
    if (!granted)
        unlink(taking);
    return status;
}

static bool beat(void *context)
{
    pm_lock *lock = context;
    lock->lease.beat++;
    write_lease(lock->fd, &lock->lease);
    return true;
}

/* ---- both ------------------------------------------------------------------------------------ */

static void let_go(pm_lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
}

static parmap_status take_opened(pm_lock *lock, const char *path, const char *output)
{
    const answer locked = try_lock(lock->fd);
    if (locked != HELD)
        return take_lease(lock, path, output, locked == GRANTED);
    const pm_lease there = read_lease(lock->fd);
    return held(output, &there);
}

parmap_status pm_lock_take(pm_lock *lock, const char *output, bool *had_journal)
{
    char path[PM_JOURNAL_PATH];
    pm_journal_path(path, output, 0);
    for (;;) {
        *had_journal = access(path, F_OK) == 0;
        lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (lock->fd < 0)
            return pm_fail(PARMAP_CANNOT_CREATE,
                           "cannot create %s: %s; choose an --output in a folder you "
                           "may write to",
                           path, strerror(errno));
        parmap_status status = take_opened(lock, path, output);
        if (status == PARMAP_OK && same_file(lock->fd, path)) {
            status = pm_ticker_start(&lock->heart, PM_LEASE_BEAT_S, beat, lock);
            if (status == PARMAP_OK)
                return PARMAP_OK;
        }
        let_go(lock);
        if (status != PARMAP_OK)
            return status;
        /* else the run that had it ended meanwhile, and took the name away */
    }
}

bool pm_lock_is_ours(const pm_lock *lock, const char *output)
{
    char path[PM_JOURNAL_PATH];
    return same_file(lock->fd, pm_journal_path(path, output, 0));
}

void pm_lock_release(pm_lock *lock)
{
    if (lock->fd < 0)
        return;
    pm_ticker_stop(&lock->heart);
    lock->lease.pid = 0;
    write_lease(lock->fd, &lock->lease);
    let_go(lock);
}

bool pm_lock_is_held(const char *output, pm_lease *who)
{
    char path[PM_JOURNAL_PATH];
    struct flock record = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    pm_filesystem fs;
    const int fd = open(pm_journal_path(path, output, 0), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const pm_lease lease = read_lease(fd);
    const bool answered = fcntl(fd, F_OFD_GETLK, &record) == 0;
    bool is_held = answered && record.l_type != F_UNLCK;
    if (!is_held && (!answered || !pm_filesystem_describe(path, &fs) || !fs.local)) {
        const verdict known = judge(&lease);
        is_held =
            known == ALIVE || (known == UNKNOWN && time(NULL) - lease.seconds <= PM_LEASE_DEAD_S);
    }
    close(fd);
    if (who)
        *who = lease;
    return is_held;
}
