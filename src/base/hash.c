/* xxHash, with the vector unit chosen at run time where the library can (compiled in at the
 * baseline, SSE2, it costs a tenth of a run). */
#include "base/hash.h"

#ifdef PM_HAVE_XXH_DISPATCH
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#if defined(PM_HAVE_XXH_DISPATCH) && defined(__x86_64__)
/* Some builds of the library leave the upper halves of the vector registers in use; then every SSE
 * instruction behind it, all of libm for one, takes ten times as long. */
__attribute__((target("avx"), noinline)) static void clear_upper_halves(void)
{
    __builtin_ia32_vzeroupper();
}

static void leave_vectors(void)
{
    if (__builtin_cpu_supports("avx"))
        clear_upper_halves();
}
#else
static void leave_vectors(void) {}
#endif

uint64_t pm_hash_block(const void *data, size_t bytes, uint64_t block)
{
    const uint64_t hash = XXH3_64bits_withSeed(data, bytes, block);
    leave_vectors();
    return hash;
}
