/* plenty - a library for LD_PRELOAD: every file system has room and no file size is limited, so a
 * program learns the truth from its first failing write, as it does with a quota. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

/* The real function, whose answer is then changed. */
#define REAL(function, ...) ((int (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #function))

#define PLENTY_OF_SPACE(function, type, record)                                                    \
    int function(type place, struct record *status)                                                \
    {                                                                                              \
        const int failed = REAL(function, type, struct record *)(place, status);                   \
        if (!failed)                                                                               \
            status->f_bavail = status->f_bfree = status->f_blocks = 1ul << 40;                     \
        return failed;                                                                             \
    }
PLENTY_OF_SPACE(statvfs, const char *, statvfs)
PLENTY_OF_SPACE(statvfs64, const char *, statvfs64)
PLENTY_OF_SPACE(fstatvfs, int, statvfs)
PLENTY_OF_SPACE(fstatvfs64, int, statvfs64)
PLENTY_OF_SPACE(statfs, const char *, statfs)
PLENTY_OF_SPACE(statfs64, const char *, statfs64)
PLENTY_OF_SPACE(fstatfs, int, statfs)
PLENTY_OF_SPACE(fstatfs64, int, statfs64)

#define NO_FILE_LIMIT(function, record)                                                            \
    int function(__rlimit_resource_t resource, struct record *limits)                              \
    {                                                                                              \
        const int failed = REAL(function, __rlimit_resource_t, struct record *)(resource, limits); \
        if (!failed && resource == RLIMIT_FSIZE)                                                   \
            limits->rlim_cur = limits->rlim_max = RLIM_INFINITY;                                   \
        return failed;                                                                             \
    }
NO_FILE_LIMIT(getrlimit, rlimit)
NO_FILE_LIMIT(getrlimit64, rlimit64)
