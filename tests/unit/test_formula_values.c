/* What compiled formulas compute, against the same expressions compiled as C. */
#include "draw.h"
#include "formulas.h"

#include <float.h>
#include <math.h>
#include <tgmath.h>

/* the expressions rely on how strongly operators bind */
#pragma GCC diagnostic ignored "-Wparentheses"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { ITEMS = 203 }; /* no multiple of any vector */

static const pm_formula_inputs any_range = {.known = false};

/* Whether two arrays of a real type hold the same numbers; any NaN is the same as any other. */
#define SAME_REALS(T, BITS, a, b, count)                                                           \
    ({                                                                                             \
        bool same_ = true;                                                                         \
        for (int64_t i_ = 0; i_ < (count); i_++) {                                                 \
            BITS p_, q_;                                                                           \
            memcpy(&p_, &(a)[i_], sizeof p_);                                                      \
            memcpy(&q_, &(b)[i_], sizeof q_);                                                      \
            same_ &= p_ == q_ || ((a)[i_] != (a)[i_] && (b)[i_] != (b)[i_]);                       \
        }                                                                                          \
        same_;                                                                                     \
    })

/* ---- whole numbers --------------------------------------------------------------------------- */

/* The same text for both; none overflows for |x| <= 1000 */
#define WHOLES(X)                                                                                  \
    X(x *x *x - 7 * x + 3)                                                                         \
    X((x + 5) * (x - 5))                                                                           \
    X(-x + +3 - -2)                                                                                \
    X(x / 7)                                                                                       \
    X(x % 7)                                                                                       \
    X(-7 / 2 + x % -5)                                                                             \
    X(x / -3 * 3)                                                                                  \
    X(x & 0xff)                                                                                    \
    X(x | 6)                                                                                       \
    X(x ^ 0x5a)                                                                                    \
    X(~x)                                                                                          \
    X(~(x & 15) | x)                                                                               \
    X(x >> 2)                                                                                      \
    X((x & 31) << 20)                                                                              \
    X(1 + 2 << 3 | x)                                                                              \
    X(x < 3)                                                                                       \
    X(x <= 3)                                                                                      \
    X(x > 3)                                                                                       \
    X(x >= 3)                                                                                      \
    X(x == 3)                                                                                      \
    X(x != 3)                                                                                      \
    X(!x + !!x)                                                                                    \
    X(x > 0 && x < 100)                                                                            \
    X(x<0 || x> 100)                                                                               \
    X(x<0 ? -x : x> 10 ? 10 : x)                                                                   \
    X(x != 0 ? 1000 / x : 0)                                                                       \
    X(x != 0 && 1000 % x == 0)                                                                     \
    X((x > 0 ? x : 1 - x) * 3 + (x % 2 ? 1 : 2))                                                   \
    X(0x10 + 0b101 + x)                                                                            \
    X((x & 1) == 0 && (x & 2) != 0 || x == 5)                                                      \
    X(x - (x - (x - 1)))                                                                           \
    X(((((x)))))

#define TEXT(...) #__VA_ARGS__,
#define VALUE(...) y[at++] = (__VA_ARGS__);

static const char *const wholes[] = {WHOLES(TEXT)};

static void compute_wholes(int64_t x, int64_t *y)
{
    int at = 0;
    WHOLES(VALUE)
}

typedef struct {
    int64_t y[COUNT(wholes)];
} whole_results;

static void check_wholes(const whole_results *results, const int64_t *x, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t expected[COUNT(wholes)];
        compute_wholes(x[i], expected);
        for (size_t k = 0; k < COUNT(wholes); k++)
            if (results[i].y[k] != expected[k]) {
                CHECK_TEXT(wholes[k], "");
                CHECK_INT(results[i].y[k], expected[k]);
                return;
            }
    }
}

