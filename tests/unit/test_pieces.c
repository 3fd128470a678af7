/* Long blocks in pieces, and whether a block still fits before a time limit. */
#include "map/limit.h"
#include "map/pieces.h"

#include "check.h"

#include <string.h>
#include <time.h>

enum { MOST = 5000 };

/* What compute_some below saw. */
static int64_t calls, computed;
static int slow_us;        /* an item takes so long */
static int64_t refused_at; /* items up to this one are computed; -1 = all */
static bool out_of_order;

static int times[MOST + 8]; /* how often each item was computed */

static parmap_status compute_some(void *self, int64_t at, int64_t some)
{
    calls++;
    out_of_order = out_of_order || self != times || at != computed || some < 1;
    computed += some;
    for (int64_t i = at; i < at + some; i++)
        times[i]++;
    if (slow_us > 0) {
        const int64_t us = slow_us * some;
        nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
    }
    return refused_at >= 0 && at + some > refused_at ? pm_fail(PARMAP_BAD_DATA, "no more")
                                                     : PARMAP_OK;
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
    out_of_order = false;
    slow_us = item_us;
    refused_at = -1;
    memset(times, 0, sizeof times);
}

static parmap_status compute(int64_t count, pm_pace *pace, int *questions)
{
    return questions
               ? pm_compute_in_pieces(compute_some, times, count, pace, at_question, questions)
               : pm_compute_in_pieces(compute_some, times, count, pace, never, NULL);
}

static void check_each(int64_t count, double cost_s, int item_us)
{
    pm_pace pace = pm_pace_of(cost_s);
    int64_t wrong = 0;
    begin(item_us);
    CHECK_INT(compute(count, &pace, NULL), PARMAP_OK);
    for (int64_t i = 0; i < MOST + 8; i++)
        wrong += times[i] != (i < count);
    CHECK_INT(wrong, 0);
    CHECK_INT(computed, count);
    CHECK(!out_of_order);
}

/* Whatever the pieces are, each item is computed once, in its place. */
static void each_once(void)
{
    static const double costs[] = {0, 1e-9, 1e-6, 9e-4, 3e-3, 1};
    for (int64_t count = 1; count <= 67; count++)
        for (int c = 0; c < 6; c++)
            check_each(count, costs[c], 0);
    for (int c = 0; c < 6; c++)
        check_each(MOST, costs[c], 0);
    check_each(41, 0, 2000);
    check_each(41, 1, 300);
}

/* No items, no piece. */
static void nothing(void)
{
    pm_pace pace = pm_pace_of(0);
    begin(0);
    CHECK_INT(compute(0, &pace, NULL), PARMAP_OK);
    CHECK_INT(calls, 0);
}

/* A piece that fails is the last one, and its status and message are the block's. */
static void failing(void)
{
    for (int64_t at = 0; at < 5; at++) {
        pm_pace pace = pm_pace_of(1); /* one item at once, as it says */
        begin(300);
        refused_at = at;
        CHECK_INT(compute(50, &pace, NULL), PARMAP_BAD_DATA);
        CHECK_TEXT(parmap_message(), "no more");
        CHECK(computed > at && computed < 50);
        CHECK(!out_of_order);
    }
}

/* The items of a fast kernel are found to be fast within the first block. */
static void fast_kernels(void)
{
    pm_pace pace = pm_pace_of(0);
    begin(0);
    CHECK_INT(compute(MOST, &pace, NULL), PARMAP_OK);
    for (int block = 0; block < 10; block++) /* on a busy machine one may be cut all the same */
        CHECK_INT(compute(MOST, &pace, NULL), PARMAP_OK);
    calls = 0;
    for (int block = 0; block < 100; block++)
        CHECK_INT(compute(MOST, &pace, NULL), PARMAP_OK);
    CHECK(calls >= 100 && calls < 300);
    pace = pm_pace_of(1e-9);
    calls = 0;
    CHECK_INT(compute(MOST, &pace, NULL), PARMAP_OK);
    CHECK_INT(calls, 1);
}

static void check_left(double cost_s, int questions, int item_us)
{
    pm_pace pace = pm_pace_of(cost_s);
    int left = questions;
    begin(item_us);
    CHECK_INT(compute(1000, &pace, &left), PARMAP_STOPPED);
    CHECK_INT(calls, questions); /* a question is asked between two pieces */
    CHECK(computed < 1000);
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
        {"pieces: each item once", each_once}, {"pieces: no items", nothing},
        {"pieces: one that fails", failing},   {"pieces: fast kernels", fast_kernels},
        {"pieces: left early", left_early},    {"limit: what fits", limits},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
