/* TEST seconds=120 */
/* Kernels whose items fail, over ranks and threads: every layout gives the statuses, values,
 * checksum and statistics of a serial loop; too many failures end all ranks, and what they have
 * begun is finished. */
#include "mpi/hubs.h"

#include "base/hash.h"
#include "base/types.h"
#include "comm/pause.h"
#include "map/ends.h"
#include "map/pipeline.h"
#include "work/kernel.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { ITEMS = 10007, FIRST = -5004 };

static int pause_ms; /* of each item */

static bool fails(int64_t x)
{
    return x % 9 == 0 || (x > 100 && x < 200);
}

PARMAP_KERNEL_CAN_FAIL(thrice, int64_t, x, int64_t, y)
{
    if (pause_ms > 0)
        nanosleep(&(struct timespec){.tv_nsec = pause_ms * 1000000L}, NULL);
    *y = 3 * x;
    return fails(x) ? parmap_fail("no triple of %lld", (long long)x) : PARMAP_OK;
}
PARMAP_DOMAIN(thrice, int64_t, -1000000, 1000000);

/* What this rank has seen. */
static struct {
    int64_t values[ITEMS];
    int statuses[ITEMS], emitted[ITEMS]; /* each item by one rank */
    int told[ITEMS];
    _Atomic int64_t oddities;
    pm_hub *hub;
} seen;

static parmap_status emit(void *self, const pm_piece *piece)
{
    const int64_t *results = piece->results;
    if (self != &seen || !piece->statuses)
        atomic_fetch_add(&seen.oddities, 1);
    for (int64_t i = 0; i < piece->count; i++) {
        seen.values[piece->item + i] = results[i];
        seen.statuses[piece->item + i] = piece->statuses[i];
        seen.emitted[piece->item + i]++;
    }
    return PARMAP_OK;
}

static const pm_sink keeping = {.name = "keeping", .emit = emit};

static parmap_status tell(void *context, int64_t item, int64_t attempts, const char *message)
{
    char expected[64];
    snprintf(expected, sizeof expected, "no triple of %lld", (long long)(FIRST + item));
    if (context != &seen || attempts != 2 || strcmp(message, expected) != 0)
        atomic_fetch_add(&seen.oddities, 1);
    seen.told[item]++;
    pm_hub_failed(seen.hub, 1);
    return PARMAP_OK;
}

/* What computes. */
typedef struct works {
    pm_computer computer;
    pm_items items;
    pm_kernel_source source;
} works;

static pm_flow flow_of(works *w, int64_t block_items)
{
    memset(&seen, 0, sizeof seen);
    CHECK_INT(pm_computer_make(&w->computer, &thrice, PARMAP_INT64, pm_vector_best(), false),
              PARMAP_OK);
    w->source = (pm_kernel_source){.computer = &w->computer,
                                   .range = {.first = FIRST, .step = 1, .count = ITEMS},
                                   .items = &w->items};
    w->items = (pm_items){.computer = &w->computer,
                          .range = &w->source.range,
                          .retries = 1,
                          .failed = tell,
                          .context = &seen};
    return (pm_flow){.blocks = pm_blocks_of(ITEMS, block_items),
                     .result = w->computer.result,
                     .vector = w->computer.vector,
                     .checksum = true,
                     .stats = true,
                     .can_fail = true,
                     .source = &pm_source_kernel,
                     .source_self = &w->source,
                     .sink = &keeping,
                     .sink_self = &seen};
}

static pm_chunk serve(void *claims)
{
    return ((pm_claims *)claims)->schedule->serve(claims);
}

static pm_tally run(const pm_flow *flow, const char *schedule, const pm_topology *t, int64_t limit,
                    parmap_status *stop)
{
    pm_hub hub;
    pm_tally tally;
    pm_claims claims =
        pm_claims_of(pm_schedule_find(schedule), t, flow->blocks.count, t->nodes > 1 ? 2 : 1, &hub);
    seen.hub = &hub;
    CHECK_INT(claims.schedule->open(&claims), PARMAP_OK);
    CHECK_INT(pm_hub_open(&hub, &world, false, NULL, NULL,
                          claims.schedule->serve && t->nodes > 1 ? serve : NULL, &claims),
              PARMAP_OK);
    pm_hub_limit_failed(&hub, limit, 0);
    CHECK_INT(pm_pipeline_run(flow, &claims, &hub, &tally), PARMAP_OK);
    hub_end(&hub);
    *stop = pm_hub_status(&hub);
    claims.schedule->close(&claims);
    return tally;
}