static void whole_numbers(void)
{
    const pm_formula_request request = {.formulas = wholes, .formula_count = COUNT(wholes)};
    static whole_results results[ITEMS];
    static int64_t x[ITEMS];
    made m;
    CHECK(make(&m, &request, &any_range));
    if (m.kernel == NULL)
        return;
    CHECK_INT(pm_formula_result_layout(m.formula)->bytes, sizeof results[0]);
    for (int i = 0; i < ITEMS; i++)
        x[i] = i - 100;
    CHECK_INT(m.code->checked_array_loops[0](x, results, ITEMS), ITEMS);
    check_wholes(results, x, ITEMS);
    const parmap_span checked = {-100, 1, ITEMS};
    memset(results, 0, sizeof results);
    CHECK_INT(m.code->checked_loops[0](&checked, results), ITEMS);
    check_wholes(results, x, ITEMS);
    CHECK(m.domain.min <= 1 && m.domain.max >= 1000);
    for (int i = 0; i < ITEMS; i++)
        x[i] = 1 + 3 * i;
    for (int v = 0; v < vectors(); v++) {
        const parmap_span span = {1, 3, ITEMS};
        memset(results, 0, sizeof results);
        CHECK_INT(m.code->loops[v](&span, results), ITEMS);
        check_wholes(results, x, ITEMS);
        memset(results, 0, sizeof results);
        CHECK_INT(m.code->array_loops[v](x, results, ITEMS), ITEMS);
        check_wholes(results, x, ITEMS);
    }
    unmake(&m);
}

/* ---- real numbers ---------------------------------------------------------------------------- */

/* The constants have the type of x, as they have in a formula: for tgmath.h numbers are double. */
static const char *const small_numbers[] = {"one=1", "two=2", "three=3"};
#define CONSTANTS(T) const T one = 1, two = 2, three = 3;

#define REALS(X)                                                                                   \
    X(x *x + x)                                                                                    \
    X(x / (x + 1) - 2 * x)                                                                         \
    X(-x * -3)                                                                                     \
    X(x > 0 ? sqrt(x) : x)                                                                         \
    X(x<1 && x> - 1)                                                                               \
    X(!x)                                                                                          \
    X(fabs(x) + fmin(x, one) + fmax(x, two))                                                       \
    X(floor(x) + ceil(x) * 3 + trunc(x) - round(x) + rint(x) + nearbyint(x))                       \
    X(fma(x, x, x))                                                                                \
    X(hypot(x, x + 1))                                                                             \
    X(pow(fabs(x), x))                                                                             \
    X(atan2(x, two))                                                                               \
    X(fmod(x, three) + remainder(x, three))                                                        \
    X(copysign(three, x) + fdim(x, one))                                                           \
    X(nextafter(x, two) + nexttoward(x, two))                                                      \
    X(ldexp(x, 3) + scalbn(x, 2) + scalbln(x, 1))                                                  \
    X(isnan(x) != 0)                                                                               \
    X(isinf(x) != 0)                                                                               \
    X(isfinite(x) != 0)                                                                            \
    X(isnormal(x) != 0)                                                                            \
    X(signbit(x) != 0)                                                                             \
    X(logb(x))

#define FUNCTIONS(X)                                                                               \
    X(acos(x))                                                                                     \
    X(asin(x))                                                                                     \
    X(atan(x))                                                                                     \
    X(cos(x))                                                                                      \
    X(sin(x))                                                                                      \
    X(tan(x))                                                                                      \
    X(acosh(x))                                                                                    \
    X(asinh(x))                                                                                    \
    X(atanh(x))                                                                                    \
    X(cosh(x))                                                                                     \
    X(sinh(x))                                                                                     \
    X(tanh(x))                                                                                     \
    X(exp(x))                                                                                      \
    X(exp2(x))                                                                                     \
    X(expm1(x))                                                                                    \
    X(log(x))                                                                                      \
    X(log10(x))                                                                                    \
    X(log1p(x))                                                                                    \
    X(log2(x))                                                                                     \
    X(cbrt(x))                                                                                     \
    X(erf(x))                                                                                      \
    X(erfc(x))                                                                                     \
    X(lgamma(x))                                                                                   \
    X(tgamma(x))                                                                                   \
    X(pow(x, three))                                                                               \
    X(pow(x, x))

#define REAL_VALUE(...) y[at++] = (double)(__VA_ARGS__);

