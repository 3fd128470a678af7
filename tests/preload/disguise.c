/* disguise - a library for LD_PRELOAD: a local file system and this machine pass for others.
 *
 *   DISGUISE_LOCKS=ERRNO   locks of open files are refused with this number
 *   DISGUISE_TYPE=NUMBER   statfs and fstatfs name this type of file system (NFS: 0x6969)
 *   DISGUISE_HOST=NAME     the name of this machine
 *   DISGUISE_BOOT=FILE     stands in for /proc/sys/kernel/random/boot_id
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

static long number(const char *name)
{
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 0) : 0;
}

/* ---- locks ---------------------------------------------------------------------------------- */

static int control(int fd, int command, void *argument)
{
    const int refused = (int)number("DISGUISE_LOCKS");
    if (refused && (command == F_OFD_SETLK || command == F_OFD_SETLKW || command == F_OFD_GETLK)) {
        errno = refused;
        return -1;
    }
    return (int)syscall(SYS_fcntl, fd, command, argument);
}

#define FCNTL(name)                                                                                \
    int name(int fd, int command, ...)                                                             \
    {                                                                                              \
        va_list rest;                                                                              \
        va_start(rest, command);                                                                   \
        void *argument = va_arg(rest, void *);                                                     \
        va_end(rest);                                                                              \
        return control(fd, command, argument);                                                     \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

/* ---- the file system ------------------------------------------------------------------------ */

static int said(long result, __fsword_t *type)
{
    const long other = number("DISGUISE_TYPE");
    if (result == 0 && other)
        *type = other;
    return (int)result;
}
int statfs(const char *path, struct statfs *status)
{
    return said(syscall(SYS_statfs, path, status), &status->f_type);
}
int statfs64(const char *path, struct statfs64 *status)
{
    return said(syscall(SYS_statfs, path, status), &status->f_type);
}
int fstatfs(int fd, struct statfs *status)
{
    return said(syscall(SYS_fstatfs, fd, status), &status->f_type);
}
int fstatfs64(int fd, struct statfs64 *status)
{
    return said(syscall(SYS_fstatfs, fd, status), &status->f_type);
}

/* ---- the machine ---------------------------------------------------------------------------- */

int uname(struct utsname *names)
{
    const int result = (int)syscall(SYS_uname, names);
    const char *host = getenv("DISGUISE_HOST");
    if (result == 0 && host)
        snprintf(names->nodename, sizeof names->nodename, "%s", host);
    return result;
}
int gethostname(char *name, size_t bytes)
{
    struct utsname names;
    if (uname(&names) != 0)
        return -1;
    if (strlen(names.nodename) >= bytes) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(name, names.nodename);
    return 0;
}

static const char *disguised(const char *path)
{
    const char *other = getenv("DISGUISE_BOOT");
    return other && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0 ? other : path;
}

#define FOPEN(name)                                                                                \
    FILE *name(const char *path, const char *mode)                                                 \
    {                                                                                              \
        typedef FILE *opener(const char *, const char *);                                          \
        return ((opener *)dlsym(RTLD_NEXT, #name))(disguised(path), mode);                         \
    }
FOPEN(fopen)
FOPEN(fopen64)
