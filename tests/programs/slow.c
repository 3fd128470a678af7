/* slow - gives back what it gets, a millisecond later: a run that can be caught in the middle. */
#define _POSIX_C_SOURCE 200809L
#include <parmap.h>
#include <time.h>

PARMAP_KERNEL(slow, int64_t, x, int64_t)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return x;
}
PARMAP_DOMAIN(slow, int64_t, PARMAP_DOMAIN_INT64, .cost_s = 1e-3);

int main(int argc, char **argv)
{
    return parmap_program(
        argc, argv,
        &(parmap_spec){
            .kernel = &slow, .first = 1, .last = 1000, .dataset = "slow", .output = "slow.h5"});
}