/* For T: text, a function that computes the same in C, and a case. */
#define REAL_CASE(function, LIST, T, TYPE, BITS)                                                   \
    static void function(void)                                                                     \
    {                                                                                              \
        static const char *const texts[] = {LIST(TEXT)};                                           \
        const pm_formula_input data = {.name = NULL, .type = TYPE, .elements = 1};                 \
        const pm_formula_inputs inputs = {.data = &data, .count = 1};                              \
        const pm_formula_request request = {.formulas = texts,                                     \
                                            .formula_count = COUNT(texts),                         \
                                            .constants = small_numbers,                            \
                                            .constant_count = COUNT(small_numbers),                \
                                            .typed = true,                                         \
                                            .type = PARMAP_FLOAT64};                               \
        static double results[ITEMS][COUNT(texts)], expected[ITEMS][COUNT(texts)];                 \
        static T inputs_of[ITEMS];                                                                 \
        made m;                                                                                    \
        CHECK(make(&m, &request, &inputs));                                                        \
        if (m.kernel == NULL)                                                                      \
            return;                                                                                \
        fill_##T(inputs_of, ITEMS);                                                                \
        for (int i = 0; i < ITEMS; i++) {                                                          \
            CONSTANTS(T)                                                                           \
            (void)one, (void)two, (void)three;                                                     \
            const T x = inputs_of[i];                                                              \
            double *y = expected[i];                                                               \
            int at = 0;                                                                            \
            LIST(REAL_VALUE)                                                                       \
        }                                                                                          \
        CHECK(m.code->array_loops[0] != NULL);                                                     \
        for (int v = 0; v < vectors(); v++) {                                                      \
            memset(results, 0, sizeof results);                                                    \
            CHECK_INT(m.code->array_loops[v](inputs_of, results, ITEMS), ITEMS);                   \
            for (size_t k = 0; k < COUNT(texts); k++) {                                            \
                double is[ITEMS], should[ITEMS];                                                   \
                for (int i = 0; i < ITEMS; i++) {                                                  \
                    is[i] = results[i][k];                                                         \
                    should[i] = expected[i][k];                                                    \
                }                                                                                  \
                if (!SAME_REALS(double, uint64_t, is, should, ITEMS))                              \
                    CHECK_TEXT(texts[k], "the same as C");                                         \
            }                                                                                      \
        }                                                                                          \
        unmake(&m);                                                                                \
    }

static const double edges[] = {0.0,      -0.0,    1.0,      -1.0,      0.5,    -0.5,   1.5,
                               2.5,      NAN,     INFINITY, -INFINITY, 1e300,  -1e300, 1e-310,
                               DBL_MIN,  DBL_MAX, FLT_MAX,  FLT_MIN,   1e-45,  1e10,   -1e10,
                               16777217, 1e16,    0x1p53,   -0x1p63,   0x1p63, 170,    171.7};

static void fill_double(double *x, int count)
{
    for (int i = 0; i < count; i++)
        x[i] = i < (int)COUNT(edges) ? edges[i] : ((double)draw_below(2000001) - 1e6) / 37777.7;
}

static void fill_float(float *x, int count)
{
    for (int i = 0; i < count; i++)
        x[i] = (float)(i < (int)COUNT(edges) ? edges[i]
                                             : ((double)draw_below(2000001) - 1e6) / 37777.7);
}

REAL_CASE(double_expressions, REALS, double, PARMAP_FLOAT64, uint64_t)
REAL_CASE(double_functions, FUNCTIONS, double, PARMAP_FLOAT64, uint64_t)

/* With float32 data and results; computed in float as tgmath.h does. */
#define FLOAT_CASE(function, LIST)                                                                 \
    static void function(void)                                                                     \
    {                                                                                              \
        static const char *const texts[] = {LIST(TEXT)};                                           \
        const pm_formula_input data = {.name = NULL, .type = PARMAP_FLOAT32, .elements = 1};       \
        const pm_formula_inputs inputs = {.data = &data, .count = 1};                              \
        const pm_formula_request request = {.formulas = texts,                                     \
                                            .formula_count = COUNT(texts),                         \
                                            .constants = small_numbers,                            \
                                            .constant_count = COUNT(small_numbers),                \
                                            .typed = true,                                         \
                                            .type = PARMAP_FLOAT32};                               \
        static float results[ITEMS][COUNT(texts)], x_of[ITEMS];                                    \
        made m;                                                                                    \
        CHECK(make(&m, &request, &inputs));                                                        \
        if (m.kernel == NULL)                                                                      \
            return;                                                                                \
        fill_float(x_of, ITEMS);                                                                   \
        for (int v = 0; v < vectors(); v++) {                                                      \
            memset(results, 0, sizeof results);                                                    \
            CHECK_INT(m.code->array_loops[v](x_of, results, ITEMS), ITEMS);                        \
            for (int i = 0; i < ITEMS; i++) {                                                      \
                CONSTANTS(float)                                                                   \
                (void)one, (void)two, (void)three;                                                 \
                const float x = x_of[i];                                                           \
                float y[COUNT(texts)];                                                             \
                int at = 0;                                                                        \
                LIST(FLOAT_VALUE)                                                                  \
                for (size_t k = 0; k < COUNT(texts); k++)                                          \
                    if (!SAME_REALS(float, uint32_t, &results[i][k], &y[k], 1)) {                  \
                        printf("%s of %.9g is %.9g, not %.9g\n", texts[k], (double)x,              \
                               (double)results[i][k], (double)y[k]);                               \
                        CHECK_TEXT(texts[k], "the same as C");                                     \
                    }                                                                              \
            }                                                                                      \
        }                                                                                          \
        unmake(&m);                                                                                \
    }
