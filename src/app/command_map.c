/* parmap map. */
#include "app/command_map.h"

#include "app/commands.h"
#include "app/program.h"

#include <stdlib.h>
#include <string.h>

const parmap_spec pm_map_defaults = {
    .type = PARMAP_INT64, .dataset = "results", .output = "map.h5"};

static bool is_option(const char *word)
{
    return strncmp(word, "--", 2) == 0 || strcmp(word, "-o") == 0;
}

static bool asks_for_help(int count, char **options)
{
    for (int i = 1; i < count; i++)
        if (strcmp(options[i], "--help") == 0 || strcmp(options[i], "--version") == 0)
            return true;
    return false;
}

parmap_status pm_map_split(int argc, char **argv, pm_origin *origin, int *option_count,
                           char ***options)
{
    int words = 0;
    while (2 + words < argc && !is_option(argv[2 + words]))
        words++;
    *origin = (pm_origin){.words = argv + 2, .count = words};
    *option_count = argc - 1 - words;
    *options = calloc((size_t)*option_count + 1, sizeof **options);
    if (!*options)
        return pm_fail(PARMAP_SYSTEM, "out of memory for the command line");
    (*options)[0] = argv[0];
    memcpy(*options + 1, argv + 2 + words, (size_t)(argc - 2 - words) * sizeof **options);
    if (words > 0 || asks_for_help(*option_count, *options))
        return PARMAP_OK;
    return pm_fail(PARMAP_USAGE,
                   "parmap %s needs a formula or a file with kernels before its options; write "
                   "parmap %s 'x*x*x' --range 1..1000000",
                   argv[1], argv[1]);
}

int pm_command_map(int argc, char **argv)
{
    pm_origin origin;
    char **options = NULL;
    int count;
    const parmap_status status = pm_map_split(argc, argv, &origin, &count, &options);
    const int code = status == PARMAP_OK ? pm_program_run(count, options, argv, "parmap map",
                                                          &pm_map_defaults, &origin)
                                         : pm_command_end(status);
    free(options);
    return code;
}
