/* items - x * x + 1, and a line "x PID" in the file ITEMS_LOG for each x that is computed: tests
 * count what is computed again.  The probes of a start are not written down.
 *
 *   ITEMS_BLOCK=N   items of a block (4)
 *   ITEMS_MS=T      each item takes so many milliseconds
 *   ITEMS_FROM=X    inputs below X take no time and are not written down
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <parmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

extern int omp_get_level(void) __attribute__((weak)); /* of the run-time library of parmap */

static struct {
    int log;
    double seconds;
    long long from;
} settings = {.log = -1};

static double number(const char *name, double otherwise)
{
    const char *text = getenv(name);
    return text ? atof(text) : otherwise;
}

static void write_down(int64_t x)
{
    char line[64];
    const int length = snprintf(line, sizeof line, "%lld %d\n", (long long)x, (int)getpid());
    if (write(settings.log, line, (size_t)length) != length)
        abort();
}

static void meet(int64_t x)
{
    if (omp_get_level() == 0 || x < settings.from)
        return;
    if (settings.log >= 0)
        write_down(x);
    if (settings.seconds > 0) {
        const time_t whole = (time_t)settings.seconds;
        nanosleep(&(struct timespec){whole, (long)((settings.seconds - (double)whole) * 1e9)},
                  NULL);
    }
}

PARMAP_KERNEL(items, int64_t, x, int64_t)
{
    meet(x);
    return x * x + 1;
}
PARMAP_DOMAIN(items, int64_t, -3037000499, 3037000499);

int main(int argc, char **argv)
{
    const char *log = getenv("ITEMS_LOG");
    parmap_kernel kernel = items;
    kernel.cost_s = 0.010 / (number("ITEMS_BLOCK", 4) + 0.5); /* see work/blocks.c */
    settings.seconds = number("ITEMS_MS", 0) / 1e3;
    settings.from = (long long)number("ITEMS_FROM", -1e18);
    if (log && (settings.log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) < 0)
        abort();
    return parmap_program(
        argc, argv,
        &(parmap_spec){
            .kernel = &kernel, .first = 1, .last = 46, .dataset = "items", .output = "items.h5"});
}
