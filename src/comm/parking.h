/* Who waits for a word of this rank's memory, in the order they came: what the kernel's futexes are
 * for threads, for executors of any rank.  For the service, with the door held. */
#ifndef PM_COMM_PARKING_H
#define PM_COMM_PARKING_H

#include "comm/window.h"

/* One that waits. */
typedef struct pm_parked {
    struct pm_parked *next;
    uint32_t space;
    uint64_t address; /* of the word in this rank's segment */
    pm_executor executor;
    uint32_t sequence; /* of its wait */
} pm_parked;

/* PARMAP_SYSTEM when there is no memory. */
parmap_status pm_park(uint32_t space, uint64_t address, pm_executor executor, uint32_t sequence);

/* The first that waits for the word, taken off the list; NULL when nobody does.  Give it back. */
pm_parked *pm_unpark_first(uint32_t space, uint64_t address);

/* That wait of that executor; false when it has been woken already. */
bool pm_unpark(uint32_t space, uint64_t address, pm_executor executor, uint32_t sequence);

void pm_parked_give_back(pm_parked *parked);

/* Forgets all. */
void pm_parking_clear(void);

#endif
