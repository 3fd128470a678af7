/* queue PRODUCERS MAXSIZE ITEMS: so many ranks put so many items of 8 bytes each into a queue, the
 * others get them; items per second, from the common start until the last is out. */
#include "ours.h"

static void produce(const parmap_queue *queue, const parmap_value *working, int64_t items)
{
    for (int64_t i = 0; i < items; i++)
        PARMAP_MUST(parmap_queue_put(queue, &i, sizeof i, PARMAP_FOREVER));
    int64_t before;
    PARMAP_MUST(parmap_value_fetch_add(working, -1, &before));
    if (before == 1)
        PARMAP_MUST(parmap_queue_close(queue));
}

static int64_t consume(const parmap_queue *queue)
{
    for (int64_t got = 0;; got++) {
        int64_t item;
        size_t bytes;
        const parmap_status status =
            parmap_queue_get(queue, &item, sizeof item, &bytes, PARMAP_FOREVER);
        if (status == PARMAP_CLOSED)
            return got;
        PARMAP_MUST(status);
    }
}

/* Collective. */
static double slowest(double mine)
{
    int64_t ns[64] = {0};
    double most = 0;
    ns[parmap_rank()] = (int64_t)(1e9 * mine);
    PARMAP_MUST(parmap_sum(ns, parmap_size()));
    for (int i = 0; i < parmap_size(); i++)
        most = 1e-9 * (double)ns[i] > most ? 1e-9 * (double)ns[i] : most;
    return most;
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    if (argc != 4 || parmap_size() > 64)
        return parmap_finish() ? 71 : 64;
    const int producers = atoi(argv[1]);
    const int64_t items = atoll(argv[3]);
    struct {
        parmap_queue queue;
        parmap_value working;
    } objects = {0};
    if (parmap_rank() == parmap_size() - 1) {
        PARMAP_MUST(parmap_queue_create(&objects.queue, atoll(argv[2])));
        PARMAP_MUST(parmap_value_create(&objects.working, 'q', producers));
    }
    share_of_last(&objects, sizeof objects);
    const double start = start_together();
    int64_t got = 0;
    if (parmap_rank() < producers)
        produce(&objects.queue, &objects.working, items);
    else
        got = consume(&objects.queue);
    const double seconds = slowest(now_s() - start);
    PARMAP_MUST(parmap_sum(&got, 1));
    const bool complete = got == producers * items;
    if (parmap_rank() == 0) {
        printf("{\"all\": %.0f}\n", (double)got / seconds);
        PARMAP_MUST(parmap_queue_free(&objects.queue));
        PARMAP_MUST(parmap_value_free(&objects.working));
    }
    const int code = parmap_finish();
    return complete ? code : 70;
}
