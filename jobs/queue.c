/* queue - two workers put numbers into one queue, rank 0 takes them out: multiprocessing's Queue.
 * Each worker's numbers come out in its order; how the two mix is chance. */
#include <parmap.h>
#include <stdio.h>

static const int numbers[] = {1, 2, 3, 4, 5};
enum { COUNT = sizeof numbers / sizeof *numbers };

static void put(const parmap_queue *queue, int item)
{
    PARMAP_MUST(parmap_queue_put(queue, &item, sizeof item, PARMAP_FOREVER));
}

static void square(const parmap_queue *queue)
{
    for (int i = 0; i < COUNT; i++)
        put(queue, numbers[i] * numbers[i]);
}

static void make_negative(const parmap_queue *queue)
{
    for (int i = 0; i < COUNT; i++)
        put(queue, -1 * numbers[i]);
}

static void work(int worker, void *queue)
{
    if (worker == 0)
        square(queue);
    else
        make_negative(queue);
}

static bool is_empty(const parmap_queue *queue)
{
    bool empty;
    PARMAP_MUST(parmap_queue_empty(queue, &empty));
    return empty;
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));

    parmap_queue queue;
    if (parmap_rank() == 0)
        PARMAP_MUST(parmap_queue_create(&queue, 0));
    PARMAP_MUST(parmap_broadcast(&queue, sizeof queue, 0));

    PARMAP_MUST(parmap_run_workers(2, work, &queue));

    if (parmap_rank() == 0) {
        while (!is_empty(&queue)) {
            int item;
            PARMAP_MUST(parmap_queue_get(&queue, &item, sizeof item, NULL, PARMAP_FOREVER));
            printf("%d\n", item);
        }
        PARMAP_MUST(parmap_queue_free(&queue));
    }
    return parmap_finish();
}

/* TEST ranks=1,2,4,7 expect="{1,4,9,16,25,-1,-2,-3,-4,-5}" */
