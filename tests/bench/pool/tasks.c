/* tasks FROM COUNT: so many tasks that do nothing, one by one through parmap_pool_imap_unordered,
 * per second.  Their inputs of 8 bytes are
 *   array   in memory
 *   next    made one by one by a function */
#include "main.h"

enum { WARM_UP = 1000 };

PARMAP_TASK(same, int64_t, x, int64_t)
{
    return x;
}

typedef struct range {
    int64_t at, end;
} range;

static bool next(void *input, void *context)
{
    range *r = context;
    if (r->at == r->end)
        return false;
    *(int64_t *)input = r->at++;
    return true;
}

/* Whether every input came back, by their number and sum. */
static bool pass(parmap_pool *pool, const int64_t *inputs, int64_t count)
{
    range r = {0, count};
    parmap_job job = {.task = same, .input_bytes = 8, .result_bytes = 8, .chunk = 1};
    if (inputs) {
        job.inputs = inputs;
        job.count = count;
    } else {
        job.next = next;
        job.context = &r;
    }
    parmap_iterator *iterator;
    PARMAP_MUST(parmap_pool_imap_unordered(pool, &job, &iterator));
    int64_t result, got = 0, sum = 0;
    parmap_status status;
    while (!(status = parmap_iterator_next(iterator, &result, NULL, PARMAP_FOREVER))) {
        got++;
        sum += result;
    }
    if (status != PARMAP_EMPTY)
        PARMAP_MUST(status);
    parmap_iterator_free(iterator);
    return got == count && sum == count * (count - 1) / 2;
}

static bool measure(char **arguments)
{
    const bool array = !strcmp(arguments[0], "array");
    const int64_t count = atoll(arguments[1]);
    int64_t *inputs = memory_of((size_t)count * sizeof *inputs);
    for (int64_t i = 0; i < count; i++)
        inputs[i] = i;
    parmap_pool *pool = pool_of(0);
    bool right = pass(pool, array ? inputs : NULL, WARM_UP < count ? WARM_UP : count);
    const double start = now_s();
    right = pass(pool, array ? inputs : NULL, count) && right;
    printf("{\"all\": %.0f}\n", (double)count / (now_s() - start));
    end_pool(pool);
    free(inputs);
    return right;
}

int main(int argc, char **argv)
{
    return with_workers(argc, argv, 2, measure);
}
