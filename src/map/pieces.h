/* A long block is computed in pieces of about 10 ms, so that a stop need not wait for its end. */
#ifndef PM_MAP_PIECES_H
#define PM_MAP_PIECES_H

#include "base/status.h"

/* How many items a thread computes between two looks; it follows what is measured. */
typedef struct pm_pace {
    int64_t at_once;
} pm_pace;

/* `cost_s` is the kernel's declared cost: 0 = it does not say, and the first piece is one item. */
pm_pace pm_pace_of(double cost_s);

/* Computes items at .. at + some - 1 of a block. */
typedef parmap_status pm_compute_some(void *self, int64_t at, int64_t some);

/* Local.  Computes the `count` items of a block, a piece after the other.  Between two pieces
 * give_up(context) is asked; when it says so, the rest is left and PARMAP_STOPPED returned.  A fast
 * kernel is computed in one piece, but for the thread's first block. */
parmap_status pm_compute_in_pieces(pm_compute_some *compute, void *self, int64_t count,
                                   pm_pace *pace, bool (*give_up)(void *context), void *context);

#endif
