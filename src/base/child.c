/* posix_spawn in a process group of its own, a pipe, and two ways to know that it is over: the pipe
 * is closed, the process has ended.  Neither alone suffices: a program may leave another behind
 * that holds the pipe, or close it and go on. */
#include "base/child.h"

#include "base/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 50, FIRST_NAP_US = 100, LAST_NAP_US = 20000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What a program expects to find: signals as they are by default, and none blocked. */
static int prepare(posix_spawnattr_t *how)
{
    static const int by_default[] = {SIGPIPE, SIGXFSZ, SIGCHLD, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
    sigset_t defaults, none;
    sigemptyset(&defaults);
    sigemptyset(&none);
    for (size_t i = 0; i < sizeof by_default / sizeof by_default[0]; i++)
        sigaddset(&defaults, by_default[i]);
    const int error = posix_spawnattr_init(how);
    if (error != 0)
        return error;
    posix_spawnattr_setsigdefault(how, &defaults);
    posix_spawnattr_setsigmask(how, &none);
    posix_spawnattr_setpgroup(how, 0);
    return posix_spawnattr_setflags(how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                             POSIX_SPAWN_SETPGROUP);
}

/* The program's streams; files of ours that have no close-on-exec are none of its business. */
static void connect_streams(posix_spawn_file_actions_t *actions, const pm_child *child, int to)
{
    posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(actions, to, STDOUT_FILENO);
    if (child->with_stderr)
        posix_spawn_file_actions_adddup2(actions, to, STDERR_FILENO);
    else
        posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
#endif
}

/* Returns errno; *from = the end of the pipe to read. */
static int start(const pm_child *child, pid_t *pid, int *from)
{
    int ends[2];
    posix_spawnattr_t how;
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    int error = prepare(&how);
    if (error == 0)
        error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        connect_streams(&actions, child, ends[1]);
        error = posix_spawnp(pid, child->arguments[0], &actions, &how, child->arguments,
                             child->environment ? child->environment : environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&how);
    close(ends[1]);
    *from = ends[0];
    if (error != 0)
        close(ends[0]);
    else
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return error;
}

/* Takes what is in the pipe now.  False when nobody can write any more. */
static bool drain(int from, char *said, size_t bytes, size_t *length)
{
    for (;;) {
        char rest[4096];
        const bool keep = *length + 1 < bytes;
        const ssize_t got =
            keep ? read(from, said + *length, bytes - 1 - *length) : read(from, rest, sizeof rest);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 && errno == EAGAIN;
        if (keep)
            *length += (size_t)got;
    }
}

/* It stays a zombie, so that its number, and its group's, are not another's yet. */
static bool has_ended(pid_t pid)
{
    siginfo_t info = {.si_pid = 0};
    const int result = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
    return result == 0 ? info.si_pid == pid : errno != EINTR;
}

static bool is_over(const pm_child *child, double until, pm_child_end *end)
{
    end->stopped = child->stops && pm_stop_signal() != 0;
    end->timed_out = !end->stopped && now() >= until;
    return end->stopped || end->timed_out;
}

static void nap(int *length_us)
{
    nanosleep(&(struct timespec){0, *length_us * 1000L}, NULL);
    *length_us = *length_us * 2 < LAST_NAP_US ? *length_us * 2 : LAST_NAP_US;
}

static void listen(const pm_child *child, pid_t pid, int from, char *said, size_t bytes,
                   pm_child_end *end)
{
    const double until = now() + child->limit_s;
    bool open = true;
    int nap_us = FIRST_NAP_US;
    while (!is_over(child, until, end)) {
        const bool ended = has_ended(pid);
        if (open)
            open = drain(from, said, bytes, &end->length);
        if (ended)
            return;
        if (open)
            poll(&(struct pollfd){.fd = from, .events = POLLIN}, 1, LOOK_MS);
        else
            nap(&nap_us);
    }
}

/* A parent that ignores SIGCHLD leaves no exit codes: then it counts as 0. */
static int code_of(pid_t pid)
{
    int code = 0;
    while (waitpid(pid, &code, 0) < 0)
        if (errno != EINTR)
            return 0;
    return WIFSIGNALED(code) ? 128 + WTERMSIG(code) : WEXITSTATUS(code);
}

bool pm_child_run(const pm_child *child, char *said, size_t bytes, pm_child_end *end)
{
    pid_t pid;
    int from;
    *end = (pm_child_end){.error = start(child, &pid, &from)};
    if (end->error == 0) {
        listen(child, pid, from, said, bytes, end);
        kill(-pid, SIGKILL);
        kill(pid, SIGKILL); /* should it have left its group */
        close(from);
        end->code = code_of(pid);
    }
    said[end->length] = '\0';
    return end->error == 0 && !end->timed_out && !end->stopped && end->code == 0;
}
