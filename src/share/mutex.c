/* Acquiring is one compare_swap while nobody else wants the lock, and so is releasing.
 *
 * Who finds it held sets `waiters` and sleeps on the low half of the word.  A release makes the
 * word 0 and wakes one; whoever comes first takes it.  So a release does not wait for the woken one
 * to get a core, and a busy lock is taken hundreds of times before that one even runs.
 *
 * No wake is lost: while anybody sleeps, either `waiters` is set, or one is awake that has slept
 * and will set it, since it takes the lock with `waiters` set, not knowing who else sleeps.  Who
 * goes away instead sets it too, or wakes one when the lock is free.
 *
 * Nobody starves: who has slept for a while, was woken and lost again, sets `reserved`.  The
 * release then leaves the word free but reserved, which only those may take that have slept: they
 * come in turn.  Those that did not ask for it keep `reserved` set, so it lasts until the one that
 * asked has had its turn.  Who set it clears it when it goes away, and a newcomer that finds a word
 * reserved for a few milliseconds takes it, so a word cannot stay reserved for nobody. */
#include "share/deadlock.h"

#include "comm/pause.h"

static const uint64_t RESERVED = 1ULL << 30, WAITERS = 1ULL << 31;

enum { DEPTH_SHIFT = 54, MOST_DEPTH = 1022, MOST_SPINS = 16 };
static const uint64_t LEVEL = 1ULL << DEPTH_SHIFT;

static const double patience_s = 0.001, reservation_s = 0.004;

static pm_executor owner_of(uint64_t word)
{
    return pm_stamp_executor(word);
}

static uint32_t depth_of(uint64_t word)
{
    return (uint32_t)(word >> DEPTH_SHIFT);
}

/* ---- words of mutexes far away --------------------------------------------------------------- */

/* The last few that this thread acquired, so that a release need not ask what the word is.  A wrong
 * one does no harm: the compare_swap then tells the right one. */
enum { MEMOS = 4 };
static __attribute__((tls_model("initial-exec"))) _Thread_local struct memo {
    pm_mutex mutex;
    uint64_t word;
} memos[MEMOS];

static struct memo *memo_of(pm_mutex mutex)
{
    return &memos[(mutex.ref.offset / 64 + mutex.at / 8 + mutex.ref.rank) % MEMOS];
}

static bool same_place(pm_mutex a, pm_mutex b)
{
    return a.ref.offset == b.ref.offset && a.at == b.at && a.ref.rank == b.ref.rank &&
           a.ref.space == b.ref.space && a.ref.generation == b.ref.generation;
}

static void remember_if_far(pm_mutex mutex, uint64_t word)
{
    if (!pm_direct(mutex.ref))
        *memo_of(mutex) = (struct memo){mutex, word};
}

/* What the word is, or was when this thread changed it. */
static parmap_status guess(pm_mutex mutex, uint64_t *word)
{
    if (pm_direct(mutex.ref))
        return pm_load(mutex.ref, mutex.at, word);
    const struct memo *memo = memo_of(mutex);
    if (!same_place(memo->mutex, mutex) || memo->word == 0)
        return pm_load(mutex.ref, mutex.at, word);
    *word = memo->word;
    return PARMAP_OK;
}

/* ---- acquiring what is not free -------------------------------------------------------------- */

typedef struct attempt {
    pm_lock_wait wait;
    pm_deadline deadline;
    const char *what;
    uint64_t levels; /* depth to take it with, in its bits */
    uint64_t word;   /* as last seen, or a guess that take() checks */
    double began;    /* pm_now() of the first sleep */
    int spins;       /* since the last sleep */
    bool slept;
    bool woken;     /* and lost again */
    bool asked;     /* has set `reserved` */
    bool unclaimed; /* nobody took the reserved word in time */
    bool over;      /* the time is */
} attempt;

static pm_mutex mutex_of(const attempt *a)
{
    return a->wait.mutex;
}

static parmap_status swap_word(attempt *a, uint64_t desired, bool *done)
{
    uint64_t old;
    PM_TRY(pm_compare_swap(mutex_of(a).ref, mutex_of(a).at, a->word, desired, &old));
    *done = old == a->word;
    a->word = *done ? desired : old;
    return PARMAP_OK;
}

static bool may_take(const attempt *a)
{
    return owner_of(a->word) == 0 && (a->slept || !(a->word & RESERVED));
}

static parmap_status take(attempt *a, bool *taken)
{
    uint64_t desired = a->wait.me | pm_stamp_now() | a->levels;
    if (a->slept)
        desired |= WAITERS;
    if (a->word & RESERVED && !a->asked && !a->unclaimed)
        desired |= RESERVED;
    return swap_word(a, desired, taken);
}

