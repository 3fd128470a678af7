/* By the ending of the name. */
#include "work/kernel_file.h"

#include <string.h>

static bool is_object_name(const char *path)
{
    const size_t length = strlen(path);
    return length > 3 && strcmp(path + length - 3, ".so") == 0;
}

bool pm_is_kernel_file(const char *text)
{
    return is_object_name(text) || pm_is_source_name(text);
}

parmap_status pm_kernel_file_read(const char *path, pm_compiled *compiled)
{
    *compiled = (pm_compiled){.said = NULL};
    if (is_object_name(path))
        return pm_module_read(path, &compiled->object);
    if (pm_is_source_name(path))
        return pm_compile(&(pm_compile_source){.path = path}, compiled);
    return pm_fail(
        PARMAP_USAGE,
        "%s is no kernel file; give a file whose name ends in .so, .c, .cc, .cpp or .cxx", path);
}
