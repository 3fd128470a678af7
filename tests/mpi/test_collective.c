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

static void count_call(void *context)
{
    ++*(int *)context;
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
        {"collective: allgather", allgather}, {"collective: gather", gather},
        {"collective: broadcast", broadcast}, {"collective: a late rank", late_rank},
        {"collective: too large", too_large}, {"collective: many", many},
    };
    all = malloc((size_t)64 * LARGEST + GUARD);
    return ranks_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
