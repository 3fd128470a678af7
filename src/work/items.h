/* Kernels whose items can fail: one by one, with what became of each. */
#ifndef PM_WORK_ITEMS_H
#define PM_WORK_ITEMS_H

#include "work/compute.h"

/* Item `index` of the run has failed for good, after `attempts` calls; `message` is the last
 * one's.  A status other than PARMAP_OK ends the run. */
typedef parmap_status pm_item_failed(void *context, int64_t index, int64_t attempts,
                                     const char *message);

typedef struct pm_items {
    const pm_computer *computer;
    const pm_range *range;
    int64_t retries; /* more calls of an item that fails, at once */
    pm_item_failed *failed;
    void *context;
    bool no_nan; /* an item with a NaN or an infinity among its inputs fails */
} pm_items;

/* Computes those of items first .. first + count - 1 that are not good yet, by their statuses
 * (base/types.h), and sets these.  `inputs` are in memory, or NULL: those of the range.  A failed
 * item's result is 0, or NaN. */
parmap_status pm_items_compute(const pm_items *items, int64_t first, int64_t count,
                               const void *inputs, void *results, uint8_t *statuses);

#endif
