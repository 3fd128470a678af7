/* TEST seconds=120 */
/* The verbs, by every backend that works here: words of all widths, copies, waiting and waking,
 * spaces.
 */
#include "mpi/ranks.h"

#include "comm/pause.h"
#include "comm/window.h"
#include "comm/window_choice.h"

#include <pthread.h>
#include <string.h>

enum { HEAP = 1 << 20, PLACE = PM_HEAP_BEGIN };

static const char *backend; /* that is open */

static bool open_window(const char *name)
{
    pm_window_wish wish = {.bytes = HEAP};
    pm_host here, *hosts = calloc((size_t)world.size, sizeof *hosts);
    pm_topology topology;
    snprintf(wish.backend, sizeof wish.backend, "%s", name);
    pm_host_describe(&here);
    gather_records(&here, hosts, sizeof here);
    CHECK_INT(pm_topology_derive(hosts, world.size, world.rank, 0, &topology), PARMAP_OK);
    const parmap_status status = pm_window_open(&world, &topology, hosts, true, &wish);
    CHECK_TEXT(status == PARMAP_OK ? "" : parmap_message(), "");
    CHECK_TEXT(pm_window_name(), name);
    free(hosts);
    backend = name;
    return status == PARMAP_OK;
}

static void close_window(void)
{
    CHECK_INT(pm_window_meet(), PARMAP_OK);
    pm_window_begin_closing();
    CHECK_INT(pm_barrier(&world, pm_window_idle()), PARMAP_OK);
    CHECK_INT(pm_window_close(), PARMAP_OK);
}

static pm_ref place_on(int rank)
{
    return (pm_ref){.rank = (uint32_t)rank & PM_MOST_RANKS, .offset = PLACE};
}

/* On the next rank's memory, which nobody else uses. */
static void words(void)
{
    const pm_ref next = place_on((world.rank + 1) % world.size);
    static const int widths[] = {1, 2, 4, 8};
    for (uint64_t i = 0; i < 4; i++) {
        const int width = widths[i];
        const uint64_t most = width == 8 ? UINT64_MAX : ((uint64_t)1 << 8 * width) - 1;
        const uint64_t at = 64 + 16 * i;
        uint64_t old = 77;
        CHECK_INT(pm_word(next, at, PM_SWAP, width, most, 0, &old), PARMAP_OK);
        CHECK_INT(old, 0);
        CHECK_INT(pm_word(next, at, PM_ADD, width, 3, 0, &old), PARMAP_OK);
        CHECK_INT(old, most);
        CHECK_INT(pm_word(next, at, PM_LOAD, width, 0, 0, &old), PARMAP_OK);
        CHECK_INT(old, 2); /* it wrapped, and the neighbours are as they were */
        CHECK_INT(pm_word(next, at, PM_COMPARE_SWAP, width, 1, 9, &old), PARMAP_OK);
        CHECK_INT(old, 2);
        CHECK_INT(pm_word(next, at, PM_COMPARE_SWAP, width, 2, most - 1, &old), PARMAP_OK);
        CHECK_INT(old, 2);
        CHECK_INT(pm_word(next, at, PM_STORE, width, 5, 0, NULL), PARMAP_OK);
        CHECK_INT(pm_word(next, at, PM_SWAP, width, 0, 0, &old), PARMAP_OK);
        CHECK_INT(old, 5);
        unsigned char around[16];
        CHECK_INT(pm_get(next, at, 8, around, sizeof around), PARMAP_OK);
        for (int k = 0; k < 16; k++)
            CHECK_INT(around[k], 0);
    }
}

/* All ranks on one word. */
static void no_lost_update(void)
{
    const int count = strcmp(backend, "shm") == 0 ? 100000 : 1000;
    const pm_ref last = place_on(world.size - 1);
    uint64_t value;
    CHECK_INT(pm_window_meet(), PARMAP_OK);
    for (int i = 0; i < count; i++) {
        CHECK_INT(pm_add(last, 256, 1, NULL), PARMAP_OK);
        CHECK_INT(pm_load(last, 264, &value), PARMAP_OK);
        uint64_t seen;
        do {
            seen = value;
            CHECK_INT(pm_compare_swap(last, 264, seen, seen + 2, &value), PARMAP_OK);
        } while (value != seen);
    }
    CHECK_INT(pm_window_meet(), PARMAP_OK);
    CHECK_INT(pm_load(last, 256, &value), PARMAP_OK);
    CHECK_INT(value, (int64_t)count * world.size);
    CHECK_INT(pm_load(last, 264, &value), PARMAP_OK);
    CHECK_INT(value, 2 * (int64_t)count * world.size);
    CHECK_INT(pm_window_meet(), PARMAP_OK);
}

