/* Numbers for threads.  They are given in turn, so that a number comes back as late as possible:
 * what a thread left locked must not look like the next thread's own. */
#include "comm/executor.h"

#include <pthread.h>
#include <stdatomic.h>

_Thread_local pm_executor pm_executor_mine;

static struct {
    pthread_mutex_t mutex;
    pthread_once_t once;
    pthread_key_t key;
    uint32_t rank;
    uint32_t next;
    _Atomic uint32_t live;
    bool taken[PM_EXECUTORS];
} executors = {.mutex = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

static void give_back(void *executor)
{
    pthread_mutex_lock(&executors.mutex);
    executors.taken[pm_executor_number((pm_executor)(uintptr_t)executor)] = false;
    atomic_fetch_sub(&executors.live, 1);
    pthread_mutex_unlock(&executors.mutex);
    pm_executor_mine = 0; /* for destructors that come after this one */
}

static void make_key(void)
{
    pthread_key_create(&executors.key, give_back);
}

void pm_executor_set_rank(uint32_t rank)
{
    executors.rank = rank;
}

uint32_t pm_executors_live(void)
{
    return atomic_load(&executors.live);
}

void pm_executor_rest(bool resting)
{
    if (pm_executor_mine != 0)
        atomic_fetch_add(&executors.live, resting ? (uint32_t)-1 : 1);
}

pm_executor pm_executor_join(void)
{
    pthread_once(&executors.once, make_key);
    pthread_mutex_lock(&executors.mutex);
    uint32_t tries = 0;
    while (tries < PM_EXECUTORS && executors.taken[executors.next]) {
        executors.next = (executors.next + 1) % PM_EXECUTORS;
        tries++;
    }
    if (tries < PM_EXECUTORS) {
        executors.taken[executors.next] = true;
        atomic_fetch_add(&executors.live, 1);
        pm_executor_mine = pm_executor_of(executors.rank, executors.next);
        executors.next = (executors.next + 1) % PM_EXECUTORS;
    }
    pthread_mutex_unlock(&executors.mutex);
    if (pm_executor_mine == 0)
        pm_fail(PARMAP_SYSTEM, "more than %d threads of this rank use shared objects; start fewer",
                (int)PM_EXECUTORS);
    else
        pthread_setspecific(executors.key, (void *)(uintptr_t)pm_executor_mine);
    return pm_executor_mine;
}
