/* The pipeline in a program that runs alone, without MPI: on all threads of this process. */
#ifndef PM_APP_ALONE_H
#define PM_APP_ALONE_H

#include "map/ends.h"

/* Local.  Where this process runs: one node, one rank, as many threads as it has cores. */
parmap_status pm_alone_topology(pm_topology *topology);

/* Local.  A todo of the flow is sealed for units of one block.  PARMAP_STOPPED when a signal came.
 */
parmap_status pm_alone_run(const pm_flow *flow, pm_tally *tally);

/* Local.  The checksum of the blocks of a file, as the run stored it that wrote them. */
parmap_status pm_alone_hash(const pm_file_source *source, const pm_blocks *blocks,
                            const pm_layout *item, uint64_t *checksum);

/* Local.  Compares the items of two files.  How many differ, and the first of them. */
parmap_status pm_alone_compare(const pm_data *a, const pm_data *b, int64_t items,
                               const pm_layout *item, int64_t *differences, int64_t *first);

#endif
