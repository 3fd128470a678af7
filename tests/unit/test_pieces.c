/* Long blocks in pieces, and whether a block still fits before a time limit. */
#include "map/limit.h"
#include "map/pieces.h"

#include "check.h"

#include <string.h>
#include <time.h>

enum { MOST = 5000 };

/* What the loops below saw. */
static int64_t calls, computed;
static int slow_us; /* an item takes so long */
static bool misaligned;

static void note(const parmap_span *span, const void *results)
{
    calls++;
    computed += span->count;
    misaligned = misaligned || (uintptr_t)results % 64 != 0;
    if (slow_us > 0) {
        const int64_t us = slow_us * span->count;
        nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
    }
}

static void loop_int64(const parmap_span *span, void *results)
{
    int64_t *y = results;
    note(span, results);
    for (int64_t i = 0; i < span->count; i++)
        y[i] = (int64_t)(span->first + i * span->step);
}

static void loop_int128(const parmap_span *span, void *results)
{
    parmap_int128 *y = results;
    note(span, results);
    for (int64_t i = 0; i < span->count; i++)
        y[i] = span->first + i * span->step;
}

/* Says so at the n-th question. */
static bool at_question(void *left)
{
    return --*(int *)left == 0;
}

static bool never(void *context)
{
    (void)context;
    return false;
}

static void begin(int item_us)
{
    calls = computed = 0;
    misaligned = false;
    slow_us = item_us;
}

static _Alignas(64) int64_t words[MOST + 8];
static _Alignas(64) parmap_int128 wide[MOST + 8];

static void check_words(int64_t count, double cost_s, int item_us)
{
    const parmap_span span = {-7, 3, count};
    pm_pace pace = pm_pace_of(cost_s);
    int64_t wrong = 0;
    begin(item_us);
    memset(words, 0x55, sizeof words);
    const int64_t beyond = words[MOST];
    CHECK(pm_compute_in_pieces(loop_int64, &span, words, sizeof *words, &pace, never, NULL));
    for (int64_t i = 0; i < count; i++)
        wrong += words[i] != -7 + 3 * i;
    CHECK_INT(wrong, 0);
    CHECK_INT(words[count], beyond);
    CHECK_INT(computed, count);
    CHECK(!misaligned);
}

/* Whatever the pieces are, each item is computed once, in its place. */
static void same_results(void)
{
    static const double costs[] = {0, 1e-9, 1e-6, 9e-4, 3e-3, 1};
    for (int64_t count = 1; count <= 67; count++)
        for (int c = 0; c < 6; c++)
            check_words(count, costs[c], 0);
    for (int c = 0; c < 6; c++)
        check_words(MOST, costs[c], 0);
    check_words(41, 0, 2000);
    check_words(41, 1, 300);
}

static void wide_items(void)
{
    const parmap_int128 first = (parmap_int128)1 << 100;
    const parmap_span span = {first, -5, MOST};
    pm_pace pace = pm_pace_of(0);
    int64_t wrong = 0;
    begin(0);
    CHECK(pm_compute_in_pieces(loop_int128, &span, wide, sizeof *wide, &pace, never, NULL));
    for (int64_t i = 0; i < MOST; i++)
        wrong += wide[i] != first - 5 * i;
    CHECK_INT(wrong, 0);
    CHECK_INT(computed, MOST);
    CHECK(!misaligned);
}

/* Inputs from one end of 128 bits to the other: the way there is longer than a signed number. */
static void ends_of_128_bits(void)
{
    const parmap_int128 most = (parmap_int128)(~(parmap_uint128)0 >> 1);
    const parmap_span span = {-most - 1, most / 8, 17};
    pm_pace pace = pm_pace_of(1);
    begin(0);
    CHECK(pm_compute_in_pieces(loop_int128, &span, wide, sizeof *wide, &pace, never, NULL));
    CHECK(wide[16] > most - 16 && wide[8] < 0 && wide[8] > -16);
}

/* The items of a fast kernel are found to be fast within the first block. */
static void fast_kernels(void)
{
    const parmap_span span = {0, 1, MOST};
    pm_pace pace = pm_pace_of(0);
    begin(0);
    CHECK(pm_compute_in_pieces(loop_int64, &span, words, 8, &pace, never, NULL));
    for (int block = 0; block < 10; block++) /* on a busy machine one may be cut all the same */
        CHECK(pm_compute_in_pieces(loop_int64, &span, words, 8, &pace, never, NULL));
    calls = 0;
    for (int block = 0; block < 100; block++)
        CHECK(pm_compute_in_pieces(loop_int64, &span, words, 8, &pace, never, NULL));
    CHECK(calls >= 100 && calls < 300);
    pace = pm_pace_of(1e-9);
    calls = 0;
    CHECK(pm_compute_in_pieces(loop_int64, &span, words, 8, &pace, never, NULL));
    CHECK_INT(calls, 1);
}

static void check_left(double cost_s, int questions, int item_us)
{
    const parmap_span span = {0, 1, 1000};
    pm_pace pace = pm_pace_of(cost_s);
    int left = questions;
    begin(item_us);
    CHECK(!pm_compute_in_pieces(loop_int64, &span, words, 8, &pace, at_question, &left));
    CHECK_INT(calls, questions); /* a question is asked between two pieces */
    CHECK(computed < span.count);
}

/* Items of 2 ms: at most a few of them between two questions. */
static void left_early(void)
{
    check_left(2e-3, 1, 2000);
    CHECK_INT(computed, 5);
    check_left(1, 3, 2000);
    check_left(0, 1, 2000);
    CHECK_INT(computed, 1);
    check_left(0, 12, 2000);
    CHECK(computed <= 12 * 8);
    check_left(1e-9 * 1e6, 2, 2000); /* it says 1 ms, and takes two */
    CHECK(computed <= 2 * 10);
}

static void limits(void)
{
    pm_limit limit = pm_limit_of(0, 1e6);
    CHECK(pm_limit_fits(&limit, 1e12));
    CHECK(!pm_limit_over(&limit, 1e12));
    limit = pm_limit_of(100, 0);
    CHECK(pm_limit_fits(&limit, 100) && !pm_limit_fits(&limit, 100.001));
    CHECK(!pm_limit_over(&limit, 100) && pm_limit_over(&limit, 100.001));
    limit = pm_limit_of(100, 3);
    CHECK(pm_limit_fits(&limit, 96.99) && !pm_limit_fits(&limit, 97.01));
    pm_limit_learn(&limit, 5);
    CHECK(pm_limit_fits(&limit, 94.99) && !pm_limit_fits(&limit, 95.01));
    for (int i = 0; i < 20; i++) /* short ones do not make it forget at once, */
        pm_limit_learn(&limit, 0.1);
    CHECK(!pm_limit_fits(&limit, 97));
    for (int i = 0; i < 1000; i++) /* but in the end */
        pm_limit_learn(&limit, 0.1);
    CHECK(pm_limit_fits(&limit, 99.8) && !pm_limit_fits(&limit, 99.95));
}

int main(void)
{
    static const check_case cases[] = {
        {"pieces: the same results", same_results},
        {"pieces: items of 16 bytes", wide_items},
        {"pieces: the ends of 128 bits", ends_of_128_bits},
        {"pieces: fast kernels", fast_kernels},
        {"pieces: left early", left_early},
        {"limit: what fits", limits},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
