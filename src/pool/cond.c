#include "pool/cond.h"

#include "comm/pause.h"

#include <math.h>
#include <time.h>

void pm_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

void pm_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, double seconds)
{
    const double end = pm_now() + seconds;
    const struct timespec time = {.tv_sec = (time_t)end,
                                  .tv_nsec = (long)((end - floor(end)) * 1e9)};
    pthread_cond_timedwait(cond, mutex, &time);
}
