/* peak PROGRAM ARGS...: runs PROGRAM, then prints its peak memory on stdout: "peak_kib N".
 * A program of its own, and a small one, since ru_maxrss of a child begins with the memory of the
 * process that forked it: seen from Python every program would have at least Python's size. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 2)
        return 64;
    const pid_t child = fork();
    if (child < 0)
        return 71;
    if (child == 0) {
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    int state = 0;
    struct rusage usage;
    if (wait4(child, &state, 0, &usage) != child)
        return 71;
    printf("peak_kib %ld\n", usage.ru_maxrss);
    return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}
