/* TEST seconds=180 */
/* Queues, one call after the other: order, sizes of items, time-outs, size and full, closing,
 * task_done and join, refusals. */
#include "shared/messages.h"
#include "shared/shared.h"

#include <stdlib.h>

static const double short_s = 0.1;

static int64_t size_of(const parmap_queue *queue)
{
    int64_t size = -1;
    CHECK_OK(parmap_queue_size(queue, &size));
    return size;
}

static bool is_empty(const parmap_queue *queue)
{
    bool empty = false;
    CHECK_OK(parmap_queue_empty(queue, &empty));
    return empty;
}

static bool is_full(const parmap_queue *queue)
{
    bool full = false;
    CHECK_OK(parmap_queue_full(queue, &full));
    return full;
}

static void put(const parmap_queue *queue, int64_t number)
{
    CHECK_OK(parmap_queue_put(queue, &number, sizeof number, shared_long_s));
}

static int64_t get(const parmap_queue *queue)
{
    int64_t number = -1;
    size_t bytes = 0;
    CHECK_OK(parmap_queue_get(queue, &number, sizeof number, &bytes, shared_long_s));
    CHECK_INT(bytes, sizeof number);
    return number;
}

/* ---- order and items ------------------------------------------------------------------------- */

/* The last rank puts, the first gets; then each rank its own. */
static void first_in_first_out(void)
{
    const int64_t count = shared_count(3000, 150);
    for (int64_t maxsize = 0; maxsize <= count; maxsize += count) {
        parmap_queue queue;
        SHARE_NEW(queue, parmap_queue_create(&queue, maxsize));
        CHECK_OK(parmap_sync_all());
        for (int64_t i = 0; i < count && parmap_rank() == parmap_size() - 1; i++)
            put(&queue, i * i);
        CHECK_OK(parmap_sync_all());
        CHECK_INT(size_of(&queue), count);
        CHECK(is_full(&queue) == (maxsize > 0));
        CHECK_OK(parmap_sync_all());
        for (int64_t i = 0; i < count && parmap_rank() == 0; i++)
            CHECK_INT(get(&queue), i * i);
        CHECK_OK(parmap_sync_all());
        CHECK(is_empty(&queue));
        SHARE_FREE(parmap_queue_free(&queue));
    }
}

/* Round and round through a few places. */
static void few_places_are_used_again(void)
{
    const int64_t rounds = shared_count(300, 10);
    for (int64_t maxsize = 1; maxsize <= 5; maxsize += 2) {
        parmap_queue queue;
        int64_t in = 0, out = 0;
        CHECK_OK(parmap_queue_create(&queue, maxsize));
        for (int64_t i = 0; i < rounds; i++) {
            while (in - out < maxsize - i % maxsize)
                put(&queue, in++);
            CHECK_INT(size_of(&queue), in - out);
            CHECK(is_full(&queue) == (in - out == maxsize));
            while (in - out > i % maxsize)
                CHECK_INT(get(&queue), out++);
            CHECK(is_empty(&queue) == (in == out));
        }
        CHECK_OK(parmap_queue_free(&queue));
    }
}

/* Each rank puts items of all sizes, some of them twice over, and the next rank gets them. */
static void items_of_any_size(void)
{
    static const size_t sizes[] = {0,    1,    7,     8,       47, 48, 49, 50,
                                   1000, 4096, 65537, 1 << 20, 3,  0,  64};
    enum { SIZES = sizeof sizes / sizeof *sizes };
    char *item = malloc((1 << 20) + 1);
    for (int rank = 0; rank < parmap_size(); rank++) {
        parmap_queue queue = {0};
        const int home = (rank + 2) % parmap_size(), getter = (rank + 1) % parmap_size();
        if (parmap_rank() == home)
            CHECK_OK(parmap_queue_create(&queue, rank % 2 ? SIZES : 0));
        SHARE_FROM(queue, home);
        for (int i = 0; i < SIZES && parmap_rank() == rank; i++) {
            fill_message(item, sizes[i], (uint64_t)(100 * rank + i));
            CHECK_OK(parmap_queue_put(&queue, item, sizes[i], shared_long_s));
            memset(item, 0x77, sizes[i]); /* the queue has a copy */
        }
        for (int i = 0; i < SIZES && parmap_rank() == getter; i++) {
            size_t bytes = 12345;
            memset(item, 0x5a, (1 << 20) + 1);
            CHECK_OK(parmap_queue_get(&queue, item, sizes[i], &bytes, shared_long_s));
            CHECK_INT(bytes, sizes[i]);
            CHECK(is_message(item, sizes[i], (uint64_t)(100 * rank + i)));
            CHECK(item[sizes[i]] == 0x5a);
        }
        CHECK_OK(parmap_sync_all());
        if (parmap_rank() == getter)
            CHECK_OK(parmap_queue_free(&queue));
    }
    free(item);
}

