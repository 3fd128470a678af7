/* Kernels whose items can fail: what a span comes to, by attempts, and what else asks about them.
 */
#include "work/items.h"

#include "base/types.h"
#include "check.h"
#include "work/kernel.h"
#include "work/stats.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ITEMS = 1000 };

static int calls, calls_of[ITEMS]; /* by input */
static int failures_first;         /* so many attempts of each failing input fail */

/* Multiples of 7 fail, but for the attempts after `failures_first`. */
PARMAP_KERNEL_CAN_FAIL(third, int64_t, x, double, y)
{
    *y = (double)x / 3; /* also where it fails: it must not be seen */
    calls++;
    if (x % 7 == 0 && x < ITEMS && calls_of[x]++ < failures_first)
        return parmap_fail("%lld is a multiple of 7, attempt %d", (long long)x, calls_of[x]);
    return PARMAP_OK;
}
PARMAP_DOMAIN(third, int64_t, 0, 1000000, .version = 4);

/* Without words, and with a status of its own. */
PARMAP_KERNEL_CAN_FAIL(mute, uint64_t, x, uint64_t, y)
{
    *y = x + 1;
    return x == 3 ? PARMAP_NO_INPUT : PARMAP_OK;
}
PARMAP_DOMAIN(mute, uint64_t, PARMAP_DOMAIN_UINT64);

PARMAP_KERNEL_CAN_FAIL(wide, parmap_int128, x, parmap_int128, y)
{
    *y = x * 3;
    return x < 0 ? parmap_fail("below") : PARMAP_OK;
}
PARMAP_DOMAIN(wide, parmap_int128, -((parmap_int128)1 << 100), (parmap_int128)1 << 100);

PARMAP_KERNEL_CAN_FAIL(root, double, x, double, y)
{
    if (x < 0)
        return parmap_fail("no root of %g", x);
    *y = sqrt(x);
    return PARMAP_OK;
}
PARMAP_DOMAIN(root, double, -1000, 1000);

/* What was told. */
static struct {
    int count;
    int64_t index[ITEMS], attempts[ITEMS];
    char message[ITEMS][80];
    int refuse; /* the n-th; 0 = none */
} told;

static parmap_status tell(void *context, int64_t index, int64_t attempts, const char *message)
{
    CHECK(context == &told);
    told.index[told.count] = index;
    told.attempts[told.count] = attempts;
    snprintf(told.message[told.count], sizeof told.message[0], "%s", message);
    return ++told.count == told.refuse ? pm_fail(PARMAP_WRITE_ERROR, "full") : PARMAP_OK;
}

static pm_computer computer;
static pm_range range;

static pm_items items_of(const parmap_kernel *kernel, parmap_type type, parmap_int128 first,
                         parmap_int128 step, int64_t retries)
{
    calls = failures_first = 0;
    memset(calls_of, 0, sizeof calls_of);
    memset(&told, 0, sizeof told);
    CHECK(pm_kernel_can_fail(pm_kernel_find(kernel, type)));
    CHECK_INT(pm_computer_make(&computer, kernel, type, PARMAP_VECTOR_BASELINE, false), PARMAP_OK);
    range = (pm_range){first, step, ITEMS};
    return (pm_items){.computer = &computer,
                      .range = &range,
                      .retries = retries,
                      .failed = tell,
                      .context = &told};
}

static union {
    _Alignas(64) double reals[ITEMS];
    uint64_t words[2 * ITEMS];
    parmap_int128 wides[ITEMS];
} results;
static uint8_t statuses[ITEMS];

static void forget(void)
{
    memset(&results, 0xa5, sizeof results);
    memset(statuses, 0, sizeof statuses);
}

