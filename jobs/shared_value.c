/* shared_value - one number that two workers count up together, a lock around each step:
 * multiprocessing's Value and Lock.  Alone the workers are two threads; mpirun -np 2 ./shared_value
 * makes them threads of two ranks, on one node or on two. */
#include <parmap.h>
#include <stdio.h>
#include <threads.h>

typedef struct shared {
    parmap_value number;
    parmap_lock lock;
} shared;

static void add_100(int worker, void *context)
{
    (void)worker;
    const shared *our = context;
    for (int i = 0; i < 100; i++) {
        thrd_sleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        PARMAP_WITH(&our->lock) {
            int64_t value;
            PARMAP_MUST(parmap_value_load(&our->number, &value));
            PARMAP_MUST(parmap_value_store(&our->number, value + 1));
        }
    }
}

static int64_t value_of(const parmap_value *number)
{
    int64_t value;
    PARMAP_MUST(parmap_value_load(number, &value));
    return value;
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));

    /* Rank 0 makes the objects; the others get handles of them. */
    shared our;
    if (parmap_rank() == 0) {
        PARMAP_MUST(parmap_value_create(&our.number, 'i', 0));
        PARMAP_MUST(parmap_lock_create(&our.lock));
        printf("Number at the beginning is %lld\n", (long long)value_of(&our.number));
    }
    PARMAP_MUST(parmap_broadcast(&our, sizeof our, 0));

    PARMAP_MUST(parmap_run_workers(2, add_100, &our)); /* starts them, and joins */

    if (parmap_rank() == 0) {
        printf("Number at the end is %lld\n", (long long)value_of(&our.number));
        PARMAP_MUST(parmap_value_free(&our.number));
        PARMAP_MUST(parmap_lock_free(&our.lock));
    }
    return parmap_finish();
}

/* TEST ranks=1,2,4,7 expect="Number at the beginning is 0" expect="Number at the end is 200" */
