/* The other ranks of this node: whether they live.  Launchers end a job when a rank dies; where
 * they do not (srun with pmi2, MPICH's -disable-auto-cleanup), those that wait for it must notice.
 */
#ifndef PM_COMM_PEERS_H
#define PM_COMM_PEERS_H

#include "base/status.h"
#include "comm/host.h"

/* Local.  hosts[0..size-1] are all ranks' descriptions; they are copied. */
parmap_status pm_peers_open(const pm_host *hosts, int size, int rank);
void pm_peers_close(void);

/* Local, any thread.  PARMAP_SYSTEM names a rank of this node whose process has ended.  Looks at
 * most twice a second, so it may be called often. */
parmap_status pm_peers_check(void);

#endif
