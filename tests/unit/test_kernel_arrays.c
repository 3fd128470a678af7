/* Kernels over arrays: all types, vector units, counts and places in memory, against plain
 * arithmetic and the loops over spans; and the items outside the domain. */
#include "work/kernel.h"

#include "base/types.h"

#include "check.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 100003, GUARD = 64, UNSET = 0xa5 };

PARMAP_KERNEL_TYPES(cube, x, x *x *x);
PARMAP_DOMAINS(cube, (-2097152, 2097151), (0, 2642245), (-5541191377756, 5541191377756),
               (-208063, 208063));

/* Takes everything. */
PARMAP_KERNEL_TYPES(same, x, x);
PARMAP_DOMAINS(same, (0, 0), (0, 0), (0, 0), (0, 0));

/* Rounded at every step, so that contraction and reordering would show. */
PARMAP_KERNEL(fused, double, x, double)
{
    return x * x + x * 1.7;
}
PARMAP_DOMAIN(fused, double, PARMAP_DOMAIN_FLOAT64);

/* Results of another size than inputs, both ways. */
PARMAP_KERNEL(widened, int64_t, x, parmap_int128)
{
    return (parmap_int128)x * x;
}
PARMAP_DOMAIN(widened, int64_t, PARMAP_DOMAIN_INT64);

PARMAP_KERNEL(narrowed, parmap_int128, x, int64_t)
{
    return (int64_t)x - 1;
}
PARMAP_DOMAIN(narrowed, parmap_int128, -1000, 1000);

/* An item of any type, in its first 8 or all its 16 bytes. */
typedef union item {
    int64_t i;
    uint64_t u;
    double r;
    parmap_int128 w;
} item;

static item item_of(parmap_type type, parmap_int128 x)
{
    item made = {.w = x};
    if (type == PARMAP_FLOAT64)
        made = (item){.r = (double)x};
    return made;
}

/* volatile keeps the compiler from fusing and vectorising. */
static item plain(const parmap_kernel *kernel, parmap_type type, const item *x)
{
    item y = {.w = 0};
    if (kernel == &fused) {
        volatile double square = x->r * x->r, part = x->r * 1.7, sum = square + part;
        y.r = sum;
    } else if (kernel == &widened) {
        y.w = (parmap_int128)x->i * x->i;
    } else if (kernel == &narrowed) {
        y.i = (int64_t)x->w - 1;
    } else if (type == PARMAP_FLOAT64) {
        volatile double square = x->r * x->r, product = square * x->r;
        y.r = product;
    } else if (type == PARMAP_INT128) {
        y.w = x->w * x->w * x->w;
    } else {
        y.u = x->u * x->u * x->u;
    }
    return y;
}

/* One array of inputs and one of results, aligned as the items are and no more. */
typedef struct arrays {
    const parmap_kernel *kernel;
    parmap_type type;
    size_t in, out; /* bytes of an item */
    unsigned char *inputs, *results;
    int64_t count;
} arrays;

static struct {
    _Alignas(64) unsigned char inputs[(MOST + 8) * 16], results[(MOST + 8) * 16 + GUARD];
} memory;

static arrays arrays_of(const parmap_kernel *kernel, parmap_type type, int64_t count, int shift)
{
    const parmap_code *code = pm_kernel_find(kernel, type)->code;
    const size_t in = pm_kernel_input_bytes(code), out = pm_kernel_result_bytes(code);
    return (arrays){.kernel = kernel,
                    .type = type,
                    .in = in,
                    .out = out,
                    .inputs = memory.inputs + (size_t)shift * in,
                    .results = memory.results + (size_t)(shift * 3 % 4) * out,
                    .count = count};
}

static void put(const arrays *a, int64_t i, item x)
{
    memcpy(a->inputs + (size_t)i * a->in, &x, a->in);
}

static item get(const arrays *a, int64_t i)
{
    item x = {.w = 0};
    memcpy(&x, a->inputs + (size_t)i * a->in, a->in);
    return x;
}

/* Whole numbers all over the domain, in no order. */
static void fill(const arrays *a)
{
    const parmap_domain *domain = &pm_kernel_find(a->kernel, a->type)->domain;
    const parmap_uint128 span = (parmap_uint128)domain->max - (parmap_uint128)domain->min;
    uint64_t random = 1;
    for (int64_t i = 0; i < a->count; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const parmap_uint128 step =
            span == UINT64_MAX ? random : (parmap_uint128)(random >> 8) % (span + 1);
        put(a, i, item_of(a->type, (parmap_int128)((parmap_uint128)domain->min + step)));
    }
    if (a->count >= 2) {
        put(a, a->count / 2, item_of(a->type, domain->min));
        put(a, a->count - 1, item_of(a->type, domain->max));
    }
}

