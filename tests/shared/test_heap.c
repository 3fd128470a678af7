/* TEST seconds=180 */
/* The heap below all objects, of 2 MiB here: blocks that one rank makes and another one frees, from
 * all ranks at once; nothing overlaps, nothing is lost for good, all new memory is zero. */
#include "shared/messages.h"
#include "shared/shared.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { HEAP = 2 << 20, MOST = 60000 };

static char scratch_of_rank[HEAP];

/* ---- arrays of bytes as blocks --------------------------------------------------------------- */

static bool is_zero(const char *bytes, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* A block of zeros becomes message `number`.  `buffer` is as large. */
static parmap_status make_block(parmap_array *block, int64_t bytes, uint64_t number, char *buffer)
{
    const parmap_status status = parmap_array_create(block, 'c', bytes);
    if (status != PARMAP_OK)
        return status;
    memset(buffer, 0x5a, (size_t)bytes);
    CHECK_OK(parmap_array_read(block, 0, bytes, buffer));
    CHECK(is_zero(buffer, bytes));
    fill_message(buffer, (size_t)bytes, number);
    return parmap_array_write(block, 0, bytes, buffer);
}

static bool holds(const parmap_array *block, uint64_t number, char *buffer)
{
    return CHECK_OK(parmap_array_read(block, 0, block->length, buffer)) &&
           is_message(buffer, (size_t)block->length, number);
}

/* Mostly small. */
static int64_t random_bytes(uint64_t *state)
{
    const int64_t most[] = {1, 60, 200, 200, 1000, 5000, 20000, MOST};
    return (int64_t)(next_random(state) % (uint64_t)most[next_random(state) % 8]);
}

/* ---- one rank after the other ---------------------------------------------------------------- */

/* In each round every rank makes some, and the next rank looks at them and frees them: several
 * times what the heaps hold. */
static void made_here_freed_there(void)
{
    enum { BLOCKS = 24 };
    const int64_t rounds = shared_count(40, 15);
    parmap_array mine[BLOCKS], theirs[BLOCKS], next[BLOCKS];
    uint64_t state = (uint64_t)parmap_rank() + 1;
    for (int64_t round = 0; round < rounds; round++) {
        for (uint64_t i = 0; i < BLOCKS; i++)
            CHECK_OK(make_block(&mine[i], random_bytes(&state),
                                (uint64_t)parmap_rank() << 16 | (uint64_t)round << 8 | i,
                                scratch_of_rank));
        for (int rank = 0; rank < parmap_size(); rank++) {
            memcpy(theirs, mine, sizeof theirs);
            SHARE_FROM(theirs, rank);
            if (rank == (parmap_rank() + 1) % parmap_size())
                memcpy(next, theirs, sizeof next);
        }
        const uint64_t maker = (uint64_t)((parmap_rank() + 1) % parmap_size());
        for (uint64_t i = 0; i < BLOCKS; i++) {
            CHECK(holds(&next[i], maker << 16 | (uint64_t)round << 8 | i, scratch_of_rank));
            CHECK_OK(parmap_array_free(&next[i]));
        }
        CHECK_OK(parmap_sync_all());
    }
}

/* ---- all at once ----------------------------------------------------------------------------- */

typedef struct exchange {
    parmap_queue queue; /* of blocks that somebody else is to free */
    int64_t steps;
    _Atomic int64_t failures, made, freed, no_memory;
} exchange;

typedef struct parcel {
    parmap_array block;
    uint64_t number;
} parcel;

static void open_parcel(exchange *run, parcel *one, char *buffer)
{
    if (!holds(&one->block, one->number, buffer))
        run->failures++;
    if (parmap_array_free(&one->block) == PARMAP_OK)
        run->freed++;
    else
        run->failures++;
}

/* Makes blocks, keeps some for a while, puts others into the queue and frees what it finds there.
 */
static void trade(int worker, void *context)
{
    enum { KEPT = 12 };
    exchange *run = context;
    parcel kept[KEPT] = {{.number = 0}}, one;
    uint64_t state = 1000 + (uint64_t)worker;
    char *buffer = malloc(MOST);
    for (int64_t step = 0; step < run->steps; step++) {
        parcel *place = &kept[next_random(&state) % KEPT];
        if (place->number != 0) {
            if (next_random(&state) % 2 == 0)
                open_parcel(run, place, buffer);
            else if (parmap_queue_put(&run->queue, place, sizeof *place, 0) != PARMAP_OK)
                open_parcel(run, place, buffer); /* no room */
        }
        place->number = (uint64_t)worker << 40 | (uint64_t)step | UINT64_C(1) << 60;
        const parmap_status status =
            make_block(&place->block, random_bytes(&state), place->number, buffer);
        run->made += status == PARMAP_OK;
        run->no_memory += status == PARMAP_NO_MEMORY;
        run->failures += status != PARMAP_OK && status != PARMAP_NO_MEMORY;
        if (status != PARMAP_OK)
            place->number = 0;
        if (parmap_queue_get(&run->queue, &one, sizeof one, NULL, 0) == PARMAP_OK)
            open_parcel(run, &one, buffer);
    }
    for (int i = 0; i < KEPT; i++)
        if (kept[i].number != 0)
            open_parcel(run, &kept[i], buffer);
    free(buffer);
}

/* At most 2 workers on a rank, so that their blocks fit the heap: 12 of at most 60 kB each are
 * kept, 8 wait in the queue. */
static void all_ranks_at_once(void)
{
    exchange run = {.steps = shared_count(1500, 60)};
    parcel one;
    SHARE_NEW(run.queue, parmap_queue_create(&run.queue, 8));
    shared_run(parmap_size() + 1, trade, &run);
    while (parmap_queue_get(&run.queue, &one, sizeof one, NULL, 0) == PARMAP_OK)
        open_parcel(&run, &one, scratch_of_rank);
    CHECK_INT(shared_sum(run.failures), 0);
    CHECK_INT(shared_sum(run.no_memory), 0);
    CHECK_INT(shared_sum(run.made), run.steps * (parmap_size() + 1));
    CHECK_INT(shared_sum(run.freed), run.steps * (parmap_size() + 1));
    SHARE_FREE(parmap_queue_free(&run.queue));
}

/* ---- a full heap ----------------------------------------------------------------------------- */

static parmap_array filling[HEAP / 64];

/* Blocks of so many bytes until no more fit; how many. */
static int64_t fill_heap(int64_t bytes)
{
    int64_t count = 0;
    parmap_status status;
    while ((status = parmap_array_create(&filling[count], 'b', bytes)) == PARMAP_OK)
        count++;
    CHECK_STATUS(status, PARMAP_NO_MEMORY);
    CHECK_HOLDS(parmap_message(), "PARMAP_HEAP=");
    return count;
}

/* In an order that leaves holes first. */
static void empty_heap(int64_t count)
{
    for (int64_t first = 0; first < 3; first++)
        for (int64_t i = first; i < count; i += 3)
            CHECK_OK(parmap_array_free(&filling[i]));
}

/* As much fits again after anything, or nearly. */
static void a_full_heap_can_be_used_again(void)
{
    static const int64_t sizes[] = {40000, 1000, 300, 9000, 100000, 40000};
    int64_t first_count = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (strcmp(parmap_window(), "shm") != 0 && sizes[i] < 9000)
            continue;
        const int64_t count = fill_heap(sizes[i]);
        CHECK(count * sizes[i] > HEAP / 2 && count * sizes[i] < 2 * HEAP);
        first_count = i == 0 ? count : first_count;
        if (sizes[i] == sizes[0]) /* holes that small blocks divide may not all be used */
            CHECK(10 * count >= 9 * first_count);
        empty_heap(count);
    }
    parmap_array large;
    CHECK_OK(parmap_array_create(&large, 'b', HEAP / 4 * 3));
    CHECK_OK(parmap_array_free(&large));
}

