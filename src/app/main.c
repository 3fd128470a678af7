/* parmap - looks at result files: `parmap info FILE`, `parmap verify FILE`; joins the parts of a
 * range: `parmap merge OUTPUT PART...`; shows and makes kernel files: `parmap kernels FILE`,
 * `parmap compile FILE.c -o FILE.so`; and looks at what a long run will meet: `parmap doctor`, the
 * only command that starts MPI. */
#include "app/commands.h"

#include "base/log.h"
#include "comm/world.h"
#include "store/data.h"
#include "store/file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
    "usage: parmap info [--state | --failed] FILE\n"
    "                                    what a result file holds\n"
    "       parmap verify FILE           re-hash its data\n"
    "       parmap merge [--force] OUTPUT PART...\n"
    "                                    join the files of --part 1/N .. N/N into one\n"
    "       parmap kernels FILE          the kernels of FILE.c or FILE.so: types, parameters\n"
    "       parmap compile FILE.c -o FILE.so\n"
    "                                    makes a kernel file for where there is no compiler\n"
    "       parmap doctor [--output FILE|FOLDER] [--threads N]\n"
    "                                    what can be wrong before a long run; started as the run\n"
    "                                    will be: mpirun -np 8 parmap doctor --output /scratch/me\n"
    "       parmap --help | --version\n"
    "\n"
    "info --state prints one word: complete, incomplete, running, missing or foreign.\n"
    "info --failed prints the failed items: index, x, attempts, rank, host, message.\n"
    "merge checks everything before it writes; its file is that of one run of the whole range.\n"
    "doctor says ok, warning or wrong of each thing, and what to do about it.\n"
    "Exit codes: 0 good, 64 wrong usage, 65 bad data, gaps or conflicts, 66 no such file,\n"
    "71 doctor: something is wrong, 73 the output holds something else, 74 write error,\n"
    "75 stopped by a signal.\n";

static bool is_link(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
}

/* A file has one name, and one journal, whatever links lead to it. */
static const char *follow(const char *path)
{
    static char real[PATH_MAX];
    return realpath(path, real) && strlen(real) < PM_PATH && is_link(path) ? real : path;
}

static int report(parmap_status status)
{
    if (status == PARMAP_OK)
        status = pm_log_finish_stdout();
    if (status != PARMAP_OK)
        pm_log_failure();
    return (int)status;
}

int main(int argc, char **argv)
{
    pm_log_open("parmap");
    const char *command = argc > 1 ? argv[1] : "";
    const char *file = follow(argv[argc - 1]);
    const bool state = argc == 4 && strcmp(argv[2], "--state") == 0;
    const bool failed = argc == 4 && strcmp(argv[2], "--failed") == 0;
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0) {
        fputs(usage, stdout);
        return report(PARMAP_OK);
    }
    if (strcmp(command, "--version") == 0) {
        printf("parmap %s\n%s, HDF5 %s\n", PARMAP_VERSION, pm_world_library(), pm_file_library());
        return report(PARMAP_OK);
    }
    if (strcmp(command, "doctor") == 0)
        return pm_command_doctor(argc, argv);
    if (strcmp(command, "merge") == 0)
        return report(pm_command_merge(argc - 2, argv + 2));
    if (strcmp(command, "compile") == 0)
        return report(pm_command_compile(argc - 2, argv + 2));
    if (strcmp(command, "kernels") == 0 && argc == 3 && argv[2][0] != '-')
        return report(pm_command_kernels(argv[2]));
    if (strcmp(command, "info") == 0 && (state || failed || argc == 3) && file[0] != '-')
        return report(state    ? pm_command_state(file)
                      : failed ? pm_command_failed(file)
                               : pm_command_info(file));
    if (strcmp(command, "verify") == 0 && argc == 3 && file[0] != '-')
        return report(pm_command_verify(file));
    if (strcmp(command, "info") == 0 || strcmp(command, "verify") == 0 ||
        strcmp(command, "kernels") == 0)
        pm_log_error("%s takes one FILE; see parmap --help", command);
    else if (*command)
        pm_log_error("unknown command %s; use info, verify, merge, kernels, compile or doctor, see "
                     "parmap --help",
                     command);
    else
        pm_log_error("no command; use info, verify, merge, kernels, compile or doctor, see "
                     "parmap --help");
    return PARMAP_USAGE;
}