/* Each rank writes its part of rank 0's segment, all read all of it. */
static void copies(void)
{
    enum { PART = 100000 };
    const pm_ref first = place_on(0);
    unsigned char *mine = malloc(PART), *all = malloc((size_t)PART * (size_t)world.size);
    for (int i = 0; i < PART; i++)
        mine[i] = (unsigned char)(i * 7 + world.rank);
    CHECK_INT(pm_put(first, 4096 + (uint64_t)PART * (uint64_t)world.rank, 4, mine, PART),
              PARMAP_OK);
    CHECK_INT(pm_window_meet(), PARMAP_OK);
    CHECK_INT(pm_get(first, 4096, 4, all, (size_t)PART * (size_t)world.size), PARMAP_OK);
    int wrong = 0;
    for (int r = 0; r < world.size; r++)
        for (int i = 0; i < PART; i++)
            wrong += all[(size_t)r * PART + (size_t)i] != (unsigned char)(i * 7 + r);
    CHECK_INT(wrong, 0);
    CHECK_INT(pm_window_meet(), PARMAP_OK);
    free(mine);
    free(all);
}

/* A token goes round: each rank waits for its turn on a word of rank 0. */
static void turns(void)
{
    const int rounds = 20;
    const pm_ref first = place_on(0);
    for (int turn = world.rank; turn < rounds * world.size; turn += world.size) {
        uint64_t value = 0;
        bool timed_out;
        while (pm_load(first, 512, &value) == PARMAP_OK && (int)value != turn)
            if (pm_wait_word(first, 512, (uint32_t)value, 0.5, &timed_out) != PARMAP_OK)
                return;
        CHECK_INT(pm_add(first, 512, 1, NULL), PARMAP_OK);
        CHECK_INT(pm_wake_word(first, 512, PM_WAKE_ALL), PARMAP_OK);
    }
    CHECK_INT(pm_window_meet(), PARMAP_OK);
}

static void waits(void)
{
    const pm_ref first = place_on(0);
    const uint64_t own = 2048 + 8 * (uint64_t)world.rank; /* a wake by another rank would end it */
    bool timed_out = false;
    double begun = pm_now();
    CHECK_INT(pm_wait_word(first, own, 0, 0.05, &timed_out), PARMAP_OK);
    CHECK(timed_out);
    CHECK(pm_now() - begun >= 0.05);
    CHECK_INT(pm_wait_word(first, own, 1, 1.0, &timed_out), PARMAP_OK); /* it is 0 */
    CHECK(!timed_out);
    CHECK_INT(pm_wake_word(first, own, 1), PARMAP_OK); /* nobody waits */
    CHECK_INT(pm_window_meet(), PARMAP_OK);
}

/* Several threads of each rank ask at once. */
static void *ask(void *unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++) {
        uint64_t part[8] = {0};
        CHECK_INT(pm_add(place_on(i % world.size), 600, 1, NULL), PARMAP_OK);
        CHECK_INT(pm_get(place_on(i % world.size), 600, 8, part, sizeof part), PARMAP_OK);
    }
    return NULL;
}

static void threads(void)
{
    enum { THREADS = 3 };
    pthread_t team[THREADS];
    uint64_t value, sum = 0;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&team[i], NULL, ask, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(team[i], NULL);
    CHECK_INT(pm_window_meet(), PARMAP_OK);
    for (int r = 0; r < world.size; r++) {
        CHECK_INT(pm_load(place_on(r), 600, &value), PARMAP_OK);
        sum += value;
    }
    CHECK_INT(sum, 200 * THREADS * world.size);
    CHECK_INT(pm_window_meet(), PARMAP_OK);
}

static void space(void)
{
    uint32_t number, generation, again;
    uint64_t value;
    CHECK_INT(pm_space_open(100000, &number, &generation), PARMAP_OK);
    const pm_ref next = {.rank = (uint32_t)((world.rank + 1) % world.size) & PM_MOST_RANKS,
                         .space = number & PM_MOST_SPACES,
                         .generation = generation,
                         .offset = 0};
    ((uint64_t *)pm_space_own(number))[12499] = 100 + (uint64_t)world.rank;
    CHECK_INT(pm_window_meet(), PARMAP_OK);
    CHECK_INT(pm_load(next, 99992, &value), PARMAP_OK);
    CHECK_INT(value, 100 + next.rank);
    CHECK_INT(pm_window_meet(), PARMAP_OK);
    CHECK_INT(pm_space_close(number), PARMAP_OK);
    CHECK_INT(pm_load(next, 0, &value), PARMAP_STALE);
    CHECK_INT(pm_space_open(8, &again, &generation), PARMAP_OK);
    CHECK_INT(again, number);
    CHECK_INT(pm_load(next, 0, &value), PARMAP_STALE);
    CHECK_INT(pm_space_close(again), PARMAP_OK);
}

static void run_all(const char *name)
{
    if (!open_window(name))
        return;
    words();
    waits();
    no_lost_update();
    copies();
    turns();
    threads();
    space();
    uint64_t value;
    CHECK_INT(pm_load(place_on(world.size), 0, &value), PARMAP_USAGE);
    close_window();
    CHECK_TEXT(pm_window_name(), "");
}

static void shm(void)
{
    run_all("shm");
}

static void msg(void)
{
    run_all("msg");
}

static void rma(void)
{
    run_all("rma");
}

int main(int argc, char **argv)
{
    static const check_case cases[] = {{"window: shm", shm},
                                       {"window: msg", msg},
                                       {"window: rma", rma},
                                       {"window: shm again", shm}};
    pm_window_cure(pm_world_library());
    return ranks_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
