/* Follows stderr to a terminal, through the launchers. */
#include "app/terminal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { ANCESTORS = 4, PATH = 4096 };

static bool is_launcher(const char *name)
{
    static const char *const names[] = {"mpirun",   "mpiexec", "orterun",   "orted",
                                        "prterun",  "prted",   "hydra_",    "mpirun.",
                                        "mpiexec.", "srun",    "slurmstepd"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* From /proc/PID/stat, "PID (NAME) STATE PARENT ...": a name may hold blanks and brackets. */
static bool look_at(pid_t pid, char name[64], pid_t *parent)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    const bool got = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    char *open = strchr(line, '('), *close = strrchr(line, ')');
    int ppid = 0;
    if (!got || !open || !close || sscanf(close + 1, " %*c %d", &ppid) != 1)
        return false;
    *close = '\0';
    snprintf(name, 64, "%s", open + 1);
    *parent = ppid;
    return true;
}

/* The terminal that is stderr of the outermost launcher above this process; false when there is
 * none. */
static bool launcher_terminal(char target[PATH])
{
    bool found = false;
    pid_t pid = getppid(), parent;
    char name[64], link[64];
    for (int i = 0; i < ANCESTORS && pid > 1 && look_at(pid, name, &parent) && is_launcher(name);
         i++) {
        snprintf(link, sizeof link, "/proc/%d/fd/2", (int)pid);
        const ssize_t length = readlink(link, target, PATH - 1);
        if (length > 0) {
            target[length] = '\0';
            found = strncmp(target, "/dev/pts/", 9) == 0 || strncmp(target, "/dev/tty", 8) == 0;
        }
        pid = parent;
    }
    return found;
}

bool pm_terminal_on_stderr(void)
{
    char target[PATH];
    return isatty(STDERR_FILENO) || launcher_terminal(target);
}

int pm_terminal_width(void)
{
    char target[PATH];
    struct winsize size = {0};
    int fd = STDERR_FILENO;
    if (!isatty(fd))
        fd = launcher_terminal(target) ? open(target, O_RDONLY | O_NOCTTY | O_CLOEXEC) : -1;
    if (fd >= 0)
        ioctl(fd, TIOCGWINSZ, &size);
    if (fd >= 0 && fd != STDERR_FILENO)
        close(fd);
    return size.ws_col > 20 ? size.ws_col : 80;
}
