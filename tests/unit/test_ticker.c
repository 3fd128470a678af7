/* A thread that ticks: when it does, and when it ends.  Times are only lower bounds. */
#include "base/ticker.h"

#include "check.h"

#include <stdatomic.h>
#include <time.h>

static const double long_s = 1000, rounding_s = 1e-6;

typedef struct count {
    _Atomic int ticks;
    int until;          /* ticks after which the tick says no */
    double begun, last; /* of the last two ticks: the rest between them */
    double shortest_rest;
    _Atomic bool in_tick, leave;
} count;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void rest(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static bool tick(void *context)
{
    count *c = context;
    const double rest_s = now() - c->last;
    c->shortest_rest = rest_s < c->shortest_rest ? rest_s : c->shortest_rest;
    c->last = now();
    return atomic_fetch_add(&c->ticks, 1) + 1 != c->until;
}

static count begin(int until)
{
    return (count){.until = until, .last = now(), .shortest_rest = long_s};
}

static void await_ticks(count *c, int ticks)
{
    const double begun = now();
    while (atomic_load(&c->ticks) < ticks && now() - begun < 30)
        rest();
    CHECK(atomic_load(&c->ticks) >= ticks);
}

static void ticks(void)
{
    pm_ticker ticker;
    count c = begin(0);
    CHECK_INT(pm_ticker_start(&ticker, 0.001, tick, &c), PARMAP_OK);
    await_ticks(&c, 5);
    pm_ticker_stop(&ticker);
    const int then = atomic_load(&c.ticks);
    for (int i = 0; i < 5; i++)
        rest();
    CHECK_INT(atomic_load(&c.ticks), then); /* none after it was stopped */
    CHECK(c.shortest_rest > 0.001 - rounding_s);
}

/* Several at once: whatever the fraction of the second they begin in, none ticks too early. */
static void rests(void)
{
    enum { TICKERS = 8 };
    pm_ticker tickers[TICKERS];
    count c[TICKERS];
    for (int i = 0; i < TICKERS; i++) {
        c[i] = begin(0);
        CHECK_INT(pm_ticker_start(&tickers[i], 0.05 + 0.1 * i, tick, &c[i]), PARMAP_OK);
    }
    for (int i = 0; i < TICKERS; i++)
        await_ticks(&c[i], 1);
    for (int i = 0; i < TICKERS; i++) {
        pm_ticker_stop(&tickers[i]);
        CHECK(c[i].shortest_rest > 0.05 + 0.1 * i - rounding_s);
    }
}

static void ends_itself(void)
{
    pm_ticker ticker;
    count c = begin(3);
    CHECK_INT(pm_ticker_start(&ticker, 0.001, tick, &c), PARMAP_OK);
    await_ticks(&c, 3);
    for (int i = 0; i < 10; i++)
        rest();
    pm_ticker_stop(&ticker);
    CHECK_INT(atomic_load(&c.ticks), 3);
}

/* A long rest is cut short by the end, before the first tick. */
static void stopped_at_rest(void)
{
    for (int round = 0; round < 200; round++) {
        pm_ticker ticker;
        count c = begin(0);
        CHECK_INT(pm_ticker_start(&ticker, long_s, tick, &c), PARMAP_OK);
        if (round % 20 == 0)
            rest(); /* else it may not even sleep yet */
        pm_ticker_stop(&ticker);
        CHECK_INT(atomic_load(&c.ticks), 0);
    }
}

static bool slow_tick(void *context)
{
    count *c = context;
    atomic_store(&c->in_tick, true);
    for (int i = 0; i < 50; i++)
        rest();
    atomic_store(&c->in_tick, false);
    return true;
}

/* The caller may free what the tick uses when it has stopped it. */
static void stopped_in_a_tick(void)
{
    pm_ticker ticker;
    count c = begin(0);
    const double begun = now();
    CHECK_INT(pm_ticker_start(&ticker, 0.001, slow_tick, &c), PARMAP_OK);
    while (!atomic_load(&c.in_tick) && now() - begun < 30)
        rest();
    CHECK(atomic_load(&c.in_tick));
    pm_ticker_stop(&ticker);
    CHECK(!atomic_load(&c.in_tick));
}

static void stopped_twice(void)
{
    pm_ticker ticker = {0};
    count c = begin(0);
    pm_ticker_stop(&ticker);
    CHECK_INT(pm_ticker_start(&ticker, long_s, tick, &c), PARMAP_OK);
    pm_ticker_stop(&ticker);
    pm_ticker_stop(&ticker);
    CHECK_INT(pm_ticker_start(&ticker, 0.001, tick, &c), PARMAP_OK); /* and used again */
    await_ticks(&c, 1);
    pm_ticker_stop(&ticker);
}

int main(void)
{
    static const check_case cases[] = {
        {"ticker: ticks", ticks},
        {"ticker: rests", rests},
        {"ticker: ends itself", ends_itself},
        {"ticker: stopped at rest", stopped_at_rest},
        {"ticker: stopped in a tick", stopped_in_a_tick},
        {"ticker: stopped twice", stopped_twice},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
