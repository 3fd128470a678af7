/* queue_threads - ten daemon threads take from one queue what main puts into it; main waits until
 * all of it has been dealt with: queue.Queue with task_done and join.
 *
 * There are always ten threads: thread k runs on rank k % ranks, so that mpirun -np 4
 * ./queue_threads spreads them over four ranks, without any other line that knows of it.  Nobody
 * ends them: they wait in get when main is through, and parmap_finish sends them home. */
#include <parmap.h>
#include <stdio.h>
#include <threads.h>

enum { THREADS = 10 };

static parmap_queue queue; /* not main's: daemon threads may outlive it */
static int numbers[THREADS];

static int work(void *number)
{
    const int thread = *(const int *)number;
    for (;;) {
        int value;
        parmap_status status = parmap_queue_get(&queue, &value, sizeof value, NULL, PARMAP_FOREVER);
        if (status == PARMAP_OK) {
            thrd_sleep(&(struct timespec){.tv_nsec = 10000000}, NULL); /* processing */
            printf("in thread %d got %d\n", thread, value);
            fflush(stdout);
            status = parmap_queue_task_done(&queue);
        }
        if (status == PARMAP_CLOSED) /* the job ends */
            return 0;
        PARMAP_MUST(status);
    }
}

static bool start_daemon(int thread)
{
    thrd_t handle;
    numbers[thread] = thread;
    return thrd_create(&handle, work, &numbers[thread]) == thrd_success &&
           thrd_detach(handle) == thrd_success;
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));

    if (parmap_rank() == 0)
        PARMAP_MUST(parmap_queue_create(&queue, 0));
    PARMAP_MUST(parmap_broadcast(&queue, sizeof queue, 0));

    for (int thread = parmap_rank(); thread < THREADS; thread += parmap_size())
        if (!start_daemon(thread)) {
            fprintf(stderr, "queue_threads: thread %d could not be started\n", thread);
            return PARMAP_SYSTEM;
        }

    if (parmap_rank() == 0) {
        for (int i = 1; i < 20; i++)
            PARMAP_MUST(parmap_queue_put(&queue, &i, sizeof i, PARMAP_FOREVER));

        PARMAP_MUST(parmap_queue_join(&queue, PARMAP_FOREVER));
        printf("end main\n");
    }
    return parmap_finish();
}

/* TEST ranks=1,2,4,7 expect="in thread * got {1..19}" expect="end main" */
