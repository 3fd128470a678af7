/* Values: each typecode's limits, sums that wrap, refusals, reals, handles that travel.
 * Expectations are C's limits and what Python's ctypes make of the same numbers (value_table.h).
 */
#include "shared/shared.h"
#include "shared/value_table.h"

#include <limits.h>
#include <math.h>

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

static const char integer_codes[] = "bBhHiIlLqQ";
static const char all_codes[] = "cbBhHiIlLqQfd";

static bool is_real(char typecode)
{
    return typecode == 'f' || typecode == 'd';
}

/* Collective.  Calls test(typecode, value) for each of the typecodes, with values of 0 that the
 * next rank made; they are freed here, that is, by a rank that is not their home. */
static void each_value(const char *codes, void (*test)(char typecode, const parmap_value *value))
{
    parmap_value mine[16] = {0}, next[16], theirs[16];
    const size_t count = strlen(codes);
    for (size_t i = 0; i < count; i++)
        CHECK_OK(parmap_value_create_int(&mine[i], codes[i], 0));
    for (int rank = 0; rank < parmap_size(); rank++) {
        memcpy(theirs, mine, sizeof theirs);
        SHARE_FROM(theirs, rank);
        if (rank == (parmap_rank() + 1) % parmap_size())
            memcpy(next, theirs, sizeof next);
    }
    for (size_t i = 0; i < count; i++) {
        test(codes[i], &next[i]);
        CHECK_OK(parmap_value_free(&next[i]));
    }
    CHECK_OK(parmap_sync_all());
}

static int64_t number_of(const parmap_value *value)
{
    int64_t number = INT64_C(-7777777);
    CHECK_OK(parmap_value_load_int(value, &number));
    return number;
}

static double real_of(const parmap_value *value)
{
    double number = -7777777;
    CHECK_OK(parmap_value_load_real(value, &number));
    return number;
}

/* Bits, not values: 0.0 is not -0.0 and a NaN is itself. */
static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

/* ---- integers -------------------------------------------------------------------------------- */

static void wrap(char typecode, const parmap_value *value)
{
    for (size_t i = 0; i < COUNT_OF(wrapping_sums); i++) {
        const struct wrapping_sum *sum = &wrapping_sums[i];
        if (sum->typecode != typecode)
            continue;
        int64_t before = 0;
        CHECK_OK(parmap_value_store_int(value, sum->before));
        CHECK_INT(number_of(value), sum->before);
        CHECK_OK(parmap_value_add_int(value, sum->added));
        CHECK_INT(number_of(value), sum->after);
        CHECK_OK(parmap_value_store_int(value, sum->before));
        CHECK_OK(parmap_value_fetch_add_int(value, sum->added, &before));
        CHECK_INT(before, sum->before);
        CHECK_INT(number_of(value), sum->after);
    }
}

static void sums_wrap_as_in_ctypes(void)
{
    each_value(integer_codes, wrap);
}

static void numbers_that_do_not_fit_are_refused(void)
{
    for (size_t i = 0; i < COUNT_OF(fitting_numbers); i++) {
        const struct fitting_number *number = &fitting_numbers[i];
        const parmap_status expected = number->fits ? PARMAP_OK : PARMAP_USAGE;
        parmap_value value, made;
        int64_t found = 0;
        CHECK_OK(parmap_value_create_int(&value, number->typecode, 1));
        CHECK_STATUS(parmap_value_store_int(&value, number->number), expected);
        CHECK_INT(number_of(&value), number->fits ? number->number : 1);
        CHECK_OK(parmap_value_store_int(&value, 1));
        CHECK_STATUS(parmap_value_compare_swap_int(&value, 1, number->number, &found), expected);
        CHECK_INT(number_of(&value), number->fits ? number->number : 1);
        CHECK_OK(parmap_value_free(&value));
        if (CHECK_STATUS(parmap_value_create_int(&made, number->typecode, number->number),
                         expected) &&
            number->fits) {
            CHECK_INT(number_of(&made), number->number);
            CHECK_OK(parmap_value_free(&made));
        }
    }
}