static void no_item_at_all(void)
{
    parmap_queue queue;
    size_t bytes = 5;
    CHECK_OK(parmap_queue_create(&queue, 0));
    CHECK_OK(parmap_queue_put(&queue, NULL, 0, 0));
    CHECK_INT(size_of(&queue), 1);
    CHECK_OK(parmap_queue_get(&queue, NULL, 0, &bytes, 0));
    CHECK_INT(bytes, 0);
    CHECK_OK(parmap_queue_put(&queue, "x", 1, 0));
    CHECK_OK(parmap_queue_get(&queue, &bytes, sizeof bytes, NULL, 0)); /* without the size */
    CHECK_INT(*(char *)&bytes, 'x');
    CHECK_OK(parmap_queue_free(&queue));
}

/* The item stays first, also for others. */
static void a_buffer_that_is_too_small(void)
{
    static const size_t sizes[] = {10, 48, 1000};
    parmap_queue queue;
    char item[1001];
    SHARE_NEW(queue, parmap_queue_create(&queue, 0));
    for (int i = 0; i < 3; i++) {
        size_t bytes = 0;
        fill_message(item, sizes[i], (uint64_t)i);
        ON_ROOT(parmap_queue_put(&queue, item, sizes[i], 0));
        ON_ROOT(parmap_queue_put(&queue, "next", 4, 0));
        CHECK_OK(parmap_sync_all());
        memset(item, 0x5a, sizeof item);
        CHECK_STATUS(parmap_queue_get(&queue, item, sizes[i] - 1, &bytes, 0), PARMAP_USAGE);
        CHECK_INT(bytes, sizes[i]);
        CHECK(item[0] == 0x5a && item[sizes[i] - 1] == 0x5a);
        bytes = 0;
        CHECK_STATUS(parmap_queue_get(&queue, NULL, 0, &bytes, shared_long_s), PARMAP_USAGE);
        CHECK_INT(bytes, sizes[i]);
        CHECK_INT(size_of(&queue), 2);
        CHECK_OK(parmap_sync_all());
        if (parmap_rank() == parmap_size() - 1) {
            CHECK_OK(parmap_queue_get(&queue, item, sizeof item, &bytes, 0));
            CHECK_INT(bytes, sizes[i]);
            CHECK(is_message(item, sizes[i], (uint64_t)i));
            CHECK_OK(parmap_queue_get(&queue, item, sizeof item, &bytes, 0));
            CHECK(bytes == 4 && memcmp(item, "next", 4) == 0);
        }
        CHECK_OK(parmap_sync_all());
    }
    SHARE_FREE(parmap_queue_free(&queue));
}

/* ---- not waiting, and waiting for so long ---------------------------------------------------- */

