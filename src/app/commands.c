/* The table of commands, and the words of those that look at one file. */
#include "app/commands.h"

#include "base/log.h"
#include "store/data.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int pm_command_end(parmap_status status)
{
    if (status == PARMAP_OK)
        status = pm_log_finish_stdout();
    if (status != PARMAP_OK)
        pm_log_failure();
    return (int)status;
}

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

/* The one FILE of a command, its last word; `words` = how many the command line must have. */
static parmap_status read_file(int argc, char **argv, int words, const char **file)
{
    if (argc != words || argv[argc - 1][0] == '-')
        return pm_fail(PARMAP_USAGE, "%s takes one FILE; see parmap --help", argv[1]);
    *file = follow(argv[argc - 1]);
    return PARMAP_OK;
}

static parmap_status info(int argc, char **argv)
{
    const bool state = argc == 4 && strcmp(argv[2], "--state") == 0;
    const bool failed = argc == 4 && strcmp(argv[2], "--failed") == 0;
    const char *file = NULL;
    PM_TRY(read_file(argc, argv, state || failed ? 4 : 3, &file));
    return state    ? pm_command_state(file)
           : failed ? pm_command_failed(file)
                    : pm_command_info(file);
}

static parmap_status verify(int argc, char **argv)
{
    const char *file = NULL;
    PM_TRY(read_file(argc, argv, 3, &file));
    return pm_command_verify(file);
}

static int run_info(int argc, char **argv)
{
    return pm_command_end(info(argc, argv));
}

static int run_verify(int argc, char **argv)
{
    return pm_command_end(verify(argc, argv));
}

static int run_merge(int argc, char **argv)
{
    return pm_command_end(pm_command_merge(argc - 2, argv + 2));
}

static parmap_status kernels(int argc, char **argv)
{
    const char *file = NULL;
    PM_TRY(read_file(argc, argv, 3, &file));
    return pm_command_kernels(file);
}

static int run_kernels(int argc, char **argv)
{
    return pm_command_end(kernels(argc, argv));
}

static int run_compile(int argc, char **argv)
{
    return pm_command_end(pm_command_compile(argc, argv));
}

const pm_command pm_commands[] = {
    {.name = "map",
     .operands = "FORMULA...|FILE",
     .help =
         "map formulas, or a kernel of FILE.c or FILE.so, over a range or data sets; parmap map "
         "--help lists the options, which are those of every kernel program",
     .maps = true,
     .run = pm_command_map},
    {.name = "kernels",
     .operands = "FILE",
     .help = "the kernels of FILE.c or FILE.so: types, parameters",
     .run = run_kernels},
    {.name = "compile",
     .operands = "FORMULA...|FILE.c",
     .help = "make a kernel file for where there is no compiler; of formulas with the options of "
             "map",
     .maps = true,
     .run = run_compile},
    {.name = "info",
     .operands = "FILE",
     .help = "what a result file holds",
     .options = {{"state", NULL,
                  "print one word only: complete, incomplete, running, missing or foreign"},
                 {"failed", NULL,
                  "print the failed items only: index, x, attempts, rank, host, message"}},
     .run = run_info},
    {.name = "verify", .operands = "FILE", .help = "re-hash the data of a file", .run = run_verify},
    {.name = "merge",
     .operands = "OUTPUT PART...",
     .help = "join the files of --part 1/N .. N/N into one, which is that of one run of the whole "
             "range; everything is checked before it is written",
     .options = {{"force", NULL, "replace a file of parmap that holds another run"}},
     .run = run_merge},
    {.name = "doctor",
     .operands = "",
     .help = "say ok, warning or wrong of each thing that a long run needs, and what to do about "
             "it; started as the run will be: mpirun -np 8 parmap doctor --output /scratch/me",
     .options = {{"output", "FILE|FOLDER", "where the results will go"},
                 {"threads", "N", "threads of each rank"}},
     .run = pm_command_doctor},
    {.name = NULL},
};

const pm_command_exit pm_command_exits[] = {
    {PARMAP_OK, "good"},
    {PARMAP_USAGE, "wrong usage"},
    {PARMAP_BAD_DATA, "bad data, gaps or conflicts"},
    {PARMAP_NO_INPUT, "no such file"},
    {PARMAP_SYSTEM, "doctor: something is wrong"},
    {PARMAP_CANNOT_CREATE, "the output holds something else"},
    {PARMAP_WRITE_ERROR, "write error"},
    {PARMAP_STOPPED, "stopped by a signal"},
    {0, NULL},
};

const pm_command *pm_command_find(const char *name)
{
    for (const pm_command *command = pm_commands; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

char *pm_command_names(char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = '\0';
    for (const pm_command *c = pm_commands; c->name && used < bytes; c++) {
        const char *between = c == pm_commands ? "" : c[1].name ? ", " : " or ";
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", between, c->name);
    }
    return text;
}
