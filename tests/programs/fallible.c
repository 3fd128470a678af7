/* fallible - halves of whole numbers, some of which fail, as the environment says:
 *   FALLIBLE        none, all, negative, or N: those with |x| mod 100 < N.  Default: negative
 *   FALLIBLE_CALLS  they fail in the first K calls in a row only
 *   FALLIBLE_MS     what an item takes
 *   FALLIBLE_LOG    file to which each call appends its x */
#define _POSIX_C_SOURCE 200809L
#include <parmap.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long number(const char *name, long otherwise)
{
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : otherwise;
}

static bool is_chosen(int64_t x)
{
    const char *which = getenv("FALLIBLE") ? getenv("FALLIBLE") : "negative";
    if (strcmp(which, "negative") == 0)
        return x < 0;
    if (strcmp(which, "all") == 0 || strcmp(which, "none") == 0)
        return *which == 'a';
    return llabs((long long)x) % 100 < strtol(which, NULL, 10);
}

static void pause_and_log(int64_t x)
{
    const char *path = getenv("FALLIBLE_LOG");
    const long ms = number("FALLIBLE_MS", 0);
    if (ms > 0)
        nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
    if (!path)
        return;
    char line[32];
    const int length = snprintf(line, sizeof line, "%lld\n", (long long)x);
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0666);
    if (fd < 0 || write(fd, line, (size_t)length) != length)
        abort();
    close(fd);
}

PARMAP_KERNEL_CAN_FAIL(half, int64_t, x, double, y)
{
    static _Thread_local int64_t last, calls;
    calls = last == x ? calls + 1 : 1;
    last = x;
    pause_and_log(x);
    *y = (double)x * 0.5; /* also where it fails: nobody shall see it */
    if (is_chosen(x) && calls <= number("FALLIBLE_CALLS", 1 << 30))
        return parmap_fail("no half of %lld\tin call %lld", (long long)x, (long long)calls);
    return PARMAP_OK;
}
PARMAP_DOMAIN(half, int64_t, -(INT64_C(1) << 52), INT64_C(1) << 52, .cost_s = 1e-4);

int main(int argc, char **argv)
{
    return parmap_program(argc, argv,
                          &(parmap_spec){.kernel = &half,
                                         .first = -50,
                                         .last = 949,
                                         .dataset = "halves",
                                         .output = "fallible.h5"});
}
