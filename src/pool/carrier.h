/* How parcels get from the owner of a pool to its workers, and back.
 *
 *   shared    all ranks reach each other's memory (shm): a queue of tickets; workers of any rank
 * take the next one, and put the finished parcel onto its stack themselves letters   they do not
 * (rma, msg), or there are no far workers: a list of the owner's, from which near workers take.
 * Each far worker says in a letter that it is idle and is sent one, and says so again with the
 * results: one letter each way
 */
#ifndef PM_POOL_CARRIER_H
#define PM_POOL_CARRIER_H

#include "pool/pool.h"

struct pm_carrier {
    bool is_private; /* whether parcels and stacks lie in private memory of the owner */

    /* By the owner.  `close` when no worker is left. */
    parmap_status (*open)(parmap_pool *pool);
    void (*close)(parmap_pool *pool);

    /* By the owner: to the workers; near ones are called when the far ones have enough to do. */
    parmap_status (*send)(parmap_pool *pool, const pm_ticket *ticket);

    /* By a near worker: the next parcel; PARMAP_EMPTY: there is none.  PARMAP_CLOSED: nor will be.
     */
    parmap_status (*take)(parmap_pool *pool, pm_ticket *ticket);

    /* By the owner: workers end when nothing is left. */
    void (*let_go)(parmap_pool *pool);

    /* By a far worker: works until it is let go (PARMAP_CLOSED), or fails. */
    parmap_status (*work)(const pm_carrier_route *route);
};

/* What a ticket stands for, by any worker that it reaches. */
parmap_status pm_ticket_work(const pm_ticket *ticket);

extern const pm_carrier pm_carrier_shared, pm_carrier_letters;

#endif
