/* Items of unequal cost, for both sides, and the efficiency that two cores reach with them. */
#ifndef IRREGULAR_H
#define IRREGULAR_H

#include "loop.h"

#include <stdio.h>

enum { UNIFORM, RISING, FALLING, RANDOM, GIANT, SHAPES, CORES = 2 };

static inline int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return INT64_C(1000000000) * t.tv_sec + t.tv_nsec;
}

/* Uses the processor for so long, and returns for how long it did.  By the processor time of the
 * calling thread: by the clock on the wall the work would get done while another thread has the
 * core, and whatever else a pool does would cost nothing. */
static inline int64_t compute_for(int64_t ns)
{
    const int64_t start = cpu_ns();
    int64_t used;
    do
        used = cpu_ns() - start;
    while (used < ns);
    return used;
}

/* 0 to 1, the same in every run: the first output of SplitMix64 (Steele, Lea, Flood 2014). */
static inline double random_of(int64_t seed)
{
    uint64_t z = (uint64_t)seed * 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* Relative to the mean of all items. */
static inline double weight(int64_t i, int64_t items, int shape)
{
    const double place = ((double)i + 0.5) / (double)items;
    switch (shape) {
    case RISING:
        return 2 * place;
    case FALLING:
        return 2 - 2 * place;
    case RANDOM:
        return 2 * random_of(i + 1);
    case GIANT:
        return i == items / 3 ? 0.25 * (double)items : 0.75;
    default:
        return 1;
    }
}

static inline void set_costs(int64_t *costs, int64_t items, double seconds, int shape)
{
    for (int64_t i = 0; i < items; i++)
        costs[i] = (int64_t)(1e9 * seconds / (double)items * weight(i, items, shape));
}

/* A member of the one line of JSON.  Ideal: both cores compute all the time, unless the largest
 * item takes longer than that. */
static inline void print_efficiency(int shape, const int64_t *used, int64_t items, double seconds)
{
    static const char *const names[] = {"uniform", "rising", "falling", "random", "giant"};
    double total = 0, largest = 0;
    for (int64_t i = 0; i < items; i++) {
        total += 1e-9 * (double)used[i];
        largest = 1e-9 * (double)used[i] > largest ? 1e-9 * (double)used[i] : largest;
    }
    const double ideal = total / CORES > largest ? total / CORES : largest;
    printf("%s\"%s\": %.4f%s", shape ? "" : "{", names[shape], ideal / seconds,
           shape < SHAPES - 1 ? ", " : "}\n");
}

#endif
