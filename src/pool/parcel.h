/* A parcel: some items of a job with their inputs, on their way to a worker and back.
 *
 *   block:  | spec 96 | done 16 | inputs ... | status 64 | results ... |  statuses 4 each | failure
 * |
 *           \_____ the worker reads ______/ \____ the worker writes _____/ \_ if any failed _/
 *
 * It lies in the owner's heap, where workers of other ranks reach it (shm), else in private memory
 * of the owner: then near workers reach it, and far ones get its first half in a letter and send
 * the second half back (carrier.h).  A finished parcel is on the stack that its spec names
 * (done.h). */
#ifndef PM_POOL_PARCEL_H
#define PM_POOL_PARCEL_H

#include "pool/call.h"
#include "pool/done.h"

typedef struct pm_parcel_spec {
    pm_packed_call call;
    int64_t first, count;
    int64_t room;    /* items that the block is laid out for */
    uint64_t cookie; /* the owner's pm_parcel */
    pm_done done;    /* where it comes back */
} pm_parcel_spec;

typedef struct pm_parcel_status {
    uint64_t link; /* to the parcel below it on the stack */
    uint64_t cookie;
    int64_t failed; /* how many items; then statuses and failure are set */
    double seconds; /* that the items took */
    uint64_t unused[4];
} pm_parcel_status;

enum {
    PM_PARCEL_DONE = 96,     /* a done word of its own, behind the spec; 0 when it is sent */
    PM_PARCEL_WITHDRAWN = 8, /* there, in place of what a done word has */
    PM_PARCEL_INPUTS = 112,
    PM_PARCEL_RESULTS = 64 /* from the status */
};

/* What says where it lies. */
typedef enum pm_ticket_kind { PM_TICKET_PARCEL, PM_TICKET_MAP } pm_ticket_kind;

typedef struct pm_ticket {
    uint64_t kind;
    pm_ref ref;
    uint64_t inputs; /* bytes of spec and inputs */
} pm_ticket;

/* Where the parts of a block lie. */
typedef struct pm_parcel_layout {
    uint64_t status_at, statuses_at, failure_at, bytes;
} pm_parcel_layout;

/* ---- the owner's side ------------------------------------------------------------------------ */

typedef struct pm_parcel {
    struct pm_parcel *next; /* in a list of the owner's */
    void *job;              /* whose items they are */
    bool holds_job;         /* it counts among the job's references */
    int64_t number;         /* among those of an iterator */
    int64_t first, count;
    pm_ref ref;
    char *data;   /* the block */
    int64_t room; /* items that fit */
    size_t input_bytes, result_bytes;
    pm_parcel_layout layout;
    struct pm_parcel *later, *earlier; /* in the list of all of a pool */
} pm_parcel;

/* A parcel for up to `count` items.  PARMAP_NO_MEMORY when the heap has no room for it. */
parmap_status pm_parcel_create(const pm_call *call, int64_t count, bool is_private,
                               pm_parcel **parcel);
void pm_parcel_free(pm_parcel *parcel);

static inline void *pm_parcel_inputs(const pm_parcel *parcel)
{
    return parcel->data + PM_PARCEL_INPUTS;
}

static inline pm_parcel_status *pm_parcel_result(const pm_parcel *parcel)
{
    return (pm_parcel_status *)(void *)(parcel->data + parcel->layout.status_at);
}

static inline void *pm_parcel_results(const pm_parcel *parcel)
{
    return parcel->data + parcel->layout.status_at + PM_PARCEL_RESULTS;
}

/* That whose block lies there, when it was packed. */
pm_parcel *pm_parcel_at(pm_ref ref);

/* The ticket of one that was packed. */
pm_ticket pm_parcel_ticket(const pm_parcel *parcel);

/* Writes the spec for items first .. first + count - 1, whose inputs are there already, and makes
 * the ticket. */
parmap_status pm_parcel_pack(pm_parcel *parcel, const pm_call *call, int64_t first, int64_t count,
                             pm_done done, pm_ticket *ticket);

/* The finished parcel at this place of a stack; *below = the next place, 0 = none. */
parmap_status pm_parcel_take(pm_done done, uint64_t place, pm_parcel **parcel, uint64_t *below);

/* The status of item `index` of the finished parcel, counted from its first. */
parmap_status pm_parcel_item_status(const pm_parcel *parcel, int64_t index);

/* Its items need not be computed any more: who has not begun sends it back as it is.  Not for one
 * whose done word is its own. */
void pm_parcel_withdraw(pm_parcel *parcel);

/* What failed in it. */
const parmap_failure *pm_parcel_failure(const pm_parcel *parcel);

/* ---- the worker's side ----------------------------------------------------------------------- */

/* Computes the items of a parcel at hand and puts it on its stack; not when the process is
 * terminated meanwhile: PARMAP_CANCELLED. */
parmap_status pm_parcel_work(const pm_ticket *ticket);

/* A block like that of the parcel of which spec and inputs are given, with a copy of these.  NULL
 * with a message when there is no memory. */
char *pm_parcel_copy(const void *inputs, uint64_t bytes);
void pm_parcel_free_copy(char *data);

/* Computes the items of such a block.  *first, *bytes = the part of it that the owner needs. */
parmap_status pm_parcel_compute(char *data, uint64_t *first, uint64_t *bytes);

#endif
