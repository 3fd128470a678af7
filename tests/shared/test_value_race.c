/* TEST seconds=180 */
/* Values that many threads of many ranks change at once, wherever they live: no update is lost, no
 * number is given out twice.  The expected sums are products. */
#include "shared/shared.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { WORKERS = 6 };

/* Rank 0's value everywhere. */
static parmap_value new_value(char typecode)
{
    parmap_value value;
    SHARE_NEW(value, parmap_value_create_int(&value, typecode, 0));
    return value;
}

static int64_t number_of(const parmap_value *value)
{
    int64_t number = -1;
    CHECK_OK(parmap_value_load_int(value, &number));
    return number;
}

/* Of any typecode. */
static void expect_number(const parmap_value *value, char typecode, int64_t expected)
{
    double real = -1;
    if (typecode != 'd' && typecode != 'f') {
        CHECK_INT(number_of(value), expected);
    } else {
        CHECK_OK(parmap_value_load_real(value, &real));
        CHECK(real == (double)expected);
    }
}

typedef struct race {
    parmap_value value;
    parmap_lock lock;
    int64_t steps;            /* of each worker */
    _Atomic int64_t failures; /* calls that did not return PARMAP_OK, on this rank */
    _Atomic unsigned char *seen;
} race;

/* Collective. */
static void expect_no_failures(race *run)
{
    CHECK_INT(shared_sum(run->failures), 0);
}

/* ---- add ------------------------------------------------------------------------------------- */

static void add_one(int worker, void *context)
{
    (void)worker;
    race *run = context;
    for (int64_t i = 0; i < run->steps; i++)
        run->failures += parmap_value_add_int(&run->value, 1) != PARMAP_OK;
}

static void add_to(char typecode, shared_layout layout, int64_t total)
{
    race run = {.value = new_value(typecode), .steps = total / WORKERS};
    shared_run_as(layout, WORKERS, add_one, &run);
    expect_no_failures(&run);
    const int64_t sum = run.steps * WORKERS;
    const int64_t fitting = typecode == 'B' ? sum & 0xff : typecode == 'H' ? sum & 0xffff : sum;
    expect_number(&run.value, typecode, fitting);
    SHARE_FREE(parmap_value_free(&run.value));
}

static void no_increment_is_lost(void)
{
    add_to('q', SHARED_RANKS, shared_count(1000000, 10000));
}

static void no_increment_of_a_double_is_lost(void)
{
    add_to('d', SHARED_RANKS, shared_count(1000000, 10000));
}

static void add_to_each_typecode(shared_layout layout)
{
    for (const char *code = "BHiIlLqQfd"; *code; code++)
        add_to(*code, layout, shared_count(20000, 300));
}

static void no_increment_is_lost_in_any_layout(void)
{
    shared_each_layout(add_to_each_typecode);
}

/* ---- fetch_add ------------------------------------------------------------------------------- */

static void take_numbers(int worker, void *context)
{
    (void)worker;
    race *run = context;
    for (int64_t i = 0; i < run->steps; i++) {
        int64_t before = -1;
        if (parmap_value_fetch_add_int(&run->value, 1, &before) != PARMAP_OK || before < 0 ||
            before >= run->steps * WORKERS)
            run->failures++;
        else
            run->seen[before]++;
    }
}

static void each_number_is_given_out_once(shared_layout layout)
{
    race run = {.value = new_value('i'), .steps = shared_count(5000, 100)};
    const int64_t count = run.steps * WORKERS;
    run.seen = calloc((size_t)count, 1);
    int64_t *times = calloc((size_t)count, sizeof *times);
    shared_run_as(layout, WORKERS, take_numbers, &run);
    expect_no_failures(&run);
    for (int64_t i = 0; i < count; i++)
        times[i] = run.seen[i];
    CHECK_OK(parmap_sum(times, count));
    int64_t once = 0;
    for (int64_t i = 0; i < count; i++)
        once += times[i] == 1;
    CHECK_INT(once, count);
    CHECK_INT(number_of(&run.value), count);
    free((void *)run.seen);
    free(times);
    SHARE_FREE(parmap_value_free(&run.value));
}