static void be_a_char(char typecode, const parmap_value *value)
{
    (void)typecode;
    const int64_t fitting[] = {CHAR_MIN, CHAR_MAX, 'x', 0};
    for (size_t i = 0; i < COUNT_OF(fitting); i++) {
        CHECK_OK(parmap_value_store_int(value, fitting[i]));
        CHECK_INT(number_of(value), fitting[i]);
    }
    CHECK_STATUS(parmap_value_store_int(value, (int64_t)CHAR_MIN - 1), PARMAP_USAGE);
    CHECK_STATUS(parmap_value_store_int(value, (int64_t)UCHAR_MAX + 1), PARMAP_USAGE);
    int64_t found = -1;
    CHECK_STATUS(parmap_value_add_int(value, 1), PARMAP_USAGE);
    CHECK_STATUS(parmap_value_fetch_add_int(value, 1, &found), PARMAP_USAGE);
    CHECK_INT(number_of(value), 0);
    CHECK_OK(parmap_value_compare_swap_int(value, 0, 'y', &found));
    CHECK_INT(found, 0);
    CHECK_INT(number_of(value), 'y');
}

static void a_char_holds_what_c_says(void)
{
    each_value("c", be_a_char);
}

static void compare_and_swap(char typecode, const parmap_value *value)
{
    (void)typecode;
    int64_t found = -1;
    CHECK_OK(parmap_value_store_int(value, 100));
    CHECK_OK(parmap_value_compare_swap_int(value, 99, 7, &found));
    CHECK_INT(found, 100);
    CHECK_INT(number_of(value), 100);
    CHECK_OK(parmap_value_compare_swap_int(value, 100, 7, &found));
    CHECK_INT(found, 100);
    CHECK_INT(number_of(value), 7);
}

static void compare_swap_stores_only_what_was_expected(void)
{
    each_value(integer_codes, compare_and_swap);
}

/* ---- reals ----------------------------------------------------------------------------------- */

static void add_reals(char typecode, const parmap_value *value)
{
    for (size_t i = 0; i < COUNT_OF(real_sums); i++) {
        const struct real_sum *sum = &real_sums[i];
        if (sum->typecode != typecode)
            continue;
        double before = 0;
        CHECK_OK(parmap_value_store_real(value, sum->before));
        CHECK(real_of(value) == sum->before);
        CHECK_OK(parmap_value_add_real(value, sum->added));
        CHECK(real_of(value) == sum->after);
        CHECK_OK(parmap_value_store_real(value, sum->before));
        CHECK_OK(parmap_value_fetch_add_real(value, sum->added, &before));
        CHECK(before == sum->before);
        CHECK(real_of(value) == sum->after);
    }
}

static void reals_add_as_in_ctypes(void)
{
    each_value("fd", add_reals);
}

static void keep_reals(char typecode, const parmap_value *value)
{
    /* ctypes.c_float(1 / 3).value.hex() and (1 / 3).hex() */
    CHECK_OK(parmap_value_store_real(value, 1.0 / 3));
    CHECK(real_of(value) == (typecode == 'f' ? 0x1.555556p-2 : 0x1.5555555555555p-2));
    const double kept[] = {INFINITY, -INFINITY, 0x1p-149, -0.0, 0x1.fffffep+127};
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        CHECK_OK(parmap_value_store_real(value, kept[i]));
        CHECK_INT(bits_of(real_of(value)), bits_of(kept[i]));
    }
}

static void a_float_rounds_and_a_double_does_not(void)
{
    each_value("fd", keep_reals);
}

static void take_integers(char typecode, const parmap_value *value)
{
    (void)typecode;
    CHECK_OK(parmap_value_store_int(value, 40));
    CHECK_OK(parmap_value_add_int(value, 2));
    CHECK_OK(parmap_value_add_real(value, 0.5));
    CHECK(real_of(value) == 42.5);
}

static void integers_go_into_reals(void)
{
    each_value("fd", take_integers);
}

