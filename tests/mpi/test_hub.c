/* TEST seconds=120 */
/* Reports, stops and requests reach their ends, and nothing stays in MPI. */
#include "mpi/hubs.h"

#include "comm/pause.h"

#include <stdatomic.h>

static const double limit_s = 30;

static _Atomic int64_t seen; /* by rank 0's watch */

static void watch(void *context, int64_t items_done)
{
    CHECK(context == (void *)&seen);
    CHECK(items_done >= atomic_load(&seen)); /* it never goes back */
    atomic_store(&seen, items_done);
}

/* Until all are told to stop; false when that takes too long. */
static bool wait_for_stop(pm_hub *hub)
{
    const double begun = pm_now();
    pm_pause pause = {0};
    while (!pm_hub_stopped(hub)) {
        if (pm_now() - begun > limit_s)
            return false;
        pm_pause_once(&pause);
    }
    return true;
}

static void nothing_to_say(void)
{
    for (int round = 0; round < 30; round++) {
        pm_hub hub;
        CHECK_INT(pm_hub_open(&hub, &world, round % 2, NULL, NULL, NULL, NULL), PARMAP_OK);
        CHECK(!pm_hub_stopped(&hub));
        pm_hub_done(&hub, 5);
        hub_end(&hub);
    }
}

/* Rank 0 sees what all have done, then stops the run. */
static void reports(void)
{
    const int64_t expected = 1000 * world.size * (world.size + 1) / 2;
    const double begun = pm_now();
    pm_hub hub;
    atomic_store(&seen, 0);
    CHECK_INT(pm_hub_open(&hub, &world, true, watch, (void *)&seen, NULL, NULL), PARMAP_OK);
    for (int i = 0; i < 10; i++)
        pm_hub_done(&hub, 100 * (world.rank + 1));
    if (world.rank == 0) {
        pm_pause pause = {0};
        while (atomic_load(&seen) < expected && pm_now() - begun < limit_s)
            pm_pause_once(&pause);
        CHECK_INT(atomic_load(&seen), expected);
        pm_hub_stop(&hub, PARMAP_STOPPED);
    }
    CHECK(wait_for_stop(&hub));
    hub_end(&hub);
}

/* The run is stopped by one rank: the others see the reason. */
static void stop_from(int stopper, parmap_status why)
{
    pm_hub hub;
    CHECK_INT(pm_hub_open(&hub, &world, false, NULL, NULL, NULL, NULL), PARMAP_OK);
    if (world.rank == stopper) {
        pm_hub_stop(&hub, why);
        pm_hub_stop(&hub, PARMAP_BUG); /* the first reason counts */
    }
    CHECK(wait_for_stop(&hub));
    CHECK_INT(pm_hub_status(&hub), why);
    hub_end(&hub);
}

static void stop_from_each(void)
{
    for (int rank = 0; rank < world.size; rank++) {
        stop_from(rank, PARMAP_WRITE_ERROR);
        stop_from(rank, PARMAP_STOPPED);
    }
}

static void stop_from_all(void)
{
    for (int round = 0; round < 30; round++) {
        pm_hub hub;
        CHECK_INT(pm_hub_open(&hub, &world, false, NULL, NULL, NULL, NULL), PARMAP_OK);
        pm_hub_stop(&hub, world.rank % 2 ? PARMAP_WRITE_ERROR : PARMAP_SYSTEM);
        CHECK(pm_hub_stopped(&hub));
        const parmap_status why = pm_hub_status(&hub);
        CHECK(why == PARMAP_WRITE_ERROR || why == PARMAP_SYSTEM);
        hub_end(&hub);
    }
}

/* A stop that comes when other ranks have finished already. */
static void late_stop(void)
{
    for (int stopper = 0; stopper < world.size; stopper++) {
        pm_hub hub;
        CHECK_INT(pm_hub_open(&hub, &world, true, NULL, NULL, NULL, NULL), PARMAP_OK);
        if (world.rank == stopper) {
            const double begun = pm_now();
            pm_pause pause = {0};
            while (pm_now() - begun < 0.02)
                pm_pause_once(&pause);
            pm_hub_stop(&hub, PARMAP_SYSTEM);
        }
        hub_end(&hub);
    }
}

