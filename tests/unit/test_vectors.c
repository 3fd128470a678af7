/* Every vector copy of a kernel's loop gives the bits that plain scalar arithmetic gives: kernels
 * like those of the jobs, and some whose rounding would show contraction or reordering. */
#include "work/kernel.h"

#include "base/types.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

enum { ITEMS = 1021, GUARD = 64 };

PARMAP_KERNEL_TYPES(cube, x, x *x *x);
PARMAP_DOMAINS(cube, (-2097151, 2097151), (0, 2642245), (-5541191377756, 5541191377756),
               (-208063, 208063));

PARMAP_KERNEL_TYPES(square, x, x *x);
PARMAP_DOMAINS(square, (-3037000499, 3037000499), (0, 4294967295),
               (-(parmap_int128)13043817825332782212u, 13043817825332782212u),
               (-94906265, 94906265));

PARMAP_KERNEL(fused, double, x, double)
{
    return x * x + x * 1.7;
}
PARMAP_DOMAIN(fused, double, PARMAP_DOMAIN_FLOAT64);

PARMAP_KERNEL(quotient, double, x, double)
{
    return (x * 0.1 + 1.0 / 3.0) / (x * x + 1e-3);
}
PARMAP_DOMAIN(quotient, double, PARMAP_DOMAIN_FLOAT64);

PARMAP_KERNEL(thirds, int64_t, x, double)
{
    return (double)x / 3.0;
}
PARMAP_DOMAIN(thirds, int64_t, PARMAP_DOMAIN_INT64);

PARMAP_KERNEL(mixed, uint64_t, x, int64_t)
{
    uint64_t z = x * 0x9e3779b97f4a7c15u;
    z ^= z >> 29;
    return (int64_t)(z % 1000003u) - (int64_t)(z & 4095u);
}
PARMAP_DOMAIN(mixed, uint64_t, PARMAP_DOMAIN_UINT64);

typedef union result {
    int64_t i;
    uint64_t u;
    double r;
    parmap_int128 w;
} result;

/* volatile keeps the compiler from fusing, reordering and vectorising. */
static result scalar_cube(parmap_type type, parmap_int128 x)
{
    volatile parmap_uint128 w = (parmap_uint128)x;
    volatile double r = (double)(int64_t)x;
    result y = {.w = 0};
    w = w * (parmap_uint128)x * (parmap_uint128)x;
    r = r * r;
    r = r * (double)(int64_t)x;
    if (type == PARMAP_FLOAT64)
        y.r = r;
    else if (type == PARMAP_INT128)
        y.w = (parmap_int128)w;
    else
        y.u = (uint64_t)w;
    return y;
}

static result scalar_square(parmap_type type, parmap_int128 x)
{
    volatile parmap_uint128 w = (parmap_uint128)x;
    volatile double r = (double)(int64_t)x;
    result y = {.w = 0};
    w = w * w;
    r = r * r;
    if (type == PARMAP_FLOAT64)
        y.r = r;
    else if (type == PARMAP_INT128)
        y.w = (parmap_int128)w;
    else
        y.u = (uint64_t)w;
    return y;
}

static result scalar_fused(parmap_type type, parmap_int128 x)
{
    (void)type;
    volatile double r = (double)(int64_t)x, a = r * r, b = r * 1.7, sum = a + b;
    return (result){.r = sum};
}

static result scalar_quotient(parmap_type type, parmap_int128 x)
{
    (void)type;
    volatile double r = (double)(int64_t)x, a = r * 0.1, third = 1.0 / 3.0, up = a + third;
    volatile double b = r * r, down = b + 1e-3, quotient_is = up / down;
    return (result){.r = quotient_is};
}

static result scalar_thirds(parmap_type type, parmap_int128 x)
{
    (void)type;
    volatile double r = (double)(int64_t)x, third = r / 3.0;
    return (result){.r = third};
}

static result scalar_mixed(parmap_type type, parmap_int128 x)
{
    (void)type;
    volatile uint64_t z = (uint64_t)x * 0x9e3779b97f4a7c15u;
    z = z ^ (z >> 29);
    volatile int64_t a = (int64_t)(z % 1000003u), b = (int64_t)(z & 4095u);
    return (result){.i = a - b};
}

static int spans; /* that were checked */

typedef result scalar(parmap_type type, parmap_int128 x);

static struct {
    _Alignas(64) unsigned char bytes[ITEMS * 16 + GUARD];
} results;