static parmap_status timed_out(const attempt *a)
{
    char who[PM_WHO_BYTES], since[PM_SINCE_BYTES];
    const pm_executor owner = owner_of(a->word);
    if (!a->what) /* only a try */
        return PARMAP_TIMED_OUT;
    if (owner == 0)
        return pm_fail(PARMAP_TIMED_OUT, "the %s is reserved for one that waits; try again",
                       a->what);
    return pm_fail(PARMAP_TIMED_OUT,
                   "the %s was not free in time: %s has held it since %s; allow more time, or find "
                   "out what keeps that thread",
                   a->what, pm_who(owner, who), pm_stamp_since(a->word, since));
}

/* The caller has it already. */
static parmap_status take_again(attempt *a, bool *taken)
{
    if (!mutex_of(a).recursive)
        return a->over ? timed_out(a)
                       : pm_fail(PARMAP_DEADLOCK,
                                 "this thread has the %s already and would wait for itself; "
                                 "release it first, or use a recursive lock",
                                 a->what);
    if (depth_of(a->word) >= MOST_DEPTH)
        return pm_fail(PARMAP_USAGE, "this thread has acquired the %s %d times without a release",
                       a->what ? a->what : "lock", MOST_DEPTH + 1);
    return swap_word(a, a->word + LEVEL, taken);
}

/* Sleeps while the word is as last seen; then guesses that it is as a release leaves it. */
static parmap_status sleep_until(attempt *a, pm_deadline deadline, const pm_watch *watch,
                                 bool *late)
{
    if (a->began == 0)
        a->began = pm_now();
    const parmap_status status =
        pm_block_on(mutex_of(a).ref, mutex_of(a).at, (uint32_t)a->word, deadline, watch);
    a->slept = true;
    a->spins = 0;
    a->word &= RESERVED;
    *late = status == PARMAP_TIMED_OUT;
    return *late ? PARMAP_OK : status;
}

/* The word is free but reserved for others: until one of them has come, or nobody did. */
static parmap_status sleep_reserved(attempt *a)
{
    const double end = pm_now() + reservation_s;
    const pm_deadline deadline = {end < a->deadline.at ? end : a->deadline.at, a->deadline.cancels};
    PM_TRY(sleep_until(a, deadline, NULL, &a->unclaimed));
    a->over = a->unclaimed && pm_deadline_over(a->deadline);
    return PARMAP_OK;
}

/* Somebody has it: asks to be woken, and after a while for its turn. */
static parmap_status sleep_held(attempt *a)
{
    const bool starving = a->woken && pm_now() - a->began > patience_s;
    const uint64_t marked = a->word | WAITERS | (starving ? RESERVED : 0);
    const pm_watch watch = {pm_deadlock_look, &a->wait};
    bool done = true;
    if (marked != a->word)
        PM_TRY(swap_word(a, marked, &done));
    if (!done)
        return PARMAP_OK;
    a->asked = a->asked || starving;
    a->unclaimed = false;
    PM_TRY(sleep_until(a, a->deadline, &watch, &a->over));
    a->woken = true;
    return PARMAP_OK;
}

/* Until there is a chance again. */
static parmap_status wait_for_chance(attempt *a)
{
    const uint32_t seen = (uint32_t)a->word;
    if (a->spins++ < MOST_SPINS && pm_spinning_pays(mutex_of(a).ref)) {
        PM_TRY(pm_spin_backing_off(mutex_of(a).ref, mutex_of(a).at, seen, &a->word));
        if ((uint32_t)a->word != seen)
            return PARMAP_OK;
    }
    return owner_of(a->word) == 0 ? sleep_reserved(a) : sleep_held(a);
}

static parmap_status contend(attempt *a)
{
    for (bool taken = false;;) {
        if (may_take(a)) {
            PM_TRY(take(a, &taken));
        } else if (owner_of(a->word) == a->wait.me) {
            PM_TRY(take_again(a, &taken));
        } else if (a->over) {
            return timed_out(a);
        } else {
            PM_TRY(wait_for_chance(a));
        }
        if (taken)
            return PARMAP_OK;
    }
}

/* Goes away without it.  A wake that was meant for the caller goes on to another. */
static parmap_status step_back(attempt *a)
{
    for (bool done = false; !done;) {
        uint64_t next = a->asked ? a->word & ~RESERVED : a->word;
        if (owner_of(next) != 0)
            next |= WAITERS;
        if (next == a->word)
            break;
        PM_TRY(swap_word(a, next, &done));
    }
    return owner_of(a->word) == 0 ? pm_wake_word(mutex_of(a).ref, mutex_of(a).at, 1) : PARMAP_OK;
}

