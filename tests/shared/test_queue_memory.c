/* TEST seconds=180 */
/* Queues in a small heap: it grows and shrinks with what is in it, a full heap is an error
 * after which everything goes on, and nothing is lost for good. */
#include "shared/messages.h"
#include "shared/shared.h"

#include <stdlib.h>

/* One MiB where a step costs nothing, else 128 KiB. */
static size_t heap_bytes;

static char item_of_rank[1 << 20];

/* A large item of which many fit into the heap, and one of which three do. */
static size_t many_bytes(void)
{
    return heap_bytes / 100;
}

static size_t big_bytes(void)
{
    return heap_bytes / 10 * 3;
}

static int64_t size_of(const parmap_queue *queue)
{
    int64_t size = -1;
    CHECK_OK(parmap_queue_size(queue, &size));
    return size;
}

static parmap_status put(const parmap_queue *queue, size_t bytes, int64_t number)
{
    fill_message(item_of_rank, bytes, (uint64_t)number);
    return parmap_queue_put(queue, item_of_rank, bytes, shared_long_s);
}

/* After a failure nobody waits for what may never come. */
static bool failed;

/* That the next item is number `number`, of so many bytes. */
static void expect(const parmap_queue *queue, size_t bytes, int64_t number)
{
    size_t found = 0;
    const parmap_status status = parmap_queue_get(queue, item_of_rank, sizeof item_of_rank, &found,
                                                  failed ? 0 : shared_long_s);
    failed = !CHECK_OK(status) || failed;
    if (status == PARMAP_OK) {
        CHECK_INT(found, bytes);
        CHECK(is_message(item_of_rank, bytes, (uint64_t)number));
    }
}

/* Items of `bytes` until the heap is full; how many. */
static int64_t fill_heap(const parmap_queue *queue, size_t bytes, int64_t first)
{
    int64_t count = 0;
    parmap_status status;
    while ((status = put(queue, bytes, first + count)) == PARMAP_OK)
        count++;
    CHECK_STATUS(status, PARMAP_NO_MEMORY);
    CHECK_HOLDS(parmap_message(), "PARMAP_HEAP=");
    return count;
}

/* ---- growth ---------------------------------------------------------------------------------- */

/* As many rounds as would need several times the heap, if it did not come back.  Rank 0 puts, the
 * last rank gets. */
static void grows_and_shrinks(void)
{
    const int64_t rounds = shared_count(12, 6), count = shared_count(4000, 100);
    const size_t bytes = strcmp(parmap_window(), "shm") == 0 ? 40 : 700;
    parmap_queue queue;
    SHARE_NEW(queue, parmap_queue_create(&queue, 0));
    for (int64_t round = 0; round < rounds; round++) {
        for (int64_t i = 0; i < count && parmap_rank() == 0; i++)
            CHECK_OK(put(&queue, bytes, round + i));
        CHECK_OK(parmap_sync_all());
        CHECK_INT(size_of(&queue), count);
        CHECK_OK(parmap_sync_all());
        for (int64_t i = 0; i < count && parmap_rank() == parmap_size() - 1; i++)
            expect(&queue, bytes, round + i);
        CHECK_OK(parmap_sync_all());
    }
    SHARE_FREE(parmap_queue_free(&queue));
}

/* Always about as many in it, so that it wanders through memory. */
static void wanders(void)
{
    const int64_t count = shared_count(60000, 700), behind = 300;
    parmap_queue queue;
    CHECK_OK(parmap_queue_create(&queue, 0));
    for (int64_t i = 0; i < count; i++) {
        CHECK_OK(put(&queue, 8, i));
        if (i >= behind)
            expect(&queue, 8, i - behind);
    }
    CHECK_INT(size_of(&queue), behind);
    CHECK_OK(parmap_queue_free(&queue));
}

/* Freed with what is in it, by another rank. */
static void freed_with_what_is_in_it(void)
{
    parmap_queue queue;
    for (int round = 0; round < 12; round++) {
        const int home = round % parmap_size(), other = (round + 1) % parmap_size();
        memset(&queue, 0, sizeof queue);
        if (parmap_rank() == home)
            CHECK_OK(parmap_queue_create(&queue, 0));
        SHARE_FROM(queue, home);
        CHECK_OK(put(&queue, big_bytes(), round));
        for (int i = 0; i < shared_count(150, 20); i++)
            CHECK_OK(put(&queue, (size_t)i % 60, i));
        CHECK_OK(parmap_sync_all());
        if (parmap_rank() == other)
            CHECK_OK(parmap_queue_free(&queue));
        CHECK_OK(parmap_sync_all());
    }
}

/* ---- a full heap ----------------------------------------------------------------------------- */

