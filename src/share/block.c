/* Waiting in slices: nobody who waits is deaf for longer than one of them. */
#include "share/block.h"

#include "comm/pause.h"
#include "comm/peers.h"

#include <math.h>
#include <time.h>

static const double slice_s = 0.25, drain_s = 5;

/* Pauses, of some ten nanoseconds: about what going to sleep and being woken would cost; and what a
 * lock is worth. */
enum { SPINS = 1000, LOCK_SPINS = 200 };

/* How many threads of this rank are inside pm_block_on. */
static _Atomic int blocked;

pm_deadline pm_deadline_in(double timeout_s)
{
    if (!(timeout_s > 0)) /* not a number is no time either */
        return (pm_deadline){.cancels = true};
    return (pm_deadline){isinf(timeout_s) ? timeout_s : pm_now() + timeout_s, true};
}

bool pm_deadline_over(pm_deadline deadline)
{
    return deadline.at == 0 || (!isinf(deadline.at) && pm_now() >= deadline.at);
}

/* The length of the next slice; 0 = the time is over. */
static double next_slice(pm_deadline deadline)
{
    if (isinf(deadline.at))
        return slice_s;
    const double left = deadline.at == 0 ? 0 : deadline.at - pm_now();
    return left < 0 ? 0 : left < slice_s ? left : slice_s;
}

static parmap_status closed(void)
{
    return pm_fail(PARMAP_CLOSED, "the job finishes: parmap_finish was called on all ranks while "
                                  "this thread was waiting; end such threads before");
}

parmap_status pm_wait_check(void)
{
    PM_TRY(pm_check_cancelled());
    return pm_window_closing() ? closed() : PARMAP_OK;
}

static parmap_status block(pm_ref ref, uint64_t at, uint32_t expected, pm_deadline deadline,
                           const pm_watch *watch)
{
    for (;;) {
        bool timed_out = false;
        if (pm_window_closing())
            return closed();
        if (deadline.cancels)
            PM_TRY(pm_check_cancelled());
        const double seconds = next_slice(deadline);
        if (seconds == 0)
            return PARMAP_TIMED_OUT;
        PM_TRY(pm_wait_word(ref, at, expected, seconds, &timed_out));
        if (!timed_out)
            return pm_window_closing() ? closed() : PARMAP_OK;
        PM_TRY(pm_peers_check());
        if (watch && seconds == slice_s && !pm_window_closing())
            PM_TRY(watch->look(watch->context));
    }
}

parmap_status pm_block_on(pm_ref ref, uint64_t at, uint32_t expected, pm_deadline deadline,
                          const pm_watch *watch)
{
    const bool listed = deadline.cancels && pm_cancel_mine;
    pm_sleeper sleeper;
    atomic_fetch_add(&blocked, 1);
    if (listed)
        pm_cancel_enter(&sleeper, ref, at);
    const parmap_status status = block(ref, at, expected, deadline, watch);
    if (listed)
        pm_cancel_leave(&sleeper);
    atomic_fetch_sub(&blocked, 1);
    return status;
}

/* Looks with so many pauses between them, then twice as many, up to a limit. */
static parmap_status spin(pm_ref ref, uint64_t at, uint32_t expected, int budget, int pauses,
                          int most, uint64_t *value)
{
    int left = pm_spinning_pays(ref) ? budget : 0;
    PM_TRY(pm_load(ref, at, value));
    while ((uint32_t)*value == expected && left > 0) {
        for (int i = 0; i < pauses; i++)
            pm_relax();
        left -= pauses;
        pauses = 2 * pauses < most ? 2 * pauses : most;
        PM_TRY(pm_load(ref, at, value));
    }
    return PARMAP_OK;
}

parmap_status pm_spin_on(pm_ref ref, uint64_t at, uint32_t expected, uint64_t *value)
{
    return spin(ref, at, expected, SPINS, 1, 1, value);
}

parmap_status pm_spin_backing_off(pm_ref ref, uint64_t at, uint32_t expected, uint64_t *value)
{
    return spin(ref, at, expected, LOCK_SPINS, 8, 64, value);
}

parmap_status pm_block_drain(void)
{
    const double end = pm_now() + drain_s;
    while (atomic_load(&blocked) > 0 || pm_window_busy()) {
        if (pm_now() > end)
            return pm_fail(PARMAP_SYSTEM,
                           "threads of this rank (%d or more) still wait although the job "
                           "finishes; the calls that they are in do not come back",
                           atomic_load(&blocked));
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return PARMAP_OK;
}
