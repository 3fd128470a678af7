/* A kernel as a run uses it: one type of inputs, one vector unit, from spans of a range or from
 * items in memory. */
#ifndef PM_WORK_COMPUTE_H
#define PM_WORK_COMPUTE_H

#include "base/layout.h"
#include "work/bounds.h"
#include "work/probe.h"
#include "work/range.h"

/* Plain data beside pointers into the kernel. */
typedef struct pm_computer {
    const parmap_kernel *kernel;
    const parmap_code *code;
    parmap_vector vector;
    pm_layout input;
    pm_layout result;
    parmap_domain domain; /* of a number; within it the plain loops run */
    pm_bounds bounds;     /* the same, for items in memory */
    bool padded;          /* results have bytes between their fields */
    bool takes_any;       /* real inputs in memory need not lie within the domain */
} pm_computer;

/* `type` is one that the kernel has.  `allow_rounding` lifts the domain of real inputs.
 * PARMAP_USAGE for a kernel that describes its items wrongly. */
parmap_status pm_computer_make(pm_computer *computer, const parmap_kernel *kernel, parmap_type type,
                               parmap_vector vector, bool allow_rounding);

/* Whether items of a range have to be made in memory: the kernel has no loops over spans. */
bool pm_computer_needs_inputs(const pm_computer *computer);

/* Computes items begin .. begin + count - 1 of a range.  `inputs` has room for them where they are
 * needed in memory.  PARMAP_USAGE, naming the item, when a result does not fit. */
parmap_status pm_compute_range(const pm_computer *computer, const pm_range *range, int64_t begin,
                               int64_t count, void *inputs, void *results);

/* Where a range goes on beyond the domain, and the loops check: computes the first items there.
 * PARMAP_USAGE, naming the first, when a result does not fit, as is likely. */
parmap_status pm_compute_beyond(const pm_computer *computer, const pm_range *range);

/* Computes `count` items in memory, which are items first, first + 1 ... of the run.
 * PARMAP_BAD_DATA, naming the item, for one outside the domain, and when a result does not fit. */
parmap_status pm_compute_items(const pm_computer *computer, const void *inputs, int64_t first,
                               int64_t count, void *results);

/* Computes one item of a kernel whose items can fail.  PARMAP_USAGE for one outside the domain,
 * which fails so. */
parmap_status pm_compute_item(const pm_computer *computer, const void *input, void *result);

/* Bytes between the fields of results are made 0, so that the same results are the same bits. */
void pm_compute_clear_padding(const pm_computer *computer, void *results, int64_t count);

#endif