/* Rank 0 puts until its heap is full; the last rank gets. */
static void full_of_large_items(void)
{
    parmap_queue queue;
    SHARE_NEW(queue, parmap_queue_create(&queue, 0));
    int64_t count = 0, first_count = 0;
    for (int round = 0; round < 3; round++) {
        if (parmap_rank() == 0) {
            count = fill_heap(&queue, many_bytes(), 1000 * round);
            CHECK(count > 40 && count < 200);
            CHECK_INT(size_of(&queue), count);
        }
        CHECK_OK(parmap_broadcast(&count, sizeof count, 0));
        for (int i = 0; i < 2 && parmap_rank() == parmap_size() - 1; i++)
            expect(&queue, many_bytes(), 1000 * round + i);
        CHECK_OK(parmap_sync_all());
        if (parmap_rank() == 0) /* there is room again */
            CHECK_OK(put(&queue, many_bytes(), 777));
        CHECK_OK(parmap_sync_all());
        if (parmap_rank() == parmap_size() - 1) {
            for (int64_t i = 2; i < count; i++)
                expect(&queue, many_bytes(), 1000 * round + i);
            expect(&queue, many_bytes(), 777);
        }
        CHECK_OK(parmap_sync_all());
        CHECK_INT(size_of(&queue), 0);
        first_count = round == 0 ? count : first_count;
        CHECK(10 * count >= 8 * first_count); /* it may take another part of the queue */
        CHECK_OK(parmap_sync_all());
    }
    SHARE_FREE(parmap_queue_free(&queue));
}

static void full_of_small_items(void)
{
    parmap_queue queue;
    CHECK_OK(parmap_queue_create(&queue, 0));
    for (int round = 0; round < 2; round++) {
        const int64_t count = fill_heap(&queue, 8, 0);
        CHECK((size_t)count >= heap_bytes / 200);
        CHECK_INT(size_of(&queue), count);
        for (int64_t i = 0; i < count; i++)
            expect(&queue, 8, i);
        CHECK_INT(size_of(&queue), 0);
    }
    CHECK_OK(parmap_queue_free(&queue));
}

static void an_item_larger_than_the_heap(void)
{
    parmap_queue queue;
    const size_t bytes = 2 * heap_bytes;
    char *item = calloc(1, bytes), words[32];
    snprintf(words, sizeof words, "%zu bytes", bytes);
    CHECK_OK(parmap_queue_create(&queue, 0));
    CHECK_FAILS(parmap_queue_put(&queue, item, bytes, 0), PARMAP_NO_MEMORY, "PARMAP_HEAP=");
    CHECK_FAILS(parmap_queue_put(&queue, item, bytes, PARMAP_FOREVER), PARMAP_NO_MEMORY, words);
    CHECK_INT(size_of(&queue), 0);
    CHECK_OK(put(&queue, many_bytes(), 9));
    expect(&queue, many_bytes(), 9);
    CHECK_STATUS(parmap_queue_join(&queue, 0), PARMAP_TIMED_OUT);
    CHECK_OK(parmap_queue_task_done(&queue)); /* one was put, not three */
    CHECK_OK(parmap_queue_join(&queue, 0));
    CHECK_OK(parmap_queue_free(&queue));
    free(item);
}

/* A put that fails for lack of memory does not take a place. */
static void places_that_were_not_taken(void)
{
    parmap_queue queue, bounded;
    CHECK_OK(parmap_queue_create(&bounded, 2));
    CHECK_OK(parmap_queue_create(&queue, 0));
    const int64_t count = fill_heap(&queue, many_bytes(), 0);
    bool full = true;
    for (int i = 0; i < 5; i++)
        CHECK_STATUS(put(&bounded, big_bytes(), i), PARMAP_NO_MEMORY);
    CHECK_OK(put(&bounded, 48, 0));
    CHECK_OK(parmap_queue_full(&bounded, &full));
    CHECK(!full);
    CHECK_OK(put(&bounded, 47, 1));
    CHECK_STATUS(parmap_queue_put(&bounded, &count, sizeof count, 0), PARMAP_FULL);
    CHECK_OK(parmap_queue_free(&queue));
    expect(&bounded, 48, 0);
    CHECK_OK(put(&bounded, big_bytes(), 2));
    expect(&bounded, 47, 1);
    expect(&bounded, big_bytes(), 2);
    CHECK_OK(parmap_queue_free(&bounded));
}

static const check_case cases[] = {
    {"grows and shrinks", grows_and_shrinks},
    {"wanders", wanders},
    {"freed with what is in it", freed_with_what_is_in_it},
    {"full of large items", full_of_large_items},
    {"full of small items", full_of_small_items},
    {"an item larger than the heap", an_item_larger_than_the_heap},
    {"places that were not taken", places_that_were_not_taken},
};

int main(int argc, char **argv)
{
    const char *window = getenv("PARMAP_WINDOW");
    const bool quick = !window || strcmp(window, "shm") == 0;
    setenv("PARMAP_HEAP", quick ? "1M" : "128K", 1);
    heap_bytes = quick ? 1 << 20 : 128 << 10;
    return shared_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
