/* The hash of the data checksum. */
#ifndef PM_BASE_HASH_H
#define PM_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* XXH3_64bits of xxHash with the block's number as its seed.  The checksum of a data set is the sum
 * of its blocks' hashes mod 2^64, so that blocks may be added in any order. */
uint64_t pm_hash_block(const void *data, size_t bytes, uint64_t block);

#endif
