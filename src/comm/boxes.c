/* A futex in each box: an executor sleeps on its own until somebody who polls delivers. */
#include "comm/boxes.h"

#include "comm/door.h"

#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static pm_box boxes[PM_EXECUTORS][PM_BOXES];

void pm_box_deliver(const pm_packet *reply, const void *payload)
{
    pm_box *to = &boxes[pm_executor_number(reply->executor)][reply->box % PM_BOXES];
    const uint32_t state = atomic_load(&to->state);
    if (state == PM_BOX_IDLE || state == PM_BOX_DONE || to->sequence != reply->sequence)
        return; /* nobody waits for it any more */
    to->value = reply->a;
    to->status = (parmap_status)reply->status;
    if (to->data && reply->bytes)
        memcpy(to->data, payload, reply->bytes);
    if (atomic_exchange(&to->state, PM_BOX_DONE) == PM_BOX_SLEEPING)
        syscall(SYS_futex, &to->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

pm_box *pm_box_open(pm_executor self, pm_box_kind which, void *data)
{
    pm_box *mine = &boxes[pm_executor_number(self)][which];
    atomic_fetch_add_explicit(&mine->sequence, 1, memory_order_relaxed);
    mine->data = data;
    atomic_store(&mine->state,
                 PM_BOX_PENDING); /* the rest was written before: see pm_box_deliver */
    return mine;
}

/* What was given up may be under delivery just now. */
void pm_box_close(pm_box *mine)
{
    const bool given_up = atomic_load(&mine->state) != PM_BOX_DONE;
    if (given_up)
        pm_door_enter();
    atomic_store(&mine->state, PM_BOX_IDLE);
    if (given_up)
        pm_door_leave();
}

void pm_box_sleep(pm_box *mine, double seconds)
{
    uint32_t state = PM_BOX_PENDING;
    const struct timespec time = {.tv_nsec = (long)(seconds * 1e9)};
    if (!atomic_compare_exchange_strong(&mine->state, &state, PM_BOX_SLEEPING))
        return;
    syscall(SYS_futex, &mine->state, FUTEX_WAIT_PRIVATE, PM_BOX_SLEEPING, &time, NULL, 0);
    state = PM_BOX_SLEEPING;
    atomic_compare_exchange_strong(&mine->state, &state, PM_BOX_PENDING);
}