static void span_with_failures(void)
{
    const pm_items items = items_of(&third, PARMAP_INT64, 5, 2, 0); /* item i is 5 + 2 i */
    int wrong = 0, failed = 0;
    forget();
    failures_first = 1;
    CHECK_INT(pm_items_compute(&items, 10, 200, NULL, results.reals, statuses), PARMAP_OK);
    for (int i = 0; i < 200; i++) {
        const int x = 5 + 2 * (10 + i);
        if (x % 7 == 0) {
            wrong += statuses[i] != PM_ITEM_FAILED || !isnan(results.reals[i]);
            wrong += told.index[failed] != 10 + i || told.attempts[failed] != 1;
            failed++;
        } else {
            wrong += statuses[i] != PM_ITEM_GOOD || results.reals[i] != x / 3.0;
        }
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(told.count, failed);
    CHECK_INT(pm_count_failed(statuses, 200), failed);
    CHECK_TEXT(told.message[0], "35 is a multiple of 7, attempt 1");
    CHECK_INT(statuses[200], PM_ITEM_PENDING);
}

static void retries(void)
{
    for (int needed = 0; needed <= 4; needed++) {
        const pm_items items = items_of(&third, PARMAP_INT64, 0, 1, 3);
        forget();
        failures_first = needed;
        CHECK_INT(pm_items_compute(&items, 0, 70, NULL, results.reals, statuses), PARMAP_OK);
        CHECK_INT(calls, 70 + 10 * (needed < 3 ? needed : 3)); /* 0, 7 ... 63 */
        CHECK_INT(pm_count_failed(statuses, 70), needed > 3 ? 10 : 0);
        CHECK_INT(told.count, needed > 3 ? 10 : 0);
    }
    CHECK_INT(told.attempts[9], 4);
    CHECK_TEXT(told.message[9], "63 is a multiple of 7, attempt 4");
}

/* Good items are not computed twice, failed ones are. */
static void once_more(void)
{
    const pm_items items = items_of(&third, PARMAP_INT64, 0, 1, 0);
    forget();
    failures_first = 1;
    CHECK_INT(pm_items_compute(&items, 0, 100, NULL, results.reals, statuses), PARMAP_OK);
    CHECK_INT(calls, 100);
    results.reals[1] = 12345; /* a good one: stays */
    CHECK_INT(pm_items_compute(&items, 0, 100, NULL, results.reals, statuses), PARMAP_OK);
    CHECK_INT(calls, 115);
    CHECK_INT(pm_count_failed(statuses, 100), 0);
    CHECK(results.reals[1] == 12345);
    CHECK(results.reals[98] == 98 / 3.0);
}

static void without_words(void)
{
    const pm_items items = items_of(&mute, PARMAP_UINT64, 0, 1, 2);
    forget();
    CHECK_INT(pm_items_compute(&items, 0, 10, NULL, results.words, statuses), PARMAP_OK);
    CHECK_INT(told.count, 1);
    CHECK_INT(told.attempts[0], 3);
    CHECK_TEXT(told.message[0], "PARMAP_NO_INPUT");
    CHECK_INT(results.words[3], 0);
    CHECK_INT(results.words[9], 10);
}

static void wide_items(void)
{
    const pm_items items =
        items_of(&wide, PARMAP_INT128, (parmap_int128)1 << 90, -((parmap_int128)1 << 89), 0);
    forget();
    CHECK_INT(pm_items_compute(&items, 0, 5, NULL, results.wides, statuses), PARMAP_OK);
    CHECK_INT(results.wides[0], (parmap_int128)3 << 90);
    CHECK_INT(results.wides[2], 0); /* of 0 */
    CHECK_INT(results.wides[3], 0); /* failed */
    CHECK_INT(statuses[2], PM_ITEM_GOOD);
    CHECK_INT(statuses[3], PM_ITEM_FAILED);
    CHECK_INT(told.count, 2);
}

static void ended_by_the_listener(void)
{
    const pm_items items = items_of(&third, PARMAP_INT64, 0, 1, 0);
    forget();
    failures_first = 1;
    told.refuse = 2;
    CHECK_INT(pm_items_compute(&items, 0, 100, NULL, results.reals, statuses), PARMAP_WRITE_ERROR);
    CHECK_INT(calls, 8);
    CHECK_INT(statuses[8], PM_ITEM_PENDING);
}

static void single_items(void)
{
    double x = -4, y = 5;
    CHECK_INT(pm_kernel_item(&root, PARMAP_FLOAT64, &x, &y), PARMAP_TASK_FAILED);
    CHECK_TEXT(parmap_message(), "no root of -4");
    x = 2.25;
    CHECK_INT(pm_kernel_item(&root, PARMAP_FLOAT64, &x, &y), PARMAP_OK);
    CHECK(y == 1.5);
    x = 1000.5;
    CHECK_INT(pm_kernel_item(&root, PARMAP_FLOAT64, &x, &y), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "x = 1000.5");
    x = (double)NAN;
    CHECK_INT(pm_kernel_item(&root, PARMAP_FLOAT64, &x, &y), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), "NaN");
}

