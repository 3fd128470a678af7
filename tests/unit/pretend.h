/* A machine that is made up in part: the linker takes these for libc's, in HDF5 too.  Locks that
 * are refused, a network file system, syncs that are watched or fail, and sleeps that pass at once.
 */
#ifndef PRETEND_H
#define PRETEND_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#pragma GCC visibility push(default) /* for the calls of shared libraries */

static struct {
    int no_locks;  /* this error comes of locks; 0 = there are locks */
    bool network;  /* all paths lie on NFS */
    bool no_sleep; /* sleeps pass at once, */
    int64_t slept_ms;
    void (*sleeping)(int64_t slept_ms); /* with this at the end of each, or NULL */
    double clock_slow_s;                /* the monotonic clock is behind by so much */
    bool no_sync;                       /* syncs pass at once */
    int (*sync)(int fd);                /* for fdatasync, or NULL: an error, or 0 */
    int64_t steps;                      /* changes of files so far */
    int64_t killed_at;                  /* the process ends before that step; 0 = it goes on */
    bool torn;                          /* a write that it ends at is half done */
} pretend;

enum { KILLED = 99 }; /* how it ends then */

static inline bool is_killed(void)
{
    return ++pretend.steps == pretend.killed_at;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at)
{
    const bool last = is_killed();
    if (last && !pretend.torn)
        _exit(KILLED);
    const ssize_t written = syscall(SYS_pwrite64, fd, bytes, last ? count / 2 : count, at);
    if (last)
        _exit(KILLED);
    return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at)
    __attribute__((alias("pwrite"))); /* HDF5 calls it so */

int ftruncate(int fd, off_t length)
{
    if (is_killed())
        _exit(KILLED);
    return (int)syscall(SYS_ftruncate, fd, length);
}

int ftruncate64(int fd, off_t length) __attribute__((alias("ftruncate")));

int unlink(const char *path)
{
    if (is_killed())
        _exit(KILLED);
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int fcntl(int fd, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    const long argument = va_arg(arguments, long);
    va_end(arguments);
    if (pretend.no_locks != 0 && (command == F_OFD_SETLK || command == F_OFD_GETLK)) {
        errno = pretend.no_locks;
        return -1;
    }
    return (int)syscall(SYS_fcntl, fd, command, argument);
}

int statfs(const char *path, struct statfs *answer)
{
    const int result = (int)syscall(SYS_statfs, path, answer);
    if (pretend.network)
        answer->f_type = 0x6969;
    return result;
}

int nanosleep(const struct timespec *request, struct timespec *remaining)
{
    if (!pretend.no_sleep)
        return (int)syscall(SYS_nanosleep, request, remaining);
    pretend.slept_ms += request->tv_sec * 1000 + request->tv_nsec / 1000000;
    if (pretend.sleeping)
        pretend.sleeping(pretend.slept_ms);
    return 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    const int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_MONOTONIC) {
        const int64_t ns = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec -
                           (int64_t)(pretend.clock_slow_s * 1e9);
        now->tv_sec = ns / 1000000000;
        now->tv_nsec = ns % 1000000000;
    }
    return result;
}

int fdatasync(int fd)
{
    const int error = pretend.sync ? pretend.sync(fd) : 0;
    if (error == 0)
        return pretend.no_sync ? 0 : (int)syscall(SYS_fdatasync, fd);
    errno = error;
    return -1;
}

int fsync(int fd)
{
    return pretend.no_sync ? 0 : (int)syscall(SYS_fsync, fd);
}

#pragma GCC visibility pop

#endif
