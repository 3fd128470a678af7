/* The list of those that sleep is for waking them at once.  A thread that is about to sleep when it
 * is woken sleeps for a slice of share/block.c, and then sees that it was terminated. */
#include "share/cancel.h"

_Thread_local pm_cancel *pm_cancel_mine;

parmap_status pm_refuse_cancelled(void)
{
    return pm_fail(PARMAP_CANCELLED, "%s on rank %d was terminated", pm_cancel_mine->name,
                   parmap_rank());
}

/* Everybody who sleeps on the word is woken, and those that it does not concern sleep on: a single
 * wake might go to one of them. */
void pm_cancel_request(pm_cancel *cancel)
{
    atomic_store(&cancel->requested, true);
    pthread_mutex_lock(&cancel->mutex);
    for (const pm_sleeper *s = cancel->sleepers; s; s = s->next)
        pm_wake_word(s->ref, s->at, PM_WAKE_ALL); /* an object that was freed needs none */
    pthread_mutex_unlock(&cancel->mutex);
}

void pm_cancel_enter(pm_sleeper *sleeper, pm_ref ref, uint64_t at)
{
    pm_cancel *cancel = pm_cancel_mine;
    *sleeper = (pm_sleeper){.ref = ref, .at = at, .link = &cancel->sleepers};
    pthread_mutex_lock(&cancel->mutex);
    sleeper->next = cancel->sleepers;
    if (sleeper->next)
        sleeper->next->link = &sleeper->next;
    cancel->sleepers = sleeper;
    pthread_mutex_unlock(&cancel->mutex);
}

void pm_cancel_leave(pm_sleeper *sleeper)
{
    pm_cancel *cancel = pm_cancel_mine;
    pthread_mutex_lock(&cancel->mutex);
    *sleeper->link = sleeper->next;
    if (sleeper->next)
        sleeper->next->link = sleeper->link;
    pthread_mutex_unlock(&cancel->mutex);
}