static bool is_one_of(const int64_t *places, int64_t count, int64_t i)
{
    for (int64_t p = 0; p < count; p++)
        if (places[p] == i)
            return true;
    return false;
}

/* Maps with every vector unit; the items at `outside` (ascending) must be left out, all others
 * computed, and nothing else written. */
static void check_map(const arrays *a, const int64_t *outside, int64_t failing)
{
    for (parmap_vector v = PARMAP_VECTOR_BASELINE; v <= pm_vector_best(); v++) {
        int64_t first = 12345, wrong = 0;
        memset(memory.results, UNSET, sizeof memory.results);
        CHECK_INT(pm_kernel_map(a->kernel, a->type, v, a->inputs, a->results, a->count, &first),
                  failing);
        CHECK_INT(first, failing > 0 ? outside[0] : -1);
        for (int64_t i = 0; i < a->count; i++) {
            const item x = get(a, i);
            item y;
            memset(&y, UNSET, sizeof y);
            if (!is_one_of(outside, failing, i))
                y = plain(a->kernel, a->type, &x);
            wrong += memcmp(a->results + (size_t)i * a->out, &y, a->out) != 0;
        }
        const unsigned char *end = a->results + (size_t)a->count * a->out;
        for (const unsigned char *at = memory.results; at < memory.results + sizeof memory.results;
             at = at + 1 == a->results ? end : at + 1)
            wrong += *at != UNSET && (at < a->results || at >= end);
        if (wrong > 0)
            printf("# %s, %s, %s, %lld items, shift %lld\n", a->kernel->name, pm_type_name(a->type),
                   pm_vector_name(v), (long long)a->count, (long long)(a->inputs - memory.inputs));
        CHECK_INT(wrong, 0);
    }
}

static void check_kernel(const parmap_kernel *kernel, parmap_type type)
{
    static const int64_t counts[] = {0, 1, 3, 191, 192, 193, 1023, 1025, MOST};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        for (int shift = 0; shift < 4; shift++) {
            const arrays a = arrays_of(kernel, type, counts[c], shift);
            fill(&a);
            check_map(&a, NULL, 0);
        }
    }
}

static void all_types(void)
{
    for (parmap_type type = PARMAP_INT64; type <= PARMAP_FLOAT64; type++)
        check_kernel(&cube, type);
}

static void contraction(void)
{
    check_kernel(&fused, PARMAP_FLOAT64);
    const arrays a = arrays_of(&fused, PARMAP_FLOAT64, 1025, 1);
    for (int64_t i = 0; i < a.count; i++)
        put(&a, i, (item){.r = 0.1 * (double)i - 40.0}); /* not whole: taken as it is */
    check_map(&a, NULL, 0);
}

static void sizes(void)
{
    check_kernel(&widened, PARMAP_INT64);
    check_kernel(&narrowed, PARMAP_INT128);
}

/* The loops over arrays give the bits of those over spans. */
static void spans(void)
{
    enum { ITEMS = 1021 };
    static _Alignas(64) unsigned char by_span[ITEMS * 16];
    for (parmap_type type = PARMAP_INT64; type <= PARMAP_FLOAT64; type++) {
        const parmap_kernel *kernel = type == PARMAP_FLOAT64 ? &fused : &cube;
        const arrays a = arrays_of(kernel, type, ITEMS, 1);
        const parmap_span span = {7, 173, ITEMS};
        for (int64_t i = 0; i < ITEMS; i++)
            put(&a, i, item_of(type, span.first + span.step * i));
        for (parmap_vector v = PARMAP_VECTOR_BASELINE; v <= pm_vector_best(); v++) {
            const parmap_code *code = pm_kernel_find(kernel, type)->code;
            CHECK_INT(code->loops[v](&span, by_span), ITEMS);
            CHECK_INT(code->array_loops[v](a.inputs, a.results, ITEMS), ITEMS);
            CHECK(memcmp(by_span, a.results, ITEMS * a.out) == 0);
        }
    }
}

/* Each value outside, at the first, last and middle places and on both sides of a piece's end,
 * alone and together. */
