#include "pool/pace.h"

enum { GROWTH = 8, SHARES = 4 }; /* of a worker in what is left */

int64_t pm_pace_next(pm_pace *pace, int64_t left)
{
    int64_t size = pace->first;
    if (pace->fixed > 0)
        return pace->fixed;
    if (pace->item_s > 0) {
        const double fitting = pace->target_s / pace->item_s;
        const int64_t most = pace->size * GROWTH;
        size = fitting < (double)most ? (int64_t)fitting : most;
    }
    const int64_t share = left / (pace->workers * SHARES);
    size = size < share ? size : share;
    return pace->size = size > 1 ? size : 1;
}

/* The newest measurement counts as much as all before it: costs may rise along the items. */
void pm_pace_measured(pm_pace *pace, int64_t count, double seconds)
{
    const double item_s = (seconds > 1e-9 ? seconds : 1e-9) / (double)count;
    pace->item_s = pace->item_s > 0 ? (pace->item_s + item_s) / 2 : item_s;
}
