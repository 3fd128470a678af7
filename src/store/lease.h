/* A lease: who writes an output, with a beat that goes on as long as the writer lives.  It tells
 * where locks do not reach. */
#ifndef PM_STORE_LEASE_H
#define PM_STORE_LEASE_H

#include "base/status.h"
#include "comm/host.h"

/* Who writes the output.  256 bytes in the first journal, behind the header's first copy. */
typedef struct pm_lease {
    uint64_t check; /* of the rest */
    char host[PM_HOST_NAME];
    char job[32];  /* of Slurm, or "" */
    uint64_t boot; /* as in pm_host, with the next */
    uint64_t process_space;
    int64_t pid;     /* 0 = nobody writes any more */
    int64_t started; /* the process, in clock ticks since the boot: a number may be used again */
    int64_t beat;    /* goes up every PM_LEASE_BEAT_S */
    int64_t seconds; /* of the last beat, since 1970 by the writer's clock */
    char reserved[104];
} pm_lease;

enum { PM_LEASE_BEAT_S = 10, PM_LEASE_DEAD_S = 60 };

/* Local.  The lease of this process, with its first beat. */
pm_lease pm_lease_of_here(void);

/* Local.  What stands in a file; pid = 0 where nothing was written, or what is damaged. */
pm_lease pm_lease_read(int fd, int64_t at);

/* Local.  Writes it, with the time of now.  False, with errno set, when that fails. */
bool pm_lease_write(int fd, int64_t at, pm_lease *lease);

/* Whether both are the same process's. */
bool pm_lease_same(const pm_lease *a, const pm_lease *b);

typedef enum pm_lease_verdict { PM_LEASE_DEAD, PM_LEASE_ALIVE, PM_LEASE_UNKNOWN } pm_lease_verdict;

/* Local.  What can be known of a writer without waiting; UNKNOWN on another host, or in another
 * container. */
pm_lease_verdict pm_lease_judge(const pm_lease *lease);

/* Local.  Watches the lease for so long: does it beat?  A change proves that its writer lives,
 * whatever the clocks of the two machines say.  It says on stderr whom it waits for. */
bool pm_lease_beats(int fd, int64_t at, const pm_lease *lease, int watch_s);

#endif
