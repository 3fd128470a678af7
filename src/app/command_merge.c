/* parmap merge: part files into one. */
#include "app/commands.h"

#include "app/part_files.h"
#include "base/stop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static parmap_status merge(pm_part_files *parts, char *const *paths, int count, bool force,
                           const char *command)
{
    pm_complaints complaints = {.status = PARMAP_OK};
    PM_TRY(pm_part_files_open(parts, paths[0], paths + 1, count - 1, &complaints));
    PM_TRY(pm_complaints_end(&complaints));
    PM_TRY(pm_part_files_check(parts, &complaints));
    PM_TRY(pm_complaints_end(&complaints));
    return pm_part_files_write(parts, force, command);
}

/* The words but for the options, which may stand anywhere. */
static parmap_status read_words(int argc, char **argv, char **paths, int *count, bool *force)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--force") == 0)
            *force = true;
        else if (argv[i][0] == '-')
            return pm_fail(PARMAP_USAGE, "unknown option %s of merge; only --force is taken",
                           argv[i]);
        else
            paths[(*count)++] = argv[i];
    }
    if (*count < 2)
        return pm_fail(PARMAP_USAGE,
                       "merge takes an output and its parts: parmap merge OUTPUT PART...");
    return PARMAP_OK;
}

static void join_words(char *text, size_t bytes, int argc, char **argv)
{
    size_t used = (size_t)snprintf(text, bytes, "parmap merge");
    for (int i = 0; i < argc && used < bytes; i++)
        used += (size_t)snprintf(text + used, bytes - used, " %s", argv[i]);
}

parmap_status pm_command_merge(int argc, char **argv)
{
    pm_part_files parts = {.files = NULL};
    char **paths = calloc((size_t)argc + 1, sizeof *paths), command[PM_FIELD_TEXT];
    bool force = false;
    int count = 0;
    if (!paths)
        return pm_fail(PARMAP_SYSTEM, "out of memory for %d parts", argc);
    pm_stop_install();
    join_words(command, sizeof command, argc, argv);
    parmap_status status = read_words(argc, argv, paths, &count, &force);
    if (status == PARMAP_OK)
        status = merge(&parts, paths, count, force, command);
    pm_part_files_close(&parts);
    free(paths);
    return status;
}
