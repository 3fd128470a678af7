/* Each executor that waits for a lock for longer than a slice says in its slot which one.  So from
 * a lock's word (its owner) and slots (what owners wait for) everybody can walk from lock to lock;
 * a walk that comes back to the one that walks is a circle.  Each hop is read at another moment, so
 * one walk proves nothing; two that read the same do, and there is no false alarm:
 *
 *   A slot's sequence is odd during a published wait, and no number comes twice.  Both walks read
 *   each member's sequence, with the same odd value, so each member was in one and the same wait
 * from its first reading to its second: at the moment T between the two walks, all of them were
 * waiting at once.  While it waits, an executor gives up no lock, and takes none but the one that
 * it waits for; a member that owns just that one ends the walk.  In the second walk each member
 * owned what its predecessor waits for, being in that wait since before T; so it owned it at T too.
 * At T each waited for what the next one held: none could go on by itself. The other words of a
 * slot are written while its sequence is even, so at T they were what one of the walks read; and
 * both read the same.
 *
 * Each executor waits for one lock and each lock has one owner, so it is in one circle at most, and
 * whoever of its members has the largest number reports it.  An executor that takes back the lock
 * of a condition cannot report, since it has to return with the lock; but not all members of a
 * circle are such: each held both its locks when its wait for the condition began, and has kept one
 * of them since, so the next in the circle began later than it, all the way around. */
#include "share/deadlock.h"

#include "share/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an executor waits for, as its slot says it. */
typedef struct wish {
    uint64_t sequence;
    uint64_t home; /* see slot.h */
    uint64_t offset;
    uint64_t at; /* and NO_REPORT */
} wish;

enum { NO_REPORT = 1, MOST_HOPS = 1 << 16, MOST_DRAWN = 8 };

_Static_assert(PM_SLOT_LOCK_HOME == PM_SLOT_SEQUENCE + 8 &&
                   PM_SLOT_LOCK_AT == PM_SLOT_SEQUENCE + sizeof(wish) - 8,
               "a wish is what stands in a slot");

/* One executor of a chain.  The next one owns what it waits for. */
typedef struct hop {
    uint64_t waiter;
    wish wish;
} hop;

typedef struct pm_circle {
    int64_t count, room;
    hop *hops;
} pm_circle;

static wish wish_of(const pm_lock_wait *wait)
{
    const pm_ref ref = wait->mutex.ref;
    return (wish){.sequence = wait->sequence,
                  .home = (uint64_t)ref.generation << 32 | (uint32_t)ref.space << PM_RANK_BITS |
                          ref.rank,
                  .offset = ref.offset,
                  .at = wait->mutex.at | (wait->reports ? 0 : NO_REPORT)};
}

/* ---- telling the others ---------------------------------------------------------------------- */

static parmap_status publish(pm_lock_wait *wait)
{
    const pm_ref slot = pm_slot_ref(wait->me);
    uint64_t before;
    PM_TRY(pm_load(slot, PM_SLOT_SEQUENCE, &before));
    if (before % 2 == 1) /* of a thread that ended while it waited */
        PM_TRY(pm_store(slot, PM_SLOT_SEQUENCE, ++before));
    wait->sequence = before + 1;
    const wish mine = wish_of(wait);
    PM_TRY(pm_put(slot, PM_SLOT_LOCK_HOME, 8, &mine.home, sizeof mine - sizeof mine.sequence));
    PM_TRY(pm_store(slot, PM_SLOT_SEQUENCE, wait->sequence));
    wait->published = true;
    return PARMAP_OK;
}

static void forget(pm_circle **circle)
{
    if (*circle)
        free((*circle)->hops);
    free(*circle);
    *circle = NULL;
}

parmap_status pm_deadlock_leave(pm_lock_wait *wait, bool closed)
{
    forget(&wait->found);
    if (!wait->published || closed)
        return PARMAP_OK;
    wait->published = false;
    return pm_store(pm_slot_ref(wait->me), PM_SLOT_SEQUENCE, wait->sequence + 1);
}

/* ---- walking --------------------------------------------------------------------------------- */

/* The word of a lock that somebody says it waits for.  A slot that is being written may name a
 * place that does not exist: then false, as for any failure. */
