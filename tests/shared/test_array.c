/* Arrays in the heap of one rank: elements, slices and their borders, refusals, the part that is
 * plain memory.  The reference is a plain C array that takes the same writes. */
#include "shared/elements.h"
#include "shared/shared.h"

#include <limits.h>
#include <stdlib.h>

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

/* Collective.  Calls test(typecode, array) for each typecode, with an array that the next rank
 * made; it is freed here, that is, by a rank that is not its home. */
static void each_array(const char *codes, int64_t length,
                       void (*test)(char typecode, const parmap_array *array))
{
    parmap_array mine[16] = {0}, next[16], theirs[16];
    const size_t count = strlen(codes);
    for (size_t i = 0; i < count; i++)
        CHECK_OK(parmap_array_create(&mine[i], codes[i], length));
    for (int rank = 0; rank < parmap_size(); rank++) {
        memcpy(theirs, mine, sizeof theirs);
        SHARE_FROM(theirs, rank);
        if (rank == (parmap_rank() + 1) % parmap_size())
            memcpy(next, theirs, sizeof next);
    }
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(next[i].length, length);
        test(codes[i], &next[i]);
        CHECK_OK(parmap_array_free(&next[i]));
    }
    CHECK_OK(parmap_sync_all());
}

/* That the array holds what the plain one does. */
static void expect_elements(const parmap_array *array, char typecode, const void *expected)
{
    const size_t bytes = (size_t)array->length * element_bytes(typecode);
    void *elements = malloc(bytes + 1);
    memset(elements, 0x5a, bytes + 1);
    CHECK_OK(parmap_array_read_as(array, 0, array->length, typecode, elements));
    CHECK(memcmp(elements, expected, bytes) == 0);
    CHECK(((char *)elements)[bytes] == 0x5a);
    free(elements);
}

/* ---- reading and writing --------------------------------------------------------------------- */

/* Each slice there is, written with other numbers than the ones before, between elements that must
 * keep theirs. */
static void write_and_read_slices(char typecode, const parmap_array *array)
{
    char plain[256] = {0}, slice[256];
    const size_t bytes = element_bytes(typecode);
    expect_elements(array, typecode, plain);
    int64_t number = 0;
    for (int64_t first = 0; first <= array->length; first++)
        for (int64_t count = 0; first + count <= array->length; count++) {
            for (int64_t i = 0; i < count; i++)
                set_element(slice, typecode, i, ++number % 101);
            memcpy(plain + (size_t)first * bytes, slice, (size_t)count * bytes);
            CHECK_OK(parmap_array_write_as(array, first, count, typecode, slice));
            memset(slice, 0x5a, sizeof slice);
            CHECK_OK(parmap_array_read_as(array, first, count, typecode, slice));
            CHECK(memcmp(slice, plain + (size_t)first * bytes, (size_t)count * bytes) == 0);
            CHECK(slice[(size_t)count * bytes] == 0x5a);
            expect_elements(array, typecode, plain);
        }
}

static void slices(void)
{
    each_array(all_codes, shared_count(13, 5), write_and_read_slices);
}

static void write_and_read_elements(char typecode, const parmap_array *array)
{
    char plain[256] = {0};
    for (int64_t i = array->length - 1; i >= 0; i--) {
        const int64_t number = 3 * i + 1;
        int64_t whole = 0;
        double real = 0;
        set_element(plain, typecode, i, number);
        if (is_real(typecode)) {
            CHECK_OK(parmap_array_store_real(array, i, (double)number));
            CHECK_OK(parmap_array_load_real(array, i, &real));
            CHECK(real == (double)number);
            CHECK_OK(parmap_array_store_int(array, i, number));
        } else {
            CHECK_OK(parmap_array_store_int(array, i, number));
            CHECK_OK(parmap_array_load_int(array, i, &whole));
            CHECK_INT(whole, number);
        }
        expect_elements(array, typecode, plain);
    }
}

