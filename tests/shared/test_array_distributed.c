/* Distributed arrays: which rank has which elements, reads and writes across the borders between
 * ranks, and that no number of them is ever used up.  The expected blocks are computed here. */
#include "shared/elements.h"
#include "shared/shared.h"

#include <stdlib.h>

/* Elements r * B .. (r + 1) * B - 1 with B = ceil(length / ranks). */
static int64_t block_first(int64_t length, int rank)
{
    const int64_t block = (length + parmap_size() - 1) / parmap_size();
    const int64_t first = block * rank;
    return first < length ? first : length;
}

static int64_t block_count(int64_t length, int rank)
{
    return block_first(length, rank + 1) - block_first(length, rank);
}

static int64_t number_at(int64_t index)
{
    return 7 * index + 3;
}

/* Collective.  Each rank fills its own part, through plain memory. */
static void fill_own_part(const parmap_array *array, char typecode)
{
    void *memory = &memory;
    int64_t first = -1, count = -1;
    CHECK_OK(parmap_array_local(array, &memory, &first, &count));
    CHECK_INT(count, block_count(array->length, parmap_rank()));
    if (count > 0) {
        CHECK_INT(first, block_first(array->length, parmap_rank()));
        for (int64_t i = 0; i < count; i++) {
            CHECK_INT(get_element(memory, typecode, i), 0);
            set_element(memory, typecode, i, number_at(first + i));
        }
    } else {
        CHECK(memory == NULL);
    }
    CHECK_OK(parmap_sync_all());
}

/* ---- reading and writing --------------------------------------------------------------------- */

static void read_everywhere(char typecode, int64_t length)
{
    parmap_array array;
    char *expected = calloc((size_t)length + 1, 8), *found = calloc((size_t)length + 1, 8);
    CHECK_OK(parmap_array_create_distributed(&array, typecode, length));
    CHECK_INT(array.length, length);
    fill_own_part(&array, typecode);
    for (int64_t i = 0; i < length; i++)
        set_element(expected, typecode, i, number_at(i));
    const size_t bytes = element_bytes(typecode);
    CHECK_OK(parmap_array_read_as(&array, 0, length, typecode, found));
    CHECK(memcmp(found, expected, (size_t)length * bytes) == 0);
    /* slices around each border between ranks */
    for (int rank = 0; rank <= parmap_size(); rank++)
        for (int before = 0; before < 3; before++)
            for (int after = 0; after < 3; after++) {
                const int64_t border = block_first(length, rank);
                const int64_t first = border > before ? border - before : 0;
                const int64_t end = border + after < length ? border + after : length;
                memset(found, 0x5a, (size_t)length * 8);
                CHECK_OK(parmap_array_read_as(&array, first, end - first, typecode, found));
                CHECK(memcmp(found, expected + (size_t)first * bytes,
                             (size_t)(end - first) * bytes) == 0);
            }
    CHECK_OK(parmap_array_free(&array));
    free(expected);
    free(found);
}

static void each_rank_reads_all_blocks(void)
{
    const int64_t ranks = parmap_size();
    const int64_t lengths[] = {0, 1, ranks - 1, ranks, ranks + 1, 2 * ranks + 1, 101};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        read_everywhere("lhdiBqf"[i], lengths[i]);
}

/* Each rank in its turn writes a slice over all borders; all read it. */
static void each_rank_writes_over_the_borders(void)
{
    enum { LENGTH = 1009 };
    parmap_array array;
    int expected[LENGTH] = {0}, found[LENGTH];
    CHECK_OK(parmap_array_create_distributed(&array, 'i', LENGTH));
    for (int rank = 0; rank < parmap_size(); rank++) {
        const int first = 10 + rank, count = LENGTH - 30 - 3 * rank;
        for (int i = 0; i < count; i++)
            expected[first + i] = 10000 * (rank + 1) + i;
        if (rank == parmap_rank())
            CHECK_OK(parmap_array_write(&array, first, count, expected + first));
        CHECK_OK(parmap_sync_all());
        CHECK_OK(parmap_array_read(&array, 0, LENGTH, found));
        CHECK(memcmp(found, expected, sizeof found) == 0);
        CHECK_OK(parmap_sync_all());
    }
    CHECK_OK(parmap_array_free(&array));
}

/* All elements, by single loads and stores of another rank than their own. */
static void elements_one_by_one(void)
{
    const int64_t length = 3 * parmap_size() + 1;
    for (const char *code = "cbHIqfd"; *code; code++) {
        parmap_array array;
        CHECK_OK(parmap_array_create_distributed(&array, *code, length));
        for (int64_t i = parmap_rank(); i < length; i += parmap_size())
            CHECK_OK(parmap_array_store_int(&array, i, i + 1));
        CHECK_OK(parmap_sync_all());
        for (int64_t i = 0; i < length; i++) {
            int64_t number = -1;
            double real = -1;
            if (is_real(*code))
                CHECK_OK(parmap_array_load_real(&array, i, &real));
            else
                CHECK_OK(parmap_array_load_int(&array, i, &number));
            CHECK(is_real(*code) ? real == (double)(i + 1) : number == i + 1);
        }
        CHECK_OK(parmap_array_free(&array));
    }
}

