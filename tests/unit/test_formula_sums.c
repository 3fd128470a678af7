/* Checked sums and products of int64 by every vector unit, near the ends of the type, against
 * int128: the same results, and the first item that has none. */
#include "draw.h"
#include "formulas.h"

enum { ITEMS = 1283, ROUNDS = 60 }; /* more than two of the loops' pieces, and no multiple */

typedef struct pair {
    int64_t x, y;
} pair;

static bool fits(parmap_int128 value)
{
    return value >= INT64_MIN && value <= INT64_MAX;
}

/* x * y - x + 3 */
static bool has_result(pair p, int64_t *result)
{
    const parmap_int128 product = (parmap_int128)p.x * p.y, difference = product - p.x;
    *result = (int64_t)(difference + 3);
    return fits(product) && fits(difference) && fits(difference + 3);
}

/* Products near 2^63, where doubles are too coarse to tell; the ends of the type; small ones. */
static pair draw_pair(void)
{
    const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 3, 0, 1, -1, 2};
    const int64_t x = (int64_t)((draw() << 30 ^ draw()) >> draw_below(60)),
                  near = (int64_t)draw_below(5) - 2;
    const int64_t sign = draw_below(2) ? 1 : -1;
    switch (draw_below(4)) {
    case 0:
        return (pair){ends[draw_below(8)], ends[draw_below(8)]};
    case 1:
        return (pair){x > 1 ? x : 2, sign * (INT64_MAX / (x > 1 ? x : 2) + near)};
    case 2:
        return (pair){INT64_C(3037000500) + near, sign * (INT64_C(3037000499) + near)};
    default:
        return (pair){(int64_t)draw_below(2000000) - 1000000, sign * (int64_t)draw_below(1000000)};
    }
}

static pair draw_good(bool good)
{
    int64_t result;
    pair p = draw_pair();
    while (has_result(p, &result) != good)
        p = draw_pair();
    return p;
}

static void check_pairs(const parmap_code *code, const pair *pairs, int64_t good)
{
    static int64_t results[ITEMS];
    for (int v = 0; v < vectors(); v++) {
        CHECK_INT(code->checked_array_loops[v](pairs, results, ITEMS), good);
        for (int64_t i = 0; i < good; i++) {
            int64_t right;
            has_result(pairs[i], &right);
            CHECK_INT(results[i], right);
        }
    }
}

static void of_pairs(void)
{
    static const char *const text = "x*y - x + 3";
    static pair pairs[ITEMS];
    const pm_formula_input data[] = {{.name = "x", .type = PARMAP_INT64, .elements = 1},
                                     {.name = "y", .type = PARMAP_INT64, .elements = 1}};
    const pm_formula_inputs inputs = {.data = data, .count = 2};
    const pm_formula_request request = {.formulas = &text, .formula_count = 1};
    made m;
    CHECK(make(&m, &request, &inputs));
    for (int round = 0; m.kernel && round < ROUNDS; round++) {
        for (int i = 0; i < ITEMS; i++)
            pairs[i] = draw_good(true);
        check_pairs(m.code, pairs, ITEMS);
        const int64_t bad = (int64_t)draw_below(ITEMS);
        pairs[bad] = draw_good(false);
        check_pairs(m.code, pairs, bad);
    }
    unmake(&m);
}

/* Over a range too: x * (6e9 - x) up to where it leaves the type. */
static void of_range(void)
{
    static const char *const text = "x*(6000000000-x)";
    static int64_t results[ITEMS];
    const pm_formula_inputs any = {.known = false};
    const pm_formula_request request = {.formulas = &text, .formula_count = 1};
    const int64_t step = 1000003, begin = INT64_C(7268884167) - 700 * step;
    int64_t good = 0, right;
    made m;
    CHECK(make(&m, &request, &any));
    while (fits((parmap_int128)(begin + good * step) * (6000000000 - begin - good * step)))
        good++;
    CHECK(good > 512 && good < ITEMS);
    for (int v = 0; m.kernel && v < vectors(); v++) {
        const parmap_span span = {begin, step, ITEMS};
        CHECK_INT(m.code->checked_loops[v](&span, results), good);
        for (int64_t i = 0; i < good; i++) {
            right = (begin + i * step) * (6000000000 - begin - i * step);
            CHECK_INT(results[i], right);
        }
    }
    unmake(&m);
}

int main(void)
{
    static const check_case cases[] = {{"pairs", of_pairs}, {"a range", of_range}};
    return check_main(cases, 2);
}
