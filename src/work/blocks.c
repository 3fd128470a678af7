/* How large a block is. */
#include "work/blocks.h"

enum {
    LARGEST_BYTES = 1 << 19, /* with the pages that pwrite copies it to, it fits common L2 caches */
    SMALLEST_BYTES = 1 << 15, /* of a fast kernel: below, the write calls would cost more than it */
    ENOUGH_BLOCKS = 1024,
    PAGE_BYTES = 4096
};

static const double block_seconds = 0.010;

static int64_t power_of_two_at_most(int64_t value)
{
    int64_t power = 1;
    while (power <= value / 2)
        power *= 2;
    return power;
}

pm_blocks pm_blocks_plan(int64_t items, size_t item_bytes, double cost_s)
{
    const int64_t largest = LARGEST_BYTES / (int64_t)item_bytes;
    const int64_t smallest = SMALLEST_BYTES / (int64_t)item_bytes;
    int64_t block = items / ENOUGH_BLOCKS;
    block = block < smallest ? smallest : block > largest ? largest : block;
    if (cost_s > 0 && block_seconds / cost_s < (double)block)
        block = (int64_t)(block_seconds / cost_s);
    return pm_blocks_of(items, power_of_two_at_most(block));
}

pm_blocks pm_blocks_of(int64_t items, int64_t block_items)
{
    return (pm_blocks){.items = items,
                       .block_items = block_items,
                       .count = items / block_items + (items % block_items != 0)};
}

int64_t pm_block_first(const pm_blocks *blocks, int64_t block)
{
    return block * blocks->block_items;
}

int64_t pm_block_length(const pm_blocks *blocks, int64_t block)
{
    const int64_t rest = blocks->items - pm_block_first(blocks, block);
    return rest < blocks->block_items ? rest : blocks->block_items;
}

int64_t pm_blocks_per_page(const pm_blocks *blocks, size_t item_bytes)
{
    const int64_t bytes = blocks->block_items * (int64_t)item_bytes;
    return bytes >= PAGE_BYTES ? 1 : PAGE_BYTES / bytes;
}
