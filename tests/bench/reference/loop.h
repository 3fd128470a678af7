/* The clock and the loops that measure one call; for programs of both sides, so no MPI in here. */
#ifndef LOOP_H
#define LOOP_H

#include <errno.h>
#include <stdint.h>
#include <time.h>

static inline double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Ranks of one node that contend must do so from the first call to the last: they agree on a time
 * to come, since a barrier lets them go one after the other (by 30 ms where MPICH has more ranks
 * than cores). */
static inline double soon(void)
{
    return now_s() + 0.1;
}

static inline void sleep_until(double moment)
{
    const time_t seconds = (time_t)moment;
    const struct timespec t = {seconds, (long)(1e9 * (moment - (double)seconds))};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

typedef void (*operation)(void *context);

/* Calls per second of `call` over `seconds`, the clock read once per `batch`.  Always inline: with
 * a constant `call` no call through a pointer is left. */
static inline __attribute__((always_inline)) double rate_of(operation call, void *context,
                                                            int batch, double seconds)
{
    int64_t calls = 0;
    const double start = now_s();
    double elapsed = 0;
    while (elapsed < seconds) {
        for (int i = 0; i < batch; i++)
            call(context);
        calls += batch;
        elapsed = now_s() - start;
    }
    return (double)calls / elapsed;
}

/* Nanoseconds per call, after some to warm up. */
static inline __attribute__((always_inline)) double ns_of(operation call, void *context, int batch,
                                                          double seconds)
{
    rate_of(call, context, batch, seconds / 10);
    return 1e9 / rate_of(call, context, batch, seconds);
}

/* Calls again and again until `end`, resting 0 to 20 ms in between, since who serves others may
 * sleep the longer the less it is asked.  The longest call, in milliseconds. */
static inline double longest_ms(operation call, void *context, double end)
{
    static const long rests_ms[] = {0, 1, 0, 5, 0, 20};
    double longest = 0;
    for (int i = 0; now_s() < end; i++) {
        const double start = now_s();
        call(context);
        const double ms = 1e3 * (now_s() - start);
        longest = ms > longest ? ms : longest;
        sleep_until(now_s() + 1e-3 * (double)rests_ms[i % 6]);
    }
    return longest;
}

/* Uses the processor until `end`, without a call into MPI or anything else. */
static inline void compute_until(double end)
{
    while (now_s() < end)
        ;
}

#endif
