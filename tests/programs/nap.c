/* nap - a millisecond for each item, and does not say so: blocks of many seconds. */
#define _POSIX_C_SOURCE 200809L
#include <parmap.h>
#include <time.h>

PARMAP_KERNEL(nap, int64_t, x, int64_t)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return x;
}
PARMAP_DOMAIN(nap, int64_t, PARMAP_DOMAIN_INT64);

int main(int argc, char **argv)
{
    return parmap_program(
        argc, argv,
        &(parmap_spec){
            .kernel = &nap, .first = 1, .last = 1000, .dataset = "nap", .output = "nap.h5"});
}
