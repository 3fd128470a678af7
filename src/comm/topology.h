/* Who runs where: nodes, the ranks of each, and how many threads every rank gets. */
#ifndef PM_COMM_TOPOLOGY_H
#define PM_COMM_TOPOLOGY_H

#include "base/status.h"
#include "comm/host.h"

typedef struct pm_topology {
    int rank, size;
    char host[PM_HOST_NAME]; /* name of this rank's node */
    int nodes;
    int node;         /* of this rank; numbered in the order of their lowest ranks */
    int node_ranks;   /* ranks on this rank's node */
    int node_leader;  /* the lowest of them */
    uint64_t node_id; /* the same number on all ranks of a node, unlike that of any other job */
    int threads;      /* of this rank */
    int threads_least, threads_most; /* over all ranks */
    int64_t threads_before;          /* sum over the lower ranks */
    int64_t threads_total;
    int cores;                      /* that the job may use, over all nodes */
    int tight_threads, tight_cores; /* the most oversubscribed set of cores, or 0, 0 */
    bool one_core;                  /* a rank of several threads is bound to one core */
} pm_topology;

/* Local, a pure function of its arguments.  hosts[0..size-1] are all ranks' descriptions; `threads`
 * is what the user asked for, 0 = auto: OMP_NUM_THREADS or SLURM_CPUS_PER_TASK of the rank, else
 * the cores of its affinity mask, cut by the cgroup quota, divided by the ranks that share them. */
parmap_status pm_topology_derive(const pm_host *hosts, int size, int rank, int threads,
                                 pm_topology *topology);

#endif
