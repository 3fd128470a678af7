/* xxHash, with the vector unit chosen at run time where the library can (compiled in at the
 * baseline, SSE2, it costs a tenth of a run). */
#include "base/hash.h"

#ifdef PM_HAVE_XXH_DISPATCH
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

uint64_t pm_hash_block(const void *data, size_t bytes, uint64_t block)
{
    return XXH3_64bits_withSeed(data, bytes, block);
}
