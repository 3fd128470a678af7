/* A thread that does something every so often, until it is told to end. */
#ifndef PM_BASE_TICKER_H
#define PM_BASE_TICKER_H

#include "base/status.h"

#include <pthread.h>

/* Called on the ticker's thread.  False: no more. */
typedef bool pm_tick(void *context);

typedef struct pm_ticker {
    double every_s;
    pm_tick *tick;
    void *context;
    bool running;
    bool closing; /* with the two below: the thread sleeps until then */
    pthread_mutex_t guard;
    pthread_cond_t closed;
    pthread_t thread;
} pm_ticker;

/* Local.  The first tick comes after `every_s`; so long also is the rest between two.
 * PARMAP_SYSTEM. */
parmap_status pm_ticker_start(pm_ticker *ticker, double every_s, pm_tick *tick, void *context);

/* Local.  Returns when the thread has ended, and with it a tick under way.  Does nothing for one
 * that is all zeros or was stopped. */
void pm_ticker_stop(pm_ticker *ticker);

#endif
