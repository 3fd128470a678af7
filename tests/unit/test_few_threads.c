/* A run whose OpenMP gives fewer threads than were asked for (OMP_THREAD_LIMIT, ulimit -u) still
 * does every block.  The library reads the variable before main, so the program starts itself. */
#include "map/ends.h"
#include "map/pipeline.h"

#include "check.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCKS = 101 };

static _Atomic int emitted[BLOCKS];

static parmap_status produce(void *self, pm_piece *piece)
{
    (void)self;
    memset(piece->results, 0, piece->bytes);
    return PARMAP_OK;
}

static parmap_status emit(void *self, const pm_piece *piece)
{
    (void)self;
    atomic_fetch_add(&emitted[piece->block], 1);
    return PARMAP_OK;
}

static void run(const char *schedule)
{
    static const pm_source source = {.name = "zeros", .produce = produce};
    static const pm_sink sink = {.name = "counting", .emit = emit};
    const pm_world world = {.rank = 0, .size = 1};
    const pm_host host = {.name = "here", .nonce = (uint64_t)getpid(), .mask_cores = 4};
    const pm_flow flow = {.blocks = pm_blocks_of(BLOCKS, 1),
                          .result = pm_layout_of_type(PARMAP_INT64),
                          .source = &source,
                          .sink = &sink};
    pm_topology topology;
    pm_hub hub;
    pm_tally tally;
    memset(emitted, 0, sizeof emitted);
    CHECK_INT(pm_topology_derive(&host, 1, 0, 4, &topology), PARMAP_OK);
    pm_claims claims = pm_claims_of(pm_schedule_find(schedule), &topology, BLOCKS, 1, &hub);
    CHECK_INT(claims.schedule->open(&claims), PARMAP_OK);
    CHECK_INT(pm_hub_open(&hub, &world, false, NULL, NULL, NULL, NULL), PARMAP_OK);
    CHECK_INT(pm_pipeline_run(&flow, &claims, &hub, &tally), PARMAP_OK);
    CHECK_INT(tally.blocks, BLOCKS);
    for (int b = 0; b < BLOCKS; b++)
        CHECK_INT(atomic_load(&emitted[b]), 1);
    pm_hub_finish(&hub);
    pm_hub_close(&hub);
    claims.schedule->close(&claims);
}

static void static_schedule(void)
{
    run("static");
}

static void dynamic_schedule(void)
{
    run("dynamic");
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {
        {"few threads: static", static_schedule},
        {"few threads: dynamic", dynamic_schedule},
    };
    (void)argc;
    if (getenv("OMP_THREAD_LIMIT") == NULL) {
        setenv("OMP_THREAD_LIMIT", "2", 1);
        execv("/proc/self/exe", argv);
    }
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
