/* The sizes of blocks, and that they cover a run exactly. */
#include "work/blocks.h"

#include "check.h"

static const int64_t two_to_62 = INT64_C(1) << 62;

static const int64_t lengths[] = {1,
                                  2,
                                  7,
                                  1000,
                                  4095,
                                  4096,
                                  4097,
                                  1000000,
                                  (INT64_C(1) << 31) - 1,
                                  (INT64_C(1) << 31) + 1,
                                  3000000000,
                                  1000000000007,
                                  (INT64_C(1) << 62) - 5,
                                  (INT64_C(1) << 62)};
enum { LENGTHS = sizeof lengths / sizeof lengths[0] };

static void check_covered(const pm_blocks *blocks, int64_t items)
{
    const int64_t last = blocks->count - 1;
    CHECK_INT(blocks->items, items);
    CHECK(blocks->count >= 1);
    CHECK_INT(pm_block_first(blocks, 0), 0);
    CHECK_INT(pm_block_first(blocks, last), (parmap_int128)last * blocks->block_items);
    CHECK(pm_block_length(blocks, last) >= 1);
    CHECK(pm_block_length(blocks, last) <= blocks->block_items);
    CHECK_INT(pm_block_first(blocks, last) + pm_block_length(blocks, last), items);
    for (int64_t b = 0; b < last && b < 100; b++)
        CHECK_INT(pm_block_length(blocks, b), blocks->block_items);
    if (last > 0)
        CHECK_INT(pm_block_length(blocks, last - 1), blocks->block_items);
}

static bool is_power_of_two(int64_t value)
{
    return value > 0 && (value & (value - 1)) == 0;
}

/* 32 to 512 KiB each; of a long run all of 512 KiB. */
static void fast_kernels(void)
{
    for (size_t bytes = 8; bytes <= 16; bytes += 8) {
        for (int i = 0; i < LENGTHS; i++) {
            const pm_blocks blocks = pm_blocks_plan(lengths[i], bytes, 0);
            const int64_t block_bytes = blocks.block_items * (int64_t)bytes;
            check_covered(&blocks, lengths[i]);
            CHECK(is_power_of_two(blocks.block_items));
            CHECK(block_bytes >= 32768 && block_bytes <= 524288);
            if (lengths[i] >= INT64_C(1) << 31)
                CHECK_INT(block_bytes, 524288);
        }
    }
}

static void known_sizes(void)
{
    static const struct {
        int64_t items;
        size_t bytes;
        double cost_s;
        int64_t block_items, count;
    } cases[] = {
        {1000000, 8, 0, 4096, 245},
        {1000000, 16, 0, 2048, 489},
        {100000000, 8, 0, 65536, 1526},
        {100000000, 16, 0, 32768, 3052},
        {1000000000, 8, 0, 65536, 15259},
        {4096, 8, 0, 4096, 1},
        {4097, 8, 0, 4096, 2},
        {1, 8, 0, 4096, 1},
        {1000, 8, 0.001, 8, 125}, /* ten items would take 10 ms */
        {1000, 8, 0.004, 2, 500},
        {1000, 8, 0.010, 1, 1000},
        {1000, 8, 60, 1, 1000},
        {1000, 8, 1e300, 1, 1000},
        {1000000, 8, 1e-12, 4096, 245},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const pm_blocks blocks = pm_blocks_plan(cases[i].items, cases[i].bytes, cases[i].cost_s);
        CHECK_INT(blocks.block_items, cases[i].block_items);
        CHECK_INT(blocks.count, cases[i].count);
        check_covered(&blocks, cases[i].items);
    }
}

/* A block of a slow kernel takes 5 to 10 ms, but for one of a single item. */
static void slow_kernels(void)
{
    for (double cost_s = 1e-8; cost_s < 100; cost_s *= 1.7) {
        for (int i = 0; i < LENGTHS; i++) {
            const pm_blocks blocks = pm_blocks_plan(lengths[i], 8, cost_s);
            const pm_blocks fast = pm_blocks_plan(lengths[i], 8, 0);
            check_covered(&blocks, lengths[i]);
            CHECK(is_power_of_two(blocks.block_items));
            CHECK(blocks.block_items == 1 || (double)blocks.block_items * cost_s <= 0.010);
            CHECK(blocks.block_items == fast.block_items ||
                  (double)(blocks.block_items * 2) * cost_s > 0.010 * 0.999);
        }
    }
}

static void given_sizes(void)
{
    static const int64_t sizes[] = {1, 2, 3, 1000, 4096, 131072};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (int i = 0; i < LENGTHS; i++) {
            const pm_blocks blocks = pm_blocks_of(lengths[i], sizes[s]);
            CHECK_INT(blocks.block_items, sizes[s]);
            check_covered(&blocks, lengths[i]);
        }
    }
}

static void pages(void)
{
    for (int64_t items = 1; items <= 131072; items *= 2) {
        for (size_t bytes = 8; bytes <= 16; bytes += 8) {
            const pm_blocks blocks = pm_blocks_of(two_to_62, items);
            const int64_t unit = pm_blocks_per_page(&blocks, bytes);
            const int64_t unit_bytes = unit * items * (int64_t)bytes;
            CHECK(unit >= 1);
            CHECK_INT(unit_bytes % 4096, 0);
            CHECK(unit == 1 || unit_bytes == 4096); /* and no more blocks than needed */
        }
    }
}

int main(void)
{
    static const check_case cases[] = {
        {"blocks: fast kernels", fast_kernels}, {"blocks: known sizes", known_sizes},
        {"blocks: slow kernels", slow_kernels}, {"blocks: given sizes", given_sizes},
        {"blocks: whole pages", pages},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
