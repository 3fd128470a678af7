/* Polite waiting: spin a little, give the core away, then sleep for growing times. */
#ifndef PM_COMM_PAUSE_H
#define PM_COMM_PAUSE_H

#include <stdbool.h>

typedef struct pm_pause {
    int round; /* 0 = the wait has just begun */
} pm_pause;

/* What is done between two looks of a wait; NULL = nothing.  Returns whether there was something to
 * do: more may follow, so the waiting one does not go to sleep. */
typedef struct pm_idle {
    bool (*call)(void *context);
    void *context;
} pm_idle;

/* Some nanoseconds, without giving the core away. */
void pm_relax(void);

/* Waits a moment, longer from call to call, at most a millisecond. */
void pm_pause_once(pm_pause *pause);

/* Whether it sleeps by now. */
bool pm_pause_is_long(const pm_pause *pause);

/* Seconds of a clock that never jumps. */
double pm_now(void);

#endif
