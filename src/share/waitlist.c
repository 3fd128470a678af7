/* A doubly linked list through the slots, so that whoever's time is over can leave its middle.  Who
 * goes to sleep says so in its slot, so others need not be woken. */
#include "share/waitlist.h"

#include "share/slot.h"

enum { FIRST = 0, LAST = 8 }; /* of the list's words */

typedef struct list_ends {
    uint64_t first, last;
} list_ends;

typedef struct place {
    pm_notice notice;
    uint64_t next, before;
} place;

_Static_assert(PM_SLOT_NOTICE == 0 && PM_SLOT_NEXT == 8 && PM_SLOT_BEFORE == 16,
               "a place is how a slot begins");

static pm_ref slot_of(uint64_t executor)
{
    return pm_slot_ref((pm_executor)executor);
}

parmap_status pm_waitlist_join(pm_waitlist list)
{
    const pm_executor me = pm_executor_self();
    list_ends ends;
    PM_TRY(pm_get(list.ref, list.at, 8, &ends, sizeof ends));
    const place mine = {.before = ends.last};
    PM_TRY(pm_put(slot_of(me), PM_SLOT_NOTICE, 8, &mine, sizeof mine));
    if (ends.last != 0)
        PM_TRY(pm_store(slot_of(ends.last), PM_SLOT_NEXT, me));
    else
        ends.first = me;
    ends.last = me;
    return pm_put(list.ref, list.at, 8, &ends, sizeof ends);
}

static bool is_told(pm_notice notice)
{
    return (uint32_t)notice >= PM_NOTICE_GO;
}

parmap_status pm_waitlist_await(pm_deadline deadline, pm_notice *notice)
{
    const pm_ref slot = slot_of(pm_executor_self());
    PM_TRY(pm_spin_on(slot, PM_SLOT_NOTICE, PM_NOTICE_NONE, notice));
    if (*notice == PM_NOTICE_NONE)
        PM_TRY(pm_compare_swap(slot, PM_SLOT_NOTICE, PM_NOTICE_NONE, PM_NOTICE_ASLEEP, notice));
    while (!is_told(*notice)) {
        PM_TRY(pm_block_on(slot, PM_SLOT_NOTICE, PM_NOTICE_ASLEEP, deadline, NULL));
        PM_TRY(pm_load(slot, PM_SLOT_NOTICE, notice));
    }
    return PARMAP_OK;
}

bool pm_waitlist_was_told(pm_notice *notice)
{
    return pm_load(slot_of(pm_executor_self()), PM_SLOT_NOTICE, notice) == PARMAP_OK &&
           is_told(*notice);
}

parmap_status pm_waitlist_leave(pm_waitlist list, pm_notice *notice)
{
    place mine;
    PM_TRY(pm_get(slot_of(pm_executor_self()), PM_SLOT_NOTICE, 8, &mine, sizeof mine));
    *notice = is_told(mine.notice) ? mine.notice : PM_NOTICE_NONE;
    if (is_told(mine.notice))
        return PARMAP_OK;
    PM_TRY(mine.before != 0 ? pm_store(slot_of(mine.before), PM_SLOT_NEXT, mine.next)
                            : pm_store(list.ref, list.at + FIRST, mine.next));
    return mine.next != 0 ? pm_store(slot_of(mine.next), PM_SLOT_BEFORE, mine.before)
                          : pm_store(list.ref, list.at + LAST, mine.before);
}

/* From the notice on, the executor may go on and use its slot for something else. */
static parmap_status tell(uint64_t executor, pm_notice notice, uint64_t *next)
{
    uint64_t before;
    PM_TRY(pm_load(slot_of(executor), PM_SLOT_NEXT, next));
    PM_TRY(pm_swap(slot_of(executor), PM_SLOT_NOTICE, notice, &before));
    return before == PM_NOTICE_ASLEEP ? pm_wake_word(slot_of(executor), PM_SLOT_NOTICE, 1)
                                      : PARMAP_OK;
}

parmap_status pm_waitlist_notify(pm_waitlist list, int64_t count, pm_notice notice, int64_t *told)
{
    list_ends ends;
    int64_t n = 0;
    PM_TRY(pm_get(list.ref, list.at, 8, &ends, sizeof ends));
    for (; n < count && ends.first != 0; n++)
        PM_TRY(tell(ends.first, notice, &ends.first));
    if (told)
        *told = n;
    if (n == 0)
        return PARMAP_OK;
    if (ends.first == 0)
        ends.last = 0;
    else
        PM_TRY(pm_store(slot_of(ends.first), PM_SLOT_BEFORE, 0));
    return pm_put(list.ref, list.at, 8, &ends, sizeof ends);
}