static void elements(void)
{
    each_array(all_codes, shared_count(13, 5), write_and_read_elements);
}

/* The elements beside the one that is added to stay as they are, also when it wraps. */
static void add_beside_others(char typecode, const parmap_array *array)
{
    char plain[256];
    for (int64_t i = 0; i < array->length; i++)
        set_element(plain, typecode, i, 100 + i);
    CHECK_OK(parmap_array_write_as(array, 0, array->length, typecode, plain));
    for (int64_t i = 0; i < array->length; i++) {
        const int64_t before = get_element(plain, typecode, i), added = INT64_C(10000001);
        int64_t found = 0;
        double real = 0;
        set_element(plain, typecode, i, before + added); /* C's conversion wraps as well */
        if (is_real(typecode)) {
            CHECK_OK(parmap_array_fetch_add_real(array, i, (double)added - 1, &real));
            CHECK(real == (double)before);
            CHECK_OK(parmap_array_add_real(array, i, 1));
        } else {
            CHECK_OK(parmap_array_fetch_add_int(array, i, added - 1, &found));
            CHECK_INT(found, before);
            CHECK_OK(parmap_array_add_int(array, i, 1));
        }
        expect_elements(array, typecode, plain);
    }
}

static void sums_keep_to_their_element(void)
{
    each_array("bBhHiIlLqQfd", 5, add_beside_others);
}

/* A slice as large as a page or more, at odd borders. */
static void long_slices(void)
{
    enum { LENGTH = 100003, FIRST = 4097, COUNT = 90001 };
    parmap_array array;
    short *numbers = calloc(LENGTH, sizeof *numbers), *read = calloc(LENGTH, sizeof *read);
    SHARE_NEW(array, parmap_array_create(&array, 'h', LENGTH));
    CHECK_OK(parmap_sync_all());
    if (parmap_rank() == parmap_size() - 1) {
        for (int i = 0; i < COUNT; i++)
            numbers[FIRST + i] = (short)(i * 7 + 1);
        CHECK_OK(parmap_array_write(&array, FIRST, COUNT, numbers + FIRST));
    }
    CHECK_OK(parmap_sync_all());
    CHECK_OK(parmap_broadcast(numbers, LENGTH * sizeof *numbers, parmap_size() - 1));
    CHECK_OK(parmap_array_read(&array, 0, LENGTH, read));
    CHECK(memcmp(numbers, read, LENGTH * sizeof *read) == 0);
    CHECK_OK(parmap_array_read(&array, FIRST - 1, COUNT + 2, read));
    CHECK(memcmp(numbers + FIRST - 1, read, (COUNT + 2) * sizeof *read) == 0);
    SHARE_FREE(parmap_array_free(&array));
    free(numbers);
    free(read);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void refuse_outside(char typecode, const parmap_array *array)
{
    const int64_t wrong[] = {-1,        INT64_MIN,        array->length,   array->length + 1,
                             INT64_MAX, INT64_C(1) << 32, INT64_C(1) << 61};
    int64_t number = 77;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        CHECK_STATUS(parmap_array_load_int(array, wrong[i], &number), PARMAP_USAGE);
        CHECK_STATUS(parmap_array_store_int(array, wrong[i], 1), PARMAP_USAGE);
        CHECK_STATUS(parmap_array_add_int(array, wrong[i], 1), PARMAP_USAGE);
        CHECK_STATUS(parmap_array_fetch_add_int(array, wrong[i], 1, &number), PARMAP_USAGE);
    }
    CHECK_INT(number, 77);
    const struct {
        int64_t first, count;
    } parts[] = {{-1, 1},
                 {-1, 2},
                 {0, -1},
                 {array->length, 1},
                 {1, array->length},
                 {array->length + 1, 0},
                 {1, INT64_MAX},
                 {INT64_MAX, INT64_MAX},
                 {0, INT64_C(1) << 61},
                 {INT64_MIN, 1}};
    char slice[256];
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        memset(slice, 0x5a, sizeof slice);
        CHECK_STATUS(parmap_array_read_as(array, parts[i].first, parts[i].count, typecode, slice),
                     PARMAP_USAGE);
        CHECK(slice[0] == 0x5a);
        CHECK_STATUS(parmap_array_write_as(array, parts[i].first, parts[i].count, typecode, slice),
                     PARMAP_USAGE);
    }
    const char zeros[256] = {0};
    expect_elements(array, typecode, zeros);
}