#define FLOAT_VALUE(...) y[at++] = (float)(__VA_ARGS__);

FLOAT_CASE(float_expressions, REALS)
FLOAT_CASE(float_functions, FUNCTIONS)

/* ---- every type ------------------------------------------------------------------------------ */

/* x*3 - 2 over a range and over data, with every loop, stride and odd counts. */
#define TYPE_CASE(T, TYPE, first)                                                                  \
    static void of_##T(void)                                                                       \
    {                                                                                              \
        const char *text = "x*3 - 2";                                                              \
        const pm_formula_request request = {                                                       \
            .formulas = &text, .formula_count = 1, .typed = true, .type = TYPE};                   \
        const int64_t counts[] = {0, 1, 2, 7, 13}, steps[] = {1, 2, -1};                           \
        T x[16], y[16];                                                                            \
        made m;                                                                                    \
        CHECK(make(&m, &request, &any_range));                                                     \
        if (m.kernel == NULL)                                                                      \
            return;                                                                                \
        CHECK_INT(m.code->input, TYPE);                                                            \
        CHECK_INT(m.code->result, TYPE);                                                           \
        for (int v = 0; v < vectors(); v++)                                                        \
            for (size_t c = 0; c < COUNT(counts) * COUNT(steps); c++) {                            \
                const int64_t count = counts[c / COUNT(steps)], step = steps[c % COUNT(steps)];    \
                const parmap_span span = {step < 0 ? 20 : first, step, count};                     \
                for (int64_t i = 0; i < count; i++)                                                \
                    x[i] = (T)((step < 0 ? 20 : first) + step * i);                                \
                parmap_loop *const spans[] = {m.code->loops[v], m.code->checked_loops[v]};         \
                parmap_array_loop *const arrays[] = {m.code->array_loops[v],                       \
                                                     m.code->checked_array_loops[v]};              \
                for (int k = 0; k < 4; k++) {                                                      \
                    memset(y, 0, sizeof y);                                                        \
                    if (k < 2 && spans[k] != NULL)                                                 \
                        CHECK_INT(spans[k](&span, y), count);                                      \
                    else if (k >= 2 && arrays[k - 2] != NULL)                                      \
                        CHECK_INT(arrays[k - 2](x, y, count), count);                              \
                    else                                                                           \
                        continue;                                                                  \
                    for (int64_t i = 0; i < count; i++)                                            \
                        CHECK(y[i] == (T)(x[i] * 3 - 2));                                          \
                    CHECK(y[count] == 0);                                                          \
                }                                                                                  \
            }                                                                                      \
        unmake(&m);                                                                                \
    }

TYPE_CASE(int8_t, PARMAP_INT8, -5)
TYPE_CASE(uint8_t, PARMAP_UINT8, 1)
TYPE_CASE(int16_t, PARMAP_INT16, -5)
TYPE_CASE(uint16_t, PARMAP_UINT16, 1)
TYPE_CASE(int32_t, PARMAP_INT32, -5)
TYPE_CASE(uint32_t, PARMAP_UINT32, 1)
TYPE_CASE(int64_t, PARMAP_INT64, -5)
TYPE_CASE(uint64_t, PARMAP_UINT64, 1)
TYPE_CASE(parmap_int128, PARMAP_INT128, -5)
TYPE_CASE(float, PARMAP_FLOAT32, -5)
TYPE_CASE(double, PARMAP_FLOAT64, -5)

/* ---- rows, records, names -------------------------------------------------------------------- */