static void compare_bits(char typecode, const parmap_value *value)
{
    (void)typecode;
    double found = 1;
    CHECK_OK(parmap_value_store_real(value, -0.0));
    CHECK_OK(parmap_value_compare_swap_real(value, 0.0, 2.5, &found));
    CHECK_INT(bits_of(found), bits_of(-0.0));
    CHECK_INT(bits_of(real_of(value)), bits_of(-0.0));
    CHECK_OK(parmap_value_compare_swap_real(value, -0.0, 2.5, &found));
    CHECK_INT(bits_of(found), bits_of(-0.0));
    CHECK(real_of(value) == 2.5);
    CHECK_OK(parmap_value_store_real(value, (double)NAN));
    CHECK_OK(parmap_value_compare_swap_real(value, (double)NAN, 1.5, &found));
    CHECK(isnan(found));
    CHECK(real_of(value) == 1.5);
}

static void reals_are_compared_bit_by_bit(void)
{
    each_value("fd", compare_bits);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void other_typecodes_are_refused(void)
{
    const char wrong[] = {'x', 'u', 'z', 'a', '\0', ' ', 'F', 'D', 'C', '1'};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        parmap_value value;
        CHECK_STATUS(parmap_value_create_int(&value, wrong[i], 0), PARMAP_USAGE);
        CHECK_STATUS(parmap_value_create_real(&value, wrong[i], 0), PARMAP_USAGE);
    }
}

static void refuse_the_other_kind(char typecode, const parmap_value *value)
{
    double real = 8, found = 8;
    int64_t number = 8;
    if (is_real(typecode)) {
        CHECK_STATUS(parmap_value_load_int(value, &number), PARMAP_USAGE);
    } else {
        parmap_value made;
        CHECK_STATUS(parmap_value_create_real(&made, typecode, 1), PARMAP_USAGE);
        CHECK_STATUS(parmap_value_load_real(value, &real), PARMAP_USAGE);
        CHECK_STATUS(parmap_value_store_real(value, 1), PARMAP_USAGE);
        CHECK_STATUS(parmap_value_add_real(value, 1), PARMAP_USAGE);
        CHECK_STATUS(parmap_value_fetch_add_real(value, 1, &real), PARMAP_USAGE);
        CHECK_STATUS(parmap_value_compare_swap_real(value, 0, 1, &found), PARMAP_USAGE);
        CHECK_INT(number_of(value), 0);
    }
    CHECK(real == 8 && found == 8 && number == 8);
}

static void the_wrong_kind_of_number_is_refused(void)
{
    each_value(all_codes, refuse_the_other_kind);
}

static void what_was_never_created_is_refused(void)
{
    parmap_value zero = {0};
    parmap_lock lock;
    parmap_array array;
    int64_t number;
    CHECK_STATUS(parmap_value_load_int(&zero, &number), PARMAP_USAGE);
    CHECK_STATUS(parmap_value_store_int(&zero, 1), PARMAP_USAGE);
    CHECK_STATUS(parmap_value_add_int(&zero, 1), PARMAP_USAGE);
    CHECK_STATUS(parmap_value_lock(&zero, &lock), PARMAP_USAGE);
    CHECK_STATUS(parmap_value_free(&zero), PARMAP_USAGE);
    CHECK_STATUS(parmap_value_load_int(NULL, &number), PARMAP_USAGE);
    CHECK_OK(parmap_array_create(&array, 'i', 4));
    const parmap_value other = {array.handle};
    CHECK_STATUS(parmap_value_load_int(&other, &number), PARMAP_USAGE);
    CHECK_OK(parmap_array_free(&array));
}

