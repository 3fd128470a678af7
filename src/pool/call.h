/* What is computed for one item: a task or a kernel, in this process or on its way to another. */
#ifndef PM_POOL_CALL_H
#define PM_POOL_CALL_H

#include "base/function.h"
#include "work/kernel.h"

#include <parmap.h>

typedef struct pm_call {
    parmap_task *task;
    const parmap_kernel *kernel; /* with the next three, in place of task */
    const parmap_variant *variant;
    parmap_type type;
    parmap_vector vector;
    size_t input_bytes, result_bytes; /* of one item */
} pm_call;

/* Whether many items go through one loop, which takes no time for each. */
static inline bool pm_call_has_loop(const pm_call *call)
{
    return call->kernel && !pm_kernel_can_fail(call->variant);
}

/* The same for another process of the job. */
typedef struct pm_packed_call {
    pm_function function; /* the task, or where the kernel is */
    int64_t type;         /* of a kernel; -1 = a task */
    uint64_t input_bytes, result_bytes;
} pm_packed_call;

/* No record and no array of records is larger. */
#define PM_MOST_BYTES (UINT64_C(1) << 46)

/* PARMAP_USAGE when the job cannot be computed: neither task nor kernel, records without end ... */
parmap_status pm_call_make(const parmap_job *job, pm_call *call);

parmap_status pm_call_pack(const pm_call *call, pm_packed_call *packed);

/* The last one of each thread is remembered. */
parmap_status pm_call_unpack(const pm_packed_call *packed, pm_call *call);

/* Computes items first .. first + count - 1 of a job, whose inputs and results these are, and adds
 * what fails to *failure (count = 0: nothing yet).  statuses[i], unless NULL, = that of item i.
 * Returns how many items it did: fewer when the process was terminated. */
int64_t pm_call_run(const pm_call *call, const void *inputs, void *results, int64_t first,
                    int64_t count, parmap_failure *failure, int32_t *statuses);

#endif