static void rows_and_records(void)
{
    static const char *const texts[] = {
        "total = sum(w) * n", "mean(w)",      "min(w) + max(w)", "w[0] - w[2]",
        "w[n & 1]",           "min(x, n, 2)", "sum(v)",          "mean(v)",
        "max(v) - min(v)",    "r / k",        "v[1] * n"};
    static const char *const lets[] = {"s = x*x", "r = sqrt(s + 1)"}, *const constants[] = {
                                                                          "k = 5/2.0"};
    const pm_formula_input data[] = {{.name = "v", .type = PARMAP_INT16, .elements = 4},
                                     {.name = "n", .type = PARMAP_UINT8, .elements = 1},
                                     {.name = "x", .type = PARMAP_FLOAT64, .elements = 1},
                                     {.name = "w", .type = PARMAP_FLOAT32, .elements = 3}};
    const pm_formula_inputs inputs = {.data = data, .count = 4};
    const pm_formula_request request = {texts, COUNT(texts), lets, 2, constants, 1, false, 0};
    /* names come in the order of the formula's texts, its lets first: x, w, n, v */
    typedef struct {
        double x;
        float w[3];
        uint8_t n;
        int16_t v[4];
    } in;
    typedef struct {
        double total, mean_w, both, difference, one, least;
        int64_t sum_v;
        double mean_v;
        int64_t spread;
        double r;
        int64_t product;
    } out;
    static in x[ITEMS];
    static out y[ITEMS];
    made m;
    CHECK(make(&m, &request, &inputs));
    if (m.kernel == NULL)
        return;
    char layout[PM_LAYOUT_TEXT];
    CHECK_TEXT(pm_layout_format(layout, pm_formula_input_layout(m.formula)),
               "{x: float64, w: float32[3], n: uint8, v: int16[4]}");
    CHECK_HOLDS(pm_layout_format(layout, pm_formula_result_layout(m.formula)),
                "{total: float64, f1: float64, f2: float64, f3: float64, f4: float64, f5: float64, "
                "f6: int64, f7: float64, f8: int64, f9: float64, f10: int64}");
    CHECK_INT(m.code->input_layout->bytes, sizeof(in));
    CHECK_INT(m.code->result_layout->bytes, sizeof(out));
    CHECK(pm_formula_is_proved(m.formula));
    CHECK_TEXT(m.kernel->text,
               "total=sum(w)*n, mean(w), min(w)+max(w), w[0]-w[2], w[n&1], min(x,n,2), sum(v), "
               "mean(v), max(v)-min(v), r/k, v[1]*n where k=5/2.0, s=x*x, r=sqrt(s+1)");
    for (int i = 0; i < ITEMS; i++) {
        x[i] = (in){(double)draw_below(1000) / 7 - 20, {0}, (uint8_t)draw(), {0}};
        for (int k = 0; k < 4; k++)
            x[i].v[k] = (int16_t)draw();
        for (int k = 0; k < 3; k++)
            x[i].w[k] = (float)draw_below(1000) / 3;
    }
    for (int v = 0; v < vectors(); v++) {
        CHECK_INT(m.code->array_loops[v](x, y, ITEMS), ITEMS);
        for (int i = 0; i < ITEMS; i++) {
            const double w[] = {(double)x[i].w[0], (double)x[i].w[1], (double)x[i].w[2]};
            const int16_t *n = x[i].v;
            const int64_t sum = n[0] + n[1] + n[2] + n[3];
            int64_t least = n[0], most = n[0];
            for (int k = 1; k < 4; k++) {
                least = n[k] < least ? n[k] : least;
                most = n[k] > most ? n[k] : most;
            }
            const out *z = &y[i];
            CHECK(z->total == (w[0] + w[1] + w[2]) * x[i].n);
            CHECK(z->mean_w == (w[0] + w[1] + w[2]) / 3);
            CHECK(z->both == fmin(fmin(w[0], w[1]), w[2]) + fmax(fmax(w[0], w[1]), w[2]));
            CHECK(z->difference == w[0] - w[2]);
            CHECK(z->one == w[x[i].n & 1]);
            CHECK(z->least == fmin(fmin(x[i].x, x[i].n), 2.0));
            CHECK_INT(z->sum_v, sum);
            CHECK(z->mean_v == (double)sum / 4);
            CHECK_INT(z->spread, most - least);
            CHECK(z->r == sqrt(x[i].x * x[i].x + 1) / 2.5);
            CHECK_INT(z->product, n[1] * x[i].n);
        }
    }
    unmake(&m);
}

