/* The books of a heap: nothing is given out twice, and what is given back can be had again. */
#include "heap/ranges.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

enum { UNITS = 1000, BEGIN = 640, END = BEGIN + UNITS * PM_RANGE_UNIT };

static pm_ranges ranges;

static void first_fit(void)
{
    uint64_t a, b, c;
    pm_ranges_open(&ranges, BEGIN, END);
    CHECK(pm_ranges_take(&ranges, 300 * PM_RANGE_UNIT, &a));
    CHECK(pm_ranges_take(&ranges, 400 * PM_RANGE_UNIT, &b));
    CHECK(!pm_ranges_take(&ranges, 301 * PM_RANGE_UNIT, &c));
    CHECK_INT(a, BEGIN);
    CHECK_INT(b, BEGIN + 300 * PM_RANGE_UNIT);
    CHECK_INT(pm_ranges_give(&ranges, a, 300 * PM_RANGE_UNIT), PARMAP_OK);
    CHECK(pm_ranges_take(&ranges, 280 * PM_RANGE_UNIT, &c));
    CHECK_INT(c, BEGIN);
    pm_ranges_close(&ranges);
}

/* Neighbours become one, whatever the order in which they come back. */
static void joined(void)
{
    static const int orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {0, 2, 1, 3}, {1, 3, 0, 2}};
    const uint64_t quarter = UNITS / 4 * PM_RANGE_UNIT;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        uint64_t parts[4], all;
        pm_ranges_open(&ranges, BEGIN, END);
        for (int k = 0; k < 4; k++)
            CHECK(pm_ranges_take(&ranges, quarter, &parts[k]));
        for (int k = 0; k < 4; k++)
            CHECK_INT(pm_ranges_give(&ranges, parts[orders[i][k]], quarter), PARMAP_OK);
        CHECK(pm_ranges_take(&ranges, 4 * quarter, &all));
        CHECK_INT(all, BEGIN);
        pm_ranges_close(&ranges);
    }
}

/* Small ones wait on stacks, but together they are a large one when it is needed. */
static void small_ones(void)
{
    uint64_t parts[UNITS], all;
    pm_ranges_open(&ranges, BEGIN, END);
    for (int i = 0; i < UNITS; i++)
        CHECK(pm_ranges_take(&ranges, PM_RANGE_UNIT, &parts[i]));
    CHECK(!pm_ranges_take(&ranges, PM_RANGE_UNIT, &all));
    for (int i = 0; i < UNITS; i++)
        CHECK_INT(pm_ranges_give(&ranges, parts[i * 7 % UNITS], PM_RANGE_UNIT), PARMAP_OK);
    CHECK(pm_ranges_take(&ranges, (uint64_t)UNITS * PM_RANGE_UNIT, &all));
    CHECK_INT(all, BEGIN);
    pm_ranges_close(&ranges);
}

/* In an order and a number with which looking for each one's neighbours takes hours. */
static void very_many_small_ones(void)
{
    enum { MANY = 1000000 };
    uint64_t begin, all;
    pm_ranges_open(&ranges, BEGIN, BEGIN + (uint64_t)MANY * PM_RANGE_UNIT);
    for (int i = 0; i < MANY; i++)
        CHECK(pm_ranges_take(&ranges, PM_RANGE_UNIT, &begin));
    for (int odd = 1; odd >= 0; odd--)
        for (int i = MANY - 2 + odd; i >= 0; i -= 2)
            CHECK_INT(pm_ranges_give(&ranges, BEGIN + (uint64_t)i * PM_RANGE_UNIT, PM_RANGE_UNIT),
                      PARMAP_OK);
    CHECK(pm_ranges_take(&ranges, (uint64_t)MANY * PM_RANGE_UNIT, &all));
    CHECK_INT(all, BEGIN);
    pm_ranges_close(&ranges);
}

/* Against a map of units that are taken. */
static void at_random(void)
{
    static bool taken[UNITS];
    static struct {
        uint64_t begin;
        int units;
    } live[UNITS];
    int count = 0;
    memset(taken, 0, sizeof taken);
    srand(7);
    pm_ranges_open(&ranges, BEGIN, END);
    for (int round = 0; round < 20000; round++) {
        const int units = 1 + rand() % 25;
        uint64_t begin;
        if (rand() % 2 && pm_ranges_take(&ranges, (uint64_t)units * PM_RANGE_UNIT, &begin)) {
            const int first = (int)(begin - BEGIN) / PM_RANGE_UNIT;
            CHECK(begin >= BEGIN && first + units <= UNITS);
            for (int i = first; i < first + units; i++) {
                CHECK(!taken[i]);
                taken[i] = true;
            }
            live[count].begin = begin;
            live[count++].units = units;
        } else if (count > 0) {
            const int which = rand() % count,
                      first = (int)(live[which].begin - BEGIN) / PM_RANGE_UNIT;
            for (int i = first; i < first + live[which].units; i++)
                taken[i] = false;
            CHECK_INT(pm_ranges_give(&ranges, live[which].begin,
                                     (uint64_t)live[which].units * PM_RANGE_UNIT),
                      PARMAP_OK);
            live[which] = live[--count];
        }
    }
    pm_ranges_close(&ranges);
}

int main(void)
{
    static const check_case cases[] = {
        {"ranges: the first that fits", first_fit},
        {"ranges: neighbours are joined", joined},
        {"ranges: small ones", small_ones},
        {"ranges: very many small ones", very_many_small_ones},
        {"ranges: at random", at_random},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
