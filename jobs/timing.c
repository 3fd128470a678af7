/* timing - two sleeps of one second in a row take two seconds, overlapped they take one: what
 * processes are for where a program waits.  ./timing 3 sleeps three seconds each time. */
#include <parmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double length_s = 1; /* on every rank */

static double perf_counter(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int do_something(void *unused)
{
    (void)unused;
    printf("Sleeping %g second\n", length_s);
    PARMAP_MUST(parmap_sleep(length_s));
    printf("Done sleeping\n");
    return 0;
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    static char line[BUFSIZ];
    setvbuf(stdout, line, _IOLBF, sizeof line); /* a line at a time, also to mpirun */
    if (argc > 1)
        length_s = atof(argv[1]);
    if (!parmap_serve())
        return parmap_finish();

    double start = perf_counter();
    do_something(NULL);
    do_something(NULL);
    const double in_a_row = perf_counter() - start;
    printf("\nFinished in %.0f seconds\n\n", in_a_row);

    start = perf_counter();
    parmap_process p1, p2;
    PARMAP_MUST(parmap_process_start(&p1, do_something, NULL, 0));
    PARMAP_MUST(parmap_process_start(&p2, do_something, NULL, 0));
    PARMAP_MUST(parmap_process_join(&p1, PARMAP_FOREVER));
    PARMAP_MUST(parmap_process_join(&p2, PARMAP_FOREVER));
    const double overlapped = perf_counter() - start;
    printf("\nFinished in %.0f second, with two processes\n", overlapped);

    printf("overlapped: %s the two in a row\n", overlapped < in_a_row ? "less than" : "as long as");
    return parmap_finish();
}

/* TEST ranks=1,2,4,7 args=3 expect="Finished in * seconds" */
/* TEST ranks=1,2,4,7 expect="Finished in * second, with two processes" */
/* TEST ranks=1,2,4,7 expect="overlapped: less than the two in a row" */
