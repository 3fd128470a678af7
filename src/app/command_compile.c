/* parmap compile. */
#include "app/commands.h"

#include "app/kernel_files.h"
#include "base/stop.h"

#include <string.h>

static const char way_out[] = "write parmap compile FILE.c -o FILE.so";

/* FILE and OUTPUT of FILE -o OUTPUT, in any order. */
static parmap_status read_words(int argc, char **argv, const char **file, const char **output)
{
    *file = *output = NULL;
    for (int i = 0; i < argc; i++) {
        const bool is_output = strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0;
        const char **to = is_output ? output : file;
        if (is_output)
            i++;
        if (i == argc || *to || argv[i][0] == '-')
            return pm_fail(PARMAP_USAGE, "compile takes one FILE and one -o FILE.so; %s", way_out);
        *to = argv[i];
    }
    if (!*file || !*output)
        return pm_fail(PARMAP_USAGE, "compile needs %s; %s", *file ? "-o FILE.so" : "a FILE",
                       way_out);
    return PARMAP_OK;
}

parmap_status pm_command_compile(int argc, char **argv)
{
    const char *file, *output;
    pm_bytes object;
    PM_TRY(read_words(argc, argv, &file, &output));
    PM_TRY(pm_check_object_name(output));
    if (!pm_is_source_name(file))
        return pm_fail(PARMAP_USAGE, "%s is no C or C++ file; %s", file, way_out);
    pm_stop_install();
    parmap_status status = pm_read_kernel_file(file, &object);
    if (status == PARMAP_OK)
        status = pm_write_object(output, &object);
    pm_bytes_free(&object);
    return status;
}
