/* How many items a worker takes at a time: so many that taking them costs little, so few that
 * nobody waits long at the end.  By measurement: the first are few, the next as many as take the
 * time aimed at, the last no more than a share of what is left. */
#ifndef PM_POOL_PACE_H
#define PM_POOL_PACE_H

#include <stdint.h>

typedef struct pm_pace {
    double target_s;      /* for what is taken at a time */
    double item_s;        /* measured; 0 = not yet */
    int64_t size;         /* taken last */
    int64_t first, fixed; /* size at first; and always, if not 0 */
    int64_t workers;
} pm_pace;

/* The next size, when `left` items are left or fewer. */
int64_t pm_pace_next(pm_pace *pace, int64_t left);

/* `count` items took so long. */
void pm_pace_measured(pm_pace *pace, int64_t count, double seconds);

#endif
