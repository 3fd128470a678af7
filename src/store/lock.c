/* The lock first, then the lease where the lock may not be the whole truth. */
#include "store/lock.h"

#include "base/filesystem.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LOCK_TELLS_S = PM_LEASE_BEAT_S + 2, /* long enough to see a beat, after a lock was granted */
    LOOK_MS = 200,
    BLANK_S = 5,                   /* nobody takes longer to sign a file that was just made, */
    TAKING_S = 2 * PM_LEASE_DEAD_S /* or to take a lease */
};

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

static bool lives(int fd, const pm_lease *lease, bool granted)
{
    const pm_lease_verdict known = pm_lease_judge(lease);
    if (known != PM_LEASE_UNKNOWN)
        return known == PM_LEASE_ALIVE;
    const int64_t age = time(NULL) - lease->seconds;
    if (granted && (age > PM_LEASE_DEAD_S || age < -PM_LEASE_DEAD_S))
        return false;
    return pm_lease_beats(fd, PM_JOURNAL_LEASE, lease, granted ? LOCK_TELLS_S : PM_LEASE_DEAD_S);
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

/* Left by a process that was killed while it looked? */
static bool was_left(const char *path)
{
    struct stat info;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false; /* it is gone: try again */
    const pm_lease lease = pm_lease_read(fd, 0);
    const int64_t age = fstat(fd, &info) == 0 ? (int64_t)(time(NULL) - info.st_mtime) : 0;
    close(fd);
    if (lease.pid == 0)
        return age > BLANK_S;
    const pm_lease_verdict known = pm_lease_judge(&lease);
    return known == PM_LEASE_DEAD || (known == PM_LEASE_UNKNOWN && age > TAKING_S);
}

/* Makes a file that only one can make, signed. */
static bool make_alone(const char *path)
{
    const int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (fd < 0)
        return false;
    pm_lease lease = pm_lease_of_here();
    if (!pm_lease_write(fd, 0, &lease))
        pm_log_detail("cannot sign %s: %s", path, strerror(errno));
    close(fd);
    return true;
}

/* Without locks, two runs that begin at the same moment would both find a dead lease: this file
 * lets them look one after the other. */
static void begin_taking(char path[PM_JOURNAL_PATH + 8], const char *journal)
{
    snprintf(path, PM_JOURNAL_PATH + 8, "%s.taking", journal);
    for (int waited_ms = 0; waited_ms < TAKING_S * 1000; waited_ms += LOOK_MS) {
        if (make_alone(path) || errno != EEXIST)
            return;
        if (was_left(path))
            unlink(path);
        else
            nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000}, NULL);
    }
}

/* A beat that cannot be written is no reason to end a run. */
static void sign(pm_lock *lock)
{
    if (!pm_lease_write(lock->fd, PM_JOURNAL_LEASE, &lock->lease))
        pm_log_detail("cannot renew the lease of the output: %s", strerror(errno));
}

/* Where the lock cannot be the whole truth: refused, or perhaps kept to one machine. */
static parmap_status take_lease(pm_lock *lock, const char *path, const char *output, bool granted)
{
    char taking[PM_JOURNAL_PATH + 8];
    pm_filesystem fs;
    const bool enough = granted && pm_filesystem_describe(path, &fs) && fs.local;
    if (!granted)
        begin_taking(taking, path);
    const pm_lease there = enough ? (pm_lease){0} : pm_lease_read(lock->fd, PM_JOURNAL_LEASE);
    const parmap_status status =
        !enough && lives(lock->fd, &there, granted) ? held(output, &there) : PARMAP_OK;
    lock->lease = pm_lease_of_here();
    if (status == PARMAP_OK)
        sign(lock);
    if (!granted)
        unlink(taking);
    return status;
}

/* After a long silence (a machine that was suspended, say) another run may have taken the lease:
 * then it is that run's output. */
static bool is_mine(const pm_lock *lock)
{
    const pm_lease there = pm_lease_read(lock->fd, PM_JOURNAL_LEASE);
    return there.pid == 0 || pm_lease_same(&there, &lock->lease);
}

static bool beat(void *context)
{
    pm_lock *lock = context;
    if (!is_mine(lock)) {
        atomic_store(&lock->lost, true);
        return false;
    }
    lock->lease.beat++;
    sign(lock);
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
    const pm_lease there = pm_lease_read(lock->fd, PM_JOURNAL_LEASE);
    return held(output, &there);
}

parmap_status pm_lock_take(pm_lock *lock, const char *output, bool *had_journal)
{
    char path[PM_JOURNAL_PATH];
    pm_journal_path(path, output, 0);
    atomic_store(&lock->lost, false);
    for (;;) {
        *had_journal = access(path, F_OK) == 0;
        lock->fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (lock->fd < 0 && errno == ELOOP)
            return pm_fail(PARMAP_CANNOT_CREATE,
                           "%s is a link, and parmap writes its journal there; move it away, or "
                           "choose another --output",
                           path);
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
    return same_file(lock->fd, pm_journal_path(path, output, 0)) && is_mine(lock);
}

bool pm_lock_is_lost(pm_lock *lock)
{
    return atomic_load(&lock->lost);
}

void pm_lock_release(pm_lock *lock)
{
    if (lock->fd < 0)
        return;
    pm_ticker_stop(&lock->heart);
    if (is_mine(lock)) {
        lock->lease.pid = 0;
        sign(lock);
    }
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
    const pm_lease lease = pm_lease_read(fd, PM_JOURNAL_LEASE);
    const bool answered = fcntl(fd, F_OFD_GETLK, &record) == 0;
    bool is_held = answered && record.l_type != F_UNLCK;
    if (!is_held && (!answered || !pm_filesystem_describe(path, &fs) || !fs.local)) {
        const pm_lease_verdict known = pm_lease_judge(&lease);
        is_held = known == PM_LEASE_ALIVE ||
                  (known == PM_LEASE_UNKNOWN && time(NULL) - lease.seconds <= PM_LEASE_DEAD_S);
    }
    close(fd);
    if (who)
        *who = lease;
    return is_held;
}
