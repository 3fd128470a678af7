/* Executors: the threads of all ranks that use shared objects, each with a number of its own.  A
 * lock word names its owner by it. */
#ifndef PM_COMM_EXECUTOR_H
#define PM_COMM_EXECUTOR_H

#include "base/status.h"

enum {
    PM_EXECUTOR_BITS = 10,
    PM_EXECUTORS = 1 << PM_EXECUTOR_BITS, /* threads of a rank that use shared objects at once */
    PM_RANK_BITS = 20,
    PM_MOST_RANKS = (1 << PM_RANK_BITS) - 1
};

/* rank << PM_EXECUTOR_BITS | number within the rank, plus 1: 0 is nobody.  30 bits and a bit. */
typedef uint32_t pm_executor;

static inline pm_executor pm_executor_of(uint32_t rank, uint32_t number)
{
    return (rank << PM_EXECUTOR_BITS | number) + 1;
}

static inline uint32_t pm_executor_rank(pm_executor executor)
{
    return (executor - 1) >> PM_EXECUTOR_BITS;
}

static inline uint32_t pm_executor_number(pm_executor executor)
{
    return (executor - 1) & (PM_EXECUTORS - 1);
}

/* Private to executor.c and the function below. */
extern __attribute__((visibility("hidden"),
                      tls_model("initial-exec"))) _Thread_local pm_executor pm_executor_mine;
pm_executor pm_executor_join(void);

/* Local.  The calling thread's; given on its first call and taken back when the thread ends.  0
 * with a message (PARMAP_SYSTEM) when PM_EXECUTORS threads have one. */
static inline pm_executor pm_executor_self(void)
{
    return __builtin_expect(pm_executor_mine != 0, 1) ? pm_executor_mine : pm_executor_join();
}

/* Local.  How many threads of this rank have a number and may want a core. */
uint32_t pm_executors_live(void);

/* Local.  The calling thread sleeps until others end, or goes on. */
void pm_executor_rest(bool resting);

/* Local, before the first executor: this rank's number. */
void pm_executor_set_rank(uint32_t rank);

#endif