static void expect_stale(const parmap_value *value)
{
    parmap_value copy = *value;
    int64_t number;
    if (!shared_sees_stale())
        return;
    CHECK_FAILS(parmap_value_load_int(value, &number), PARMAP_STALE, "freed");
    CHECK_STATUS(parmap_value_store_int(value, 1), PARMAP_STALE);
    CHECK_STATUS(parmap_value_add_int(value, 1), PARMAP_STALE);
    CHECK_STATUS(parmap_value_fetch_add_int(value, 1, &number), PARMAP_STALE);
    CHECK_STATUS(parmap_value_compare_swap_int(value, 0, 1, &number), PARMAP_STALE);
    CHECK_STATUS(parmap_value_free(&copy), PARMAP_STALE);
}

/* Collective.  Freed by the last rank; stale for all, also when its memory serves another value. */
static void a_freed_value_is_stale(void)
{
    parmap_value value, again;
    parmap_lock lock;
    SHARE_NEW(value, parmap_value_create_int(&value, 'i', 5));
    CHECK_OK(parmap_value_lock(&value, &lock));
    CHECK_OK(parmap_sync_all());
    parmap_value copy = value;
    if (parmap_rank() == parmap_size() - 1)
        CHECK_OK(parmap_value_free(&copy));
    CHECK_OK(parmap_sync_all());
    expect_stale(&value);
    if (shared_sees_stale())
        CHECK_STATUS(parmap_lock_acquire(&lock, 0), PARMAP_STALE);
    CHECK_OK(parmap_sync_all());
    SHARE_NEW(again, parmap_value_create_int(&again, 'i', 6));
    expect_stale(&value);
    CHECK_INT(number_of(&again), 6);
    SHARE_FREE(parmap_value_free(&again));
}

/* ---- names without a suffix ------------------------------------------------------------------ */

static void names_without_a_suffix(void)
{
    parmap_value whole, real;
    int64_t number = 0;
    double x = 0;
    CHECK_OK(parmap_value_create(&whole, 'i', 40));
    CHECK_OK(parmap_value_create(&real, 'd', 0.25));
    CHECK_OK(parmap_value_add(&whole, 1));
    CHECK_OK(parmap_value_add(&whole, (unsigned char)1));
    CHECK_OK(parmap_value_add(&real, 1.5));
    CHECK_OK(parmap_value_add(&real, 0.5f));
    CHECK_OK(parmap_value_add(&real, 2));
    CHECK_OK(parmap_value_fetch_add(&whole, 8, &number));
    CHECK_INT(number, 42);
    CHECK_OK(parmap_value_fetch_add(&real, 8, &x));
    CHECK(x == 4.25);
    CHECK_OK(parmap_value_compare_swap(&whole, 50, 51, &number));
    CHECK_OK(parmap_value_compare_swap(&real, 12.25, 13, &x));
    CHECK_OK(parmap_value_load(&whole, &number));
    CHECK_INT(number, 51);
    CHECK_OK(parmap_value_load(&real, &x));
    CHECK(x == 13);
    CHECK_OK(parmap_value_store(&whole, -1));
    CHECK_OK(parmap_value_store(&real, -0.5));
    CHECK_INT(number_of(&whole), -1);
    CHECK(real_of(&real) == -0.5);
    CHECK_OK(parmap_value_free(&whole));
    CHECK_OK(parmap_value_free(&real));
}

static const check_case cases[] = {
    {"sums wrap as in ctypes", sums_wrap_as_in_ctypes},
    {"numbers that do not fit are refused", numbers_that_do_not_fit_are_refused},
    {"a char holds what C says", a_char_holds_what_c_says},
    {"compare_swap stores only what was expected", compare_swap_stores_only_what_was_expected},
    {"reals add as in ctypes", reals_add_as_in_ctypes},
    {"a float rounds and a double does not", a_float_rounds_and_a_double_does_not},
    {"integers go into reals", integers_go_into_reals},
    {"reals are compared bit by bit", reals_are_compared_bit_by_bit},
    {"other typecodes are refused", other_typecodes_are_refused},
    {"the wrong kind of number is refused", the_wrong_kind_of_number_is_refused},
    {"what was never created is refused", what_was_never_created_is_refused},
    {"a freed value is stale", a_freed_value_is_stale},
    {"names without a suffix", names_without_a_suffix},
};

SHARED_MAIN(cases)
