/* TEST ranks=2 label=full seconds=300 serial=1 */
/* Arrays whose bytes and indices do not fit into 32 bits: in a heap, and distributed.  It takes
 * some GiB; where they are not free it says so and tests nothing. */
#include "shared/large.h"

#include <stdlib.h>

/* Rank 0 decides: it is also its PARMAP_HEAP that counts. */
static bool enough;

static void decide(void)
{
    CHECK_OK(parmap_broadcast(&enough, sizeof enough, 0));
    if (!enough && parmap_rank() == 0)
        large_say_skipped();
}

/* Collective.  What the ranks write around these places is there, and nowhere else. */
static void far_elements(const parmap_array *array)
{
    const int64_t places[] = {0,
                              (INT64_C(1) << 31) - 8,
                              INT64_C(1) << 31,
                              (INT64_C(1) << 32) - 8,
                              INT64_C(1) << 32,
                              array->length / 2 - 8,
                              array->length - 16};
    const size_t count = sizeof places / sizeof *places;
    signed char slice[16];
    for (size_t i = 0; i < count; i++)
        if (places[i] + 16 <= array->length && parmap_rank() == (int)i % parmap_size()) {
            for (int j = 0; j < 16; j++)
                slice[j] = large_number_at(places[i] + j);
            CHECK_OK(parmap_array_write(array, places[i], 16, slice));
        }
    CHECK_OK(parmap_sync_all());
    for (size_t i = 0; i < count; i++) {
        int64_t number = -1;
        if (places[i] + 16 > array->length)
            continue;
        memset(slice, 0x5a, sizeof slice);
        CHECK_OK(parmap_array_read(array, places[i], 16, slice));
        for (int j = 0; j < 16; j++)
            CHECK_INT(slice[j], large_number_at(places[i] + j));
        CHECK_OK(parmap_array_load(array, places[i] + 15, &number));
        CHECK_INT(number, large_number_at(places[i] + 15));
    }
    CHECK_OK(parmap_sync_all());
    int64_t before = -1, after = -1;
    const int64_t last = array->length - 1 - parmap_rank();
    CHECK_OK(parmap_array_fetch_add(array, last, 1, &before));
    CHECK_INT(before, large_number_at(last));
    CHECK_OK(parmap_array_load(array, last, &after));
    CHECK_INT(after, large_number_at(last) + 1);
    CHECK_OK(parmap_array_store(array, last, before));
    CHECK_STATUS(parmap_array_load(array, array->length, &before), PARMAP_USAGE);
    CHECK_OK(parmap_sync_all());
}

static void more_than_2_gib_in_a_heap(void)
{
    parmap_array array;
    if (!enough)
        return;
    SHARE_NEW(array, parmap_array_create(&array, 'b', 2 * gib + gib / 4 + 3));
    CHECK_OK(parmap_sync_all());
    far_elements(&array);
    SHARE_FREE(parmap_array_free(&array));
}

static void more_than_4_gib_over_all_ranks(void)
{
    parmap_array array;
    if (!enough || !CHECK_OK(parmap_array_create_distributed(&array, 'b', 4 * gib + gib / 4 + 5)))
        return;
    far_elements(&array);
    void *memory;
    int64_t first, count;
    CHECK_OK(parmap_array_local(&array, &memory, &first, &count));
    CHECK(count > 2 * gib);
    for (int64_t i = 0; i < count; i++)
        ((signed char *)memory)[i] = large_number_at(first + i);
    CHECK_OK(parmap_sync_all());
    /* a slice of more than 2^31 bytes, over the border between the ranks */
    if (parmap_rank() == 0) {
        const int64_t slice = 2 * gib + 12345, begin = gib + 1;
        signed char *elements = malloc((size_t)slice);
        int64_t wrong = 0;
        CHECK_OK(parmap_array_read(&array, begin, slice, elements));
        for (int64_t i = 0; i < slice; i++)
            wrong += elements[i] != large_number_at(begin + i);
        CHECK_INT(wrong, 0);
        free(elements);
    }
    CHECK_OK(parmap_array_free(&array));
}

static void more_than_2_to_the_29_doubles(void)
{
    const int64_t length = (INT64_C(1) << 29) + 7;
    parmap_array array;
    if (!enough || !CHECK_OK(parmap_array_create_distributed(&array, 'd', length)))
        return;
    const int64_t index = length - 1 - parmap_rank();
    double number = -1;
    CHECK_OK(parmap_array_add(&array, index, 0.5));
    CHECK_OK(parmap_array_add(&array, index, 0.25));
    CHECK_OK(parmap_sync_all());
    CHECK_OK(parmap_array_load(&array, length - 1, &number));
    CHECK(number == 0.75);
    CHECK_OK(parmap_array_load(&array, length - 1 - (INT64_C(1) << 28), &number));
    CHECK(number == 0);
    CHECK_OK(parmap_array_free(&array));
}

static const check_case cases[] = {
    {"enough memory", decide},
    {"more than 2 GiB in a heap", more_than_2_gib_in_a_heap},
    {"more than 4 GiB over all ranks", more_than_4_gib_over_all_ranks},
    {"more than 2^29 doubles", more_than_2_to_the_29_doubles},
};

int main(int argc, char **argv)
{
    enough = large_is_possible();
    if (enough)
        setenv("PARMAP_HEAP", "3G", 1);
    return shared_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
