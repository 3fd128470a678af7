/* A long block is computed in pieces of about 10 ms, so that a stop need not wait for its end. */
#ifndef PM_MAP_PIECES_H
#define PM_MAP_PIECES_H

#include "work/items.h"

/* How many items a thread computes between two looks; it follows what is measured. */
typedef struct pm_pace {
    int64_t at_once;
} pm_pace;

/* `cost_s` is the kernel's declared cost: 0 = it does not say, and the first piece is one item. */
pm_pace pm_pace_of(double cost_s);

/* Local.  Computes the results of a span, each of `item_bytes` (a divisor of 64), into 64-byte
 * aligned memory.  Between two pieces give_up(context) is asked; when it says so, the rest is left
 * and false returned.  A fast kernel is computed in one piece, but for the thread's first block. */
bool pm_compute_in_pieces(parmap_loop *loop, const parmap_span *span, void *results,
                          size_t item_bytes, pm_pace *pace, bool (*give_up)(void *context),
                          void *context);

/* The same for a kernel whose items can fail: pm_items_compute, PARMAP_STOPPED when it is given up.
 */
parmap_status pm_compute_items_in_pieces(const pm_items *items, int64_t first, int64_t count,
                                         void *results, uint8_t *statuses, pm_pace *pace,
                                         bool (*give_up)(void *context), void *context);

#endif
