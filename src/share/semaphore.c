/* Semaphore and BoundedSemaphore.
 *
 *   | unused 48 | value 8 | last 8 |
 *
 *   value:  | sleepers 32 | value 32 | bits; executors sleep on the value while it is 0
 *   last:   who acquired it last, and when: a stamp; 0 = nobody yet
 *
 * Who sleeps is counted first, so a release is one addition that tells whether somebody has to be
 * woken.  As many are woken as there were releases; one that was overtaken sleeps again. */
#include "share/block.h"
#include "share/object.h"
#include "share/stamp.h"

#include <inttypes.h>

enum { VALUE = PM_OWN_LINE, LAST = VALUE + 8, SEMAPHORE_BYTES = VALUE + 16 };

static const uint64_t SLEEPER = 1ULL << 32;

/* In the handle's `extra`: the bound, which is the initial value, or that there is none. */
static const uint32_t NO_BOUND = 1U << 31;
static const int64_t most = INT32_MAX;

static int64_t value_of(uint64_t word)
{
    return (int64_t)(word & 0xffffffff);
}

static parmap_status create(parmap_semaphore *semaphore, int64_t value, uint32_t extra)
{
    pm_ref ref;
    if (value < 0 || value > most)
        return pm_fail(PARMAP_USAGE,
                       "a semaphore cannot begin with %" PRId64 "; give it 0 to %" PRId64, value,
                       most);
    PM_TRY(pm_create(PM_KIND_SEMAPHORE, extra, SEMAPHORE_BYTES, (parmap_handle *)semaphore, &ref));
    return pm_store(ref, VALUE, (uint64_t)value);
}

parmap_status parmap_semaphore_create(parmap_semaphore *semaphore, int64_t value)
{
    return create(semaphore, value, NO_BOUND);
}

parmap_status parmap_bounded_semaphore_create(parmap_semaphore *semaphore, int64_t value)
{
    return create(semaphore, value, (uint32_t)value);
}

parmap_status parmap_semaphore_free(parmap_semaphore *semaphore)
{
    return pm_destroy((parmap_handle *)semaphore, PM_KIND_SEMAPHORE);
}

/* ---- acquiring ------------------------------------------------------------------------------- */

static parmap_status open(const parmap_semaphore *semaphore, pm_ref *ref)
{
    return pm_open_handle((const parmap_handle *)semaphore, PM_KIND_SEMAPHORE, ref);
}

/* Takes one, unless the value is 0.  *word is the word as last seen, or a guess; `cost` = what to
 * take off it. */
static parmap_status take(pm_ref ref, uint64_t *word, uint64_t cost, bool *taken)
{
    const pm_executor me = pm_executor_self();
    if (me == 0)
        return PARMAP_SYSTEM;
    *taken = false;
    while (value_of(*word) > 0 && !*taken) {
        uint64_t seen;
        PM_TRY(pm_compare_swap(ref, VALUE, *word, *word - cost, &seen));
        *taken = seen == *word;
        *word = seen;
    }
    return *taken ? pm_store(ref, LAST, me | pm_stamp_now()) : PARMAP_OK;
}

static parmap_status timed_out(pm_ref ref)
{
    char who[PM_WHO_BYTES], since[PM_SINCE_BYTES];
    uint64_t last;
    PM_TRY(pm_load(ref, LAST, &last));
    if (last == 0)
        return pm_fail(PARMAP_TIMED_OUT, "the semaphore is 0, as it was created; it has to be "
                                         "released first");
    return pm_fail(PARMAP_TIMED_OUT,
                   "the semaphore is 0: %s acquired it last, at %s; allow more time, or find out "
                   "why nobody releases it",
                   pm_who(pm_stamp_executor(last), who), pm_stamp_since(last, since));
}

