/* Where what workers have finished comes back to the owner: a word in the owner's heap, with a
 * stack of parcels on it.  Workers of any rank push, the owner takes all there is.
 *
 *   bit   63 .. 4                                          1         0
 *         place in the owner's heap of the newest parcel   asleep    poked
 */
#ifndef PM_POOL_DONE_H
#define PM_POOL_DONE_H

#include "share/block.h"

#include <parmap.h>

typedef struct pm_done {
    pm_ref ref;
    uint64_t at;
} pm_done;

/* Where such a word lies: in the heap, or in private memory when no other rank pushes. */
typedef struct pm_done_home {
    pm_ref block; /* of the heap; generation 0: there is none */
    uint64_t word;
} pm_done_home;

parmap_status pm_done_open(pm_done_home *home, bool is_private, pm_done *done);
void pm_done_close(pm_done_home *home);

enum { PM_DONE_POKED = 1, PM_DONE_ASLEEP = 2, PM_DONE_FLAGS = 3 };

/* By any rank.  Puts `place` (of a 64-bit link, in the same heap; a multiple of 16) on the stack;
 * link_at is that of the link within `block`. */
parmap_status pm_done_push(pm_done done, pm_ref block, uint64_t link_at);

/* The same for private memory, from a handler of letters. */
parmap_status pm_done_push_inside(pm_done done, pm_ref block, uint64_t link_at);

/* By any rank: the owner shall look around. */
parmap_status pm_done_poke(pm_done done);

/* By the owner: takes all off.  *place = of the newest one's link, 0 = none. */
parmap_status pm_done_take(pm_done done, uint64_t *place);

/* By the owner, also several of its threads: waits until there is something to take or somebody has
 * poked.  PARMAP_TIMED_OUT, without a message. */
parmap_status pm_done_await(pm_done done, pm_deadline deadline, const pm_watch *watch);

#endif
