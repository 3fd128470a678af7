/* Who computes which blocks.  A schedule is a struct of functions; adding one is one file and one
 * line of the table in claim.c. */
#ifndef PM_MAP_CLAIM_H
#define PM_MAP_CLAIM_H

#include "comm/topology.h"

/* Places begin <= p < end of the blocks that are left to do (base/todo.h); empty when they are
 * equal. */
typedef struct pm_chunk {
    int64_t begin, end;
} pm_chunk;

struct pm_hub;
typedef struct pm_claims pm_claims;

typedef struct pm_schedule {
    const char *name;

    /* Called by every rank before the run, without communication. */
    parmap_status (*open)(pm_claims *claims);

    /* Called by thread `thread` of this rank: its next blocks; false when there are no more for it.
     */
    bool (*claim)(pm_claims *claims, int thread, pm_chunk *chunk);

    /* Rank 0, on the listening thread: the next blocks for another node.  NULL = never asked for.
     */
    pm_chunk (*serve)(pm_claims *claims);

    void (*close)(pm_claims *claims);
} pm_schedule;

/* One run's blocks that are left, and who has taken them. */
struct pm_claims {
    const pm_schedule *schedule;
    const pm_topology *topology;
    int64_t places;     /* pm_todo.places */
    int threads;        /* of this rank that will claim: never more than there are places */
    int64_t unit;       /* nodes claim whole multiples of so many places: whole pages of the file */
    struct pm_hub *hub; /* for schedules that ask other nodes */
    void *state;        /* of the schedule */
};

/* The claims of a rank on `places` blocks; the schedule is not opened yet. */
pm_claims pm_claims_of(const pm_schedule *schedule, const pm_topology *topology, int64_t places,
                       int64_t unit, struct pm_hub *hub);

/* By name: "static" or "dynamic"; NULL when there is no such schedule. */
const pm_schedule *pm_schedule_find(const char *name);

extern const pm_schedule pm_schedule_static;
extern const pm_schedule pm_schedule_dynamic;

#endif
