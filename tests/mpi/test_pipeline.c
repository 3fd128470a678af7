/* TEST seconds=120 */
/* Whole runs: every layout gives the results, checksum and statistics of a serial loop; a failure
 * or a signal on one rank ends all of them. */
#include "mpi/flows.h"

#include "base/hash.h"
#include "base/stop.h"
#include "base/types.h"
#include "comm/pause.h"
#include "map/ends.h"
#include "work/kernel.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { MOST_ITEMS = 40000 };

static const double limit_s = 30;

PARMAP_KERNEL_TYPES(poly, x, x *x *x - 5 * x);
PARMAP_DOMAINS(poly, (-2097151, 2097151), (3, 2642245), (-5541191377756, 5541191377756),
               (-208063, 208063));

/* Keeps what it gets, and counts how often; may fail at one block. */
typedef struct keeping_sink {
    parmap_type type;
    parmap_int128 values[MOST_ITEMS];
    _Atomic int emitted[MOST_ITEMS], marked[MOST_ITEMS]; /* by item, by block */
    _Atomic int64_t oddities;
    int64_t failing_block; /* -1 = none */
    int64_t raising_block;
    int pause_ms; /* for each block */
} keeping_sink;

static keeping_sink kept;

static parmap_int128 value_at(parmap_type type, const void *results, int64_t i)
{
    switch (type) {
    case PARMAP_INT64:
        return ((const int64_t *)results)[i];
    case PARMAP_UINT64:
        return ((const uint64_t *)results)[i];
    case PARMAP_FLOAT64:
        return (parmap_int128)((const double *)results)[i];
    default:
        return ((const parmap_int128 *)results)[i];
    }
}

static parmap_status emit(void *self, const pm_piece *piece)
{
    keeping_sink *k = self;
    if ((uintptr_t)piece->results % 64 != 0 ||
        piece->bytes != (size_t)piece->count * pm_type_bytes(k->type))
        atomic_fetch_add(&k->oddities, 1);
    for (int64_t i = 0; i < piece->count; i++) {
        k->values[piece->item + i] = value_at(k->type, piece->results, i);
        atomic_fetch_add(&k->emitted[piece->item + i], 1);
    }
    if (k->pause_ms > 0)
        nanosleep(&(struct timespec){.tv_nsec = k->pause_ms * 1000000L}, NULL);
    if (piece->block == k->raising_block)
        raise(SIGUSR1);
    if (piece->block == k->failing_block)
        return pm_fail(PARMAP_WRITE_ERROR, "no room for block %" PRId64, piece->block);
    return PARMAP_OK;
}

static parmap_status mark(void *self, const pm_piece *piece)
{
    keeping_sink *k = self;
    if (atomic_load(&k->emitted[piece->item + piece->count - 1]) == 0)
        atomic_fetch_add(&k->oddities, 1); /* marked before it was written */
    atomic_fetch_add(&k->marked[piece->block], 1);
    return PARMAP_OK;
}

static const pm_sink keeping = {.name = "keeping", .emit = emit, .mark = mark};

/* A kernel over a range. */
typedef struct works {
    pm_computer computer;
    pm_kernel_source source;
} works;

static pm_flow flow_over(works *w, const parmap_kernel *kernel, parmap_type type, int64_t items,
                         int64_t block_items)
{
    CHECK_INT(pm_computer_make(&w->computer, kernel, type, pm_vector_best(), false), PARMAP_OK);
    w->source = (pm_kernel_source){.computer = &w->computer,
                                   .range = {.first = 3, .step = 1, .count = items}};
    memset(&kept, 0, sizeof kept);
    kept.type = type;
    kept.failing_block = kept.raising_block = -1;
    return (pm_flow){.blocks = pm_blocks_of(items, block_items),
                     .result = w->computer.result,
                     .vector = w->computer.vector,
                     .checksum = true,
                     .stats = true,
                     .source = &pm_source_kernel,
                     .source_self = &w->source,
                     .sink = &keeping,
                     .sink_self = &kept};
}

static pm_flow flow_of(works *w, parmap_type type, int64_t items, int64_t block_items)
{
    return flow_over(w, &poly, type, items, block_items);
}