static void check_outside(const parmap_kernel *kernel, parmap_type type, item value)
{
    static const int64_t places[] = {0, 95, 96, 191, 192, 511, 1022, 1023, 1024};
    enum { PLACES = sizeof places / sizeof places[0] };
    const arrays a = arrays_of(kernel, type, 1025, 1);
    for (int p = 0; p < PLACES; p++) {
        fill(&a);
        put(&a, places[p], value);
        check_map(&a, &places[p], 1);
    }
    for (int p = 0; p < PLACES; p++)
        put(&a, places[p], value);
    check_map(&a, places, PLACES);
    const arrays single = arrays_of(kernel, type, 1, 1);
    put(&single, 0, value);
    check_map(&single, places, 1);
}

static void outside_integers(void)
{
    for (parmap_type type = PARMAP_INT64; type <= PARMAP_INT128; type++) {
        const parmap_domain *domain = &pm_kernel_find(&cube, type)->domain;
        check_outside(&cube, type, item_of(type, domain->max + 1));
        if (type != PARMAP_UINT64)
            check_outside(&cube, type, item_of(type, domain->min - 1));
    }
    check_outside(&cube, PARMAP_INT64, (item){.i = INT64_MAX});
    check_outside(&cube, PARMAP_INT64, (item){.i = INT64_MIN});
    check_outside(&cube, PARMAP_UINT64, (item){.u = UINT64_MAX});
    check_outside(&cube, PARMAP_UINT64, (item){.u = (uint64_t)1 << 63});
    const parmap_int128 most = (parmap_int128)(~(parmap_uint128)0 >> 1);
    check_outside(&cube, PARMAP_INT128, (item){.w = most});
    check_outside(&cube, PARMAP_INT128, (item){.w = -most - 1});
    check_outside(&cube, PARMAP_INT128, (item){.w = (parmap_int128)1 << 64}); /* low half 0 */
    check_outside(&narrowed, PARMAP_INT128, (item){.w = -1001});
}

static void outside_reals(void)
{
    static const double values[] = {208064, -208064, 208063.5, -DBL_MAX,
                                    1e300,  NAN,     INFINITY, -INFINITY};
    for (size_t v = 0; v < sizeof values / sizeof values[0]; v++)
        check_outside(&cube, PARMAP_FLOAT64, (item){.r = values[v]});
    check_outside(&cube, PARMAP_FLOAT64, (item){.r = nextafter(-208063.0, -INFINITY)});
    check_outside(&cube, PARMAP_FLOAT64, (item){.r = -NAN});
    check_outside(&fused, PARMAP_FLOAT64, (item){.r = 9007199254740994.0});
}

static void everything_outside(void)
{
    static int64_t places[1025];
    const arrays a = arrays_of(&cube, PARMAP_INT64, 1025, 1);
    for (int64_t i = 0; i < a.count; i++) {
        places[i] = i;
        put(&a, i, (item){.i = 2097152 + i});
    }
    check_map(&a, places, a.count);
}

/* Whether `x` is taken with the domain low..high. */
static bool taken(parmap_type type, parmap_int128 low, parmap_int128 high, item x)
{
    const parmap_variant variant = {pm_kernel_find(&same, type)->code, {low, high}};
    parmap_kernel kernel = same;
    item y;
    int64_t first, outside = 0;
    kernel.variants = &variant;
    kernel.variant_count = 1;
    for (parmap_vector v = PARMAP_VECTOR_BASELINE; v <= pm_vector_best(); v++)
        outside += pm_kernel_map(&kernel, type, v, &x, &y, 1, &first);
    CHECK(outside == 0 || outside == (int64_t)pm_vector_best() + 1);
    return outside == 0;
}

/* Domains of all widths, around the middle of the unsigned numbers and at the ends of the type. */
static void integer_ends(void)
{
    static const uint64_t ends[] = {0,
                                    1,
                                    5,
                                    INT64_MAX - 1,
                                    INT64_MAX,
                                    (uint64_t)INT64_MAX + 1,
                                    (uint64_t)INT64_MAX + 2,
                                    UINT64_MAX - 5,
                                    UINT64_MAX - 1,
                                    UINT64_MAX};
    enum { ENDS = sizeof ends / sizeof ends[0] };
    int64_t wrong = 0;
    for (int l = 0; l < ENDS; l++) {
        for (int h = 0; h < ENDS; h++) {
            for (int n = 0; n < ENDS; n++) {
                const uint64_t low = ends[l], high = ends[h], x = ends[n];
                const int64_t s = (int64_t)x, from = (int64_t)low, to = (int64_t)high;
                const parmap_int128 far = (parmap_int128)1 << 64;
                wrong += taken(PARMAP_UINT64, low, high, (item){.u = x}) != (x >= low && x <= high);
                wrong += taken(PARMAP_INT64, from, to, (item){.i = s}) != (s >= from && s <= to);
                wrong += taken(PARMAP_INT128, from * far, to * far, (item){.w = s * far}) !=
                         (s >= from && s <= to);
            }
        }
    }
    CHECK_INT(wrong, 0);
}

