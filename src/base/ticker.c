#include "base/ticker.h"

#include <time.h>

static struct timespec after(double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const time_t whole = (time_t)seconds;
    until.tv_sec += whole;
    until.tv_nsec += (long)((seconds - (double)whole) * 1e9);
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    return until;
}

/* Sleeps, or wakes at once when it is to end; false then. */
static bool rest(pm_ticker *t)
{
    const struct timespec until = after(t->every_s);
    int error = 0;
    pthread_mutex_lock(&t->guard);
    while (!t->closing && error == 0)
        error = pthread_cond_timedwait(&t->closed, &t->guard, &until);
    const bool open = !t->closing;
    pthread_mutex_unlock(&t->guard);
    return open;
}

static void *run(void *context)
{
    pm_ticker *t = context;
    while (rest(t) && t->tick(t->context))
        ;
    return NULL;
}

parmap_status pm_ticker_start(pm_ticker *ticker, double every_s, pm_tick *tick, void *context)
{
    *ticker = (pm_ticker){.every_s = every_s, .tick = tick, .context = context};
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&ticker->closed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&ticker->guard, NULL);
    ticker->running = pthread_create(&ticker->thread, NULL, run, ticker) == 0;
    return ticker->running
               ? PARMAP_OK
               : pm_fail(PARMAP_SYSTEM,
                         "cannot start a thread; raise the limit of processes (ulimit -u)");
}

void pm_ticker_stop(pm_ticker *ticker)
{
    if (!ticker->running)
        return;
    pthread_mutex_lock(&ticker->guard);
    ticker->closing = true;
    pthread_cond_signal(&ticker->closed);
    pthread_mutex_unlock(&ticker->guard);
    pthread_join(ticker->thread, NULL);
    ticker->running = false;
    pthread_mutex_destroy(&ticker->guard);
    pthread_cond_destroy(&ticker->closed);
}