/* The same, computed by one plain loop. */
typedef struct serial {
    parmap_int128 values[MOST_ITEMS], min, max, sum;
    uint64_t checksum;
} serial;

static serial expected;

static void compute_serially(parmap_type type, int64_t items, int64_t block_items)
{
    static union {
        _Alignas(64) parmap_int128 w[MOST_ITEMS];
        int64_t i[MOST_ITEMS];
        double r[MOST_ITEMS];
        char bytes[1];
    } memory;
    const size_t size = pm_type_bytes(type);
    expected.sum = 0;
    for (int64_t i = 0; i < items; i++) {
        const parmap_int128 x = 3 + i, y = x * x * x - 5 * x;
        expected.values[i] = y;
        expected.sum += y;
        expected.min = i == 0 || y < expected.min ? y : expected.min;
        expected.max = i == 0 || y > expected.max ? y : expected.max;
        if (type == PARMAP_FLOAT64)
            memory.r[i] = (double)y;
        else if (type == PARMAP_INT128)
            memory.w[i] = y;
        else
            memory.i[i] = (int64_t)y;
    }
    expected.checksum = 0;
    for (int64_t b = 0; b * block_items < items; b++) {
        const int64_t first = b * block_items, rest = items - first;
        const int64_t count = rest < block_items ? rest : block_items;
        expected.checksum +=
            pm_hash_block(memory.bytes + (size_t)first * size, (size_t)count * size, (uint64_t)b);
    }
}

/* Every item once, on one rank, with its value; every block marked once. */
static void check_items(int64_t items, int64_t blocks)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < items; i++)
        wrong += atomic_load(&kept.emitted[i]) > 0 && kept.values[i] != expected.values[i];
    CHECK_INT(wrong, 0);
    CHECK_INT(atomic_load(&kept.oddities), 0);
    sum_ints((void *)kept.emitted, items);
    sum_ints((void *)kept.marked, blocks);
    for (int64_t i = 0; i < items; i++)
        wrong += atomic_load(&kept.emitted[i]) != 1;
    for (int64_t b = 0; b < blocks; b++)
        wrong += atomic_load(&kept.marked[b]) != 1;
    CHECK_INT(wrong, 0);
}

static void check_layout(const pm_flow *flow, const char *schedule, int nodes, int threads)
{
    const int64_t items = flow->blocks.items;
    const pm_topology topology = topology_of(nodes, threads);
    const outcome o = run(flow, schedule, &topology);
    CHECK_INT(o.status, PARMAP_OK);
    CHECK_INT(o.stop, 0);
    check_items(items, flow->blocks.count);
    const pm_tally all = tally_of_all(&o.tally);
    CHECK_INT(all.blocks, flow->blocks.count);
    CHECK_INT(all.items, items);
    CHECK_INT(all.checksum, expected.checksum);
    CHECK(all.seconds >= o.tally.seconds);
    CHECK_INT(all.stats.inexact, 0);
    if (kept.type == PARMAP_FLOAT64) {
        CHECK(all.stats.real_min == (double)expected.min);
        CHECK(all.stats.real_max == (double)expected.max);
    } else {
        CHECK_INT(all.stats.min, expected.min);
        CHECK_INT(all.stats.max, expected.max);
    }
    if (kept.type != PARMAP_INT128)
        CHECK_INT(all.stats.sum, expected.sum);
}

static void check_layouts(parmap_type type, int64_t items, int64_t block_items)
{
    static const char *const schedules[] = {"static", "dynamic"};
    compute_serially(type, items, block_items);
    for (int s = 0; s < 2; s++) {
        for (int nodes = 1; nodes <= 3; nodes++) {
            for (int threads = 1; threads <= 4; threads += 3) {
                works w;
                const pm_flow flow = flow_of(&w, type, items, block_items);
                check_layout(&flow, schedules[s], nodes, threads);
            }
        }
    }
}

static void layouts(void)
{
    check_layouts(PARMAP_INT64, MOST_ITEMS, 64);
    check_layouts(PARMAP_INT64, 1, 4096);
    check_layouts(PARMAP_INT64, 4096 * 3 + 5, 4096);
    check_layouts(PARMAP_INT64, 1000, 1);
}

