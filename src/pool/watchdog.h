/* Waits of parmap's own that last: a line on stderr says who is waited for, after 10 s and then at
 * growing intervals.
 *
 *     pm_watchdog dog = pm_watchdog_start();
 *     while ((status = wait(pm_watchdog_left(&dog))) == PARMAP_TIMED_OUT)
 *         pm_watchdog_bark(&dog, "%s on rank %d to end", name, rank);
 */
#ifndef PM_POOL_WATCHDOG_H
#define PM_POOL_WATCHDOG_H

#include "share/block.h"

/* Seconds until the first line, and what one that was terminated is given to end. */
#define PM_PATIENCE_S 10.0

typedef struct pm_watchdog {
    double began, next; /* of pm_now() */
} pm_watchdog;

pm_watchdog pm_watchdog_start(void);

/* Seconds until it is time for a line; 0 or less: it is. */
double pm_watchdog_left(const pm_watchdog *dog);

/* Seconds since the start. */
double pm_watchdog_waited(const pm_watchdog *dog);

/* When it is time: "parmap: rank 0: MainProcess has waited 10 s for ...". */
void pm_watchdog_bark(pm_watchdog *dog, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether a rank that is waited for still answers.  A launcher may leave the ranks of other nodes
 * alone when one dies; a wait that never asks would not notice. */
typedef struct pm_pulse {
    uint32_t rank;
    double asked; /* pm_now() of the last time, or of the start */
} pm_pulse;

pm_pulse pm_pulse_start(int rank);

/* For pm_block_on, `context` is a pm_pulse: asks every few seconds.  PARMAP_SYSTEM when there is no
 * answer; the message names the rank. */
parmap_status pm_pulse_look(void *context);

#endif
