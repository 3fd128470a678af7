/* How late the machine itself is, for what has to happen in time: other work may keep the cores. */
#ifndef LATENESS_H
#define LATENESS_H

#include "shared/shared.h"

#include <pthread.h>
#include <stdatomic.h>

static struct {
    pthread_t thread;
    atomic_bool over;
    double longest_s; /* by which a sleep of a millisecond was too long */
} lateness;

static inline void *lateness_watch(void *context)
{
    (void)context;
    while (!lateness.over) {
        const double begun = shared_now();
        shared_sleep(0.001);
        const double late_s = shared_now() - begun - 0.001;
        lateness.longest_s = late_s > lateness.longest_s ? late_s : lateness.longest_s;
    }
    return NULL;
}

/* Local.  From here on it is measured. */
static inline void lateness_begin(void)
{
    lateness.over = false;
    lateness.longest_s = 0;
    CHECK_INT(pthread_create(&lateness.thread, NULL, lateness_watch, NULL), 0);
}

/* Collective.  The longest time that a thread was kept from a core although it wanted one, summed
 * over the ranks: what a message that goes through all of them may lose.  A few milliseconds on a
 * machine with nothing else to do. */
static inline double lateness_end(void)
{
    lateness.over = true;
    CHECK_INT(pthread_join(lateness.thread, NULL), 0);
    return 1e-6 * (double)shared_sum((int64_t)(lateness.longest_s * 1e6));
}

#endif
