/* shared_array - three numbers to each of which two processes add one, under a lock:
 * multiprocessing's Array.  With mpirun -np 2 ./shared_array they are on two ranks. */
#include <parmap.h>
#include <stdio.h>

typedef struct shared {
    parmap_array numbers;
    parmap_lock lock;
} shared;

static int add_1(void *argument)
{
    const shared *our = argument;
    for (int64_t i = 0; i < our->numbers.length; i++)
        PARMAP_WITH(&our->lock) {
            double number;
            PARMAP_MUST(parmap_array_load(&our->numbers, i, &number));
            PARMAP_MUST(parmap_array_store(&our->numbers, i, number + 1));
        }
    return 0;
}

static void print(const char *when, const parmap_array *array)
{
    double numbers[3];
    PARMAP_MUST(parmap_array_read(array, 0, 3, numbers)); /* a slice: array[:] */
    printf("array at the %s is [%.1f, %.1f, %.1f]\n", when, numbers[0], numbers[1], numbers[2]);
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    if (!parmap_serve())
        return parmap_finish();

    shared our;
    const double numbers[3] = {0.0, 100.0, 200.0};
    PARMAP_MUST(parmap_array_create(&our.numbers, 'd', 3));
    PARMAP_MUST(parmap_array_write(&our.numbers, 0, 3, numbers));
    PARMAP_MUST(parmap_lock_create(&our.lock));
    print("beginning", &our.numbers);

    parmap_process p1, p2;
    PARMAP_MUST(parmap_process_start(&p1, add_1, &our, sizeof our));
    PARMAP_MUST(parmap_process_start(&p2, add_1, &our, sizeof our));
    PARMAP_MUST(parmap_process_join(&p1, PARMAP_FOREVER));
    PARMAP_MUST(parmap_process_join(&p2, PARMAP_FOREVER));

    print("end", &our.numbers);
    PARMAP_MUST(parmap_array_free(&our.numbers));
    PARMAP_MUST(parmap_lock_free(&our.lock));
    return parmap_finish();
}

/* TEST ranks=1,2,4,7 expect="array at the beginning is [0.0, 100.0, 200.0]" */
/* TEST ranks=1,2,4,7 expect="array at the end is [2.0, 102.0, 202.0]" */
