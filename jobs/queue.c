/* queue - two processes put numbers into one queue, main takes them out: multiprocessing's Queue.
 * Each one's numbers come out in its order; how the two mix is chance. */
#include <parmap.h>
#include <stdio.h>

typedef struct arguments {
    int numbers[5];
    parmap_queue queue;
} arguments;

static int square(void *argument)
{
    const arguments *a = argument;
    for (int i = 0; i < 5; i++) {
        const int item = a->numbers[i] * a->numbers[i];
        PARMAP_MUST(parmap_queue_put(&a->queue, &item, sizeof item, PARMAP_FOREVER));
    }
    return 0;
}

static int make_negative(void *argument)
{
    const arguments *a = argument;
    for (int i = 0; i < 5; i++) {
        const int item = -1 * a->numbers[i];
        PARMAP_MUST(parmap_queue_put(&a->queue, &item, sizeof item, PARMAP_FOREVER));
    }
    return 0;
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
    if (!parmap_serve())
        return parmap_finish();

    arguments a = {.numbers = {1, 2, 3, 4, 5}};
    PARMAP_MUST(parmap_queue_create(&a.queue, 0));

    parmap_process p1, p2;
    PARMAP_MUST(parmap_process_start(&p1, square, &a, sizeof a));
    PARMAP_MUST(parmap_process_start(&p2, make_negative, &a, sizeof a));
    PARMAP_MUST(parmap_process_join(&p1, PARMAP_FOREVER));
    PARMAP_MUST(parmap_process_join(&p2, PARMAP_FOREVER));

    while (!is_empty(&a.queue)) {
        int item;
        PARMAP_MUST(parmap_queue_get(&a.queue, &item, sizeof item, NULL, PARMAP_FOREVER));
        printf("%d\n", item);
    }
    PARMAP_MUST(parmap_queue_free(&a.queue));
    return parmap_finish();
}

/* TEST ranks=1,2,4,7 expect="{1,4,9,16,25,-1,-2,-3,-4,-5}" */
