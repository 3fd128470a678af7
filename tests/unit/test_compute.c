/* Kernels as runs use them: every type of numbers, records and arrays, whole blocks, loops that
 * check; over ranges and over items in memory; and what is said where there is no result. */
#include "work/compute.h"

#include "work/kernel.h"

#include "check.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1031, GUARD = 64, UNSET = 0xa5 };

static const parmap_int128 most_128 = (parmap_int128)(~(parmap_uint128)0 >> 1);

static pm_computer computer_of(const parmap_kernel *kernel, parmap_type type, parmap_vector vector,
                               bool allow_rounding)
{
    pm_computer computer;
    CHECK_INT(pm_computer_make(&computer, kernel, type, vector, allow_rounding), PARMAP_OK);
    return computer;
}

/* Inputs and results, as a thread has them, and bytes behind that must stay as they are. */
static _Alignas(4096) char given[MOST * 64], made[MOST * 64 + GUARD];

static void forget(void)
{
    memset(made, UNSET, sizeof made);
}

/* How many bytes behind `count` results were written. */
static int64_t written_behind(const pm_computer *computer, int64_t count)
{
    const size_t end = (size_t)count * computer->result.bytes;
    int64_t written = 0;
    for (size_t at = end; at < end + GUARD; at++)
        written += (unsigned char)made[at] != UNSET;
    return written;
}

/* ---- numbers of every type ------------------------------------------------------------------- */

/* x(C type, parmap_type) */
#define EACH_TYPE(X)                                                                               \
    X(int8_t, PARMAP_INT8)                                                                         \
    X(uint8_t, PARMAP_UINT8)                                                                       \
    X(int16_t, PARMAP_INT16)                                                                       \
    X(uint16_t, PARMAP_UINT16)                                                                     \
    X(int32_t, PARMAP_INT32)                                                                       \
    X(uint32_t, PARMAP_UINT32)                                                                     \
    X(int64_t, PARMAP_INT64)                                                                       \
    X(uint64_t, PARMAP_UINT64)                                                                     \
    X(parmap_int128, PARMAP_INT128)                                                                \
    X(float, PARMAP_FLOAT32)                                                                       \
    X(double, PARMAP_FLOAT64)

