/* What the tests of barriers share. */
#ifndef BARRIERS_H
#define BARRIERS_H

#include "shared/shared.h"

/* What the workers of a case use; the handles are the same on all ranks. */
static struct {
    parmap_barrier barrier, pause;
    parmap_value first, second;
    int64_t parties, rounds;
} job;

static inline int64_t number_in(const parmap_value *value)
{
    int64_t number = -1;
    CHECK_OK(parmap_value_load(value, &number));
    return number;
}

static inline int64_t waiting(void)
{
    int64_t count = -1;
    CHECK_OK(parmap_barrier_waiting(&job.barrier, &count));
    return count;
}

static inline bool is_broken(void)
{
    bool broken = false;
    CHECK_OK(parmap_barrier_broken(&job.barrier, &broken));
    return broken;
}

/* Collective.  Makes what a case uses. */
static inline void begin(int parties, parmap_status action(void))
{
    job.parties = parties;
    SHARE_NEW(job.barrier, parmap_barrier_create(&job.barrier, parties, action));
    SHARE_NEW(job.first, parmap_value_create(&job.first, 'q', 0));
    SHARE_NEW(job.second, parmap_value_create(&job.second, 'q', 0));
}

static inline void end(void)
{
    SHARE_FREE(parmap_barrier_free(&job.barrier));
    ON_ROOT(parmap_value_free(&job.first));
    ON_ROOT(parmap_value_free(&job.second));
}

#endif
