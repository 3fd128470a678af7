/* Condition variables that wait for so many seconds by a clock that never jumps. */
#ifndef PM_POOL_COND_H
#define PM_POOL_COND_H

#include <pthread.h>

void pm_cond_init(pthread_cond_t *cond);

/* With the mutex held, as pthread_cond_timedwait. */
void pm_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, double seconds);

#endif