/* Results of the same type, of the widest and of a narrow one. */
#define KERNELS_OF_TYPE(T, type)                                                                   \
    PARMAP_KERNEL(same_##T, T, x, T)                                                               \
    {                                                                                              \
        return x;                                                                                  \
    }                                                                                              \
    PARMAP_DOMAIN(same_##T, T, -most_of_all, most_of_all);                                         \
    PARMAP_KERNEL(widened_##T, T, x, parmap_int128)                                                \
    {                                                                                              \
        return (parmap_int128)x - 1;                                                               \
    }                                                                                              \
    PARMAP_DOMAIN(widened_##T, T, -most_of_all, most_of_all);                                      \
    PARMAP_KERNEL(narrowed_##T, T, x, int16_t)                                                     \
    {                                                                                              \
        return (int16_t)((parmap_int128)x % 1000);                                                 \
    }                                                                                              \
    PARMAP_DOMAIN(narrowed_##T, T, -most_of_all, most_of_all);
#define most_of_all ((parmap_int128)1 << 126) /* cut to the type by the library */
EACH_TYPE(KERNELS_OF_TYPE)

static const struct {
    parmap_type type;
    const parmap_kernel *same, *widened, *narrowed;
} kernels[] = {
#define KERNELS_ENTRY(T, type) {type, &same_##T, &widened_##T, &narrowed_##T},
    EACH_TYPE(KERNELS_ENTRY)};

/* A result of a whole number, whatever its type. */
static parmap_int128 number_at(parmap_type type, const void *at, int64_t i)
{
    switch (type) {
#define NUMBER_AT(T, type)                                                                         \
    case type:                                                                                     \
        return (parmap_int128)((const T *)at)[i];
        EACH_TYPE(NUMBER_AT)
    default:
        return 0;
    }
}

/* An input of a real type is the value next to a whole number. */
static parmap_int128 expected_of(const parmap_kernel *kernel, int k, parmap_int128 number)
{
    const parmap_type type = kernels[k].type;
    const parmap_int128 x = type == PARMAP_FLOAT32   ? (parmap_int128)(float)(int64_t)number
                            : type == PARMAP_FLOAT64 ? (parmap_int128)(double)(int64_t)number
                                                     : number;
    return kernel == kernels[k].same ? x : kernel == kernels[k].widened ? x - 1 : x % 1000;
}

static void check_numbers(const parmap_kernel *kernel, int k, const pm_range *range)
{
    const parmap_type type = kernels[k].type;
    for (parmap_vector v = PARMAP_VECTOR_BASELINE; v <= pm_vector_best(); v++) {
        const pm_computer computer = computer_of(kernel, type, v, false);
        const parmap_type out = computer.result.fields[0].type;
        const int64_t begin = range->count / 3, count = range->count - begin;
        int64_t wrong = 0;
        for (int from_memory = 0; from_memory < 2; from_memory++) {
            forget();
            if (from_memory) {
                pm_range_inputs(range, begin, count, type, given);
                CHECK_INT(pm_compute_items(&computer, given, begin, count, made), PARMAP_OK);
            } else {
                CHECK(!pm_computer_needs_inputs(&computer));
                CHECK_INT(pm_compute_range(&computer, range, begin, count, NULL, made), PARMAP_OK);
            }
            for (int64_t i = 0; i < count; i++) {
                const parmap_int128 x = range->first + range->step * (begin + i);
                wrong += number_at(out, made, i) != expected_of(kernel, k, x);
            }
            wrong += written_behind(&computer, count);
        }
        if (wrong > 0)
            printf("# %s, %s, first %lld, step %lld, %lld items\n", kernel->name, pm_vector_name(v),
                   (long long)range->first, (long long)range->step, (long long)range->count);
        CHECK_INT(wrong, 0);
    }
}

/* From both ends of the type and from its middle, by steps both ways, as far as they lead. */
static void check_type(int k)
{
    static const int64_t counts[] = {1, 2, 3, 17, 64, MOST};
    static const int64_t steps[] = {1, -1, 3, -7, 1000003, -(INT64_C(1) << 40)};
    const pm_computer computer = computer_of(kernels[k].same, kernels[k].type, 0, false);
    const parmap_domain *all = &computer.domain;
    const parmap_int128 firsts[] = {all->min, all->max, all->min / 2 + all->max / 2};
    int ranges = 0;
    for (int f = 0; f < 3; f++)
        for (int s = 0; s < 6; s++)
            for (int c = 0; c < 6; c++) {
                const pm_range range = {firsts[f], steps[s], counts[c]};
                const parmap_int128 last = firsts[f] + (parmap_int128)steps[s] * (counts[c] - 1);
                if (last < all->min || last > all->max)
                    continue;
                check_numbers(kernels[k].same, k, &range);
                check_numbers(kernels[k].widened, k, &range);
                check_numbers(kernels[k].narrowed, k, &range);
                ranges++;
            }
    CHECK(ranges >= 18 + 3 * 4); /* one item always, and up to 17 by the shortest steps */
}

static void numbers(void)
{
    CHECK_INT(sizeof kernels / sizeof kernels[0], PARMAP_TYPES);
    for (int k = 0; k < PARMAP_TYPES; k++)
        check_type(k);
}

/* Inputs from one end of 128 bits to the other: the way there is longer than a signed number. */
PARMAP_KERNEL(whole_128, parmap_int128, x, parmap_int128)
{
    return ~x;
}
PARMAP_DOMAIN(whole_128, parmap_int128, -most_128 - 1, most_128);

static void ends_of_128_bits(void)
{
    const pm_range range = {-most_128 - 1, most_128 / 8, 17};
    const pm_computer computer = computer_of(&whole_128, PARMAP_INT128, pm_vector_best(), false);
    const parmap_int128 *y = (const void *)made;
    for (int64_t begin = 0; begin < 17; begin++) {
        forget();
        CHECK_INT(pm_compute_range(&computer, &range, begin, 17 - begin, NULL, made), PARMAP_OK);
        for (int64_t i = begin; i < 17; i++) /* unsigned: signed numbers do not reach so far */
            CHECK((parmap_uint128)y[i - begin] ==
                  ~((parmap_uint128)range.first + (parmap_uint128)range.step * (parmap_uint128)i));
    }
}

/* Reals that are no whole numbers keep their bits, NaN and infinities as allowed. */
static void reals_in_memory(void)
{
    static const double odd[] = {0.1, -0.0, 5e-324, 1e300, 1.7976931348623157e308};
    static const double beyond[] = {INFINITY, -INFINITY, NAN};
    const pm_computer strict = computer_of(&same_double, PARMAP_FLOAT64, pm_vector_best(), false),
                      lax = computer_of(&same_double, PARMAP_FLOAT64, pm_vector_best(), true);
    double y[5];
    CHECK_INT(pm_compute_items(&strict, odd, 0, 3, y), PARMAP_OK);
    CHECK(memcmp(y, odd, 3 * sizeof *y) == 0);
    CHECK_INT(pm_compute_items(&strict, odd, 0, 4, y), PARMAP_BAD_DATA);
    CHECK_INT(pm_compute_items(&lax, odd, 0, 5, y), PARMAP_OK);
    CHECK(memcmp(y, odd, sizeof y) == 0);
    CHECK_INT(pm_compute_items(&lax, beyond, 0, 3, y), PARMAP_OK);
    CHECK(memcmp(y, beyond, sizeof beyond) == 0);
}

/* ---- records and arrays ---------------------------------------------------------------------- */

/* Bytes between and behind: 7 after a, 2 after c, 5 after e. */
#define PARTS(FIELD)                                                                               \
    FIELD(int8_t, a) FIELD(double, b) FIELD(uint16_t, c, 3) FIELD(float, d) FIELD(uint8_t, e, 3)
PARMAP_RECORD(parts, PARTS);
PARMAP_ARRAY(triple, int32_t, 3);

PARMAP_KERNEL(split, int64_t, x, parts)
{
    return (parts){(int8_t)(x % 100),
                   (double)x / 4,
                   {(uint16_t)x, 1, (uint16_t)(x >> 16)},
                   (float)x,
                   {3, (uint8_t)x, 5}};
}
PARMAP_DOMAIN(split, int64_t, -1000000, 1000000);

PARMAP_KERNEL(join, parts, p, triple)
{
    return (triple){{p.a, (int32_t)(p.b * 4), p.c[0] + p.e[2]}};
}
PARMAP_DOMAIN(join, parts, PARMAP_DOMAIN_NONE);

PARMAP_KERNEL(sum_up, triple, t, int64_t)
{
    return (int64_t)t.at[0] + t.at[1] + t.at[2];
}
PARMAP_DOMAIN(sum_up, triple, PARMAP_DOMAIN_NONE);

static bool is_split(const parts *p, int64_t x)
{
    return p->a == (int8_t)(x % 100) && p->b == 0.25 * (double)x && p->c[0] == (uint16_t)x &&
           p->c[1] == 1 && p->c[2] == (uint16_t)(x >> 16) && p->d == (float)x && p->e[0] == 3 &&
           p->e[1] == (uint8_t)x && p->e[2] == 5;
}

/* The bytes that belong to no field. */
static bool has_no_padding(const parts *p)
{
    const unsigned char *bytes = (const void *)p;
    int64_t others = 0;
    for (size_t at = 0; at < sizeof *p; at++) {
        const bool field = at < 1 || (at >= offsetof(parts, b) && at < offsetof(parts, b) + 14) ||
                           (at >= offsetof(parts, d) && at < offsetof(parts, e) + 3);
        others += !field && bytes[at] != 0;
    }
    return others == 0;
}

static void records(void)
{
    const pm_range range = {999999, -1777, MOST};
    for (parmap_vector v = PARMAP_VECTOR_BASELINE; v <= pm_vector_best(); v++) {
        const pm_computer splits = computer_of(&split, PARMAP_INT64, v, false),
                          joins = computer_of(&join, PARMAP_RECORD, v, false),
                          sums = computer_of(&sum_up, PARMAP_RECORD, v, false);
        static parts all[MOST];
        static triple triples[MOST];
        int64_t wrong = 0;
        CHECK_INT(splits.result.bytes, sizeof(parts));
        CHECK(splits.padded && !joins.padded && !sums.padded);
        forget();
        CHECK_INT(pm_compute_range(&splits, &range, 0, MOST, NULL, made), PARMAP_OK);
        memcpy(all, made, sizeof all);
        wrong += written_behind(&splits, MOST);
        for (int64_t i = 0; i < MOST; i++)
            wrong += !is_split(&all[i], 999999 - 1777 * i) || !has_no_padding(&all[i]);
        CHECK_INT(wrong, 0);
        forget();
        CHECK_INT(pm_compute_items(&joins, all, 0, MOST, made), PARMAP_OK);
        memcpy(triples, made, sizeof triples);
        wrong += written_behind(&joins, MOST);
        forget();
        CHECK_INT(pm_compute_items(&sums, triples, 0, MOST, made), PARMAP_OK);
        wrong += written_behind(&sums, MOST);
        for (int64_t i = 0; i < MOST; i++) {
            const int64_t x = 999999 - 1777 * i, a = x % 100, c = (uint16_t)x + 5;
            wrong += triples[i].at[0] != a || triples[i].at[1] != x || triples[i].at[2] != c;
            wrong += ((const int64_t *)(const void *)made)[i] != a + x + c;
        }
        CHECK_INT(wrong, 0);
    }
}

/* The same results are the same bytes, whatever was there before and however they are computed. */
static void padding(void)
{
    const pm_range range = {-5, 1, 11};
    const pm_computer computer = computer_of(&split, PARMAP_INT64, PARMAP_VECTOR_BASELINE, false);
    static char once[11 * sizeof(parts)];
    for (int fill = 0; fill < 256; fill += 51) {
        memset(made, fill, sizeof made);
        CHECK_INT(pm_compute_range(&computer, &range, 0, 11, NULL, made), PARMAP_OK);
        if (fill == 0)
            memcpy(once, made, sizeof once);
        CHECK(memcmp(made, once, sizeof once) == 0);
        memset(made, fill, sizeof made);
        pm_range_inputs(&range, 0, 11, PARMAP_INT64, given);
        CHECK_INT(pm_compute_items(&computer, given, 0, 11, made), PARMAP_OK);
        CHECK(memcmp(made, once, sizeof once) == 0);
    }
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static int64_t blocks, longest;

PARMAP_KERNEL_BLOCK(halve, int16_t, x, double, y, count)
{
    blocks++;
    longest = count > longest ? count : longest;
    for (int64_t i = 0; i < count; i++)
        y[i] = (double)x[i] / 2;
}
PARMAP_DOMAIN(halve, int16_t, -20000, 20000);

PARMAP_KERNEL_BLOCK(mirror, triple, t, parts, p, count)
{
    for (int64_t i = 0; i < count; i++)
        p[i] = (parts){.a = (int8_t)t[i].at[2], .b = t[i].at[1], .d = (float)t[i].at[0]};
}
PARMAP_DOMAIN(mirror, triple, PARMAP_DOMAIN_NONE);

static void whole_blocks(void)
{
    const pm_range range = {-19999, 37, MOST};
    const double *y = (const void *)made;
    for (parmap_vector v = PARMAP_VECTOR_BASELINE; v <= pm_vector_best(); v++) {
        const pm_computer computer = computer_of(&halve, PARMAP_INT16, v, false);
        int64_t wrong = 0;
        CHECK(pm_computer_needs_inputs(&computer));
        forget();
        blocks = longest = 0;
        CHECK_INT(pm_compute_range(&computer, &range, 31, 1000, given, made), PARMAP_OK);
        CHECK_INT(blocks, 1);
        CHECK_INT(longest, 1000);
        for (int64_t i = 0; i < 1000; i++)
            wrong += y[i] != (double)(-19999 + 37 * (31 + i)) / 2;
        CHECK_INT(wrong + written_behind(&computer, 1000), 0);
        const int16_t some[] = {5, -20000, 20000, 1};
        CHECK_INT(pm_compute_items(&computer, some, 7, 4, made), PARMAP_OK);
        CHECK(y[0] == 2.5 && y[1] == -10000 && y[2] == 10000 && y[3] == 0.5);
    }
}

static void blocks_of_records(void)
{
    const pm_computer computer = computer_of(&mirror, PARMAP_RECORD, pm_vector_best(), false);
    static triple triples[MOST];
    const parts *p = (const void *)made;
    int64_t wrong = 0;
    for (int i = 0; i < MOST; i++)
        triples[i] = (triple){{i, -i, i % 100}};
    forget();
    CHECK_INT(pm_compute_items(&computer, triples, 0, MOST, made), PARMAP_OK);
    for (int i = 0; i < MOST; i++)
        wrong += p[i].a != i % 100 || p[i].b != -i || p[i].d != (float)i || p[i].c[0] != 0 ||
                 !has_no_padding(&p[i]);
    CHECK_INT(wrong + written_behind(&computer, MOST), 0);
}

/* ---- loops that check ------------------------------------------------------------------------ */

/* What a formula x * x * x comes to: plain loops for |x| <= 1000, others that stop at the first
 * result that does not fit. */
static int64_t plain_calls, checked_calls;

static int64_t cube_span(const parmap_span *span, void *y)
{
    plain_calls++;
    for (int64_t i = 0; i < span->count; i++) {
        const int64_t x = (int64_t)(span->first + span->step * i);
        CHECK(x >= -1000 && x <= 1000);
        ((int64_t *)y)[i] = x * x * x;
    }
    return span->count;
}

static int64_t cube_array(const void *x, void *y, int64_t count)
{
    const int64_t *in = x;
    plain_calls++;
    for (int64_t i = 0; i < count; i++) {
        CHECK(in[i] >= -1000 && in[i] <= 1000);
        ((int64_t *)y)[i] = in[i] * in[i] * in[i];
    }
    return count;
}

static bool cube_fits(int64_t x, int64_t *y)
{
    int64_t square;
    return !__builtin_mul_overflow(x, x, &square) && !__builtin_mul_overflow(square, x, y);
}

static int64_t cube_checked_span(const parmap_span *span, void *y)
{
    checked_calls++;
    for (int64_t i = 0; i < span->count; i++)
        if (!cube_fits((int64_t)(span->first + span->step * i), (int64_t *)y + i))
            return i;
    return span->count;
}

static int64_t cube_checked_array(const void *x, void *y, int64_t count)
{
    checked_calls++;
    for (int64_t i = 0; i < count; i++)
        if (!cube_fits(((const int64_t *)x)[i], (int64_t *)y + i))
            return i;
    return count;
}

#define THREE(loop)                                                                                \
    {                                                                                              \
        loop, loop, loop                                                                           \
    }

static const parmap_code cube_code = {.input = PARMAP_INT64,
                                      .result = PARMAP_INT64,
                                      .loops = THREE(cube_span),
                                      .array_loops = THREE(cube_array),
                                      .checked_loops = THREE(cube_checked_span),
                                      .checked_array_loops = THREE(cube_checked_array)};
static const parmap_variant cube_variant = {&cube_code, {-1000, 1000}};
static const parmap_kernel cube = {.abi = PARMAP_KERNEL_ABI,
                                   .name = "formula",
                                   .variants = &cube_variant,
                                   .variant_count = 1,
                                   .text = "x*x*x"};

/* Items 0 .. 99 of a range, from the first one on; which loop runs, and where it ends. */
static void check_cubes(parmap_int128 first, parmap_int128 step, bool plain, int64_t fitting)
{
    const pm_range range = {first, step, 100};
    const int64_t *y = (const void *)made;
    for (int from_memory = 0; from_memory < 2; from_memory++) {
        const pm_computer computer = computer_of(&cube, PARMAP_INT64, pm_vector_best(), false);
        parmap_status status;
        plain_calls = checked_calls = 0;
        forget();
        pm_range_inputs(&range, 0, 100, PARMAP_INT64, given);
        status = from_memory ? pm_compute_items(&computer, given, 0, 100, made)
                             : pm_compute_range(&computer, &range, 0, 100, NULL, made);
        CHECK_INT(plain_calls, plain);
        CHECK_INT(checked_calls, !plain);
        CHECK_INT(status, fitting == 100 ? PARMAP_OK
                          : from_memory  ? PARMAP_BAD_DATA
                                         : PARMAP_USAGE);
        for (int64_t i = 0; i < fitting; i++) {
            const parmap_int128 x = first + step * i;
            CHECK_INT(y[i], x * x * x);
        }
        char item[80];
        snprintf(item, sizeof item, "at item %lld (x = %lld)", (long long)fitting,
                 (long long)(first + step * fitting));
        if (fitting == 100)
            continue;
        CHECK_HOLDS(parmap_message(), "x*x*x has no result at item ");
        CHECK_HOLDS(parmap_message(), item);
        CHECK_HOLDS(parmap_message(), "use --type int128 or --type float64");
    }
}

static void checked_loops(void)
{
    check_cubes(-50, 1, true, 100);
    check_cubes(901, 1, true, 100);
    check_cubes(902, 1, false, 100); /* up to 1001 */
    check_cubes(-901, -1, true, 100);
    check_cubes(-902, -1, false, 100);
    check_cubes(1000, -20, true, 100);
    check_cubes(1020, -20, false, 100);
    check_cubes(2097100, 1, false, 52); /* 2097152 is the first that does not fit */
    check_cubes(2097152, 1, false, 0);
    check_cubes(-2097100, -1, false, 53); /* -2097152 fits, the next does not */
    check_cubes(0, 21183, false, 100);
    check_cubes(0, 21184, false, 99);
    check_cubes(INT64_MIN, INT64_MAX / 100, false, 0);
}

/* The item's number is that of the run. */
static void numbers_of_items(void)
{
    const pm_range range = {2097000, 1, 1000};
    const int64_t in_memory[] = {5, 2097151, 2097152, 7};
    const pm_computer computer = computer_of(&cube, PARMAP_INT64, PARMAP_VECTOR_BASELINE, false);
    CHECK_INT(pm_compute_range(&computer, &range, 100, 500, NULL, made), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "at item 152 (x = 2097152)");
    CHECK_INT(pm_compute_items(&computer, in_memory, 4000000000, 4, made), PARMAP_BAD_DATA);
    CHECK_HOLDS(parmap_message(), "at item 4000000002 (x = 2097152)");
}

/* What a formula says that can be the cause; wider types are a way out of an overflow only. */
static void causes(void)
{
    const int64_t far = 2097152;
    parmap_kernel other = cube;
    other.help = "a division by zero";
    const pm_computer computer = computer_of(&other, PARMAP_INT64, PARMAP_VECTOR_BASELINE, false);
    CHECK_INT(pm_compute_items(&computer, &far, 3, 1, made), PARMAP_BAD_DATA);
    CHECK_TEXT(parmap_message(), "x*x*x has no result at item 3 (x = 2097152): a division by "
                                 "zero; leave the item out");
}

/* No limit is set to the ranges of such a kernel but that of the type. */
static void ranges_of_checked_kernels(void)
{
    const pm_range far = {-2097152, 1, 4194304}, beyond = {INT64_MAX, 1, 2};
    CHECK(pm_kernel_checks(&cube_variant));
    CHECK_INT(pm_kernel_check_domain(&cube, PARMAP_INT64, &far, false), PARMAP_OK);
    CHECK_INT(pm_kernel_check_domain(&cube, PARMAP_INT64, &beyond, false), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "9223372036854775808");
}

/* Where nothing is proved there are no other loops than those that check: of numbers, for which
 * no input lies within the domain, and of records. */
static void nothing_proved(void)
{
    static const parmap_code only = {.input = PARMAP_INT64,
                                     .result = PARMAP_INT64,
                                     .checked_loops = THREE(cube_checked_span),
                                     .checked_array_loops = THREE(cube_checked_array)};
    static const parmap_field x = {"x", PARMAP_INT64, 0, {0}};
    static const parmap_layout layout = {8, 1, &x};
    static const parmap_code of_records = {.input = PARMAP_RECORD,
                                           .input_layout = &layout,
                                           .result = PARMAP_INT64,
                                           .checked_array_loops = THREE(cube_checked_array)};
    static const parmap_variant variants[] = {{&only, {1, 0}}, {&of_records, {1, 0}}};
    const parmap_kernel kernel = {
        .abi = PARMAP_KERNEL_ABI, .name = "bare", .variants = variants, .variant_count = 2};
    const int64_t in_memory[] = {-3, 2097151, 2097152, 0};
    const int64_t *y = (const void *)made;
    for (parmap_type type = PARMAP_INT64; type <= PARMAP_RECORD; type += PARMAP_RECORD) {
        const pm_computer computer = computer_of(&kernel, type, pm_vector_best(), false);
        CHECK_INT(pm_compute_items(&computer, in_memory, 0, 2, made), PARMAP_OK);
        CHECK(y[0] == -27 && y[1] == INT64_C(2097151) * 2097151 * 2097151);
        CHECK_INT(pm_compute_items(&computer, in_memory, 10, 4, made), PARMAP_BAD_DATA);
        CHECK_HOLDS(parmap_message(),
                    "bare has no result at item 12 (x = 2097152): an overflow; leave");
    }
    const pm_computer computer = computer_of(&kernel, PARMAP_INT64, pm_vector_best(), false);
    const pm_range range = {-10, 7, 5};
    CHECK_INT(pm_compute_range(&computer, &range, 0, 5, given, made), PARMAP_OK);
    for (int64_t i = 0; i < 5; i++)
        CHECK_INT(y[i], (7 * i - 10) * (7 * i - 10) * (7 * i - 10));
}

/* ---- outside the domain ---------------------------------------------------------------------- */

PARMAP_KERNEL(root, double, x, double)
{
    return sqrt(x);
}
PARMAP_DOMAIN(root, double, 0, 1000000);

PARMAP_KERNEL(third, uint8_t, x, uint8_t)
{
    return (uint8_t)(x / 3);
}
PARMAP_DOMAIN(third, uint8_t, 3, 99);

static void check_outside(const pm_computer *computer, const void *items, int64_t first,
                          int64_t count, const char *expected)
{
    CHECK_INT(pm_compute_items(computer, items, first, count, made), PARMAP_BAD_DATA);
    CHECK_TEXT(parmap_message(), expected);
}

static void outside_the_domain(void)
{
    static const int64_t places[] = {0, 1, 255, 256, 257, 511, MOST - 1};
    static uint8_t small[MOST];
    static double real[MOST];
    char expected[200];
    for (parmap_vector v = PARMAP_VECTOR_BASELINE; v <= pm_vector_best(); v++) {
        const pm_computer thirds = computer_of(&third, PARMAP_UINT8, v, false),
                          roots = computer_of(&root, PARMAP_FLOAT64, v, false),
                          lax = computer_of(&root, PARMAP_FLOAT64, v, true);
        memset(small, 50, sizeof small);
        for (int i = 0; i < MOST; i++)
            real[i] = i;
        CHECK_INT(pm_compute_items(&thirds, small, 0, MOST, made), PARMAP_OK);
        for (int p = 6; p >= 0; p--) { /* the first of them counts */
            const int64_t at = places[p];
            small[at] = p % 2 ? 100 : 2;
            snprintf(expected, sizeof expected,
                     "item %lld: third overflows uint8 at x = %s; leave it out",
                     (long long)(5000 + at),
                     p % 2 ? "100; largest exact x is 99" : "2; smallest exact x is 3");
            check_outside(&thirds, small, 5000, MOST, expected);
            real[at] = -0.5;
            snprintf(expected, sizeof expected,
                     "item %lld: root is not exact in float64 at x = -0.5; smallest exact x is 0; "
                     "leave it out; or allow it with --allow-rounding",
                     (long long)at);
            check_outside(&roots, real, 0, MOST, expected);
            CHECK_INT(pm_compute_items(&lax, real, 0, MOST, made), PARMAP_OK);
            CHECK(isnan(((const double *)(const void *)made)[at]));
        }
    }
}

/* ---- misuse ---------------------------------------------------------------------------------- */

static void wrong_descriptions(void)
{
    static const parmap_field field = {"x", PARMAP_INT32, 0, {0}};
    static const parmap_layout layout = {5, 1, &field};
    parmap_code code = *pm_kernel_find(&join, PARMAP_RECORD)->code;
    const parmap_variant variant = {&code, {0, 0}};
    parmap_kernel kernel = join;
    pm_computer computer;
    kernel.variants = &variant;
    code.input_layout = &layout;
    CHECK_INT(pm_computer_make(&computer, &kernel, PARMAP_RECORD, 0, false), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "describes its items wrongly");
    code = *pm_kernel_find(&join, PARMAP_RECORD)->code;
    code.result_layout = NULL;
    CHECK_INT(pm_computer_make(&computer, &kernel, PARMAP_RECORD, 0, false), PARMAP_USAGE);
    CHECK_INT(pm_computer_make(&computer, &join, PARMAP_INT64, 0, false), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "join takes records, no numbers");
    CHECK_INT(pm_computer_make(&computer, &third, PARMAP_RECORD, 0, false), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "choose --type uint8");
}

int main(void)
{
    static const check_case cases[] = {
        {"compute: numbers of every type", numbers},
        {"compute: the ends of 128 bits", ends_of_128_bits},
        {"compute: reals in memory", reals_in_memory},
        {"compute: records and arrays", records},
        {"compute: padding", padding},
        {"compute: whole blocks", whole_blocks},
        {"compute: blocks of records", blocks_of_records},
        {"compute: loops that check", checked_loops},
        {"compute: numbers of items", numbers_of_items},
        {"compute: causes", causes},
        {"compute: ranges of loops that check", ranges_of_checked_kernels},
        {"compute: nothing proved", nothing_proved},
        {"compute: outside the domain", outside_the_domain},
        {"compute: wrong descriptions", wrong_descriptions},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
