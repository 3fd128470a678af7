/* Memory that the ranks of one node share.  Made without a collective: whoever comes first creates
 * it, whoever comes last takes its name away, so that nothing stays in /dev/shm after the job. */
#ifndef PM_COMM_SEGMENT_H
#define PM_COMM_SEGMENT_H

#include "base/status.h"
#include "comm/topology.h"

typedef struct pm_segment {
    void *data; /* `bytes` of zeros at first, 64-byte aligned */
    size_t bytes;
    void *mapping;
} pm_segment;

/* Called by every rank of a node with the same `purpose` (a short word) and size.
 * PARMAP_SYSTEM when /dev/shm is missing or full. */
parmap_status pm_segment_open(const pm_topology *topology, const char *purpose, size_t bytes,
                              pm_segment *segment);

void pm_segment_close(pm_segment *segment);

#endif
