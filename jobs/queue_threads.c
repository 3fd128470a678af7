/* queue_threads - ten daemon threads take from one queue what main puts into it; main waits until
 * all of it has been dealt with: queue.Queue with task_done and join.
 *
 * There are always ten threads: thread k runs on rank k % ranks, so that mpirun -np 4
 * ./queue_threads spreads them over four ranks.  It is an SPMD program, without parmap_serve: every
 * rank runs main and starts its own.  Nobody ends them: they wait in get when main is through, and
 * parmap_finish sends them home. */
#include <parmap.h>
#include <stdio.h>

enum { NUM_THREADS = 10 };

static int worker(void *argument)
{
    const parmap_queue *q = argument;
    for (;;) {
        int value;
        parmap_status status = parmap_queue_get(q, &value, sizeof value, NULL, PARMAP_FOREVER);
        if (status == PARMAP_OK) {
            parmap_sleep(0.01); /* processing */
            printf("in %s got %d\n", parmap_thread_name(), value);
            fflush(stdout);
            status = parmap_queue_task_done(q);
        }
        if (status == PARMAP_CLOSED) /* the job ends */
            return 0;
        PARMAP_MUST(status);
    }
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    static char line[BUFSIZ];
    setvbuf(stdout, line, _IOLBF, sizeof line); /* a line at a time, also to mpirun */

    parmap_queue q;
    if (parmap_rank() == 0)
        PARMAP_MUST(parmap_queue_create(&q, 0));
    PARMAP_MUST(parmap_broadcast(&q, sizeof q, 0));

    for (int i = parmap_rank(); i < NUM_THREADS; i += parmap_size()) {
        char name[PARMAP_NAME_BYTES];
        snprintf(name, sizeof name, "thread %d", i);
        parmap_thread thread;
        PARMAP_MUST(parmap_thread_start_as(&thread, worker, &q, sizeof q,
                                           &(parmap_thread_options){.name = name, .daemon = true}));
    }

    if (parmap_rank() == 0) {
        for (int i = 1; i < 20; i++)
            PARMAP_MUST(parmap_queue_put(&q, &i, sizeof i, PARMAP_FOREVER));

        PARMAP_MUST(parmap_queue_join(&q, PARMAP_FOREVER));
        printf("end main\n");
    }
    return parmap_finish();
}

/* TEST ranks=1,2,4,7 expect="in thread * got {1..19}" expect="end main" */
