/* The job itself: who is there, what the ranks say to all. */
#include "shared/shared.h"

#include <mpi.h>
#include <stdlib.h>

static void who_is_there(void)
{
    int rank = -1, size = -1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    CHECK_INT(parmap_rank(), rank);
    CHECK_INT(parmap_size(), size);

    char wish[8] = "shm"; /* the tests run on one node */
    const char *window = getenv("PARMAP_WINDOW");
    if (window && *window)
        snprintf(wish, sizeof wish, "%s", window);
    SHARE(wish); /* that of rank 0 counts */
    CHECK_TEXT(parmap_window(), wish);
}

static void started_twice(void)
{
    CHECK_FAILS(parmap_start(NULL, NULL), PARMAP_USAGE, "parmap_start");
    CHECK_OK(parmap_sync_all());
}

/* The last to come is a tenth of a second late: nobody leaves before. */
static void all_meet(void)
{
    for (int late = 0; late < parmap_size(); late++) {
        double came = 0;
        CHECK_OK(parmap_sync_all());
        if (parmap_rank() == late) {
            shared_sleep(0.02);
            came = shared_now();
        }
        CHECK_OK(parmap_sync_all());
        const double left = shared_now();
        SHARE_FROM(came, late);
        CHECK(left >= came);
    }
}

/* Every byte depends on its place and on the root. */
static char told(int root, size_t at)
{
    return (char)(root * 37 + (int)(at % 251) + (int)(at >> 8));
}

static void broadcast_of(char *data, size_t bytes, int root)
{
    for (size_t at = 0; at <= bytes; at++)
        data[at] = parmap_rank() == root ? told(root, at) : 'x';
    CHECK_OK(parmap_broadcast(data, bytes, root));
    size_t wrong = 0;
    for (size_t at = 0; at < bytes; at++)
        wrong += data[at] != told(root, at);
    CHECK_INT(wrong, 0);
    CHECK_INT(data[bytes], parmap_rank() == root ? told(root, bytes) : 'x');
}

static void broadcasts(void)
{
    static const size_t sizes[] = {0, 1, 2, 7, 8, 9, 4095, 65537, 1 << 20};
    char *data = malloc((1 << 20) + 1);
    for (int root = 0; root < parmap_size(); root++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            broadcast_of(data, sizes[i], root);
    CHECK_FAILS(parmap_broadcast(data, 1, parmap_size()), PARMAP_USAGE, "no rank");
    CHECK_FAILS(parmap_broadcast(data, 1, -1), PARMAP_USAGE, "no rank");
    free(data);
}

static void sums(void)
{
    enum { MANY = 1000 };
    const int64_t size = parmap_size(), rank = parmap_rank();
    int64_t values[MANY];
    for (int64_t i = 0; i < MANY; i++)
        values[i] = i * 1000 + rank;
    CHECK_OK(parmap_sum(values, MANY));
    int64_t wrong = 0;
    for (int64_t i = 0; i < MANY; i++)
        wrong += values[i] != i * 1000 * size + size * (size - 1) / 2;
    CHECK_INT(wrong, 0);

    int64_t none = 5;
    CHECK_OK(parmap_sum(&none, 0));
    CHECK_INT(none, 5);

    int64_t turns = INT64_MAX; /* modulo 2^64 */
    CHECK_OK(parmap_sum(&turns, 1));
    uint64_t expected = 0;
    for (int64_t i = 0; i < size; i++)
        expected += INT64_MAX;
    CHECK_INT((uint64_t)turns, expected);
    CHECK_FAILS(parmap_sum(values, -1), PARMAP_USAGE, "-1");
}

/* Collectives keep their order, whatever else the ranks do between them. */
static void many_in_a_row(void)
{
    const int64_t rounds = shared_count(200, 50);
    for (int64_t i = 0; i < rounds; i++) {
        const int root = (int)(i % parmap_size());
        int64_t number = parmap_rank() == root ? i * 7 : -1;
        SHARE_FROM(number, root);
        CHECK_INT(number, i * 7);
        CHECK_INT(shared_sum(i), i * parmap_size());
    }
}

static const check_case cases[] = {
    {"rank, size and window", who_is_there},
    {"a second start is refused", started_twice},
    {"sync_all waits for the last", all_meet},
    {"broadcast from every root, 0 to 1 MiB", broadcasts},
    {"sum", sums},
    {"many collectives in a row", many_in_a_row},
};

/* Before the start there is one rank and nothing to share. */
static int before_start(void)
{
    parmap_lock lock;
    const bool alone = parmap_rank() == 0 && parmap_size() == 1 && !*parmap_window();
    const bool refused = parmap_lock_create(&lock) == PARMAP_USAGE &&
                         strstr(parmap_message(), "parmap_start") != NULL &&
                         parmap_sync_all() == PARMAP_USAGE;
    if (!alone || !refused)
        printf("not ok - before the start: alone %d, refused %d\n", alone, refused);
    return alone && refused ? 0 : 1;
}

int main(int argc, char **argv)
{
    const int before = before_start();
    const int code = shared_main(argc, argv, cases, sizeof cases / sizeof *cases);
    return before != 0 ? before : code;
}