static bool read_word(const wish *of, uint64_t *word)
{
    const uint64_t at = of->at & ~(uint64_t)NO_REPORT;
    const pm_ref ref = {.rank = of->home & PM_MOST_RANKS,
                        .space = of->home >> PM_RANK_BITS & 0xfff,
                        .generation = (uint32_t)(of->home >> 32),
                        .offset = of->offset};
    if (ref.space >= PM_SPACES || ref.rank >= pm_spaces[ref.space].ranks)
        return false;
    const uint64_t bytes = pm_spaces[ref.space].bytes;
    return at % 8 == 0 && at < bytes && ref.offset < bytes - at && bytes - at - ref.offset >= 8 &&
           pm_load(ref, at, word) == PARMAP_OK;
}

static bool read_wish(pm_executor executor, wish *of)
{
    return pm_executor_rank(executor) < pm_spaces[0].ranks &&
           pm_get(pm_slot_ref(executor), PM_SLOT_SEQUENCE, 8, of, sizeof *of) == PARMAP_OK &&
           of->sequence % 2 == 1;
}

static bool append(pm_circle *circle, const hop *next)
{
    if (circle->count == circle->room) {
        const int64_t room = circle->room ? 2 * circle->room : 8;
        hop *hops = realloc(circle->hops, (size_t)room * sizeof *hops);
        if (!hops)
            return false;
        circle->hops = hops;
        circle->room = room;
    }
    circle->hops[circle->count++] = *next;
    return true;
}

/* From lock to lock, until it comes back to the caller (true) or ends.  A walk that turns around in
 * a circle of others meets `earlier` again. */
static bool walk(const pm_lock_wait *wait, pm_circle *circle)
{
    hop here = {.waiter = wait->me, .wish = wish_of(wait)};
    uint64_t earlier = wait->me, word;
    while (circle->count < MOST_HOPS && read_word(&here.wish, &word) && append(circle, &here)) {
        const pm_executor owner = pm_stamp_executor(word);
        if (owner == wait->me)
            return circle->count > 1;
        if (owner == 0 || owner == earlier || owner == here.waiter)
            return false;
        if ((circle->count & (circle->count - 1)) == 0)
            earlier = owner;
        here.waiter = owner;
        if (!read_wish(owner, &here.wish))
            return false;
    }
    return false;
}

static bool same(const pm_circle *a, const pm_circle *b)
{
    return a && b && a->count == b->count &&
           memcmp(a->hops, b->hops, (size_t)a->count * sizeof *a->hops) == 0;
}

/* ---- reporting ------------------------------------------------------------------------------- */

static bool is_mine_to_report(const pm_circle *circle, pm_executor me)
{
    uint64_t largest = 0;
    for (int64_t i = 0; i < circle->count; i++)
        if (!(circle->hops[i].wish.at & NO_REPORT) && circle->hops[i].waiter > largest)
            largest = circle->hops[i].waiter;
    return largest == me;
}

/* "rank 0 on n1, thread 0 waits for a lock held by rank 1 on n1, thread 0, which waits for ..." */
static parmap_status report(const pm_circle *circle)
{
    char who[PM_WHO_BYTES], text[(MOST_DRAWN + 2) * (PM_WHO_BYTES + 32)];
    const int64_t left_out = circle->count > MOST_DRAWN ? circle->count - MOST_DRAWN : 0;
    int length =
        snprintf(text, sizeof text, "%s", pm_who((pm_executor)circle->hops[0].waiter, who));
    for (int64_t i = 1; i <= circle->count - left_out; i++) {
        const bool last = i == circle->count - left_out;
        if (last && left_out > 0)
            length += snprintf(text + length, sizeof text - (size_t)length,
                               ", which waits ... (%d more)", (int)left_out);
        length += snprintf(text + length, sizeof text - (size_t)length,
                           "%s waits for a lock held by %s", i == 1 ? "" : ", which",
                           pm_who((pm_executor)circle->hops[last ? 0 : i].waiter, who));
    }
    return pm_fail(PARMAP_DEADLOCK,
                   "a deadlock: %s; acquire locks in the same order everywhere, or release one "
                   "before waiting for another",
                   text);
}

parmap_status pm_deadlock_look(void *context)
{
    pm_lock_wait *wait = context;
    if (!wait->published)
        PM_TRY(publish(wait));
    pm_circle *circle = calloc(1, sizeof *circle);
    if (!circle) /* the next look may have more luck */
        return PARMAP_OK;
    if (!walk(wait, circle))
        forget(&circle);
    const bool sure = same(wait->found, circle);
    forget(&wait->found);
    wait->found = circle;
    return sure && is_mine_to_report(circle, wait->me) ? report(circle) : PARMAP_OK;
}
