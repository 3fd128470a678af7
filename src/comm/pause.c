/* The three stages of a polite wait.  A rank that waits must not keep a core from one that
 * computes: on a laptop there are often more ranks than cores. */
#include "comm/pause.h"

#include <sched.h>
#include <time.h>

enum { SPINS = 32, YIELDS = 8, SHORTEST_NS = 20000, LONGEST_NS = 1000000 };

void pm_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

void pm_pause_once(pm_pause *pause)
{
    const int round = pause->round++;
    if (round < SPINS) {
        pm_relax();
    } else if (round < SPINS + YIELDS) {
        sched_yield();
    } else {
        const int doublings = (round - SPINS - YIELDS) / 8;
        const long ns = doublings < 6 ? SHORTEST_NS << doublings : LONGEST_NS;
        nanosleep(&(struct timespec){.tv_nsec = ns < LONGEST_NS ? ns : LONGEST_NS}, NULL);
        if (ns >= LONGEST_NS)
            pause->round--; /* stay here, however long the wait lasts */
    }
}

bool pm_pause_is_long(const pm_pause *pause)
{
    return pause->round >= SPINS + YIELDS;
}

double pm_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
