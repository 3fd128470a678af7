/* Records of many sizes through the collectives, with and without something to do while waiting. */
#include "comm/collective.h"
#include "comm/pause.h"

#include "mpi/ranks.h"

#include <string.h>
#include <time.h>

static const size_t sizes[] = {1, 2, 7, 8, 63, 64, 1000, 4096, 4097, 65536, 100000};
enum { SIZES = sizeof sizes / sizeof sizes[0], LARGEST = 100000, GUARD = 64 };

static unsigned char mine[LARGEST], *all;

static unsigned char byte_of(int rank, size_t i, size_t bytes)
{
    return (unsigned char)((size_t)rank * 37 + i * 11 + (i >> 8) + bytes);
}

static void prepare(size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        mine[i] = byte_of(world.rank, i, bytes);
    memset(all, 0xee, (size_t)world.size * bytes + GUARD);
}

/* That `all` holds the records of all ranks, and nothing was written behind them. */
static void check_all(size_t bytes)
{
    size_t wrong = 0;
    for (int rank = 0; rank < world.size; rank++)
        for (size_t i = 0; i < bytes; i++)
            wrong += all[(size_t)rank * bytes + i] != byte_of(rank, i, bytes);
    for (size_t i = 0; i < GUARD; i++)
        wrong += all[(size_t)world.size * bytes + i] != 0xee;
    CHECK_INT(wrong, 0);
}

static bool count_call(void *context)
{
    ++*(int *)context;
    return false;
}

static void allgather(void)
{
    for (int i = 0; i < SIZES; i++) {
        prepare(sizes[i]);
        CHECK_INT(pm_allgather(&world, mine, all, sizes[i], NULL), PARMAP_OK);
        check_all(sizes[i]);
    }
}

static void gather(void)
{
    int calls = 0;
    const pm_idle idle = {count_call, &calls};
    for (int i = 0; i < SIZES; i++) {
        prepare(sizes[i]);
        CHECK_INT(pm_gather(&world, mine, world.rank == 0 ? all : NULL, sizes[i], &idle),
                  PARMAP_OK);
        if (world.rank == 0)
            check_all(sizes[i]);
    }
}

static void broadcast(void)
{
    for (int i = 0; i < SIZES; i++) {
        size_t wrong = 0;
        prepare(sizes[i]);
        CHECK_INT(pm_broadcast(&world, mine, sizes[i], NULL), PARMAP_OK);
        for (size_t b = 0; b < sizes[i]; b++)
            wrong += mine[b] != byte_of(0, b, sizes[i]);
        CHECK_INT(wrong, 0);
    }
}

/* A rank that comes late: the others have time for something else, and get its record. */
static void late_rank(void)
{
    int calls = 0;
    const pm_idle idle = {count_call, &calls};
    const int late = world.size - 1;
    prepare(1000);
    meet();
    if (world.rank == late)
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    CHECK_INT(pm_allgather(&world, mine, all, 1000, &idle), PARMAP_OK);
    check_all(1000);
    if (world.rank != late)
        CHECK(calls > 0);
    if (world.size == 1)
        CHECK_INT(calls, 0);
}

/* From every rank, also more than one piece of MPI's. */
static void broadcast_from(void)
{
    for (int root = 0; root < world.size; root++) {
        int64_t data[3] = {root, world.rank, 7};
        CHECK_INT(pm_broadcast_from(&world, root, data, sizeof data, NULL), PARMAP_OK);
        CHECK_INT(data[1], root);
        CHECK_INT(data[2], 7);
        CHECK_INT(pm_broadcast_from(&world, root, NULL, 0, NULL), PARMAP_OK);
    }
}

static void sum(void)
{
    uint64_t values[2] = {(uint64_t)world.rank, UINT64_MAX};
    CHECK_INT(pm_sum(&world, values, 2, NULL), PARMAP_OK);
    CHECK_INT(values[0], world.size * (world.size - 1) / 2);
    CHECK_INT(values[1], (uint64_t)0 - (uint64_t)world.size); /* it wraps */
}

/* Nobody leaves before the last has come. */
static void barrier(void)
{
    int calls = 0;
    const pm_idle idle = {count_call, &calls};
    for (int late = 0; late < world.size; late++) {
        struct timespec now;
        if (world.rank == late)
            nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        clock_gettime(CLOCK_REALTIME, &now);
        const int64_t came = now.tv_sec * 1000000000 + now.tv_nsec;
        int64_t *all_came = calloc((size_t)world.size, sizeof *all_came);
        CHECK_INT(pm_barrier(&world, &idle), PARMAP_OK);
        clock_gettime(CLOCK_REALTIME, &now);
        const int64_t left = now.tv_sec * 1000000000 + now.tv_nsec;
        CHECK_INT(pm_allgather(&world, &came, all_came, sizeof came, NULL), PARMAP_OK);
        for (int r = 0; r < world.size; r++)
            CHECK(left >= all_came[r]);
        free(all_came);
    }
}

/* Whoever fails, all hear the lowest one's reason. */
static void agree(void)
{
    CHECK_INT(pm_agree(&world, PARMAP_OK, NULL), PARMAP_OK);
    for (int from = 0; from < world.size; from++) {
        char expected[64];
        parmap_status mine_is = PARMAP_OK;
        if (world.rank >= from)
            mine_is = pm_fail(world.rank == from ? PARMAP_BAD_DATA : PARMAP_USAGE,
                              "rank %d has no more paper", world.rank);
        CHECK_INT(pm_agree(&world, mine_is, NULL), PARMAP_BAD_DATA);
        snprintf(expected, sizeof expected, "rank %d has no more paper", from);
        CHECK_TEXT(parmap_message(), expected);
    }
}

static void too_large(void)
{
    const size_t bytes = (size_t)1 << 31;
    CHECK_INT(pm_allgather(&world, mine, all, bytes, NULL), PARMAP_BUG);
    CHECK_INT(pm_gather(&world, mine, all, bytes, NULL), PARMAP_BUG);
    CHECK_INT(pm_broadcast(&world, mine, bytes, NULL), PARMAP_BUG);
    CHECK_HOLDS(parmap_message(), "2147483648 bytes");
}

static void many(void)
{
    for (int round = 0; round < 300; round++) {
        int64_t sum = 0, records[64] = {0}, record = world.rank * 1000 + round;
        CHECK_INT(pm_allgather(&world, &record, records, sizeof record, NULL), PARMAP_OK);
        for (int rank = 0; rank < world.size; rank++)
            sum += records[rank];
        CHECK_INT(sum, 1000 * world.size * (world.size - 1) / 2 + world.size * round);
    }
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {
        {"collective: allgather", allgather},
        {"collective: gather", gather},
        {"collective: broadcast", broadcast},
        {"collective: a late rank", late_rank},
        {"collective: broadcast from each rank", broadcast_from},
        {"collective: sum", sum},
        {"collective: barrier", barrier},
        {"collective: agree", agree},
        {"collective: too large", too_large},
        {"collective: many", many},
    };
    all = malloc((size_t)64 * LARGEST + GUARD);
    return ranks_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
