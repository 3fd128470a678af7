/* doze - DOZE_MS milliseconds for each item, a block of its own; at item DOZE_RAISE it sends itself
 * SIGUSR1. */
#define _POSIX_C_SOURCE 200809L
#include <parmap.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

static long doze_ms, raise_at;

PARMAP_KERNEL(doze, int64_t, x, int64_t)
{
    struct timespec left = {doze_ms / 1000, doze_ms % 1000 * 1000000};
    if (x == raise_at)
        raise(SIGUSR1);
    while (nanosleep(&left, &left) != 0)
        ;
    return x;
}
PARMAP_DOMAIN(doze, int64_t, PARMAP_DOMAIN_INT64, .cost_s = 2);

static long number(const char *variable)
{
    const char *text = getenv(variable);
    return text ? atol(text) : 0;
}

int main(int argc, char **argv)
{
    doze_ms = number("DOZE_MS");
    raise_at = number("DOZE_RAISE");
    return parmap_program(
        argc, argv,
        &(parmap_spec){
            .kernel = &doze, .first = 1, .last = 10, .dataset = "doze", .output = "doze.h5"});
}
