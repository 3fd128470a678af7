/* Which kernels are taken and which inputs, with the ways out; and the probe. */
#include "work/kernel.h"

#include "work/compute.h"
#include "work/probe.h"

#include "check.h"

PARMAP_KERNEL_TYPES(cube, x, x *x *x);
PARMAP_DOMAINS(cube, (-2097151, 2097151), (0, 2642245), (-5541191377756, 5541191377756),
               (-208063, 208063));

PARMAP_KERNEL_TYPES(other, x, x *x *x + (x == 500));
PARMAP_DOMAINS(other, (-2097151, 2097151), (0, 2642245), (-5541191377756, 5541191377756),
               (-208063, 208063));

PARMAP_KERNEL(half, int64_t, x, double)
{
    return 0.5 * (double)x;
}
PARMAP_DOMAIN(half, int64_t, -1000, 1000, .version = 3, .cost_s = 0.05);

static int calls;

PARMAP_KERNEL(counted, uint64_t, x, uint64_t)
{
    calls++;
    return x;
}
PARMAP_DOMAIN(counted, uint64_t, PARMAP_DOMAIN_UINT64, .cost_s = 0.05);

static pm_range range(parmap_int128 first, parmap_int128 step, int64_t count)
{
    return (pm_range){.first = first, .step = step, .count = count};
}

static void check_refused(parmap_type type, const pm_range *r, bool rounding, const char *expected)
{
    CHECK_INT(pm_kernel_check_domain(&cube, type, r, rounding), PARMAP_USAGE);
    CHECK_TEXT(parmap_message(), expected);
}

static void variants(void)
{
    const parmap_variant *variant = NULL;
    CHECK_INT(pm_kernel_variant(&cube, PARMAP_INT128, &variant), PARMAP_OK);
    CHECK(variant == &cube.variants[PARMAP_INT128]);
    CHECK_INT(variant->code->result, PARMAP_INT128);
    CHECK(pm_kernel_find(&cube, PARMAP_INT128) == variant);
    CHECK_INT(pm_kernel_variant(&half, PARMAP_INT64, &variant), PARMAP_OK);
    CHECK_INT(variant->code->result, PARMAP_FLOAT64);
    CHECK_INT(pm_kernel_input_bytes(variant->code), 8);
    CHECK_INT(pm_kernel_result_bytes(variant->code), 8);
    CHECK_INT(half.version, 3);
    for (parmap_type t = PARMAP_UINT64; t <= PARMAP_RECORD; t++) {
        CHECK(pm_kernel_find(&half, t) == NULL);
        CHECK_INT(pm_kernel_variant(&half, t, &variant), PARMAP_USAGE);
        CHECK_HOLDS(parmap_message(), "half has no kernel for ");
        CHECK_HOLDS(parmap_message(), "choose --type int64");
    }
}

static void missing_types(void)
{
    const parmap_variant two[] = {*pm_kernel_find(&cube, PARMAP_INT64),
                                  *pm_kernel_find(&cube, PARMAP_INT128)};
    parmap_kernel some = cube;
    const parmap_variant *variant = NULL;
    some.variants = two;
    some.variant_count = 2;
    CHECK_INT(pm_kernel_variant(&some, PARMAP_INT128, &variant), PARMAP_OK);
    CHECK(variant == &two[1]);
    CHECK_INT(pm_kernel_variant(&some, PARMAP_UINT64, &variant), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "--type int64 or int128");
}

static void other_abi(void)
{
    parmap_kernel old = cube;
    const parmap_variant *variant = NULL;
    old.abi = PARMAP_KERNEL_ABI + 1;
    CHECK_INT(pm_kernel_variant(&old, PARMAP_INT64, &variant), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "another parmap.h");
    CHECK_HOLDS(parmap_message(), "ABI 5, the library has 4");
    CHECK_HOLDS(parmap_message(), "compile it again");
    old.abi = 3; /* one variant for each of four types */
    CHECK_INT(pm_kernel_variant(&old, PARMAP_INT64, &variant), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "ABI 3, the library has 4");
}

static void inside(void)
{
    static const pm_range taken[] = {
        {1, 1, 1000000},        {-2097151, 1, 2 * 2097151 + 1},
        {2097151, -1, 4194303}, {2097151, 1, 1},
        {-2097151, 4194302, 2}, {-2097150, 7, 599185},
        {2097151, -4194302, 2}, {0, INT64_MAX, 1},
    };
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        CHECK_INT(pm_kernel_check_domain(&cube, PARMAP_INT64, &taken[i], false), PARMAP_OK);
}

