/* The clock and the loops that measure one call; for programs of both sides, so no MPI in here. */
#ifndef LOOP_H
#define LOOP_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
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

static inline int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts them. */
static inline double median(double *numbers, int count)
{
    qsort(numbers, (size_t)count, sizeof *numbers, compare_doubles);
    return numbers[count / 2];
}

/* Nanoseconds per call: the median over many batches of 8, after some calls to warm up.  (The mean
 * says more of what else the machine does: one batch that has to wait for a core counts as much as
 * a thousand others.) */
static inline __attribute__((always_inline)) double ns_of(operation call, void *context,
                                                          double seconds)
{
    enum { CALLS = 8, BATCHES = 4096 };
    double batches[BATCHES];
    int count = 0;
    rate_of(call, context, CALLS, seconds / 10);
    for (double start = now_s(), end = start + seconds; start < end && count < BATCHES; count++) {
        for (int i = 0; i < CALLS; i++)
            call(context);
        const double now = now_s();
        batches[count] = 1e9 / CALLS * (now - start);
        start = now;
    }
    return median(batches, count);
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
