/* idle SECONDS, on 4 ranks: ranks 1 to 3 are blocked for so long, in a lock, a queue, a barrier of
 * rank 0, which sleeps; the processor time of all threads of each rank, in percent of a core. */
#include "ours.h"

#include <sys/resource.h>

typedef struct objects {
    parmap_lock lock;
    parmap_queue queue;
    parmap_barrier barrier;
} objects;

static double used_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void make(objects *o)
{
    PARMAP_MUST(parmap_lock_create(&o->lock));
    PARMAP_MUST(parmap_queue_create(&o->queue, 0));
    PARMAP_MUST(parmap_barrier_create(&o->barrier, 2, NULL));
    PARMAP_MUST(parmap_lock_acquire(&o->lock, PARMAP_FOREVER));
}

static void let_go(objects *o)
{
    PARMAP_MUST(parmap_lock_release(&o->lock));
    PARMAP_MUST(parmap_queue_put(&o->queue, "item", 4, PARMAP_FOREVER));
    PARMAP_MUST(parmap_barrier_wait(&o->barrier, PARMAP_FOREVER, NULL));
}

static void wait_for_rank_0(objects *o)
{
    char item[8];
    if (parmap_rank() == 1) {
        PARMAP_MUST(parmap_lock_acquire(&o->lock, PARMAP_FOREVER));
        PARMAP_MUST(parmap_lock_release(&o->lock));
    } else if (parmap_rank() == 2) {
        PARMAP_MUST(parmap_queue_get(&o->queue, item, sizeof item, NULL, PARMAP_FOREVER));
    } else {
        PARMAP_MUST(parmap_barrier_wait(&o->barrier, PARMAP_FOREVER, NULL));
    }
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    if (argc != 2 || parmap_size() != 4)
        return parmap_finish() ? 71 : 64;
    objects o = {0};
    if (parmap_rank() == 0)
        make(&o);
    PARMAP_MUST(parmap_broadcast(&o, sizeof o, 0));
    const double start = start_together(), used = used_s();
    if (parmap_rank() == 0)
        sleep_until(start + atof(argv[1]));
    else
        wait_for_rank_0(&o);
    int64_t percent[4] = {0}; /* thousandths of it */
    percent[parmap_rank()] = (int64_t)(1e5 * (used_s() - used) / (now_s() - start));
    if (parmap_rank() == 0)
        let_go(&o);
    PARMAP_MUST(parmap_sum(percent, 4));
    if (parmap_rank() == 0) {
        printf("{\"lock\": %.3f, \"queue\": %.3f, \"barrier\": %.3f, \"home\": %.3f}\n",
               1e-3 * (double)percent[1], 1e-3 * (double)percent[2], 1e-3 * (double)percent[3],
               1e-3 * (double)percent[0]);
        PARMAP_MUST(parmap_lock_free(&o.lock));
        PARMAP_MUST(parmap_queue_free(&o.queue));
        PARMAP_MUST(parmap_barrier_free(&o.barrier));
    }
    return parmap_finish();
}
