/* TEST seconds=120 */
/* Both schedules give every block to one thread of one rank, on one node and on several. */
#include "mpi/hubs.h"

#include "base/todo.h"
#include "map/claim.h"

#include "draw.h"

#include <omp.h>
#include <stdatomic.h>
#include <string.h>

enum { MOST_BLOCKS = 12345 };

static const int64_t block_counts[] = {1, 2, 7, 100, 1000, MOST_BLOCKS};
enum { COUNTS = sizeof block_counts / sizeof block_counts[0] };

static _Atomic int taken[MOST_BLOCKS]; /* by this rank, how often */
static int64_t taken_elsewhere;        /* blocks of other nodes than the first */
static int owner[MOST_BLOCKS];         /* the node of each */

static pm_chunk serve(void *claims)
{
    return ((pm_claims *)claims)->schedule->serve(claims);
}

/* One thread's claims, noted.  Now and then it rests, or the first rank would have claimed all
 * before the others have begun. */
static void claim_all(pm_claims *claims, int thread)
{
    const int64_t stretch = claims->places / 100 + 1;
    pm_chunk chunk;
    for (int64_t n = 0; claims->schedule->claim(claims, thread, &chunk); n++) {
        CHECK(0 <= chunk.begin && chunk.begin <= chunk.end && chunk.end <= claims->places);
        for (int64_t b = chunk.begin; b < chunk.end; b++)
            atomic_fetch_add(&taken[b], 1);
        if (n % stretch == 0)
            nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
    CHECK(!claims->schedule->claim(claims, thread, &chunk)); /* there is no more, ever */
}

static void run(const pm_schedule *schedule, const pm_topology *topology, int64_t blocks,
                int64_t unit)
{
    pm_hub hub;
    pm_claims claims = pm_claims_of(schedule, topology, blocks, unit, &hub);
    memset(taken, 0, sizeof taken);
    CHECK_INT(schedule->open(&claims), PARMAP_OK);
    CHECK_INT(pm_hub_open(&hub, &world, false, NULL, NULL,
                          schedule->serve && topology->nodes > 1 ? serve : NULL, &claims),
              PARMAP_OK);
#pragma omp parallel default(none) shared(claims) num_threads(claims.threads)
    claim_all(&claims, omp_get_thread_num());
    hub_end(&hub);
    schedule->close(&claims);
}

/* By plain MPI: how often each block was taken, and on which node. */
static void check_taken(const pm_topology *topology, int64_t blocks, int64_t unit)
{
    int64_t wrong = 0, off_border = 0;
    for (int64_t b = 0; b < blocks; b++)
        owner[b] = atomic_load(&taken[b]) * topology->node;
    sum_ints((void *)taken, blocks);
    sum_ints(owner, blocks);
    for (int64_t b = 0; b < blocks; b++) {
        wrong += atomic_load(&taken[b]) != 1;
        off_border += b % unit != 0 && owner[b] != owner[b - 1];
        taken_elsewhere += owner[b] > 0;
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(off_border, 0);
}

static void check_schedule(const char *name, int nodes, int threads)
{
    const pm_schedule *schedule = pm_schedule_find(name);
    const pm_topology topology = topology_of(nodes, threads);
    CHECK_TEXT(schedule->name, name);
    for (int64_t unit = 1; unit <= 8; unit += 7) {
        for (int i = 0; i < COUNTS; i++) {
            run(schedule, &topology, block_counts[i], unit);
            check_taken(&topology, block_counts[i], unit);
        }
    }
}

static void static_one_node(void)
{
    check_schedule("static", 1, 1);
    check_schedule("static", 1, 4);
}

static void static_nodes(void)
{
    check_schedule("static", 2, 1);
    check_schedule("static", 3, 4);
}

static void dynamic_one_node(void)
{
    check_schedule("dynamic", 1, 1);
    check_schedule("dynamic", 1, 4);
}

static void dynamic_nodes(void)
{
    taken_elsewhere = 0;
    check_schedule("dynamic", 2, 1);
    check_schedule("dynamic", 2, 4);
    check_schedule("dynamic", 3, 1);
    check_schedule("dynamic", 3, 4);
    CHECK(world.size == 1 || taken_elsewhere > 0);
}

/* A list with holes, the same on all ranks: stretches of blocks, of which some are left. */
static void leave(pm_todo *todo, int64_t unit, int64_t stretch)
{
    *todo = (pm_todo){0};
    for (int64_t b = 0; b < MOST_BLOCKS;) {
        const bool left = draw_below(3) == 0;
        for (int64_t end = b + 1 + draw_below(stretch); b < end && b < MOST_BLOCKS; b++)
            if (left)
                CHECK_INT(pm_todo_add(todo, b, PM_TASK_COMPUTE), PARMAP_OK);
    }
    CHECK_INT(pm_todo_seal(todo, unit, MOST_BLOCKS), PARMAP_OK);
}

/* With holes, a page of the file is one node's still: all its places are. */
static void check_holes(const char *name, int nodes, int threads)
{
    const pm_topology topology = topology_of(nodes, threads);
    for (int64_t unit = 1; unit <= 512; unit *= 8) {
        pm_todo todo;
        int64_t parted = 0;
        leave(&todo, unit, unit == 1 ? 2 : 1000);
        run(pm_schedule_find(name), &topology, todo.places, unit);
        check_taken(&topology, todo.places, topology.nodes > 1 ? unit : 1);
        for (int64_t p = 1; p < todo.places && topology.nodes > 1; p++)
            parted += owner[p] != owner[p - 1] &&
                      pm_todo_block(&todo, p) / unit == pm_todo_block(&todo, p - 1) / unit;
        CHECK_INT(parted, 0);
        pm_todo_free(&todo);
    }
}

static void holes(void)
{
    for (int nodes = 1; nodes <= 3; nodes++) {
        check_holes("static", nodes, 1 + nodes % 3);
        check_holes("dynamic", nodes, 1 + nodes % 3);
    }
}

/* All that is left is nothing: an attempt was killed just before its end. */
static void nothing_left(void)
{
    for (int nodes = 1; nodes <= 2; nodes++) {
        const pm_topology topology = topology_of(nodes, 4);
        run(&pm_schedule_static, &topology, 0, 8);
        check_taken(&topology, 0, 8);
        run(&pm_schedule_dynamic, &topology, 0, 8);
        check_taken(&topology, 0, 8);
    }
}

/* Ranks with different numbers of threads: shares in proportion, by the static schedule. */
static void unequal_threads(void)
{
    pm_topology t = topology_of(1, 1);
    const int64_t blocks = 1000;
    t.threads = 1 + world.rank % 3;
    t.threads_total = t.threads_before = 0;
    for (int rank = 0; rank < world.size; rank++) {
        t.threads_total += 1 + rank % 3;
        t.threads_before += rank < world.rank ? 1 + rank % 3 : 0;
    }
    run(&pm_schedule_static, &t, blocks, 1);
    int64_t mine = 0;
    for (int64_t b = 0; b < blocks; b++)
        mine += atomic_load(&taken[b]);
    CHECK(mine >= blocks * t.threads / t.threads_total - 1);
    CHECK(mine <= blocks * t.threads / t.threads_total + 1);
    check_taken(&t, blocks, 1);
}

/* A run that is stopped ends on all ranks, also where threads wait for blocks of another node. */
static void stopped(void)
{
    for (int round = 0; round < 10; round++) {
        const pm_topology t = topology_of(3, 2);
        pm_hub hub;
        pm_claims claims = pm_claims_of(&pm_schedule_dynamic, &t, 1000000, 1, &hub);
        CHECK_INT(pm_schedule_dynamic.open(&claims), PARMAP_OK);
        CHECK_INT(pm_hub_open(&hub, &world, false, NULL, NULL, t.nodes > 1 ? serve : NULL, &claims),
                  PARMAP_OK);
        if (world.rank == round % world.size)
            pm_hub_stop(&hub, PARMAP_WRITE_ERROR);
#pragma omp parallel default(none) shared(claims, hub) num_threads(claims.threads)
        for (pm_chunk chunk; !pm_hub_stopped(&hub);)
            if (!claims.schedule->claim(&claims, omp_get_thread_num(), &chunk))
                break;
        hub_end(&hub);
        pm_schedule_dynamic.close(&claims);
    }
}

static void names(void)
{
    CHECK(pm_schedule_find("static") == &pm_schedule_static);
    CHECK(pm_schedule_find("dynamic") == &pm_schedule_dynamic);
    CHECK(pm_schedule_find("guided") == NULL);
    CHECK(pm_schedule_find("") == NULL);
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {
        {"claims: names", names},
        {"claims: static, one node", static_one_node},
        {"claims: static, several nodes", static_nodes},
        {"claims: static, unequal threads", unequal_threads},
        {"claims: dynamic, one node", dynamic_one_node},
        {"claims: dynamic, several nodes", dynamic_nodes},
        {"claims: a list with holes", holes},
        {"claims: nothing left", nothing_left},
        {"claims: dynamic, stopped", stopped},
    };
    return ranks_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
