/* A few slots under one mutex, which nobody holds while a piece is made or used.  Threads may be
 * far apart, each at a piece of its own that it comes back to, block by block: there is a slot for
 * each, and as long as they are small another one, since at the border of two blocks one thread
 * needs the piece that another has just used. */
#include "store/input_cache.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 512, SLOTS = 2 * THREADS, NO_KEY = -1 };

typedef struct slot {
    char *bytes;
    int64_t key;
    int64_t used; /* by the cache's clock, at last */
    int holders;  /* threads that make or use it */
    pthread_t by; /* the thread that used it at last */
    bool made;
} slot;

struct pm_chunk_cache {
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* a piece was made, could not be made, or was released */
    size_t bytes;
    int64_t clock;
    int thread_count; /* that have made a piece */
    pthread_t threads[THREADS];
    int count;
    slot slots[SLOTS];
};

pm_chunk_cache *pm_chunk_cache_open(size_t bytes)
{
    pm_chunk_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return NULL;
    pthread_mutex_init(&cache->mutex, NULL);
    pthread_cond_init(&cache->changed, NULL);
    cache->bytes = bytes;
    return cache;
}

void pm_chunk_cache_close(pm_chunk_cache *cache)
{
    if (!cache)
        return;
    for (int i = 0; i < cache->count; i++)
        free(cache->slots[i].bytes);
    pthread_cond_destroy(&cache->changed);
    pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

static slot *with_key(pm_chunk_cache *cache, int64_t key)
{
    for (int i = 0; i < cache->count; i++)
        if (cache->slots[i].key == key)
            return &cache->slots[i];
    return NULL;
}

/* The slot that nobody has used for longest. */
static slot *oldest(pm_chunk_cache *cache, bool own)
{
    slot *found = NULL;
    for (int i = 0; i < cache->count; i++) {
        slot *candidate = &cache->slots[i];
        if (candidate->holders == 0 && (!found || candidate->used < found->used) &&
            (!own || pthread_equal(candidate->by, pthread_self())))
            found = candidate;
    }
    return found;
}

/* Preferably one of the thread's own: the others may come back to theirs. */
static slot *give_up(pm_chunk_cache *cache)
{
    slot *own = oldest(cache, true);
    return own ? own : oldest(cache, false);
}

static void count_thread(pm_chunk_cache *cache)
{
    const pthread_t self = pthread_self();
    for (int i = 0; i < cache->thread_count; i++)
        if (pthread_equal(cache->threads[i], self))
            return;
    if (cache->thread_count < THREADS)
        cache->threads[cache->thread_count++] = self;
}

/* NULL when there are enough, or no memory. */
static slot *new_slot(pm_chunk_cache *cache)
{
    count_thread(cache);
    const bool small = (size_t)(cache->count + 1) * cache->bytes <= PM_CACHE_BYTES;
    if (cache->count >= cache->thread_count * (small ? 2 : 1))
        return NULL;
    char *bytes = aligned_alloc(64, (cache->bytes + 63) / 64 * 64);
    if (!bytes)
        return NULL;
    slot *fresh = &cache->slots[cache->count++];
    *fresh = (slot){.bytes = bytes, .key = NO_KEY};
    return fresh;
}

/* Waits while another makes the piece, or while all slots are in use.  NULL when there is no memory
 * for a single one. */
static slot *take(pm_chunk_cache *cache, int64_t key)
{
    for (;;) {
        slot *found = with_key(cache, key);
        if (found && found->made)
            return found;
        if (!found) {
            slot *empty = new_slot(cache);
            empty = empty ? empty : give_up(cache);
            if (empty || cache->count == 0)
                return empty;
        }
        pthread_cond_wait(&cache->changed, &cache->mutex);
    }
}

/* With the mutex held, but for the making. */
static parmap_status fill(pm_chunk_cache *cache, slot *to, int64_t key, pm_chunk_cache_make *make,
                          void *context)
{
    to->key = key;
    to->made = false;
    pthread_mutex_unlock(&cache->mutex);
    const parmap_status status = make(context, key, to->bytes);
    pthread_mutex_lock(&cache->mutex);
    to->made = status == PARMAP_OK;
    if (!to->made)
        to->key = NO_KEY;
    pthread_cond_broadcast(&cache->changed);
    return status;
}

/* With the mutex held. */
static void let_go(pm_chunk_cache *cache, slot *held)
{
    held->holders--;
    held->used = cache->clock++;
    held->by = pthread_self();
    pthread_cond_broadcast(&cache->changed);
}

parmap_status pm_chunk_cache_hold(pm_chunk_cache *cache, int64_t key, pm_chunk_cache_make *make,
                                  void *context, const char **piece)
{
    parmap_status status = PARMAP_OK;
    pthread_mutex_lock(&cache->mutex);
    slot *found = take(cache, key);
    if (!found) {
        pthread_mutex_unlock(&cache->mutex);
        return pm_fail(PARMAP_SYSTEM, "no memory for a chunk of %zu bytes", cache->bytes);
    }
    found->holders++;
    *piece = found->bytes;
    if (found->key != key)
        status = fill(cache, found, key, make, context);
    if (status != PARMAP_OK)
        let_go(cache, found);
    pthread_mutex_unlock(&cache->mutex);
    return status;
}

void pm_chunk_cache_release(pm_chunk_cache *cache, const char *piece)
{
    pthread_mutex_lock(&cache->mutex);
    for (int i = 0; i < cache->count; i++)
        if (cache->slots[i].bytes == piece)
            let_go(cache, &cache->slots[i]);
    pthread_mutex_unlock(&cache->mutex);
}