static parmap_status acquire(attempt *a)
{
    if (a->wait.me == 0)
        return PARMAP_SYSTEM;
    const parmap_status status = contend(a);
    const parmap_status left = pm_deadlock_leave(&a->wait, status == PARMAP_CLOSED);
    if (status == PARMAP_OK)
        remember_if_far(mutex_of(a), a->word);
    if (a->slept &&
        (status == PARMAP_TIMED_OUT || status == PARMAP_DEADLOCK || status == PARMAP_CANCELLED))
        PM_TRY(step_back(a));
    return status == PARMAP_OK ? left : status;
}

parmap_status pm_mutex_contend(const pm_mutex *mutex, uint64_t found, pm_deadline deadline,
                               const char *what)
{
    attempt a = {.wait = {.mutex = *mutex, .me = pm_executor_self(), .reports = true},
                 .deadline = deadline,
                 .what = what,
                 .word = found,
                 .over = deadline.at == 0};
    return acquire(&a);
}

parmap_status pm_mutex_try(pm_mutex mutex, bool *acquired)
{
    uint64_t found;
    *acquired = pm_mutex_take(mutex, &found);
    if (*acquired || (found != 0 && owner_of(found) != pm_executor_self()))
        return PARMAP_OK;
    const parmap_status status = pm_mutex_contend(&mutex, found, (pm_deadline){0}, NULL);
    *acquired = status == PARMAP_OK;
    return status == PARMAP_TIMED_OUT ? PARMAP_OK : status;
}

/* ---- releasing ------------------------------------------------------------------------------- */

static parmap_status not_mine(uint64_t word, const char *what)
{
    char who[PM_WHO_BYTES];
    if (owner_of(word) == 0)
        return pm_fail(PARMAP_USAGE, "nobody has the %s; acquire it first", what);
    return pm_fail(PARMAP_USAGE, "the %s is held by %s, not by this thread; acquire it first", what,
                   pm_who(owner_of(word), who));
}

/* *word = what it was. */
static parmap_status release(pm_mutex mutex, bool all_levels, const char *what, uint64_t *word)
{
    const pm_executor me = pm_executor_self();
    uint64_t seen, next;
    PM_TRY(guess(mutex, &seen));
    do {
        *word = seen;
        if (owner_of(*word) != me || me == 0)
            return not_mine(*word, what);
        next = depth_of(*word) > 0 && !all_levels ? *word - LEVEL : *word & RESERVED;
        PM_TRY(pm_compare_swap(mutex.ref, mutex.at, *word, next, &seen));
    } while (seen != *word);
    if (owner_of(next) != 0) {
        remember_if_far(mutex, next);
        return PARMAP_OK;
    }
    if (!(*word & (WAITERS | RESERVED)))
        return PARMAP_OK;
    return pm_unless_freed(pm_wake_word(mutex.ref, mutex.at, 1));
}

parmap_status pm_mutex_release_any(const pm_mutex *mutex, const char *what)
{
    uint64_t word;
    return release(*mutex, false, what, &word);
}

parmap_status pm_mutex_release_all(pm_mutex mutex, uint32_t *depth, const char *what)
{
    uint64_t word = 0;
    PM_TRY(release(mutex, true, what, &word));
    *depth = depth_of(word);
    return PARMAP_OK;
}

parmap_status pm_mutex_acquire_again(pm_mutex mutex, uint32_t depth, const char *what)
{
    attempt a = {.wait = {.mutex = mutex, .me = pm_executor_self()},
                 .deadline = pm_never,
                 .what = what,
                 .levels = depth * LEVEL};
    return acquire(&a);
}

parmap_status pm_mutex_owner(pm_mutex mutex, pm_executor *owner)
{
    uint64_t word;
    PM_TRY(pm_load(mutex.ref, mutex.at, &word));
    *owner = owner_of(word);
    return PARMAP_OK;
}

parmap_status pm_mutex_check_mine(pm_mutex mutex, const char *what)
{
    uint64_t word;
    PM_TRY(pm_load(mutex.ref, mutex.at, &word));
    return owner_of(word) == pm_executor_self() && owner_of(word) != 0 ? PARMAP_OK
                                                                       : not_mine(word, what);
}

void pm_inner_lock(const parmap_handle *object, uint32_t at, parmap_lock *lock)
{
    lock->handle = *object;
    lock->handle.kind = PM_KIND_RLOCK;
    lock->handle.extra = at;
}
