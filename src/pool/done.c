#include "pool/done.h"

#include "comm/executor.h"
#include "comm/post.h"
#include "share/object.h"

parmap_status pm_done_open(pm_done_home *home, bool is_private, pm_done *done)
{
    *home = (pm_done_home){.word = 0};
    *done = (pm_done){pm_private_ref(&home->word), 0};
    if (is_private)
        return PARMAP_OK;
    PM_TRY(pm_heap_alloc(PM_OWN_LINE + 8, PM_KIND_POOL, &home->block));
    *done = (pm_done){home->block, PM_OWN_LINE};
    return PARMAP_OK;
}

void pm_done_close(pm_done_home *home)
{
    if (home->block.generation != 0)
        pm_heap_free(home->block, PM_KIND_POOL);
    home->block.generation = 0;
}

static parmap_status wake(pm_done done, uint64_t before)
{
    return before & PM_DONE_ASLEEP ? pm_wake_word(done.ref, done.at, PM_WAKE_ALL) : PARMAP_OK;
}

static parmap_status push(pm_done done, pm_ref block, uint64_t link_at, uint64_t *before)
{
    uint64_t found;
    *before = 0;
    PM_TRY(pm_store(block, link_at, 0)); /* most often it is the only one */
    PM_TRY(pm_compare_swap(done.ref, done.at, 0, block.offset + link_at, &found));
    while (found != *before) {
        *before = found;
        PM_TRY(pm_store(block, link_at, *before & ~(uint64_t)PM_DONE_FLAGS));
        PM_TRY(pm_compare_swap(done.ref, done.at, *before, block.offset + link_at, &found));
    }
    return PARMAP_OK;
}

parmap_status pm_done_push(pm_done done, pm_ref block, uint64_t link_at)
{
    uint64_t before;
    PM_TRY(push(done, block, link_at, &before));
    return wake(done, before);
}

parmap_status pm_done_push_inside(pm_done done, pm_ref block, uint64_t link_at)
{
    uint64_t before;
    PM_TRY(push(done, block, link_at, &before));
    return before & PM_DONE_ASLEEP ? pm_post_wake_inside(done.ref, done.at) : PARMAP_OK;
}

/* Where there are parcels the owner comes anyway. */
parmap_status pm_done_poke(pm_done done)
{
    uint64_t before = 0, found;
    PM_TRY(pm_compare_swap(done.ref, done.at, 0, PM_DONE_POKED, &found));
    while (found != before && found <= PM_DONE_FLAGS && !(found & PM_DONE_POKED)) {
        before = found;
        PM_TRY(pm_compare_swap(done.ref, done.at, before, PM_DONE_POKED, &found));
    }
    return found == before ? wake(done, before) : PARMAP_OK;
}

parmap_status pm_done_take(pm_done done, uint64_t *place)
{
    uint64_t word;
    PM_TRY(pm_load(done.ref, done.at, &word));
    if (word != 0)
        PM_TRY(pm_swap(done.ref, done.at, 0, &word));
    *place = word & ~(uint64_t)PM_DONE_FLAGS;
    return PARMAP_OK;
}

parmap_status pm_done_await(pm_done done, pm_deadline deadline, const pm_watch *watch)
{
    uint64_t word;
    PM_TRY(pm_spin_on(done.ref, done.at, 0, &word));
    if (word == 0)
        PM_TRY(pm_compare_swap(done.ref, done.at, 0, PM_DONE_ASLEEP, &word));
    if (word != 0 && word != PM_DONE_ASLEEP)
        return PARMAP_OK;
    pm_executor_rest(true);
    const parmap_status status = pm_block_on(done.ref, done.at, PM_DONE_ASLEEP, deadline, watch);
    pm_executor_rest(false);
    return status;
}
