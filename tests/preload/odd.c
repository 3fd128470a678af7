/* odd - a library for LD_PRELOAD: a machine on which something is wrong.  Its environment says
 * what:
 *
 *   ODD_CLOCK=SECONDS    the wall clock is ahead by so many
 *   ODD_LOCKS=refused    there are no locks on open file descriptions; =none: they have no effect
 *   ODD_SYNC=SECONDS     fdatasync takes so long
 *   ODD_HDF5=1           the HDF5 library has another version than the headers
 *   ODD_HOST=NAME        all that on this host only */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The text of the variable; NULL where all is as it should be. */
static const char *odd(const char *variable)
{
    char here[64] = "";
    const char *host = getenv("ODD_HOST");
    if (host && (gethostname(here, sizeof here - 1) != 0 || strcmp(here, host) != 0))
        return NULL;
    return getenv(variable);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    const int failed = real(clock, now);
    const char *ahead = clock == CLOCK_REALTIME ? odd("ODD_CLOCK") : NULL;
    if (!failed && ahead)
        now->tv_sec += atoi(ahead);
    return failed;
}

int fdatasync(int file)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    const char *slow = odd("ODD_SYNC");
    if (slow)
        sleep((unsigned)atoi(slow));
    return real(file);
}

static int lock(int file, int command, void *argument)
{
    int (*real)(int, int, ...) = dlsym(RTLD_NEXT, "fcntl");
    const char *locks = command == F_OFD_SETLK ? odd("ODD_LOCKS") : NULL;
    if (!locks)
        return real(file, command, argument);
    errno = ENOLCK;
    return strcmp(locks, "refused") == 0 ? -1 : 0;
}

int fcntl(int file, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *); /* or a number, in the same place */
    va_end(arguments);
    return lock(file, command, argument);
}

int fcntl64(int file, int command, ...) __attribute__((alias("fcntl")));

int H5get_libversion(unsigned *major, unsigned *minor, unsigned *release);
int H5get_libversion(unsigned *major, unsigned *minor, unsigned *release)
{
    int (*real)(unsigned *, unsigned *, unsigned *) = dlsym(RTLD_NEXT, "H5get_libversion");
    const int failed = real(major, minor, release);
    if (odd("ODD_HDF5"))
        *minor += 1;
    return failed;
}