/* Ranks in `from`..size-1 have `each` failed items, and `before` are known from before. */
static void fail_items(int from, int64_t each, int64_t before, int64_t limit, bool stops)
{
    pm_hub hub;
    CHECK_INT(pm_hub_open(&hub, &world, false, NULL, NULL, NULL, NULL), PARMAP_OK);
    pm_hub_limit_failed(&hub, limit, before);
    for (int64_t i = 0; i < each && world.rank >= from; i++)
        pm_hub_failed(&hub, 1);
    if (stops) {
        CHECK(wait_for_stop(&hub));
        CHECK_INT(atomic_load(&hub.stop), PARMAP_ITEMS_FAILED);
    } else {
        CHECK(!pm_hub_stopped(&hub));
    }
    hub_end(&hub);
    if (world.rank == 0)
        CHECK_INT(atomic_load(&hub.failed) + atomic_load(&hub.failed_elsewhere),
                  before + (limit == INT64_MAX && world.size > 1 ? (from == 0 ? each : 0)
                                                                 : each * (world.size - from)));
}

static void failed_items(void)
{
    const int last = world.size - 1, all = world.size;
    fail_items(0, 100, 7, INT64_MAX, false);
    fail_items(0, 100, 0, 100 * all + 1, false);
    fail_items(0, 100, 0, 100 * all, true); /* only together they are too many */
    fail_items(last, 50, 0, 50, true);
    fail_items(last, 1, 9, 10, true);
    fail_items(all, 0, 10, 10, true); /* too many from the start */
    fail_items(all, 0, 10, 11, false);
}

enum { BLOCKS = 500 };

static int64_t next_block; /* on rank 0, for the listening thread alone */

static pm_chunk serve(void *context)
{
    CHECK(context == (void *)&next_block);
    const int64_t begin = next_block;
    next_block = begin + 3 < BLOCKS ? begin + 3 : BLOCKS;
    return (pm_chunk){begin, next_block};
}

static int requested; /* sum of the blocks' numbers that this rank got */

static void request_all(pm_hub *hub)
{
    int64_t last = 0;
    for (;;) {
        const pm_chunk chunk = pm_hub_request(hub);
        if (chunk.begin == chunk.end)
            return;
        CHECK(chunk.begin >= last);
        for (last = chunk.begin; last < chunk.end; last++)
            requested += (int)last;
    }
}

static void requests(void)
{
    for (int round = 0; round < 5; round++) {
        pm_hub hub;
        next_block = 0;
        requested = 0;
        CHECK_INT(pm_hub_open(&hub, &world, true, NULL, NULL, serve, (void *)&next_block),
                  PARMAP_OK);
        if (world.rank > 0)
            request_all(&hub);
        hub_end(&hub);
        sum_ints(&requested, 1);
        CHECK_INT(requested, world.size > 1 ? BLOCKS * (BLOCKS - 1) / 2 : 0);
    }
}

/* Requests while a stop is under way: they end, and after the stop they get nothing. */
static void requests_and_stop(void)
{
    for (int round = 0; round < 20; round++) {
        pm_hub hub;
        next_block = 0;
        requested = 0;
        CHECK_INT(pm_hub_open(&hub, &world, false, NULL, NULL, serve, (void *)&next_block),
                  PARMAP_OK);
        if (world.rank == round % world.size)
            pm_hub_stop(&hub, PARMAP_STOPPED);
        if (world.rank > 0)
            pm_hub_request(&hub);
        CHECK(wait_for_stop(&hub));
        if (world.rank > 0) {
            const pm_chunk chunk = pm_hub_request(&hub); /* though there are blocks left */
            CHECK_INT(chunk.begin, chunk.end);
        }
        hub_end(&hub);
    }
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {
        {"hub: nothing to say", nothing_to_say},
        {"hub: reports", reports},
        {"hub: stop from each rank", stop_from_each},
        {"hub: stop from all ranks", stop_from_all},
        {"hub: a late stop", late_stop},
        {"hub: failed items", failed_items},
        {"hub: requests", requests},
        {"hub: requests and a stop", requests_and_stop},
    };
    return ranks_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
