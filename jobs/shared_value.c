/* shared_value - one number that two processes count up together, a lock around each step:
 * multiprocessing's Value and Lock.  With mpirun -np 2 ./shared_value they are on two ranks, on one
 * node or on two. */
#include <parmap.h>
#include <stdio.h>

typedef struct shared {
    parmap_value number;
    parmap_lock lock;
} shared;

static int add_100(void *argument)
{
    const shared *our = argument;
    for (int i = 0; i < 100; i++) {
        PARMAP_MUST(parmap_sleep(0.001));
        PARMAP_WITH(&our->lock) {
            int64_t value;
            PARMAP_MUST(parmap_value_load(&our->number, &value));
            PARMAP_MUST(parmap_value_store(&our->number, value + 1));
        }
    }
    return 0;
}

static long long value_of(const parmap_value *number)
{
    int64_t value;
    PARMAP_MUST(parmap_value_load(number, &value));
    return value;
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    if (!parmap_serve())
        return parmap_finish();

    shared our;
    PARMAP_MUST(parmap_value_create(&our.number, 'i', 0));
    PARMAP_MUST(parmap_lock_create(&our.lock));
    printf("Number at the beginning is %lld\n", value_of(&our.number));

    parmap_process p1, p2;
    PARMAP_MUST(parmap_process_start(&p1, add_100, &our, sizeof our));
    PARMAP_MUST(parmap_process_start(&p2, add_100, &our, sizeof our));
    PARMAP_MUST(parmap_process_join(&p1, PARMAP_FOREVER));
    PARMAP_MUST(parmap_process_join(&p2, PARMAP_FOREVER));

    printf("Number at the end is %lld\n", value_of(&our.number));
    PARMAP_MUST(parmap_value_free(&our.number));
    PARMAP_MUST(parmap_lock_free(&our.lock));
    return parmap_finish();
}

/* TEST ranks=1,2,4,7 expect="Number at the beginning is 0" expect="Number at the end is 200" */
