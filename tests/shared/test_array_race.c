/* TEST seconds=180 */
/* Arrays that many threads of many ranks change at once, of both kinds, in a heap and distributed:
 * no addition is lost, no element is ever read half written. */
#include "shared/elements.h"
#include "shared/shared.h"

#include <stdatomic.h>

enum { WORKERS = 6, LENGTH = 11 };

typedef struct race {
    parmap_array array;
    char typecode;
    int64_t steps;
    _Atomic int64_t failures; /* on this rank */
    _Atomic int64_t torn;     /* elements whose parts did not match */
} race;

/* Collective. */
static parmap_array new_array(bool distributed, char typecode, int64_t length)
{
    parmap_array array;
    if (distributed)
        CHECK_OK(parmap_array_create_distributed(&array, typecode, length));
    else
        SHARE_NEW(array, parmap_array_create(&array, typecode, length));
    return array;
}

/* Collective. */
static void free_array(bool distributed, parmap_array *array)
{
    if (distributed)
        CHECK_OK(parmap_array_free(array));
    else
        SHARE_FREE(parmap_array_free(array));
}

/* ---- additions ------------------------------------------------------------------------------- */

/* Step i adds i % 3 + 1 to element (worker + i) % LENGTH, as plain or fetching addition. */
static void add(int worker, void *context)
{
    race *run = context;
    for (int64_t i = 0; i < run->steps; i++) {
        const int64_t index = (worker + i) % LENGTH, number = i % 3 + 1;
        int64_t before;
        double real_before;
        parmap_status status;
        if (i % 2 == 0)
            status = parmap_array_add_int(&run->array, index, number);
        else if (is_real(run->typecode))
            status = parmap_array_fetch_add_real(&run->array, index, (double)number, &real_before);
        else
            status = parmap_array_fetch_add_int(&run->array, index, number, &before);
        run->failures += status != PARMAP_OK;
    }
}

static void add_to_all(bool distributed, shared_layout layout, char typecode, int64_t steps)
{
    race run = {
        .array = new_array(distributed, typecode, LENGTH), .typecode = typecode, .steps = steps};
    shared_run_as(layout, WORKERS, add, &run);
    CHECK_INT(shared_sum(run.failures), 0);
    int64_t sums[LENGTH] = {0};
    for (int worker = 0; worker < WORKERS; worker++)
        for (int64_t i = 0; i < steps; i++)
            sums[(worker + i) % LENGTH] += i % 3 + 1;
    char expected[LENGTH * 8], found[LENGTH * 8];
    for (int i = 0; i < LENGTH; i++)
        set_element(expected, typecode, i, sums[i]); /* C's conversion wraps as well */
    CHECK_OK(parmap_array_read_as(&run.array, 0, LENGTH, typecode, found));
    CHECK(memcmp(found, expected, LENGTH * element_bytes(typecode)) == 0);
    free_array(distributed, &run.array);
}

static void add_in_a_heap(shared_layout layout)
{
    for (const char *code = "bHIqfd"; *code; code++)
        add_to_all(false, layout, *code, shared_count(5000, 60));
}

static void additions_in_a_heap(void)
{
    shared_each_layout(add_in_a_heap);
}

static void additions_to_a_distributed_array(void)
{
    for (const char *code = "Bhq"; *code; code++)
        add_to_all(true, SHARED_MIXED, *code, shared_count(5000, 60));
    add_to_all(true, SHARED_RANKS, 'd', shared_count(100000, 1000));
}

/* ---- torn elements --------------------------------------------------------------------------- */

/* Elements whose bytes are all alike: b * 0x0101...; one that is half written has two kinds. */
static void fill(unsigned char *elements, size_t bytes, int64_t count, int64_t seed)
{
    for (int64_t i = 0; i < count; i++)
        memset(elements + (size_t)i * bytes, (int)((seed + i) * 37 % 251), bytes);
}

static int64_t torn_ones(const unsigned char *elements, size_t bytes, int64_t count)
{
    int64_t torn = 0;
    for (int64_t i = 0; i < count; i++) {
        const unsigned char *element = elements + (size_t)i * bytes;
        for (size_t j = 1; j < bytes; j++)
            if (element[j] != element[0]) {
                torn++;
                break;
            }
    }
    return torn;
}

enum { SLICE = 301 };

/* Half of the workers write slices at all kinds of borders, the others read what is there. */
static void write_or_read(int worker, void *context)
{
    race *run = context;
    const size_t bytes = element_bytes(run->typecode);
    unsigned char slice[SLICE * 8];
    for (int64_t i = 0; i < run->steps; i++) {
        const int64_t first = (i * 13 + worker) % 17, count = SLICE - first - i % 5;
        parmap_status status;
        if (worker % 2 == 0) {
            fill(slice, bytes, count, i + worker);
            status = parmap_array_write_as(&run->array, first, count, run->typecode, slice);
        } else {
            status = parmap_array_read_as(&run->array, first, count, run->typecode, slice);
            run->torn += status == PARMAP_OK ? torn_ones(slice, bytes, count) : 0;
        }
        run->failures += status != PARMAP_OK;
    }
}

static void tear(bool distributed, shared_layout layout)
{
    for (const char *code = "hIqdf"; *code; code++) {
        race run = {.array = new_array(distributed, *code, SLICE),
                    .typecode = *code,
                    .steps = shared_count(1000, 25)};
        shared_run_as(layout, WORKERS, write_or_read, &run);
        CHECK_INT(shared_sum(run.failures), 0);
        CHECK_INT(shared_sum(run.torn), 0);
        free_array(distributed, &run.array);
    }
}

static void tear_in_a_heap(shared_layout layout)
{
    tear(false, layout);
}

static void elements_are_never_torn(void)
{
    shared_each_layout(tear_in_a_heap);
}

static void elements_of_a_distributed_array_are_never_torn(void)
{
    tear(true, SHARED_RANKS);
}

/* Single elements against slices: the halves of a 64-bit number. */
static void store_or_read(int worker, void *context)
{
    race *run = context;
    for (int64_t i = 0; i < run->steps; i++) {
        const int64_t index = i % LENGTH;
        if (worker % 2 == 0) {
            const int64_t half = (i * 7919 + worker) & 0x7fffffff;
            run->failures +=
                parmap_array_store_int(&run->array, index, half << 32 | half) != PARMAP_OK;
        } else {
            long long numbers[LENGTH];
            run->failures +=
                parmap_array_read(&run->array, index, LENGTH - index, numbers) != PARMAP_OK;
            for (int64_t j = 0; j < LENGTH - index; j++)
                run->torn += (numbers[j] & 0x7fffffff) != numbers[j] >> 32;
        }
    }
}

static void stores_against_slices(shared_layout layout)
{
    race run = {.array = new_array(false, 'q', LENGTH), .steps = shared_count(10000, 100)};
    shared_run_as(layout, WORKERS, store_or_read, &run);
    CHECK_INT(shared_sum(run.failures), 0);
    CHECK_INT(shared_sum(run.torn), 0);
    free_array(false, &run.array);
}

static void slices_see_whole_elements(void)
{
    shared_each_layout(stores_against_slices);
}

static const check_case cases[] = {
    {"additions in a heap", additions_in_a_heap},
    {"additions to a distributed array", additions_to_a_distributed_array},
    {"elements are never torn", elements_are_never_torn},
    {"elements of a distributed array are never torn",
     elements_of_a_distributed_array_are_never_torn},
    {"slices see whole elements", slices_see_whole_elements},
};

SHARED_MAIN(cases)