static void types(void)
{
    check_layouts(PARMAP_UINT64, 10001, 1000);
    check_layouts(PARMAP_INT128, 5000, 128);
    check_layouts(PARMAP_FLOAT64, 20000, 512);
}

static void switched_off(void)
{
    works w;
    pm_flow flow = flow_of(&w, PARMAP_INT64, 1000, 10);
    const pm_topology topology = topology_of(1, 2);
    flow.checksum = flow.stats = false;
    flow.sink = &pm_sink_none;
    const outcome o = run(&flow, "dynamic", &topology);
    const pm_tally all = tally_of_all(&o.tally);
    const pm_stats none = pm_stats_none();
    CHECK_INT(o.status, PARMAP_OK);
    CHECK_INT(all.items, 1000);
    CHECK_INT(all.checksum, 0);
    CHECK_INT(all.stats.min, none.min);
    CHECK_INT(all.stats.sum, 0);
}

/* A run of half a minute or more, if nothing ends it. */
static pm_flow long_flow(works *w)
{
    const pm_flow flow = flow_of(w, PARMAP_INT64, MOST_ITEMS, 1);
    kept.pause_ms = 40;
    return flow;
}

/* How many ranks end with this status, and this message. */
static int ranks_with(const outcome *o, parmap_status status, const char *message)
{
    int count = o->status == status && strcmp(o->message, message) == 0;
    sum_ints(&count, 1);
    return count;
}

static void check_failure(const char *schedule, int nodes, int threads, int64_t block)
{
    char message[64];
    works w;
    const pm_topology topology = topology_of(nodes, threads);
    const pm_flow flow = long_flow(&w);
    const double begun = pm_now();
    kept.failing_block = block;
    snprintf(message, sizeof message, "no room for block %" PRId64, block);
    const outcome o = run(&flow, schedule, &topology);
    CHECK(pm_now() - begun < limit_s);
    CHECK_INT(ranks_with(&o, PARMAP_WRITE_ERROR, message), 1);
    CHECK(o.status == PARMAP_OK || o.status == PARMAP_WRITE_ERROR);
    CHECK_INT(o.stop, PARMAP_WRITE_ERROR);
    CHECK_INT(atomic_load(&kept.marked[block]), 0);
    CHECK(tally_of_all(&o.tally).blocks < flow.blocks.count);
}

/* The block's number decides on which rank it fails: static gives rank r the r-th part. */
static void failing_sink(void)
{
    for (int rank = 0; rank < world.size; rank++)
        check_failure("static", 1, 1, MOST_ITEMS / world.size * rank + 1);
    check_failure("static", 2, 4, 0);
    check_failure("dynamic", 1, 4, 3);
    check_failure("dynamic", 2, 1, 2);
    check_failure("dynamic", 3, 4, 5);
}

/* Every rank's own first block fails, at about the same time. */
static parmap_status emit_never(void *self, const pm_piece *piece)
{
    (void)self;
    (void)piece;
    return pm_fail(PARMAP_SYSTEM, "never");
}

static void failing_everywhere(void)
{
    static const pm_sink never = {.name = "never", .emit = emit_never};
    for (int round = 0; round < 10; round++) {
        works w;
        pm_flow flow = flow_of(&w, PARMAP_INT64, 1000, 1);
        const pm_topology topology = topology_of(1 + round % 3, 1 + round % 4);
        flow.sink = &never;
        const outcome o = run(&flow, round % 2 ? "static" : "dynamic", &topology);
        CHECK(ranks_with(&o, PARMAP_SYSTEM, "never") >= 1);
        CHECK_INT(o.stop, PARMAP_SYSTEM);
        CHECK_INT(o.tally.blocks, 0);
        CHECK_INT(o.tally.items, 0);
    }
}