static void indices_outside_are_refused(void)
{
    each_array("bhiq", 5, refuse_outside);
    parmap_array array;
    int64_t number;
    CHECK_OK(parmap_array_create(&array, 'i', 10));
    CHECK_FAILS(parmap_array_load(&array, 12345, &number), PARMAP_USAGE, "12345");
    CHECK_FAILS(parmap_array_load(&array, -4, &number), PARMAP_USAGE, "-4");
    CHECK_OK(parmap_array_free(&array));
}

static void an_empty_array(void)
{
    parmap_array array;
    int64_t number = 0;
    double nothing = 0;
    CHECK_OK(parmap_array_create(&array, 'd', 0));
    CHECK_INT(array.length, 0);
    CHECK_OK(parmap_array_read(&array, 0, 0, &nothing));
    CHECK_OK(parmap_array_write(&array, 0, 0, &nothing));
    CHECK_STATUS(parmap_array_load_real(&array, 0, &nothing), PARMAP_USAGE);
    CHECK_STATUS(parmap_array_add_int(&array, 0, 1), PARMAP_USAGE);
    CHECK_STATUS(parmap_array_read(&array, 0, 1, &nothing), PARMAP_USAGE);
    void *memory = &number;
    int64_t first = -1, count = -1;
    CHECK_OK(parmap_array_local(&array, &memory, &first, &count));
    CHECK_INT(count, 0);
    CHECK_OK(parmap_array_free(&array));
}

static void lengths_that_cannot_be(void)
{
    parmap_array array;
    CHECK_STATUS(parmap_array_create(&array, 'i', -1), PARMAP_USAGE);
    CHECK_STATUS(parmap_array_create(&array, 'i', INT64_MIN), PARMAP_USAGE);
    CHECK_STATUS(parmap_array_create(&array, 'x', 1), PARMAP_USAGE);
    CHECK_STATUS(parmap_array_create(&array, '\0', 1), PARMAP_USAGE);
    CHECK_FAILS(parmap_array_create(&array, 'b', INT64_C(1) << 50), PARMAP_NO_MEMORY,
                "PARMAP_HEAP=");
    /* the bytes leave 64 bits, or nearly */
    const int64_t lengths[] = {INT64_MAX, INT64_MAX - 64, (INT64_C(1) << 61) + 1, INT64_C(1) << 61,
                               INT64_C(1) << 60};
    for (size_t i = 0; i < COUNT_OF(lengths); i++)
        for (const char *code = "bhd"; *code; code++) {
            const parmap_status status = parmap_array_create(&array, *code, lengths[i]);
            CHECK(status == PARMAP_NO_MEMORY || status == PARMAP_USAGE);
        }
}

static void refuse_types(char typecode, const parmap_array *array)
{
    char slice[64] = {0};
    for (const char *other = all_codes; *other; other++) {
        if (*other == typecode || typecode == 'c' || *other == 'c')
            continue;
        const bool same = element_bytes(*other) == element_bytes(typecode) &&
                          is_real(*other) == is_real(typecode) &&
                          is_unsigned(*other) == is_unsigned(typecode);
        const parmap_status expected = same ? PARMAP_OK : PARMAP_USAGE;
        CHECK_STATUS(parmap_array_read_as(array, 0, 2, *other, slice), expected);
        CHECK_STATUS(parmap_array_write_as(array, 0, 2, *other, slice), expected);
    }
    CHECK_STATUS(parmap_array_read_as(array, 0, 2, 'x', slice), PARMAP_USAGE);
}