/* Some MiB, written by all ranks at once in pieces that do not follow the blocks. */
static void some_mebibytes(void)
{
    const int64_t length = shared_count(1500007, 100003), piece = 10007;
    parmap_array array;
    double *numbers = malloc((size_t)length * sizeof *numbers);
    CHECK_OK(parmap_array_create_distributed(&array, 'd', length));
    for (int64_t first = parmap_rank() * piece; first < length; first += piece * parmap_size()) {
        const int64_t count = first + piece < length ? piece : length - first;
        for (int64_t i = 0; i < count; i++)
            numbers[i] = (double)number_at(first + i);
        CHECK_OK(parmap_array_write(&array, first, count, numbers));
    }
    CHECK_OK(parmap_sync_all());
    CHECK_OK(parmap_array_read(&array, 0, length, numbers));
    int64_t wrong = 0;
    for (int64_t i = 0; i < length; i++)
        wrong += numbers[i] != (double)number_at(i);
    CHECK_INT(wrong, 0);
    CHECK_OK(parmap_array_free(&array));
    free(numbers);
}

/* ---- making, freeing, refusing --------------------------------------------------------------- */

/* More than there could be at once; each is new: all zero, and the one before is stale. */
static void made_and_freed_many_times(void)
{
    const int64_t rounds = parmap_size() <= 4 ? shared_count(300, 12) : 30;
    parmap_array before = {0};
    for (int64_t round = 0; round < rounds; round++) {
        parmap_array array;
        int64_t number = -1;
        const int64_t length = 5 + round % 40;
        if (!CHECK_OK(parmap_array_create_distributed(&array, 'q', length)))
            return;
        CHECK_OK(parmap_array_load(&array, (round + parmap_rank()) % length, &number));
        CHECK_INT(number, 0);
        if (round > 0 && shared_sees_stale())
            CHECK_STATUS(parmap_array_load(&before, 0, &number), PARMAP_STALE);
        CHECK_OK(parmap_sync_all());
        CHECK_OK(parmap_array_store(&array, parmap_rank() % length, 1 + round));
        before = array;
        CHECK_OK(parmap_array_free(&array));
    }
}

/* Several at once, freed in another order than they were made in. */
static void several_at_once(void)
{
    parmap_array arrays[6];
    for (int i = 0; i < 6; i++)
        CHECK_OK(parmap_array_create_distributed(&arrays[i], 'i', 10 + i));
    for (int i = 0; i < 6; i++)
        CHECK_OK(parmap_array_add(&arrays[i], 9, 100 * i + 1));
    CHECK_OK(parmap_sync_all());
    CHECK_OK(parmap_array_free(&arrays[3]));
    CHECK_OK(parmap_array_free(&arrays[0]));
    for (int i = 0; i < 6; i++) {
        int64_t number = -1;
        if (i == 0 || i == 3)
            continue;
        CHECK_OK(parmap_array_load(&arrays[i], 9, &number));
        CHECK_INT(number, parmap_size() * (100 * i + 1));
        CHECK_OK(parmap_sync_all());
        CHECK_OK(parmap_array_free(&arrays[i]));
    }
}

static void refusals(void)
{
    parmap_array array;
    parmap_lock lock;
    int64_t number;
    CHECK_STATUS(parmap_array_create_distributed(&array, 'x', 10), PARMAP_USAGE);
    CHECK_STATUS(parmap_array_create_distributed(&array, 'i', -1), PARMAP_USAGE);
    const parmap_status huge = parmap_array_create_distributed(&array, 'd', INT64_MAX);
    CHECK(huge == PARMAP_NO_MEMORY || huge == PARMAP_USAGE);
    CHECK_STATUS(parmap_array_create_distributed(&array, 'b', INT64_C(1) << 50), PARMAP_NO_MEMORY);
    CHECK_OK(parmap_array_create_distributed(&array, 'i', 10));
    CHECK_FAILS(parmap_array_lock(&array, &lock), PARMAP_USAGE, "lock_create");
    CHECK_STATUS(parmap_array_load(&array, 10, &number), PARMAP_USAGE);
    CHECK_STATUS(parmap_array_load(&array, -1, &number), PARMAP_USAGE);
    CHECK_STATUS(parmap_array_store(&array, INT64_MAX, 1), PARMAP_USAGE);
    int numbers[11] = {0};
    CHECK_STATUS(parmap_array_read(&array, 0, 11, numbers), PARMAP_USAGE);
    CHECK_STATUS(parmap_array_write(&array, 5, 6, numbers), PARMAP_USAGE);
    parmap_array copy = array;
    CHECK_OK(parmap_array_free(&array));
    if (shared_sees_stale()) {
        CHECK_STATUS(parmap_array_load(&copy, 0, &number), PARMAP_STALE);
        CHECK_STATUS(parmap_array_read(&copy, 0, 10, numbers), PARMAP_STALE);
    }
}

static const check_case cases[] = {
    {"each rank reads all blocks", each_rank_reads_all_blocks},
    {"each rank writes over the borders", each_rank_writes_over_the_borders},
    {"elements one by one", elements_one_by_one},
    {"some MiB", some_mebibytes},
    {"made and freed many times", made_and_freed_many_times},
    {"several at once", several_at_once},
    {"refusals", refusals},
};

SHARED_MAIN(cases)
