/* Event.
 *
 *   word 0:  | sleepers 32 | times cleared 31 | set 1 |
 *
 * Executors sleep on the low half as it was when they found the event not set.  It is that again
 * only after the event was set and cleared 2^31 times, so whoever sees another one knows that the
 * event was set, even if it was cleared at once. */
#include "share/block.h"
#include "share/object.h"

enum { WORD = 0, EVENT_BYTES = 8 };

static const uint64_t SLEEPER = 1ULL << 32, SET = 1, LOW = 0xffffffff;

parmap_status parmap_event_create(parmap_event *event)
{
    pm_ref ref;
    return pm_create(PM_KIND_EVENT, 0, EVENT_BYTES, (parmap_handle *)event, &ref);
}

parmap_status parmap_event_free(parmap_event *event)
{
    return pm_destroy((parmap_handle *)event, PM_KIND_EVENT);
}

static parmap_status open(const parmap_event *event, pm_ref *ref)
{
    return pm_open_handle((const parmap_handle *)event, PM_KIND_EVENT, ref);
}

parmap_status parmap_event_set(const parmap_event *event)
{
    pm_ref ref;
    uint64_t word, seen;
    PM_TRY(open(event, &ref));
    PM_TRY(pm_load(ref, WORD, &seen));
    do {
        word = seen;
        if (word & SET)
            return PARMAP_OK;
        PM_TRY(pm_compare_swap(ref, WORD, word, word | SET, &seen));
    } while (seen != word);
    if (word < SLEEPER)
        return PARMAP_OK;
    return pm_unless_freed(pm_wake_word(ref, WORD, PM_WAKE_ALL));
}

parmap_status parmap_event_clear(const parmap_event *event)
{
    pm_ref ref;
    uint64_t word, seen;
    PM_TRY(open(event, &ref));
    PM_TRY(pm_load(ref, WORD, &seen));
    do {
        word = seen;
        if (!(word & SET))
            return PARMAP_OK;
        const uint64_t next = (word & ~LOW) | ((word + SET) & LOW);
        PM_TRY(pm_compare_swap(ref, WORD, word, next, &seen));
    } while (seen != word);
    return PARMAP_OK;
}

parmap_status parmap_event_is_set(const parmap_event *event, bool *set)
{
    pm_ref ref;
    uint64_t word;
    PM_TRY(open(event, &ref));
    PM_TRY(pm_load(ref, WORD, &word));
    *set = word & SET;
    return PARMAP_OK;
}

/* The caller is counted as a sleeper. */
static parmap_status sleep_until_set(pm_ref ref, uint64_t word, uint32_t unset,
                                     pm_deadline deadline)
{
    while ((uint32_t)word == unset) {
        PM_TRY(pm_block_on(ref, WORD, unset, deadline, NULL));
        PM_TRY(pm_load(ref, WORD, &word));
    }
    return PARMAP_OK;
}

static parmap_status timed_out(void)
{
    return pm_fail(PARMAP_TIMED_OUT, "the event was not set in time; allow more time, or find out "
                                     "why nobody sets it");
}

parmap_status parmap_event_wait(const parmap_event *event, double timeout_s)
{
    pm_ref ref;
    uint64_t word;
    PM_TRY(open(event, &ref));
    PM_TRY(pm_check_cancelled());
    PM_TRY(pm_load(ref, WORD, &word));
    if (word & SET)
        return PARMAP_OK;
    const pm_deadline deadline = pm_deadline_in(timeout_s);
    const uint32_t unset = (uint32_t)word;
    if (deadline.at == 0)
        return timed_out();
    if (pm_spinning_pays(ref)) {
        PM_TRY(pm_spin_on(ref, WORD, unset, &word));
        if ((uint32_t)word != unset)
            return PARMAP_OK;
    }
    PM_TRY(pm_add(ref, WORD, SLEEPER, &word));
    const parmap_status status = sleep_until_set(ref, word, unset, deadline);
    if (status != PARMAP_CLOSED)
        PM_TRY(pm_add(ref, WORD, -SLEEPER, NULL));
    return status == PARMAP_TIMED_OUT ? timed_out() : status;
}
