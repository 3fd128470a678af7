/* Decoded chunks for the threads of a rank: each is made by one, while others that need it wait. */
#ifndef PM_STORE_INPUT_CACHE_H
#define PM_STORE_INPUT_CACHE_H

#include "base/status.h"

/* The most that a piece may have, and the most that a cache takes, but for one piece that each
 * thread may have. */
enum { PM_CACHE_BYTES = 256 << 20 };

typedef struct pm_chunk_cache pm_chunk_cache;

/* Of pieces of `bytes` bytes.  NULL when there is no memory. */
pm_chunk_cache *pm_chunk_cache_open(size_t bytes);
void pm_chunk_cache_close(pm_chunk_cache *cache);

/* Makes piece number `key`. */
typedef parmap_status pm_chunk_cache_make(void *context, int64_t key, char *to);

/* Any thread, which may hold one piece of a cache at a time.  *piece stays until its release. */
parmap_status pm_chunk_cache_hold(pm_chunk_cache *cache, int64_t key, pm_chunk_cache_make *make,
                                  void *context, const char **piece);
void pm_chunk_cache_release(pm_chunk_cache *cache, const char *piece);

#endif
