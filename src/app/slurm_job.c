/* Slurm's variables, and one question to squeue.  Slurm sets SLURM_JOB_END_TIME from version 23.02
 * on; the batch scripts of slurm/ set it for older ones. */
#include "app/slurm_job.h"

#include "base/log.h"
#include "base/text.h"
#include "comm/pause.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const double answer_within_s = 2;

const char *pm_slurm_job_id(char id[PM_SLURM_ID])
{
    const char *job = getenv("SLURM_JOB_ID"), *array = getenv("SLURM_ARRAY_JOB_ID"),
               *task = getenv("SLURM_ARRAY_TASK_ID");
    if (!job || !*job)
        return NULL;
    if (array && *array && task && *task) /* the last task's own id is that of the whole array */
        snprintf(id, PM_SLURM_ID, "%s_%s", array, task);
    else
        snprintf(id, PM_SLURM_ID, "%s", job);
    return id;
}

/* ---- asking squeue --------------------------------------------------------------------------- */

/* Starts a command with its stdout in a pipe, of which *from is the end to read. */
static int spawn(char *const arguments[], pid_t *child, int *from)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    const int error = posix_spawnp(child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *from = ends[0];
    if (error != 0)
        close(ends[0]);
    return error;
}

/* Reads until the end, or until the time is up; the length, or -1. */
static ssize_t read_all(int from, char *text, size_t bytes)
{
    const double until = pm_now() + answer_within_s;
    size_t length = 0;
    for (;;) {
        struct pollfd wait = {.fd = from, .events = POLLIN};
        const double left = until - pm_now();
        if (left <= 0)
            return -1;
        if (poll(&wait, 1, (int)(left * 1000) + 1) <= 0)
            continue;
        const ssize_t got = read(from, text + length, bytes - 1 - length);
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    text[length] = '\0';
    return (ssize_t)length;
}

bool pm_slurm_ask(char *const arguments[], char *answer, size_t bytes)
{
    pid_t child;
    int from = -1, code = -1;
    const int error = spawn(arguments, &child, &from);
    if (error != 0) {
        pm_log_detail("cannot ask %s: %s", arguments[0], strerror(error));
        return false;
    }
    const ssize_t length = read_all(from, answer, bytes);
    close(from);
    if (length < 0) {
        pm_log_detail("%s did not answer within %.0f s", arguments[0], answer_within_s);
        kill(child, SIGKILL);
    }
    while (waitpid(child, &code, 0) < 0 && errno == EINTR)
        ;
    answer[length < 0 ? 0 : strcspn(answer, "\n")] = '\0';
    return length > 0 && code == 0;
}

/* "1-02:03:04", "UNLIMITED", ... */
static double ask_squeue(char id[PM_SLURM_ID])
{
    char answer[64];
    double left;
    char *const squeue[] = {"squeue", "-h", "-j", id, "-o", "%L", NULL};
    if (!pm_slurm_ask(squeue, answer, sizeof answer) ||
        pm_parse_duration(answer, &left) != PARMAP_OK)
        return INFINITY;
    return left;
}

/* ---- the end of the job ---------------------------------------------------------------------- */

double pm_slurm_time_left(void)
{
    char id[PM_SLURM_ID];
    const char *end = getenv("SLURM_JOB_END_TIME");
    parmap_int128 seconds;
    if (!pm_slurm_job_id(id))
        return INFINITY;
    if (!end || !*end)
        return ask_squeue(id);
    if (pm_parse_integer_within(end, 1, INT64_MAX, &seconds) == PARMAP_OK) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        return (double)(int64_t)seconds - (double)now.tv_sec - 1e-9 * (double)now.tv_nsec;
    }
    pm_log_detail("SLURM_JOB_END_TIME=%s is no time", end);
    return INFINITY;
}
