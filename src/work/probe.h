/* The probe: the results of a few fixed items of a run, as a hash.  Runs of the same kernel over
 * the same range with different probes compute something different. */
#ifndef PM_WORK_PROBE_H
#define PM_WORK_PROBE_H

#include "base/status.h"

enum { PM_PROBES = 64, PM_PROBE_TEXT = 4 * PM_PROBES + 1 };

/* The result of an item. */
typedef parmap_status pm_probe_result(void *context, int64_t item, void *result);

/* How many items are probed: PM_PROBES, fewer for slow kernels, none for very slow ones.  `cost_s`
 * is what the kernel says that an item takes; 0 = it says nothing. */
int pm_probe_count(double cost_s);

/* Asks for the results of `count` items, spread over all `items` of a run, first and last included.
 */
parmap_status pm_probe(int64_t items, int count, size_t result_bytes, pm_probe_result *result,
                       void *context, uint64_t *probe);

/* The same where items can fail, and what fails may differ from run to run: four hexadecimal digits
 * of each result, "----" where there is none. */
parmap_status pm_probe_items(int64_t items, int count, size_t result_bytes, pm_probe_result *result,
                             void *context, char probe[PM_PROBE_TEXT]);

#endif
