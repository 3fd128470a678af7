/* process - as many processes as this machine has CPUs, each of which squares numbers:
 * multiprocessing's Process.  They take the ranks in turn: with mpirun -np 4 ./process they run on
 * ranks 1, 2, 3, 0, 1 ..., alone all of them on rank 0, as threads of it. */
#include <parmap.h>
#include <stdio.h>
#include <unistd.h>

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
    if (!parmap_serve()) /* the other ranks run processes until rank 0 has finished */
        return parmap_finish();

    enum { MOST = 500 };
    parmap_process processes[MOST];
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN); /* os.cpu_count() */
    const int num_processes = cpus < MOST ? (int)cpus : MOST;

    /* create and start */
    for (int i = 0; i < num_processes; i++)
        PARMAP_MUST(parmap_process_start(&processes[i], square_numbers, NULL, 0));

    /* join */
    for (int i = 0; i < num_processes; i++) {
        PARMAP_MUST(parmap_process_join(&processes[i], PARMAP_FOREVER));
        printf("%s on rank %d: exit code %d\n", processes[i].name, processes[i].rank,
               processes[i].exit_code);
    }

    printf("end main\n");
    return parmap_finish();
}

/* TEST ranks=1 expect="Process-1 on rank 0: exit code 0" expect="end main" */
/* TEST ranks=2,4,7 expect="Process-1 on rank 1: exit code 0" expect="end main" */
