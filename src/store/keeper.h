/* The keeper: a thread of each node's first rank that brings what the node has written onto the
 * disk every so often, and says so in the journal. */
#ifndef PM_STORE_KEEPER_H
#define PM_STORE_KEEPER_H

#include "base/ticker.h"
#include "store/journal.h"

/* Called on the keeper's thread when data could not be brought onto the disk. */
typedef void pm_keeper_failed(void *context, parmap_status status);

typedef struct pm_keeper {
    const pm_data *data;
    const pm_journal *journal;
    int64_t blocks;
    pm_keeper_failed *failed;
    void *context;
    int64_t settled; /* all blocks below are on the disk, */
    bool named;      /* and so are the names of the files */
    parmap_status status;
    char message[512];
    pm_ticker ticker;
} pm_keeper;

/* Local.  every_s = 0: no syncs while the run lasts.  data and journal stay open until
 * pm_keeper_stop. */
parmap_status pm_keeper_start(pm_keeper *keeper, const pm_data *data, const pm_journal *journal,
                              int64_t blocks, double every_s, pm_keeper_failed *failed,
                              void *context);

/* Local.  Ends the thread, after one more sync where `sync` asks for it.  Returns the keeper's
 * failure, with its message. */
parmap_status pm_keeper_stop(pm_keeper *keeper, bool sync);

/* Local.  Brings onto the disk what the node has written and marked in this attempt, and marks
 * that. A block is marked at most once in an attempt, so what is rewritten here is nobody else's.
 */
/* After a failure, which every later call tells again, nothing that the node marked is trusted. */
parmap_status pm_keeper_sync(pm_keeper *keeper);

#endif