/* Ends that no double has are rounded inwards; those beyond the type do not matter. */
static void real_ends(void)
{
    const parmap_int128 odd = ((parmap_int128)1 << 53) + 1, far = (parmap_int128)1 << 100,
                        most = (parmap_int128)(~(parmap_uint128)0 >> 1);
    CHECK(!taken(PARMAP_FLOAT64, odd, far, (item){.r = 0x1p53}));
    CHECK(taken(PARMAP_FLOAT64, odd, far, (item){.r = 0x1p53 + 2}));
    CHECK(taken(PARMAP_FLOAT64, -far, -odd, (item){.r = -0x1p53 - 2}));
    CHECK(!taken(PARMAP_FLOAT64, -far, -odd, (item){.r = -0x1p53}));
    CHECK(!taken(PARMAP_FLOAT64, odd, odd, (item){.r = 0x1p53}));
    CHECK(taken(PARMAP_FLOAT64, -far, far, (item){.r = 0x1p100})); /* beyond int64 */
    CHECK(!taken(PARMAP_FLOAT64, -far, far, (item){.r = 0x1.8p100}));
    CHECK(taken(PARMAP_FLOAT64, -most - 1, most, (item){.r = -0x1p127}));
    CHECK(!taken(PARMAP_FLOAT64, -most - 1, most, (item){.r = 0x1p127}));
    CHECK(taken(PARMAP_FLOAT64, -most - 1, most, (item){.r = -0.0}));
    CHECK(taken(PARMAP_INT64, -far, far, (item){.i = INT64_MIN}));
    CHECK(taken(PARMAP_UINT64, -far, far, (item){.u = UINT64_MAX}));
    CHECK(!taken(PARMAP_UINT64, -9, -1, (item){.u = UINT64_MAX})); /* nothing is within */
    CHECK(!taken(PARMAP_UINT64, -9, -1, (item){.u = 0}));
}

static void check_words(parmap_type type, item x, const char *expected)
{
    CHECK_INT(pm_kernel_fail_item(&cube, type, &x), PARMAP_USAGE);
    CHECK_TEXT(parmap_message(), expected);
}

static void words(void)
{
    check_words(PARMAP_INT64, (item){.i = 2097153},
                "cube overflows int64 at x = 2097153; largest exact x is 2097151; use inputs of "
                "uint64 or int128");
    check_words(PARMAP_INT64, (item){.i = -2097153},
                "cube overflows int64 at x = -2097153; smallest exact x is -2097152; use inputs "
                "of int128");
    check_words(PARMAP_UINT64, (item){.u = UINT64_MAX},
                "cube overflows uint64 at x = 18446744073709551615; largest exact x is 2642245; "
                "leave it out");
    check_words(PARMAP_INT128, (item){.w = -5541191377757},
                "cube overflows int128 at x = -5541191377757; smallest exact x is "
                "-5541191377756; leave it out");
    check_words(PARMAP_FLOAT64, (item){.r = 208064},
                "cube is not exact in float64 at x = 208064; largest exact x is 208063; use "
                "inputs of int64 or uint64 or int128");
    check_words(PARMAP_FLOAT64, (item){.r = -208063.5},
                "cube is not exact in float64 at x = -208063.5; smallest exact x is -208063; "
                "leave it out");
    check_words(PARMAP_FLOAT64, (item){.r = INFINITY},
                "cube is not exact in float64 at x = inf; largest exact x is 208063; leave it "
                "out");
    check_words(PARMAP_FLOAT64, (item){.r = NAN}, "cube takes no NaN; leave it out");
}

int main(void)
{
    static const check_case cases[] = {
        {"arrays: all types", all_types},
        {"arrays: no contraction", contraction},
        {"arrays: results of another size", sizes},
        {"arrays: the bits of spans", spans},
        {"arrays: integers outside", outside_integers},
        {"arrays: reals outside", outside_reals},
        {"arrays: everything outside", everything_outside},
        {"arrays: ends of integers", integer_ends},
        {"arrays: ends of reals", real_ends},
        {"arrays: words", words},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