/* The caller is counted as a sleeper.  When it is not any more, *counted = false. */
static parmap_status sleep_for_one(pm_ref ref, uint64_t word, pm_deadline deadline, bool *counted)
{
    for (bool over = false, taken = false;;) {
        PM_TRY(take(ref, &word, SLEEPER + 1, &taken));
        *counted = !taken;
        if (taken)
            return PARMAP_OK;
        if (over)
            return PARMAP_TIMED_OUT;
        const parmap_status status = pm_block_on(ref, VALUE, 0, deadline, NULL);
        over = status == PARMAP_TIMED_OUT;
        if (!over)
            PM_TRY(status);
        word++; /* a guess: there was one release */
    }
}

static parmap_status acquire_slowly(pm_ref ref, pm_deadline deadline)
{
    uint64_t word;
    bool taken, counted = true;
    if (pm_spinning_pays(ref)) {
        PM_TRY(pm_spin_on(ref, VALUE, 0, &word));
        PM_TRY(take(ref, &word, 1, &taken));
        if (taken)
            return PARMAP_OK;
    }
    PM_TRY(pm_add(ref, VALUE, SLEEPER, &word));
    const parmap_status status = sleep_for_one(ref, word + SLEEPER, deadline, &counted);
    if (counted && status != PARMAP_CLOSED)
        PM_TRY(pm_add(ref, VALUE, -SLEEPER, NULL));
    return status == PARMAP_TIMED_OUT ? timed_out(ref) : status;
}

parmap_status parmap_semaphore_acquire(const parmap_semaphore *semaphore, double timeout_s)
{
    pm_ref ref;
    uint64_t word;
    bool taken;
    PM_TRY(open(semaphore, &ref));
    PM_TRY(pm_check_cancelled());
    PM_TRY(pm_load(ref, VALUE, &word));
    PM_TRY(take(ref, &word, 1, &taken));
    if (taken)
        return PARMAP_OK;
    const pm_deadline deadline = pm_deadline_in(timeout_s);
    return deadline.at == 0 ? timed_out(ref) : acquire_slowly(ref, deadline);
}

parmap_status parmap_semaphore_try(const parmap_semaphore *semaphore, bool *acquired)
{
    pm_ref ref;
    uint64_t word;
    PM_TRY(open(semaphore, &ref));
    PM_TRY(pm_load(ref, VALUE, &word));
    return take(ref, &word, 1, acquired);
}

/* ---- releasing ------------------------------------------------------------------------------- */

static parmap_status refuse(int64_t bound)
{
    return pm_fail(PARMAP_USAGE,
                   "the semaphore is at %" PRId64 ", its highest value; release it only after it "
                   "was acquired",
                   bound);
}

/* Beyond `most` there is no harm in a value that is too large for a moment. */
static parmap_status add_one(pm_ref ref, uint64_t *word)
{
    PM_TRY(pm_add(ref, VALUE, 1, word));
    if (value_of(*word) < most)
        return PARMAP_OK;
    PM_TRY(pm_add(ref, VALUE, (uint64_t)-1, NULL));
    return refuse(most);
}

static parmap_status add_one_within(pm_ref ref, int64_t bound, uint64_t *word)
{
    uint64_t seen;
    PM_TRY(pm_load(ref, VALUE, &seen));
    do {
        *word = seen;
        if (value_of(*word) >= bound)
            return refuse(bound);
        PM_TRY(pm_compare_swap(ref, VALUE, *word, *word + 1, &seen));
    } while (seen != *word);
    return PARMAP_OK;
}

parmap_status parmap_semaphore_release(const parmap_semaphore *semaphore)
{
    pm_ref ref;
    uint64_t word;
    PM_TRY(open(semaphore, &ref));
    const uint32_t bound = semaphore->handle.extra;
    PM_TRY(bound == NO_BOUND ? add_one(ref, &word) : add_one_within(ref, bound, &word));
    if (word < SLEEPER)
        return PARMAP_OK;
    return pm_unless_freed(pm_wake_word(ref, VALUE, 1));
}

parmap_status parmap_semaphore_value(const parmap_semaphore *semaphore, int64_t *value)
{
    pm_ref ref;
    uint64_t word;
    PM_TRY(open(semaphore, &ref));
    PM_TRY(pm_load(ref, VALUE, &word));
    *value = value_of(word) < most ? value_of(word) : most;
    return PARMAP_OK;
}