/* Rows of more dimensions, and rows of one number; indices that are computed. */
static void dimensions(void)
{
    static const char *const texts[] = {"m[1][2]", "m[k][j] * 10", "max(m) - min(m)",
                                        "one + one[0]", "sum(one)"};
    const pm_formula_input data[] = {{"m", PARMAP_INT16, 6, 2, {2, 3, 0}},
                                     {.name = "k", .type = PARMAP_INT8, .elements = 1},
                                     {.name = "j", .type = PARMAP_INT64, .elements = 1},
                                     {"one", PARMAP_FLOAT32, 1, 1, {1, 0, 0}}};
    const pm_formula_inputs inputs = {.data = data, .count = 4};
    const pm_formula_request request = {.formulas = texts, .formula_count = COUNT(texts)};
    typedef struct {
        int16_t m[2][3];
        int8_t k;
        int64_t j;
        float one[1];
    } in;
    typedef struct {
        int64_t fixed, found, spread;
        double one, sum; /* beside int64 inputs */
    } out;
    in x[] = {{{{1, 2, 3}, {4, 5, 6}}, 0, 0, {0.5f}},
              {{{1, 2, 3}, {4, 5, 6}}, 1, 2, {1.5f}},
              {{{7, 8, 9}, {-4, 5, 6}}, 1, 0, {2}},
              {{{7, 8, 9}, {-4, 5, 6}}, 0, 2, {2}},
              {{{7, 8, 9}, {-4, 5, 6}}, 0, 3, {2}}};
    out y[COUNT(x)];
    made m;
    CHECK(make(&m, &request, &inputs));
    if (m.kernel == NULL)
        return;
    CHECK_INT(m.code->input_layout->bytes, sizeof(in));
    CHECK_INT(m.code->result_layout->bytes, sizeof(out));
    CHECK_TEXT(m.kernel->help, "an index outside the row or an overflow of int64");
    CHECK(!pm_formula_is_proved(m.formula));
    CHECK_INT(m.code->checked_array_loops[0](x, y, COUNT(x)), 4); /* there is no m[0][3] */
    for (int i = 0; i < 4; i++) {
        int64_t least = x[i].m[0][0], most = least;
        for (int k = 0; k < 6; k++) {
            least = x[i].m[k / 3][k % 3] < least ? x[i].m[k / 3][k % 3] : least;
            most = x[i].m[k / 3][k % 3] > most ? x[i].m[k / 3][k % 3] : most;
        }
        CHECK_INT(y[i].fixed, x[i].m[1][2]);
        CHECK_INT(y[i].found, 10 * x[i].m[x[i].k][x[i].j]);
        CHECK_INT(y[i].spread, most - least);
        CHECK(y[i].one == 2 * (double)x[i].one[0] && y[i].sum == (double)x[i].one[0]);
    }
    const int8_t rows[] = {-1, 2, 0};
    for (int i = 0; i < 3; i++) {
        x[0].k = rows[i];
        x[0].j = i == 2 ? INT64_MIN : 0;
        CHECK_INT(m.code->checked_array_loops[0](x, y, COUNT(x)), 0);
    }
    unmake(&m);
}

/* A NaN among several numbers is the least and the most of them. */
static void nan_of_several(void)
{
    static const char *const texts[] = {"min(x, 1)", "max(x, 1)", "min(1, x)", "max(1, x)"};
    const pm_formula_input data = {.name = NULL, .type = PARMAP_FLOAT64, .elements = 1};
    const pm_formula_inputs inputs = {.data = &data, .count = 1};
    const pm_formula_request request = {.formulas = texts, .formula_count = 4};
    const double x[] = {NAN, 0, 2};
    double y[3][4];
    made m;
    CHECK(make(&m, &request, &inputs));
    if (m.kernel == NULL)
        return;
    CHECK_INT(m.code->array_loops[0](x, y, 3), 3);
    for (int k = 0; k < 4; k++)
        CHECK(isnan(y[0][k]));
    CHECK(y[1][0] == 0 && y[1][1] == 1 && y[1][2] == 0 && y[1][3] == 1);
    CHECK(y[2][0] == 1 && y[2][1] == 2 && y[2][2] == 1 && y[2][3] == 2);
    unmake(&m);
}

int main(void)
{
    static const check_case cases[] = {{"whole numbers", whole_numbers},
                                       {"float64 expressions", double_expressions},
                                       {"float64 functions", double_functions},
                                       {"float32 expressions", float_expressions},
                                       {"float32 functions", float_functions},
                                       {"int8", of_int8_t},
                                       {"uint8", of_uint8_t},
                                       {"int16", of_int16_t},
                                       {"uint16", of_uint16_t},
                                       {"int32", of_int32_t},
                                       {"uint32", of_uint32_t},
                                       {"int64", of_int64_t},
                                       {"uint64", of_uint64_t},
                                       {"int128", of_parmap_int128},
                                       {"float32", of_float},
                                       {"float64", of_double},
                                       {"rows and records", rows_and_records},
                                       {"dimensions", dimensions},
                                       {"NaN among several", nan_of_several}};
    return check_main(cases, COUNT(cases));
}
