/* Pieces that threads share: each is made while no other thread makes it, and right. */
#include "store/input_cache.h"

#include "check.h"

#include <stdatomic.h>
#include <string.h>

enum { KEYS = 40, BYTES = 512, ROUNDS = 2000, THREADS = 4 };

typedef struct factory {
    atomic_int made[KEYS];  /* how often */
    atomic_int doing[KEYS]; /* threads that make it just now */
    atomic_int overlaps;
    int64_t bad; /* cannot be made */
} factory;

static parmap_status make(void *context, int64_t key, char *to)
{
    factory *self = context;
    if (atomic_fetch_add(&self->doing[key], 1) > 0)
        atomic_fetch_add(&self->overlaps, 1);
    atomic_fetch_add(&self->made[key], 1);
    memset(to, (int)key, BYTES);
    atomic_fetch_sub(&self->doing[key], 1);
    return key == self->bad ? pm_fail(PARMAP_BAD_DATA, "piece %d is bad", (int)key) : PARMAP_OK;
}

static bool is(const char *piece, int64_t key)
{
    for (int i = 0; i < BYTES; i++)
        if (piece[i] != (char)key)
            return false;
    return true;
}

static void kept(void)
{
    factory self = {.bad = -1};
    pm_chunk_cache *cache = pm_chunk_cache_open(BYTES);
    const char *piece;
    for (int round = 0; round < 3; round++) {
        CHECK_INT(pm_chunk_cache_hold(cache, 7, make, &self, &piece), PARMAP_OK);
        CHECK(is(piece, 7));
        pm_chunk_cache_release(cache, piece);
    }
    CHECK_INT(self.made[7], 1);
    pm_chunk_cache_close(cache);
    pm_chunk_cache_close(NULL);
}

/* A failure is told to each that asks, and leaves no piece behind. */
static void failing(void)
{
    factory self = {.bad = 3};
    pm_chunk_cache *cache = pm_chunk_cache_open(BYTES);
    const char *piece;
    for (int round = 0; round < 2; round++) {
        CHECK_INT(pm_chunk_cache_hold(cache, 3, make, &self, &piece), PARMAP_BAD_DATA);
        CHECK_TEXT(parmap_message(), "piece 3 is bad");
    }
    CHECK_INT(self.made[3], 2);
    CHECK_INT(pm_chunk_cache_hold(cache, 4, make, &self, &piece), PARMAP_OK);
    CHECK(is(piece, 4));
    pm_chunk_cache_release(cache, piece);
    pm_chunk_cache_close(cache);
}

/* Neighbouring keys, as threads on neighbouring blocks have them. */
static void crowd(size_t bytes)
{
    factory self = {.bad = 11};
    pm_chunk_cache *cache = pm_chunk_cache_open(bytes);
    int wrong = 0, refused = 0;
#pragma omp parallel for num_threads(THREADS) schedule(dynamic, 1) reduction(+ : wrong, refused)
    for (int i = 0; i < ROUNDS; i++) {
        const int64_t key = i / 5 % KEYS;
        const char *piece;
        if (pm_chunk_cache_hold(cache, key, make, &self, &piece) != PARMAP_OK) {
            refused++;
            wrong += key != self.bad;
            continue;
        }
        wrong += !is(piece, key);
        pm_chunk_cache_release(cache, piece);
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(refused, ROUNDS / KEYS);
    CHECK_INT(self.overlaps, 0);
    pm_chunk_cache_close(cache);
}

static void many_threads(void)
{
    crowd(BYTES);
}

/* As large as they may be: no more than one for each thread. */
static void large_pieces(void)
{
    crowd(PM_CACHE_BYTES);
}

/* Threads far apart, as on a static schedule: each goes through pieces of its own, coming back to
 * one again and again, and each is made once. */
static void far_apart(size_t bytes)
{
    factory self = {.bad = -1};
    pm_chunk_cache *cache = pm_chunk_cache_open(bytes);
    int wrong = 0;
#pragma omp parallel for num_threads(THREADS) schedule(static, 1) reduction(+ : wrong)
    for (int thread = 0; thread < THREADS; thread++) {
        for (int i = 0; i < 1000; i++) {
            const int64_t key = thread * (KEYS / THREADS) + i / 100;
            const char *piece;
            wrong += pm_chunk_cache_hold(cache, key, make, &self, &piece) != PARMAP_OK;
            wrong += !is(piece, key);
            pm_chunk_cache_release(cache, piece);
        }
    }
    CHECK_INT(wrong, 0);
    for (int key = 0; key < KEYS; key++)
        CHECK_INT(self.made[key], 1);
    pm_chunk_cache_close(cache);
}

static void apart(void)
{
    far_apart(BYTES);
    far_apart(PM_CACHE_BYTES);
}

int main(void)
{
    static const check_case cases[] = {
        {"a piece is kept", kept},      {"one that cannot be made", failing},
        {"many threads", many_threads}, {"large pieces", large_pieces},
        {"threads far apart", apart},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
