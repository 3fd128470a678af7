/* HDF5 believes what a file says of itself: on damaged metadata it may crash, or go round in
 * circles.  So a child process looks first, opens the set, goes through the index of its chunks,
 * and reads the first row and the last where HDF5 reads, as the ranks will; when it survives, so
 * does this process.  That takes 2 ms. */
#include "store/input.h"

#include "store/input_look.h"
#include "store/input_set.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_SECONDS = 20 }; /* of computing: waiting for a slow disk does not count */

/* Crashes are expected: no core files, no handlers of MPI or of sanitizers that print. */
static void prepare(void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU};
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        signal(crashes[i], SIG_DFL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    setrlimit(RLIMIT_CPU, &(struct rlimit){MOST_SECONDS, MOST_SECONDS});
}

static void ignore_rows(void *context, int64_t first, int64_t count, const char *rows)
{
    (void)context;
    (void)first;
    (void)count;
    (void)rows;
}

/* What fails in words here will do so again where it is heard. */
static void try_out(const char *text)
{
    static pm_input input;
    static pm_scratch scratch;
    pm_set *set;
    if (pm_input_examine(text, &input) != PARMAP_OK || pm_set_open(&input, &set) != PARMAP_OK)
        return;
    if (pm_set_walk(set) != PARMAP_OK || input.storage != PM_INPUT_BY_HDF5 || input.rows == 0)
        return;
    if (pm_set_read(set, &scratch, 0, 1, ignore_rows, NULL) == PARMAP_OK)
        pm_set_read(set, &scratch, input.rows - 1, 1, ignore_rows, NULL);
}

/* The status of the child as wait tells it; 0 when there was none, as under a limit of processes:
 * then HDF5 is trusted. */
static int run_child(const char *text)
{
    int how = 0;
    const pid_t child = fork();
    if (child == 0) {
        prepare();
        try_out(text);
        _exit(0);
    }
    while (child > 0 && waitpid(child, &how, 0) < 0)
        if (errno != EINTR)
            return 0; /* somebody else has reaped it */
    return how;
}

parmap_status pm_input_look(const char *text, pm_input *input)
{
    const int how = run_child(text);
    if (how == 0)
        return pm_input_examine(text, input);
    const int crash = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
    if (crash == SIGXCPU || crash == SIGKILL)
        return pm_fail(PARMAP_BAD_DATA,
                       "--input %s: HDF5 comes to no end with that file: it is damaged; copy it "
                       "again",
                       text);
    return pm_fail(PARMAP_BAD_DATA,
                   "--input %s: HDF5 crashes on that file (%s): it is damaged; copy it again", text,
                   crash ? strsignal(crash) : "it exits");
}