static void other_types_are_refused(void)
{
    each_array(all_codes, 3, refuse_types);
}

static void refuse_numbers(char typecode, const parmap_array *array)
{
    int64_t number = 5;
    double real = 5;
    if (is_real(typecode)) {
        CHECK_STATUS(parmap_array_load_int(array, 1, &number), PARMAP_USAGE);
    } else {
        CHECK_STATUS(parmap_array_load_real(array, 1, &real), PARMAP_USAGE);
        CHECK_STATUS(parmap_array_store_real(array, 1, 1), PARMAP_USAGE);
        CHECK_STATUS(parmap_array_add_real(array, 1, 1), PARMAP_USAGE);
        CHECK_STATUS(parmap_array_fetch_add_real(array, 1, 1, &real), PARMAP_USAGE);
    }
    if (element_bytes(typecode) < 8 && !is_real(typecode)) {
        const int64_t most = INT64_C(1) << (8 * element_bytes(typecode));
        CHECK_STATUS(parmap_array_store_int(array, 1, most), PARMAP_USAGE);
        CHECK_STATUS(parmap_array_store_int(array, 1, -most), PARMAP_USAGE);
    }
    if (typecode == 'c')
        CHECK_STATUS(parmap_array_add_int(array, 1, 1), PARMAP_USAGE);
    CHECK(number == 5 && real == 5);
    const char zeros[64] = {0};
    expect_elements(array, typecode, zeros);
}

static void other_numbers_are_refused(void)
{
    each_array(all_codes, 3, refuse_numbers);
}

static void expect_stale(const parmap_array *array)
{
    parmap_array copy = *array;
    int numbers[4];
    int64_t number;
    CHECK_FAILS(parmap_array_load(array, 0, &number), PARMAP_STALE, "freed");
    CHECK_STATUS(parmap_array_store(array, 0, 1), PARMAP_STALE);
    CHECK_STATUS(parmap_array_add(array, 0, 1), PARMAP_STALE);
    CHECK_STATUS(parmap_array_read(array, 0, 4, numbers), PARMAP_STALE);
    CHECK_STATUS(parmap_array_write(array, 0, 4, numbers), PARMAP_STALE);
    CHECK_STATUS(parmap_array_free(&copy), PARMAP_STALE);
}

static void freed_or_never_created(void)
{
    parmap_array array, zero = {0};
    int64_t number;
    CHECK_STATUS(parmap_array_load(&zero, 0, &number), PARMAP_USAGE);
    CHECK_STATUS(parmap_array_free(&zero), PARMAP_USAGE);
    SHARE_NEW(array, parmap_array_create(&array, 'i', 4));
    CHECK_OK(parmap_sync_all());
    parmap_array copy = array;
    if (parmap_rank() == parmap_size() - 1)
        CHECK_OK(parmap_array_free(&copy));
    CHECK_OK(parmap_sync_all());
    if (shared_sees_stale())
        expect_stale(&array);
}

/* ---- plain memory, locks, names -------------------------------------------------------------- */

/* The home sees all of it, the others none. */
static void the_local_part(void)
{
    parmap_array array;
    SHARE_NEW(array, parmap_array_create(&array, 'i', 100));
    void *memory = &array;
    int64_t first = -1, count = -1;
    CHECK_OK(parmap_array_local(&array, &memory, &first, &count));
    CHECK_INT(count, parmap_rank() == 0 ? 100 : 0);
    if (parmap_rank() == 0) {
        CHECK_INT(first, 0);
        for (int i = 0; i < 100; i++)
            ((int *)memory)[i] = 1000 - i;
    } else {
        CHECK(memory == NULL);
    }
    CHECK_OK(parmap_sync_all());
    int64_t number = 0;
    const int64_t index = parmap_rank() * 9;
    CHECK_OK(parmap_array_load(&array, index, &number));
    CHECK_INT(number, 1000 - index);
    CHECK_OK(parmap_array_store(&array, index, index));
    CHECK_OK(parmap_sync_all());
    for (int64_t i = 0; i < 100 && parmap_rank() == 0; i++)
        CHECK_INT(((int *)memory)[i], i % 9 == 0 && i / 9 < parmap_size() ? i : 1000 - i);
    SHARE_FREE(parmap_array_free(&array));
}