static void fetch_add_gives_each_number_once(void)
{
    shared_each_layout(each_number_is_given_out_once);
}

/* ---- compare_swap ---------------------------------------------------------------------------- */

static void add_by_compare_swap(int worker, void *context)
{
    (void)worker;
    race *run = context;
    for (int64_t i = 0; i < run->steps; i++) {
        int64_t expected = 0, found = -1;
        for (;;) {
            if (parmap_value_compare_swap_int(&run->value, expected, expected + 2, &found) !=
                PARMAP_OK) {
                run->failures++;
                return;
            }
            if (found == expected)
                break;
            expected = found;
        }
    }
}

static void add_real_by_compare_swap(int worker, void *context)
{
    (void)worker;
    race *run = context;
    for (int64_t i = 0; i < run->steps; i++) {
        double expected = 0, found = -1;
        for (;;) {
            if (parmap_value_compare_swap_real(&run->value, expected, expected + 0.5, &found) !=
                PARMAP_OK) {
                run->failures++;
                return;
            }
            if (found == expected)
                break;
            expected = found;
        }
    }
}

static void swap_in(shared_layout layout)
{
    const int64_t steps = shared_count(2000, 50);
    for (const char *code = "hiq"; *code; code++) {
        race run = {.value = new_value(*code), .steps = steps};
        shared_run_as(layout, WORKERS, add_by_compare_swap, &run);
        expect_no_failures(&run);
        CHECK_INT(number_of(&run.value), 2 * steps * WORKERS); /* at most 24000: fits an 'h' */
        SHARE_FREE(parmap_value_free(&run.value));
    }
    for (const char *code = "fd"; *code; code++) {
        race run = {.value = new_value(*code), .steps = steps};
        shared_run_as(layout, WORKERS, add_real_by_compare_swap, &run);
        expect_no_failures(&run);
        double sum = -1;
        CHECK_OK(parmap_value_load_real(&run.value, &sum));
        CHECK(sum == 0.5 * (double)(steps * WORKERS));
        SHARE_FREE(parmap_value_free(&run.value));
    }
}

static void increments_by_compare_swap(void)
{
    shared_each_layout(swap_in);
}

/* ---- the value's lock ------------------------------------------------------------------------ */

static void add_with_lock(int worker, void *context)
{
    race *run = context;
    for (int64_t i = 0; i < run->steps; i++) {
        int64_t number = 0;
        PARMAP_WITH(&run->lock) {
            run->failures += parmap_value_load(&run->value, &number) != PARMAP_OK;
            if (worker % 2 == 0) /* it is recursive */
                run->failures += parmap_lock_acquire(&run->lock, 0) != PARMAP_OK;
            run->failures += parmap_value_store(&run->value, number + 1) != PARMAP_OK;
            if (worker % 2 == 0)
                run->failures += parmap_lock_release(&run->lock) != PARMAP_OK;
        }
    }
}

static void load_and_store_with_the_lock(shared_layout layout)
{
    race run = {.value = new_value('i'), .steps = shared_count(3000, 40)};
    CHECK_OK(parmap_value_lock(&run.value, &run.lock));
    shared_run_as(layout, WORKERS, add_with_lock, &run);
    expect_no_failures(&run);
    CHECK_INT(number_of(&run.value), run.steps * WORKERS);
    SHARE_FREE(parmap_value_free(&run.value));
}

static void the_lock_of_a_value(void)
{
    shared_each_layout(load_and_store_with_the_lock);
}

