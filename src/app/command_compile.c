/* parmap compile. */
#include "app/commands.h"

#include "app/command_map.h"
#include "app/kernel_files.h"
#include "app/options.h"
#include "base/stop.h"
#include "work/compiler.h"

#include <stdlib.h>

static const char way_out[] = "write parmap compile FILE.c -o FILE.so, or parmap compile 'x*x*x' "
                              "-o FILE.so";

/* Only what the user says counts as the name of the file. */
static const parmap_spec defaults = {.type = PARMAP_INT64, .dataset = "results", .output = NULL};

static parmap_status compile(const pm_origin *origin, const pm_settings *settings)
{
    pm_bytes object = {.data = NULL};
    if (!settings->output)
        return pm_fail(PARMAP_USAGE, "compile needs -o FILE.so; %s", way_out);
    PM_TRY(pm_check_object_name(settings->output));
    pm_stop_install();
    parmap_status status = pm_mapping_compile(origin, settings, &object);
    if (status == PARMAP_OK)
        status = pm_write_object(settings->output, &object);
    pm_bytes_free(&object);
    return status;
}

static parmap_status settle(const pm_origin *origin, int count, char **options)
{
    pm_layers *layers = NULL;
    pm_settings settings;
    pm_action action;
    parmap_status status = pm_settings_command_line(count, options, &defaults, &layers, &action);
    if (status == PARMAP_OK && action == PM_ACTION_HELP)
        pm_settings_help("parmap compile", &defaults);
    else if (status == PARMAP_OK && action != PM_ACTION_RUN)
        status = pm_fail(PARMAP_USAGE, "compile computes nothing; %s", way_out);
    else if (status == PARMAP_OK)
        status = pm_settings_resolve(layers, &settings);
    if (status == PARMAP_OK && action == PM_ACTION_RUN)
        status = compile(origin, &settings);
    pm_settings_free(layers);
    return status;
}

parmap_status pm_command_compile(int argc, char **argv)
{
    pm_origin origin;
    char **options = NULL;
    int count;
    parmap_status status = pm_map_split(argc, argv, &origin, &count, &options);
    if (status == PARMAP_OK)
        status = settle(&origin, count, options);
    free(options);
    return status;
}