static void the_lock_of_an_array(void)
{
    const int64_t rounds = shared_count(500, 20);
    parmap_array array;
    parmap_lock lock;
    SHARE_NEW(array, parmap_array_create(&array, 'l', 3));
    CHECK_OK(parmap_array_lock(&array, &lock));
    CHECK_OK(parmap_sync_all());
    for (int64_t i = 0; i < rounds; i++)
        PARMAP_WITH(&lock) {
            long numbers[3] = {0};
            CHECK_OK(parmap_array_read(&array, 0, 3, numbers));
            CHECK(numbers[1] == 2 * numbers[0] && numbers[2] == 3 * numbers[0]);
            for (int j = 0; j < 3; j++)
                numbers[j] += j + 1;
            CHECK_OK(parmap_array_write(&array, 0, 3, numbers));
        }
    CHECK_OK(parmap_sync_all());
    int64_t number = 0;
    CHECK_OK(parmap_array_load(&array, 2, &number));
    CHECK_INT(number, 3 * rounds * parmap_size());
    SHARE_FREE(parmap_array_free(&array));
}

static void names_without_a_suffix(void)
{
    parmap_array whole, real;
    int numbers[4] = {1, 2, 3, 4};
    double reals[4] = {0.5, 1.5, 2.5, 3.5}, x = 0;
    const int *constants = numbers;
    int64_t number = 0;
    CHECK_OK(parmap_array_create(&whole, 'i', 4));
    CHECK_OK(parmap_array_create(&real, 'd', 4));
    CHECK_OK(parmap_array_write(&whole, 0, 4, constants));
    CHECK_OK(parmap_array_write(&real, 0, 4, reals));
    CHECK_OK(parmap_array_add(&whole, 3, 38));
    CHECK_OK(parmap_array_add(&real, 3, 0.25));
    CHECK_OK(parmap_array_store(&whole, 0, -5));
    CHECK_OK(parmap_array_store(&real, 0, -0.5));
    CHECK_OK(parmap_array_fetch_add(&whole, 3, 1, &number));
    CHECK_INT(number, 42);
    CHECK_OK(parmap_array_fetch_add(&real, 3, 1, &x));
    CHECK(x == 3.75);
    CHECK_OK(parmap_array_load(&whole, 3, &number));
    CHECK_INT(number, 43);
    CHECK_OK(parmap_array_load(&real, 3, &x));
    CHECK(x == 4.75);
    CHECK_OK(parmap_array_read(&whole, 0, 4, numbers));
    CHECK(numbers[0] == -5 && numbers[1] == 2 && numbers[2] == 3 && numbers[3] == 43);
    CHECK_STATUS(parmap_array_read(&real, 0, 4, numbers), PARMAP_USAGE);
    CHECK_OK(parmap_array_free(&whole));
    CHECK_OK(parmap_array_free(&real));
}

static const check_case cases[] = {
    {"slices", slices},
    {"elements", elements},
    {"sums keep to their element", sums_keep_to_their_element},
    {"long slices", long_slices},
    {"indices outside are refused", indices_outside_are_refused},
    {"an empty array", an_empty_array},
    {"lengths that cannot be", lengths_that_cannot_be},
    {"other types are refused", other_types_are_refused},
    {"other numbers are refused", other_numbers_are_refused},
    {"freed or never created", freed_or_never_created},
    {"the local part", the_local_part},
    {"the lock of an array", the_lock_of_an_array},
    {"names without a suffix", names_without_a_suffix},
};

SHARED_MAIN(cases)
