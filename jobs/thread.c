/* thread - ten threads, each of which squares numbers: threading's Thread.  They are threads of
 * rank 0, where main runs; the other ranks of mpirun -np 4 ./thread only wait for processes. */
#include <parmap.h>
#include <stdio.h>

static int square_numbers(void *unused)
{
    (void)unused;
    for (int i = 0; i < 100; i++) {
        volatile int square = i * i; /* volatile: or the compiler leaves it out */
        (void)square;
    }
    return 0;
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    if (!parmap_serve())
        return parmap_finish();

    enum { NUM_THREADS = 10 };
    parmap_thread threads[NUM_THREADS];

    /* create and start */
    for (int i = 0; i < NUM_THREADS; i++)
        PARMAP_MUST(parmap_thread_start(&threads[i], square_numbers, NULL, 0));

    /* join: wait for them to complete */
    for (int i = 0; i < NUM_THREADS; i++) {
        PARMAP_MUST(parmap_thread_join(&threads[i], PARMAP_FOREVER));
        printf("%s: exit code %d\n", threads[i].name, threads[i].exit_code);
    }

    printf("end main\n");
    return parmap_finish();
}

/* TEST ranks=1,2,4,7 expect="Thread-{1..10}: exit code 0" expect="end main" */