static void ascending(void)
{
    pm_range r = range(1, 1, 2097152);
    check_refused(PARMAP_INT64, &r, false,
                  "cube overflows int64 at x = 2097152; largest exact x is 2097151; use --type "
                  "uint64 or --type int128 or --type float64 --allow-rounding");
    r = range(0, 1000, 10000);
    check_refused(PARMAP_INT64, &r, false,
                  "cube overflows int64 at x = 2098000; largest exact x is 2097151; use --type "
                  "int128 or --type float64 --allow-rounding");
    r = range(2097151, 1, 5);
    CHECK_INT(pm_kernel_check_domain(&cube, PARMAP_INT64, &r, false), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "at x = 2097152;");
    r = range(-2097160, 1, 100);
    CHECK_INT(pm_kernel_check_domain(&cube, PARMAP_INT64, &r, false), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "at x = -2097160; smallest exact x is -2097151;");
}

static void descending(void)
{
    pm_range r = range(5, -1, 10);
    check_refused(PARMAP_UINT64, &r, false,
                  "cube overflows uint64 at x = -1; smallest exact x is 0; use --type int64 or "
                  "--type int128 or --type float64");
    r = range(5, -3, 3);
    CHECK_INT(pm_kernel_check_domain(&cube, PARMAP_UINT64, &r, false), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "at x = -1;");
    r = range(6, -3, 4);
    CHECK_INT(pm_kernel_check_domain(&cube, PARMAP_UINT64, &r, false), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "at x = -3;");
    r = range(2642246, -1, 3);
    CHECK_INT(pm_kernel_check_domain(&cube, PARMAP_UINT64, &r, false), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "at x = 2642246; largest exact x is 2642245;");
}

/* Steps so long that a 64-bit difference would wrap. */
static void long_steps(void)
{
    const pm_range up = range(-2097151, INT64_MAX, 3), down = range(0, INT64_MIN, 2);
    CHECK_INT(pm_kernel_check_domain(&cube, PARMAP_INT64, &up, false), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "at x = 9223372036852678656; largest");
    CHECK_INT(pm_kernel_check_domain(&cube, PARMAP_INT64, &down, false), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "at x = -9223372036854775808; smallest");
}

static void rounding(void)
{
    pm_range r = range(1, 1, 208064);
    check_refused(PARMAP_FLOAT64, &r, false,
                  "cube is not exact in float64 at x = 208064; largest exact x is 208063; use "
                  "--type int64 or --type uint64 or --type int128 or --type float64 "
                  "--allow-rounding");
    CHECK_INT(pm_kernel_check_domain(&cube, PARMAP_FLOAT64, &r, true), PARMAP_OK);
    r = range(1, 1, 2097152);
    CHECK_INT(pm_kernel_check_domain(&cube, PARMAP_INT64, &r, true), PARMAP_USAGE);
    r = range(INT64_MAX, -1, 2);
    CHECK_INT(pm_kernel_check_domain(&cube, PARMAP_FLOAT64, &r, true), PARMAP_OK);
    r = range((parmap_int128)INT64_MAX + 1, -1, 2); /* inputs are generated in int64 */
    CHECK_INT(pm_kernel_check_domain(&cube, PARMAP_FLOAT64, &r, true), PARMAP_USAGE);
}

static void no_way_out(void)
{
    const pm_range r = range(UINT64_MAX, 1, 2);
    check_refused(PARMAP_INT128, &r, false,
                  "cube overflows int128 at x = 18446744073709551615; largest exact x is "
                  "5541191377756; choose a smaller --range");
}

typedef struct probed {
    pm_computer computer;
    pm_range range;
} probed;

static parmap_status compute_probed(void *context, int64_t item, void *result)
{
    const probed *p = context;
    return pm_compute_range(&p->computer, &p->range, item, 1, NULL, result);
}

static uint64_t probe(const parmap_kernel *kernel, parmap_type type, parmap_int128 first,
                      parmap_int128 step, int64_t count)
{
    probed p = {.range = range(first, step, count)};
    uint64_t probe = 0;
    CHECK_INT(pm_computer_make(&p.computer, kernel, type, PARMAP_VECTOR_BASELINE, false),
              PARMAP_OK);
    CHECK_INT(pm_probe(count, pm_probe_count(kernel->cost_s), p.computer.result.bytes,
                       compute_probed, &p, &probe),
              PARMAP_OK);
    return probe;
}