/* Runs one copy over a span, and compares it item by item with the scalar code. */
static void check_span(const parmap_kernel *kernel, parmap_type type, parmap_vector vector,
                       const parmap_span *span, scalar *expected)
{
    const parmap_code *code = pm_kernel_find(kernel, type)->code;
    const size_t bytes = pm_kernel_result_bytes(code), end = (size_t)span->count * bytes;
    int64_t differences = 0;
    memset(results.bytes, 0xa5, sizeof results.bytes);
    CHECK_INT(code->loops[vector](span, results.bytes), span->count);
    for (int64_t i = 0; i < span->count; i++) {
        const result y = expected(type, span->first + i * span->step);
        differences += memcmp(results.bytes + (size_t)i * bytes, &y, bytes) != 0;
    }
    for (size_t at = end; at < end + GUARD; at++)
        differences += results.bytes[at] != 0xa5; /* written past the end */
    if (differences > 0)
        printf("# %s, %s, %s, first %lld, step %lld, %lld items\n", kernel->name,
               pm_type_name(type), pm_vector_name(vector), (long long)span->first,
               (long long)span->step, (long long)span->count);
    CHECK_INT(differences, 0);
}

/* All copies over spans of many lengths from `first`, as far as they lie within the domain. */
static void check_spans(const parmap_kernel *kernel, parmap_type type, parmap_int128 first,
                        int64_t step, scalar *expected)
{
    static const int64_t counts[] = {1, 2, 3, 5, 8, 17, 64, ITEMS};
    const parmap_domain *domain = &pm_kernel_find(kernel, type)->domain;
    for (int c = 0; c < 8; c++) {
        const parmap_span span = {first, step, counts[c]};
        const parmap_int128 last = first + (parmap_int128)step * (counts[c] - 1);
        if (first < domain->min || first > domain->max || last < domain->min || last > domain->max)
            return;
        for (parmap_vector v = PARMAP_VECTOR_BASELINE; v <= pm_vector_best(); v++)
            check_span(kernel, type, v, &span, expected);
        spans++;
    }
}

/* All types of a kernel, all steps, at both ends of the domain and around zero. */
static void check_kernel(const parmap_kernel *kernel, scalar *expected)
{
    static const int64_t steps[] = {1, 3, -7, 100003};
    for (int i = 0; i < kernel->variant_count; i++) {
        const parmap_type type = kernel->variants[i].code->input;
        const parmap_domain *domain = &kernel->variants[i].domain;
        spans = 0;
        for (int s = 0; s < 4; s++) {
            const parmap_int128 reach = steps[s] * (parmap_int128)(ITEMS - 1);
            const parmap_int128 low = domain->min - (reach < 0 ? reach : 0),
                                high = domain->max - (reach > 0 ? reach : 0);
            check_spans(kernel, type, low, steps[s], expected);
            check_spans(kernel, type, high, steps[s], expected);
            check_spans(kernel, type, -500, steps[s], expected);
            check_spans(kernel, type, low / 3 * 2 + high / 3, steps[s], expected);
        }
        CHECK(spans >= 72); /* all but the longest of the longest step */
    }
}

static void cubes(void)
{
    check_kernel(&cube, scalar_cube);
}

static void squares(void)
{
    check_kernel(&square, scalar_square);
}

static void contraction(void)
{
    check_kernel(&fused, scalar_fused);
}

static void division(void)
{
    check_kernel(&quotient, scalar_quotient);
    check_kernel(&thirds, scalar_thirds);
}

static void bits(void)
{
    check_kernel(&mixed, scalar_mixed);
}

/* That the copies are there to be compared: on x86-64 three different functions. */
static void copies(void)
{
    const parmap_variant *variant = pm_kernel_find(&cube, PARMAP_INT64);
    CHECK(variant->code->loops[PARMAP_VECTOR_BASELINE] != NULL);
#if defined(__x86_64__)
    CHECK(variant->code->loops[PARMAP_VECTOR_V3] != NULL);
    CHECK(variant->code->loops[PARMAP_VECTOR_V4] != NULL);
    CHECK(variant->code->loops[PARMAP_VECTOR_V3] != variant->code->loops[PARMAP_VECTOR_BASELINE]);
    CHECK(variant->code->loops[PARMAP_VECTOR_V4] != variant->code->loops[PARMAP_VECTOR_V3]);
    printf("# this processor runs copies up to %s\n", pm_vector_name(pm_vector_best()));
#endif
}

int main(void)
{
    static const check_case cases[] = {
        {"vectors: the copies", copies},        {"vectors: cubes", cubes},
        {"vectors: squares", squares},          {"vectors: no contraction", contraction},
        {"vectors: division, reals", division}, {"vectors: bits and remainders", bits},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