/* One rank is out of time, or all are: all stop, since no block is begun that does not fit. */
static void time_limit(void)
{
    for (int last = 0; last <= 1; last++) {
        for (int s = 0; s <= 1; s++) {
            works w;
            const pm_topology topology = topology_of(1 + s, 2);
            pm_flow flow = long_flow(&w);
            const double begun = pm_now();
            if (!last || world.rank == world.size - 1)
                flow.until = begun + 0.5;
            const outcome o = run(&flow, s ? "static" : "dynamic", &topology);
            CHECK(pm_now() - begun < limit_s);
            CHECK_INT(o.status, PARMAP_OK);
            CHECK_INT(o.stop, PARMAP_STOPPED);
            CHECK_INT(o.cause, PM_CAUSE_TIME);
            CHECK(o.tally.dropped > 0);
            CHECK(tally_of_all(&o.tally).blocks < flow.blocks.count);
        }
    }
}

/* Over before the first block. */
static void no_time(void)
{
    works w;
    const pm_topology topology = topology_of(1, 2);
    pm_flow flow = long_flow(&w);
    flow.until = pm_now() - 1;
    const outcome o = run(&flow, "dynamic", &topology);
    CHECK_INT(o.cause, PM_CAUSE_TIME);
    CHECK_INT(tally_of_all(&o.tally).blocks, 0);
}

/* Items of a millisecond. */
PARMAP_KERNEL(crawl, int64_t, x, int64_t)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return x;
}
PARMAP_DOMAIN(crawl, int64_t, PARMAP_DOMAIN_INT64);

/* Blocks of 6 s and more are left within, and then are not done, ... */
static pm_flow crawling_flow(works *w, const parmap_kernel *kernel)
{
    return flow_over(w, kernel, PARMAP_INT64, MOST_ITEMS, MOST_ITEMS / world.size);
}

/* ... when they take longer than there is time; */
static void long_blocks_and_a_limit(void)
{
    works w;
    const pm_topology topology = topology_of(1, 1);
    pm_flow flow = crawling_flow(&w, &crawl);
    flow.until = pm_now() + 0.3;
    const outcome o = run(&flow, "static", &topology);
    CHECK_INT(o.status, PARMAP_OK);
    CHECK_INT(o.cause, PM_CAUSE_TIME);
    CHECK_INT(o.tally.blocks, 0);
    CHECK(o.tally.dropped > 0);
}

/* ... and when another rank fails. */
static void long_blocks_and_a_failure(void)
{
    const bool fails = world.rank == world.size - 1;
    works w;
    const pm_topology topology = topology_of(1, 1);
    const pm_flow flow = crawling_flow(&w, fails ? &poly : &crawl);
    kept.failing_block = world.size - 1;
    const outcome o = run(&flow, "static", &topology);
    CHECK_INT(o.status, fails ? PARMAP_WRITE_ERROR : PARMAP_OK);
    CHECK_INT(o.stop, PARMAP_WRITE_ERROR);
    CHECK_INT(o.tally.blocks, 0);
}

/* The last case: a signal that has come stays.  It is no failure, so no rank has a message. */
static void signalled(void)
{
    works w;
    const pm_topology topology = topology_of(1, 2);
    const pm_flow flow = long_flow(&w);
    const double begun = pm_now();
    kept.raising_block = MOST_ITEMS / world.size * (world.size - 1) + 1; /* the last rank's */
    const outcome o = run(&flow, "static", &topology);
    CHECK(pm_now() - begun < limit_s);
    CHECK_INT(o.status, PARMAP_OK);
    CHECK_INT(o.stop, PARMAP_STOPPED);
    CHECK_INT(o.cause, SIGUSR1);
    CHECK_INT(pm_stop_signal(), world.rank == world.size - 1 ? SIGUSR1 : 0);
    CHECK(tally_of_all(&o.tally).blocks < flow.blocks.count);
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {
        {"pipeline: every layout", layouts},
        {"pipeline: every type", types},
        {"pipeline: checksum and statistics off", switched_off},
        {"pipeline: a sink that fails", failing_sink},
        {"pipeline: sinks that fail everywhere", failing_everywhere},
        {"pipeline: a time limit", time_limit},
        {"pipeline: a time limit that is over", no_time},
        {"pipeline: long blocks and a time limit", long_blocks_and_a_limit},
        {"pipeline: long blocks and a failure", long_blocks_and_a_failure},
        {"pipeline: a signal on one rank", signalled},
    };
    pm_stop_install();
    return ranks_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