/* Rank 0 fills its heap, the last rank frees, and rank 0 can fill it again. */
static void a_full_heap_that_others_empty(void)
{
    enum { BYTES = 30000 };
    int64_t counts[2] = {0};
    for (int round = 0; round < 2; round++) {
        if (parmap_rank() == 0)
            counts[round] = fill_heap(BYTES);
        CHECK_OK(parmap_broadcast(counts, sizeof counts, 0));
        CHECK_OK(parmap_broadcast(filling, (size_t)counts[round] * sizeof *filling, 0));
        if (parmap_rank() == parmap_size() - 1)
            empty_heap(counts[round]);
        CHECK_OK(parmap_sync_all());
    }
    CHECK(counts[0] > 0);
    CHECK(10 * counts[1] >= 9 * counts[0]);
}

/* It says how much there is, how much was asked for, and a size that is enough. */
static void what_it_says_when_it_is_full(void)
{
    parmap_array array;
    long asked = 0;
    CHECK_STATUS(parmap_array_create(&array, 'b', 50 << 20), PARMAP_NO_MEMORY);
    CHECK_HOLDS(parmap_message(), "52428"); /* 50 MiB and the header */
    const char *place = strstr(parmap_message(), "PARMAP_HEAP=");
    if (place)
        CHECK(sscanf(place, "PARMAP_HEAP=%ldM", &asked) == 1);
    CHECK(asked > 50);
    char who[32];
    snprintf(who, sizeof who, "rank %d", parmap_rank());
    CHECK_HOLDS(parmap_message(), who);
}