static pm_tally tally_of_all(const pm_tally *mine)
{
    pm_tally *all = calloc((size_t)world.size, sizeof *all), sum = pm_tally_none();
    gather_records(mine, all, sizeof *mine);
    for (int rank = 0; rank < world.size; rank++)
        pm_tally_add(&sum, &all[rank]);
    free(all);
    return sum;
}

/* The checksum of a serial loop. */
static uint64_t expected_checksum(int64_t block_items)
{
    static int64_t values[ITEMS];
    static uint8_t statuses[ITEMS];
    uint64_t sum = 0;
    for (int64_t i = 0; i < ITEMS; i++) {
        statuses[i] = fails(FIRST + i) ? PM_ITEM_FAILED : PM_ITEM_GOOD;
        values[i] = fails(FIRST + i) ? 0 : 3 * (FIRST + i);
    }
    for (int64_t b = 0; b * block_items < ITEMS; b++) {
        const int64_t first = b * block_items, rest = ITEMS - first;
        const size_t count = (size_t)(rest < block_items ? rest : block_items);
        sum += pm_hash_block(values + first, count * 8, (uint64_t)b) +
               pm_hash_block(statuses + first, count, (uint64_t)b);
    }
    return sum;
}

/* That this rank's items are right; over all ranks, each once, or at most once. */
static void check_items(bool complete)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < ITEMS; i++) {
        const bool failed = fails(FIRST + i);
        if (seen.emitted[i] > 0)
            wrong += seen.statuses[i] != (failed ? PM_ITEM_FAILED : PM_ITEM_GOOD) ||
                     seen.values[i] != (failed ? 0 : 3 * (FIRST + i)) || seen.told[i] != failed;
        else
            wrong += seen.told[i] != 0; /* what was begun is finished */
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(atomic_load(&seen.oddities), 0);
    sum_ints(seen.emitted, ITEMS);
    for (int64_t i = 0; i < ITEMS; i++)
        wrong += complete ? seen.emitted[i] != 1 : seen.emitted[i] > 1;
    CHECK_INT(wrong, 0);
}

static void check_layout(const char *schedule, int nodes, int threads, int64_t block_items)
{
    works w;
    parmap_status stop;
    int64_t failed = 0, sum = 0;
    const pm_topology topology = topology_of(nodes, threads);
    const pm_flow flow = flow_of(&w, block_items);
    const pm_tally mine = run(&flow, schedule, &topology, INT64_MAX, &stop);
    const pm_tally all = tally_of_all(&mine);
    for (int64_t x = FIRST; x < FIRST + ITEMS; x++) {
        failed += fails(x);
        sum += fails(x) ? 0 : 3 * x;
    }
    CHECK_INT(stop, PARMAP_OK);
    CHECK_INT(all.items, ITEMS);
    CHECK_INT(all.failed, failed);
    CHECK_INT(all.checksum, expected_checksum(block_items));
    CHECK_INT(all.stats.min, 3 * (FIRST + 1)); /* the first fails */
    CHECK_INT(all.stats.max, 3 * (FIRST + ITEMS - 1));
    CHECK_INT(all.stats.sum, sum);
    check_items(true);
}

static void layouts(void)
{
    static const char *const schedules[] = {"static", "dynamic"};
    pause_ms = 0;
    for (int s = 0; s < 2; s++)
        for (int nodes = 1; nodes <= 2; nodes++)
            for (int threads = 1; threads <= 4; threads += 3) {
                check_layout(schedules[s], nodes, threads, 64);
                check_layout(schedules[s], nodes, threads, 4096);
            }
}

/* A run of many seconds ends when the limit is reached. */
static void check_stop(const char *schedule, int nodes, int threads, int64_t limit)
{
    works w;
    parmap_status stop;
    const pm_topology topology = topology_of(nodes, threads);
    const pm_flow flow = flow_of(&w, 16);
    pause_ms = 5;
    const pm_tally mine = run(&flow, schedule, &topology, limit, &stop);
    const pm_tally all = tally_of_all(&mine);
    CHECK_INT(stop, PARMAP_ITEMS_FAILED);
    CHECK(all.failed >= limit);
    CHECK(all.items < ITEMS);
    check_items(false);
}

static void stops(void)
{
    check_stop("static", 1, 1, 1);
    check_stop("dynamic", 1, 4, 40);
    check_stop("static", 2, 4, 20);
    check_stop("dynamic", 3, 1, 15);
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {
        {"failing: every layout", layouts},
        {"failing: too many", stops},
    };
    return ranks_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
