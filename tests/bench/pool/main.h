/* What our programs of this group share: rank 0 measures, the others serve. */
#ifndef MAIN_H
#define MAIN_H

#include "../reference/loop.h"

#include <parmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole of main.  `measure` gets that many arguments and returns whether the results are right.
 */
static inline int with_workers(int argc, char **argv, int arguments, bool (*measure)(char **))
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    if (!parmap_serve())
        return parmap_finish();
    if (argc != arguments + 1)
        return parmap_finish() ? 71 : 64;
    const bool right = measure(argv + 1);
    const int code = parmap_finish();
    return right ? code : 70;
}

static inline parmap_pool *pool_of(int size)
{
    parmap_pool *pool;
    PARMAP_MUST(parmap_pool_create(&pool, size));
    return pool;
}

static inline void end_pool(parmap_pool *pool)
{
    PARMAP_MUST(parmap_pool_close(pool));
    PARMAP_MUST(parmap_pool_join(pool, PARMAP_FOREVER));
}

static inline void *memory_of(size_t bytes)
{
    void *memory = malloc(bytes);
    if (!memory)
        abort();
    return memory;
}

#endif
