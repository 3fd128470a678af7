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
    int file; /* of a sparse one; -1 = all of it is reserved */
} pm_segment;

/* Called by every rank of a node with the same `purpose` (a short word) and size.
 * PARMAP_SYSTEM when /dev/shm is missing or full. */
parmap_status pm_segment_open(const pm_topology *topology, const char *purpose, size_t bytes,
                              pm_segment *segment);

/* Like pm_segment_open, but no memory is reserved: nobody may touch what pm_segment_reserve has not
 * been asked for. */
parmap_status pm_segment_open_sparse(const pm_topology *topology, const char *purpose, size_t bytes,
                                     pm_segment *segment);

/* Makes sure that bytes first .. first + bytes - 1 of the data have memory behind them: touching
 * pages that /dev/shm has no room for is a SIGBUS.  PARMAP_NO_MEMORY. */
parmap_status pm_segment_reserve(const pm_segment *segment, size_t first, size_t bytes);

void pm_segment_close(pm_segment *segment);

#endif