static void probes(void)
{
    const uint64_t usual = probe(&cube, PARMAP_INT64, 1, 1, 1000000);
    CHECK_INT(probe(&cube, PARMAP_INT64, 1, 1, 1000000), usual);
    CHECK_INT(probe(&cube, PARMAP_UINT64, 1, 1, 1000000), usual); /* the same bytes */
    CHECK(probe(&cube, PARMAP_FLOAT64, 1, 1, 1000000) != usual);
    CHECK(probe(&cube, PARMAP_INT64, 1, 1, 1000001) != usual);
    CHECK(probe(&cube, PARMAP_INT64, 2, 1, 1000000) != usual);
    CHECK(probe(&cube, PARMAP_INT64, 1000000, -1, 1000000) != usual);
    /* differs at x = 500 alone, one of the items when the range is as short as that */
    CHECK(probe(&other, PARMAP_INT64, 500, 1, 64) != probe(&cube, PARMAP_INT64, 500, 1, 64));
    CHECK_INT(probe(&other, PARMAP_INT64, 501, 1, 64), probe(&cube, PARMAP_INT64, 501, 1, 64));
    CHECK(probe(&other, PARMAP_INT64, 500, 1, 1) != probe(&cube, PARMAP_INT64, 500, 1, 1));
    probe(&counted, PARMAP_UINT64, 1, 2, INT64_MAX); /* only that it does not overflow */
}

static void slow_probes(void)
{
    calls = 0;
    probe(&counted, PARMAP_UINT64, 0, 1, 1000);
    CHECK_INT(calls, 2); /* 0.1 s */
    parmap_kernel slower = counted;
    slower.cost_s = 60;
    CHECK_INT(probe(&slower, PARMAP_UINT64, 0, 1, 1000), 0);
    CHECK_INT(calls, 2);
}

/* A domain that says more than the type can hold is cut to the type. */
static void wide_domains(void)
{
    const parmap_int128 far = (parmap_int128)1 << 70;
    const pm_range beyond = {(parmap_int128)INT64_MAX, 1, 2}, inside_it = {INT64_MAX - 1, 1, 2};
    parmap_variant variants[4];
    parmap_kernel wide = cube;
    wide.variants = variants;
    CHECK_INT(cube.variant_count, 4);
    for (int i = 0; i < cube.variant_count; i++)
        variants[i] = (parmap_variant){cube.variants[i].code, {-far, far}};
    CHECK_INT(pm_kernel_check_domain(&wide, PARMAP_INT64, &inside_it, false), PARMAP_OK);
    CHECK_INT(pm_kernel_check_domain(&wide, PARMAP_INT64, &beyond, false), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "at x = 9223372036854775808");
    CHECK_INT(pm_kernel_check_domain(&wide, PARMAP_FLOAT64, &beyond, false), PARMAP_USAGE);
    CHECK_INT(pm_kernel_check_domain(&wide, PARMAP_FLOAT64, &beyond, true), PARMAP_USAGE);
    CHECK_INT(pm_kernel_check_domain(&wide, PARMAP_UINT64, &beyond, false), PARMAP_OK);
    CHECK_INT(pm_kernel_check_domain(&wide, PARMAP_INT128, &beyond, false), PARMAP_OK);
}

static void vectors(void)
{
    CHECK_TEXT(pm_vector_name(PARMAP_VECTOR_BASELINE), "baseline");
    CHECK_TEXT(pm_vector_name(PARMAP_VECTOR_V3), "v3");
    CHECK_TEXT(pm_vector_name(PARMAP_VECTOR_V4), "v4");
#if defined(__x86_64__)
    const parmap_vector best = pm_vector_best();
    CHECK(best == PARMAP_VECTOR_BASELINE || __builtin_cpu_supports("avx2"));
    CHECK(best != PARMAP_VECTOR_V4 || __builtin_cpu_supports("avx512vl"));
#endif
}

int main(void)
{
    static const check_case cases[] = {
        {"kernel: variants", variants},
        {"kernel: missing types", missing_types},
        {"kernel: another ABI", other_abi},
        {"kernel: ranges inside", inside},
        {"kernel: ascending over the edge", ascending},
        {"kernel: descending over the edge", descending},
        {"kernel: long steps", long_steps},
        {"kernel: rounding", rounding},
        {"kernel: no way out", no_way_out},
        {"kernel: probes", probes},
        {"kernel: probes of slow kernels", slow_probes},
        {"kernel: domains wider than the type", wide_domains},
        {"kernel: vector units", vectors},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