/* Two values have two locks, and the lock keeps nobody from adding. */
static void the_lock_is_the_values_own(void)
{
    parmap_value one = new_value('i'), other = new_value('i');
    parmap_lock lock, other_lock;
    bool acquired = false;
    CHECK_OK(parmap_value_lock(&one, &lock));
    CHECK_OK(parmap_value_lock(&other, &other_lock));
    if (parmap_rank() == 0)
        CHECK_OK(parmap_lock_acquire(&lock, shared_long_s));
    CHECK_OK(parmap_sync_all());
    CHECK_OK(parmap_value_add(&one, 1));
    CHECK_OK(parmap_lock_try(&lock, &acquired));
    CHECK(acquired == (parmap_rank() == 0));
    if (acquired)
        CHECK_OK(parmap_lock_release(&lock));
    CHECK_OK(parmap_lock_acquire(&other_lock, shared_long_s));
    CHECK_OK(parmap_lock_release(&other_lock));
    CHECK_OK(parmap_sync_all());
    if (parmap_rank() == 0)
        CHECK_OK(parmap_lock_release(&lock));
    CHECK_INT(number_of(&one), parmap_size());
    SHARE_FREE(parmap_value_free(&one));
    ON_ROOT(parmap_value_free(&other));
}

/* ---- handles --------------------------------------------------------------------------------- */

/* Each rank makes one, every other one adds to it. */
static void made_on_each_rank_used_from_all(void)
{
    for (int rank = 0; rank < parmap_size(); rank++)
        for (const char *code = "bBhHiIlLqQfd"; *code; code++) {
            parmap_value value = {0};
            if (rank == parmap_rank())
                CHECK_OK(parmap_value_create_int(&value, *code, 3));
            SHARE_FROM(value, rank);
            CHECK_OK(parmap_value_add_int(&value, 1 + parmap_rank()));
            CHECK_OK(parmap_sync_all());
            const int64_t sum = 3 + (int64_t)parmap_size() * (parmap_size() + 1) / 2;
            expect_number(&value, *code, sum);
            CHECK_OK(parmap_sync_all());
            if (parmap_rank() == (rank + 1) % parmap_size())
                CHECK_OK(parmap_value_free(&value));
        }
}

/* Rank 0 puts a value for each rank into a queue; whoever gets it adds and puts it back. */
static void handles_travel_in_queues(void)
{
    parmap_queue out = {0}, back = {0};
    SHARE_NEW(out, parmap_queue_create(&out, 0));
    SHARE_NEW(back, parmap_queue_create(&back, 0));
    parmap_value value;
    for (int i = 0; parmap_rank() == 0 && i < parmap_size(); i++) {
        CHECK_OK(parmap_value_create_int(&value, 'q', i));
        CHECK_OK(parmap_queue_put(&out, &value, sizeof value, shared_long_s));
    }
    size_t bytes = 0;
    CHECK_OK(parmap_queue_get(&out, &value, sizeof value, &bytes, shared_long_s));
    CHECK_INT(bytes, sizeof value);
    CHECK_OK(parmap_value_add_int(&value, 1000));
    CHECK_OK(parmap_queue_put(&back, &value, sizeof value, shared_long_s));
    int64_t sum = 0;
    for (int i = 0; parmap_rank() == 0 && i < parmap_size(); i++) {
        CHECK_OK(parmap_queue_get(&back, &value, sizeof value, NULL, shared_long_s));
        sum += number_of(&value);
        CHECK_OK(parmap_value_free(&value));
    }
    if (parmap_rank() == 0)
        CHECK_INT(sum, 1000 * parmap_size() + parmap_size() * (parmap_size() - 1) / 2);
    SHARE_FREE(parmap_queue_free(&out));
    ON_ROOT(parmap_queue_free(&back));
}

static const check_case cases[] = {
    {"no increment is lost", no_increment_is_lost},
    {"no increment of a double is lost", no_increment_of_a_double_is_lost},
    {"no increment is lost in any layout", no_increment_is_lost_in_any_layout},
    {"fetch_add gives each number once", fetch_add_gives_each_number_once},
    {"increments by compare_swap", increments_by_compare_swap},
    {"the lock of a value", the_lock_of_a_value},
    {"the lock is the value's own", the_lock_is_the_values_own},
    {"made on each rank, used from all", made_on_each_rank_used_from_all},
    {"handles travel in queues", handles_travel_in_queues},
};

SHARED_MAIN(cases)