static void empty_and_full(void)
{
    parmap_queue queue;
    int64_t number = 1;
    SHARE_NEW(queue, parmap_queue_create(&queue, 2));
    CHECK(is_empty(&queue) && !is_full(&queue));
    for (double time = 0; time >= -1; time--)
        CHECK_STATUS(parmap_queue_get(&queue, &number, sizeof number, NULL, time), PARMAP_EMPTY);
    double begun = shared_now();
    CHECK_STATUS(parmap_queue_get(&queue, &number, sizeof number, NULL, short_s), PARMAP_EMPTY);
    CHECK_TOOK(begun, short_s);
    CHECK_OK(parmap_sync_all());
    ON_ROOT(parmap_queue_put(&queue, &number, sizeof number, 0));
    ON_ROOT(parmap_queue_put(&queue, &number, sizeof number, -5));
    CHECK_OK(parmap_sync_all());
    CHECK(!is_empty(&queue) && is_full(&queue));
    for (double time = 0; time >= -1; time--)
        CHECK_STATUS(parmap_queue_put(&queue, &number, sizeof number, time), PARMAP_FULL);
    begun = shared_now();
    CHECK_STATUS(parmap_queue_put(&queue, &number, sizeof number, short_s), PARMAP_FULL);
    CHECK_TOOK(begun, short_s);
    char large[1000] = {0};
    CHECK_STATUS(parmap_queue_put(&queue, large, sizeof large, 0), PARMAP_FULL);
    CHECK_INT(size_of(&queue), 2);
    SHARE_FREE(parmap_queue_free(&queue));
}

/* ---- closing --------------------------------------------------------------------------------- */

static void a_closed_queue_drains(void)
{
    parmap_queue queue;
    int64_t number = 0;
    SHARE_NEW(queue, parmap_queue_create(&queue, 0));
    CHECK_OK(parmap_queue_put(&queue, &(int64_t){7}, sizeof number, 0));
    CHECK_OK(parmap_sync_all());
    CHECK_OK(parmap_queue_close(&queue)); /* by each rank: more than once */
    CHECK_STATUS(parmap_queue_put(&queue, &number, sizeof number, 0), PARMAP_CLOSED);
    CHECK_STATUS(parmap_queue_put(&queue, &number, sizeof number, PARMAP_FOREVER), PARMAP_CLOSED);
    CHECK_INT(get(&queue), 7);
    CHECK_OK(parmap_sync_all());
    CHECK_FAILS(parmap_queue_get(&queue, &number, sizeof number, NULL, 0), PARMAP_CLOSED, "closed");
    CHECK_STATUS(parmap_queue_get(&queue, &number, sizeof number, NULL, PARMAP_FOREVER),
                 PARMAP_CLOSED);
    CHECK_OK(parmap_queue_close(&queue));
    CHECK(is_empty(&queue));
    SHARE_FREE(parmap_queue_free(&queue));
}

/* ---- task_done and join ---------------------------------------------------------------------- */

static void join_counts_what_was_put(void)
{
    parmap_queue queue;
    SHARE_NEW(queue, parmap_queue_create(&queue, 0));
    CHECK_OK(parmap_queue_join(&queue, 0)); /* nothing was put */
    CHECK_OK(parmap_sync_all());
    put(&queue, 5);
    CHECK_OK(parmap_sync_all());
    CHECK_STATUS(parmap_queue_join(&queue, 0), PARMAP_TIMED_OUT);
    CHECK_INT(get(&queue), 5);
    CHECK_OK(parmap_sync_all());
    const double begun = shared_now();
    CHECK_STATUS(parmap_queue_join(&queue, short_s), PARMAP_TIMED_OUT);
    CHECK_TOOK(begun, short_s);
    CHECK_OK(parmap_sync_all());
    CHECK_OK(parmap_queue_task_done(&queue));
    CHECK_OK(parmap_queue_join(&queue, shared_long_s));
    CHECK_OK(parmap_sync_all());
    CHECK_FAILS(parmap_queue_task_done(&queue), PARMAP_USAGE, "task_done");
    CHECK_OK(parmap_queue_join(&queue, 0)); /* the wrong one did not count */
    CHECK_OK(parmap_sync_all());
    put(&queue, 6);
    CHECK_STATUS(parmap_queue_join(&queue, 0), PARMAP_TIMED_OUT);
    SHARE_FREE(parmap_queue_free(&queue));
}

/* ---- refusals and handles -------------------------------------------------------------------- */