static parmap_status probed(void *context, int64_t item, void *result)
{
    CHECK(context == &told);
    return pm_kernel_item(&third, PARMAP_INT64, &item, result);
}

static void probe(double cost_s, int failures, char text[PM_PROBE_TEXT])
{
    items_of(&third, PARMAP_INT64, 0, 1, 0);
    failures_first = failures;
    CHECK_INT(pm_probe_items(ITEMS, pm_probe_count(cost_s), sizeof(double), probed, &told, text),
              PARMAP_OK);
}

/* What fails differs between two runs; what does not fail is the same. */
static void probes(void)
{
    char with[PM_PROBE_TEXT], without[PM_PROBE_TEXT];
    int failed = 0, wrong = 0;
    probe(0, 0, without);
    probe(0, 1, with);
    CHECK_INT(strlen(with), 4 * PM_PROBES);
    CHECK_INT(strlen(without), 4 * PM_PROBES);
    CHECK(strchr(without, '-') == NULL);
    for (int i = 0; i < PM_PROBES; i++) {
        const bool fails = 999 * i / 63 % 7 == 0;
        failed += fails;
        wrong += memcmp(with + 4 * i, fails ? "----" : without + 4 * i, 4) != 0;
    }
    CHECK(failed > 0);
    CHECK_INT(wrong, 0);
    probe(60, 0, with);
    CHECK_TEXT(with, "");
}

static void statistics(void)
{
    const pm_items items = items_of(&wide, PARMAP_INT128, 600, -1, 0);
    pm_stats stats = pm_stats_none();
    forget();
    CHECK_INT(pm_items_compute(&items, 0, ITEMS, NULL, results.wides, statuses), PARMAP_OK);
    for (int i = 0; i <= 600; i++)
        results.wides[i] += 1000; /* a failed one's 0 would be the smallest */
    pm_stats_add_some(&stats, PARMAP_INT128, 1, results.wides, statuses, PM_ITEM_GOOD, ITEMS);
    CHECK_INT(stats.min, 1000);
    CHECK_INT(stats.max, 2800);

    const pm_items reals = items_of(&root, PARMAP_FLOAT64, 500, -1, 0);
    forget();
    stats = pm_stats_none();
    CHECK_INT(pm_items_compute(&reals, 0, ITEMS, NULL, results.reals, statuses), PARMAP_OK);
    for (int i = 0; i <= 500; i++)
        results.reals[i] = i;
    pm_stats_add_some(&stats, PARMAP_FLOAT64, 1, results.reals, statuses, PM_ITEM_GOOD, ITEMS);
    CHECK_INT(stats.sum, 500 * 501 / 2);
    CHECK_INT(stats.inexact, 0);
}

int main(void)
{
    static const check_case cases[] = {
        {"items: a span with failures", span_with_failures},
        {"items: retries", retries},
        {"items: once more, those that failed", once_more},
        {"items: failures without words", without_words},
        {"items: 128 bits", wide_items},
        {"items: ended by the listener", ended_by_the_listener},
        {"items: single ones", single_items},
        {"items: probes", probes},
        {"items: statistics", statistics},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
