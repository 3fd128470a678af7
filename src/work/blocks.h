/* A run is divided into blocks: the unit of claims, writes, checksums and the journal.  Their size
 * follows from the run alone, never from ranks, threads or schedule, so every layout writes the
 * same bytes. */
#ifndef PM_WORK_BLOCKS_H
#define PM_WORK_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

typedef struct pm_blocks {
    int64_t items;       /* of the run */
    int64_t block_items; /* of a block, but for the last; a power of two */
    int64_t count;
} pm_blocks;

/* A fast kernel gets blocks of 512 KiB, which fit the L2 cache; a short run smaller ones, so that
 * there is one for every thread; a slow kernel so few items that a block takes about 10 ms, down
 * to 1. */
pm_blocks pm_blocks_plan(int64_t items, size_t item_bytes, double cost_s);

/* The same with a given block size (of an existing file). */
pm_blocks pm_blocks_of(int64_t items, int64_t block_items);

int64_t pm_block_first(const pm_blocks *blocks, int64_t block);
int64_t pm_block_length(const pm_blocks *blocks, int64_t block);

/* How many consecutive blocks fill whole pages of the file: what nodes claim together, because
 * network file systems cache by the page. */
int64_t pm_blocks_per_page(const pm_blocks *blocks, size_t item_bytes);

#endif