static void refusals(void)
{
    parmap_queue queue, zero = {0};
    parmap_event event;
    int64_t number = 0;
    bool flag;
    CHECK_STATUS(parmap_queue_create(&queue, -1), PARMAP_USAGE);
    CHECK_STATUS(parmap_queue_put(&zero, &number, sizeof number, 0), PARMAP_USAGE);
    CHECK_STATUS(parmap_queue_get(&zero, &number, sizeof number, NULL, 0), PARMAP_USAGE);
    CHECK_STATUS(parmap_queue_size(&zero, &number), PARMAP_USAGE);
    CHECK_STATUS(parmap_queue_full(&zero, &flag), PARMAP_USAGE);
    CHECK_STATUS(parmap_queue_close(&zero), PARMAP_USAGE);
    CHECK_STATUS(parmap_queue_free(&zero), PARMAP_USAGE);
    CHECK_STATUS(parmap_queue_put(NULL, &number, sizeof number, 0), PARMAP_USAGE);
    CHECK_OK(parmap_event_create(&event));
    const parmap_queue other = {event.handle};
    CHECK_STATUS(parmap_queue_put(&other, &number, sizeof number, 0), PARMAP_USAGE);
    CHECK_OK(parmap_event_free(&event));
}

static void a_freed_queue_is_stale(void)
{
    parmap_queue queue;
    int64_t number = 0;
    char large[1000] = {0};
    SHARE_NEW(queue, parmap_queue_create(&queue, 0));
    CHECK_OK(parmap_queue_put(&queue, &number, sizeof number, 0)); /* they go with it */
    CHECK_OK(parmap_queue_put(&queue, large, sizeof large, 0));
    CHECK_OK(parmap_sync_all());
    parmap_queue copy = queue;
    if (parmap_rank() == parmap_size() - 1)
        CHECK_OK(parmap_queue_free(&copy));
    CHECK_OK(parmap_sync_all());
    if (shared_sees_stale()) {
        copy = queue;
        CHECK_FAILS(parmap_queue_put(&queue, &number, sizeof number, 0), PARMAP_STALE, "freed");
        CHECK_STATUS(parmap_queue_get(&queue, &number, sizeof number, NULL, PARMAP_FOREVER),
                     PARMAP_STALE);
        CHECK_STATUS(parmap_queue_size(&queue, &number), PARMAP_STALE);
        CHECK_STATUS(parmap_queue_join(&queue, 0), PARMAP_STALE);
        CHECK_STATUS(parmap_queue_close(&queue), PARMAP_STALE);
        CHECK_STATUS(parmap_queue_free(&copy), PARMAP_STALE);
    }
}

/* Each rank asks by a queue and says where it wants the answer. */
static void a_queue_travels_in_a_queue(void)
{
    parmap_queue questions, answers, asked;
    struct {
        parmap_queue answers;
        int64_t number;
    } question;
    SHARE_NEW(questions, parmap_queue_create(&questions, 0));
    CHECK_OK(parmap_queue_create(&answers, 1));
    question.answers = answers;
    question.number = 11 + parmap_rank();
    CHECK_OK(parmap_queue_put(&questions, &question, sizeof question, shared_long_s));
    for (int i = 0; i < parmap_size() && parmap_rank() == 0; i++) {
        CHECK_OK(parmap_queue_get(&questions, &question, sizeof question, NULL, shared_long_s));
        asked = question.answers;
        put(&asked, question.number * question.number);
    }
    const int64_t number = 11 + parmap_rank();
    CHECK_INT(get(&answers), number * number);
    CHECK_OK(parmap_queue_free(&answers));
    SHARE_FREE(parmap_queue_free(&questions));
}

static const check_case cases[] = {
    {"first in, first out", first_in_first_out},
    {"few places are used again", few_places_are_used_again},
    {"items of any size", items_of_any_size},
    {"no item at all", no_item_at_all},
    {"a buffer that is too small", a_buffer_that_is_too_small},
    {"empty and full", empty_and_full},
    {"a closed queue drains", a_closed_queue_drains},
    {"join counts what was put", join_counts_what_was_put},
    {"refusals", refusals},
    {"a freed queue is stale", a_freed_queue_is_stale},
    {"a queue travels in a queue", a_queue_travels_in_a_queue},
};

SHARED_MAIN(cases)
