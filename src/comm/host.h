/* What one rank knows of the machine it runs on; exchanged once at the start, so plain numbers
 * only. */
#ifndef PM_COMM_HOST_H
#define PM_COMM_HOST_H

#include <stdint.h>

enum { PM_HOST_NAME = 64 };

typedef struct pm_host {
    char name[PM_HOST_NAME];
    uint64_t boot;      /* of this start of the kernel; with the name it tells nodes apart */
    uint64_t nonce;     /* unlike that of any other process */
    uint64_t mask;      /* a hash of the affinity mask: ranks of a node with the same share cores */
    int32_t mask_cores; /* cores in the affinity mask */
    int32_t quota_cores;    /* what the cgroup allows, rounded up; 0 = no limit */
    int32_t node_cores;     /* cores of the node that are online */
    int32_t process;        /* its id, within */
    uint64_t process_space; /* this pid namespace */
    int32_t threads_asked;  /* OMP_NUM_THREADS, else SLURM_CPUS_PER_TASK, else 0 */
} pm_host;

/* Local. */
void pm_host_describe(pm_host *host);

/* Bytes. */
typedef struct pm_host_memory {
    int64_t total;
    int64_t available; /* without making others leave; -1 = not known */
    int64_t limit;     /* of the cgroup; 0 = none */
} pm_host_memory;

/* Local. */
void pm_host_describe_memory(pm_host_memory *memory);

#endif
