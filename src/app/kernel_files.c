/* What parmap compile, parmap kernels and runs with a kernel of a file have in common. */
#include "app/kernel_files.h"

#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void pm_show_compiler(const pm_compiled *compiled, parmap_status status)
{
    if (compiled->said)
        pm_log_lines(status == PARMAP_OK ? PM_LOG_NORMAL : PM_LOG_QUIET, compiled->said);
}

parmap_status pm_read_kernel_file(const char *path, pm_bytes *object)
{
    pm_compiled compiled;
    const parmap_status status = pm_kernel_file_read(path, &compiled);
    pm_show_compiler(&compiled, status);
    *object = compiled.object;
    compiled.object = (pm_bytes){NULL, 0};
    pm_compiled_free(&compiled);
    return status;
}

parmap_status pm_check_object_name(const char *path)
{
    const char *end = strrchr(path, '.');
    return end && strcmp(end, ".so") == 0
               ? PARMAP_OK
               : pm_fail(PARMAP_USAGE, "-o %s: the name of a compiled kernel ends in .so", path);
}

/* Under another name first, so that nobody loads half of it. */
static parmap_status write_object(const char *path, const pm_bytes *object)
{
    char temporary[PATH_MAX];
    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
        return pm_fail(PARMAP_CANNOT_CREATE, "%s is too long a name; choose a shorter one", path);
    const mode_t mask = umask(0);
    umask(mask);
    const int fd = mkstemp(temporary);
    if (fd < 0)
        return pm_fail(PARMAP_CANNOT_CREATE, "cannot create %s: %s; choose another place for -o",
                       path, strerror(errno));
    bool good = pm_bytes_write(fd, object->data, object->size) && fchmod(fd, 0777 & ~mask) == 0;
    good = close(fd) == 0 && good && rename(temporary, path) == 0;
    const int error = errno;
    if (!good)
        unlink(temporary);
    return good ? PARMAP_OK
                : pm_fail(PARMAP_WRITE_ERROR, "cannot write %s: %s; choose another place for -o",
                          path, strerror(error));
}

parmap_status pm_write_object(const char *path, const pm_bytes *object)
{
    pm_module module;
    PM_TRY(pm_module_open(path, object, &module));
    const parmap_status status = write_object(path, object);
    for (int i = 0; status == PARMAP_OK && i < module.count; i++)
        printf("%s%s%s", i == 0 ? path : "", i == 0 ? ": " : ", ", module.kernels[i]->name);
    if (status == PARMAP_OK)
        putchar('\n');
    pm_module_close(&module);
    return status;
}