/* Every kind of object says so, and leaves no part of itself behind. */
static void every_object_says_so(void)
{
    parmap_value value;
    parmap_lock lock;
    parmap_semaphore semaphore;
    parmap_condition condition;
    parmap_event event;
    parmap_barrier barrier;
    parmap_queue queue;
    parmap_connection one, other;
    const int64_t count = fill_heap(20000), rest = HEAP / 64 - count;
    static parmap_event crumbs[HEAP / 64]; /* of the smallest kind */
    int64_t small = 0;
    while (small < rest && parmap_event_create(&crumbs[small]) == PARMAP_OK)
        small++;
    CHECK(small < rest);
    CHECK_STATUS(parmap_value_create(&value, 'i', 0), PARMAP_NO_MEMORY);
    CHECK_STATUS(parmap_lock_create(&lock), PARMAP_NO_MEMORY);
    CHECK_STATUS(parmap_rlock_create(&lock), PARMAP_NO_MEMORY);
    CHECK_STATUS(parmap_semaphore_create(&semaphore, 1), PARMAP_NO_MEMORY);
    CHECK_STATUS(parmap_bounded_semaphore_create(&semaphore, 1), PARMAP_NO_MEMORY);
    CHECK_STATUS(parmap_condition_create(&condition, NULL), PARMAP_NO_MEMORY);
    CHECK_STATUS(parmap_event_create(&event), PARMAP_NO_MEMORY);
    CHECK_STATUS(parmap_barrier_create(&barrier, 2, NULL), PARMAP_NO_MEMORY);
    CHECK_STATUS(parmap_queue_create(&queue, 0), PARMAP_NO_MEMORY);
    CHECK_STATUS(parmap_queue_create(&queue, 5), PARMAP_NO_MEMORY);
    CHECK_STATUS(parmap_pipe_create(&one, &other, true), PARMAP_NO_MEMORY);
    for (int64_t i = 0; i < small; i++) { /* with room for a part of it, then for all of it */
        CHECK_OK(parmap_event_free(&crumbs[i]));
        if (parmap_queue_create(&queue, 300) == PARMAP_OK)
            CHECK_OK(parmap_queue_free(&queue));
        if (parmap_condition_create(&condition, NULL) == PARMAP_OK)
            CHECK_OK(parmap_condition_free(&condition));
        if (parmap_pipe_create(&one, &other, true) == PARMAP_OK) {
            CHECK_OK(parmap_connection_close(&one));
            CHECK_OK(parmap_connection_close(&other));
        }
    }
    empty_heap(count);
    const int64_t again = fill_heap(20000);
    CHECK(10 * again >= 9 * count);
    empty_heap(again);
}

static const check_case cases[] = {
    {"made here, freed there", made_here_freed_there},
    {"all ranks at once", all_ranks_at_once},
    {"a full heap can be used again", a_full_heap_can_be_used_again},
    {"a full heap that others empty", a_full_heap_that_others_empty},
    {"what it says when it is full", what_it_says_when_it_is_full},
    {"every object says so", every_object_says_so},
};

int main(int argc, char **argv)
{
    setenv("PARMAP_HEAP", "2M", 1);
    return shared_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
