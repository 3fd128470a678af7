/* Results one by one: imap and imap_unordered. */
#ifndef PM_POOL_ITERATOR_H
#define PM_POOL_ITERATOR_H

#include "pool/pool.h"

struct parmap_iterator {
    parmap_pool *pool;  /* NULL once that is gone */
    _Atomic bool ended; /* it was terminated */
    bool abandoned;     /* freed while workers still had parcels: the pool frees it at its end */
    struct parmap_iterator *next, *previous; /* in pool->iterators */
    parmap_job what;
    pm_call call;
    bool ordered;
    int64_t chunk, width; /* items of a parcel, parcels at once */
    pm_done_home done_home;
    pm_done done;

    pthread_mutex_t mutex; /* between the caller and the end of the pool */
    int64_t taken;         /* inputs so far */
    bool exhausted;        /* there are no more */
    int64_t sent, oldest;  /* numbers of parcels */
    int64_t under_way;
    pm_parcel **slots; /* in order: what has come */
    pm_parcel *come;   /* else: the same as a list */
    pm_parcel *current;
    int64_t given; /* items of it */
    pm_parcel *spare;
};

/* ---- imap.c: the window that moves along the inputs; with the iterator's mutex ----------------
 */

/* Fills the window, as far as there is memory. */
parmap_status pm_imap_send_more(parmap_iterator *iterator);

/* Takes in what has come back. */
parmap_status pm_imap_receive(parmap_iterator *iterator);

/* A parcel to be used again. */
void pm_imap_keep(parmap_iterator *iterator, pm_parcel *parcel);

/* PARMAP_CLOSED in words. */
parmap_status pm_imap_refuse_dropped(void);

/* ---- iterator.c -------------------------------------------------------------------------------
 */

/* The pool was terminated: whoever waits for a result of its iterators is told. */
void pm_iterators_end(parmap_pool *pool);

/* No worker is left: the iterators do not use the pool any more. */
void pm_iterators_leave(parmap_pool *pool);

#endif
