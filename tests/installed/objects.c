/* A user's program of shared objects, built against an installed parmap by test_installed.py.
 * objects.cpp is the same in C++. */
#include <parmap.h>
#include <stdio.h>

enum { COUNT = 101 };

PARMAP_TASK(square, int64_t, x, int64_t)
{
    return x * x;
}

PARMAP_TASK2(scale, double, factor, int, number, double)
{
    return factor * number;
}

PARMAP_KERNEL(twice, int32_t, x, int32_t)
{
    return 2 * x;
}
PARMAP_DOMAIN(twice, int32_t, -1000000, 1000000);

#define SPAN(FIELD) FIELD(int16_t, from) FIELD(double, to)
PARMAP_RECORD(span, SPAN);

PARMAP_KERNEL(width, span, s, double)
{
    return s.to - s.from;
}
PARMAP_DOMAIN(width, span, PARMAP_DOMAIN_NONE);

typedef struct order {
    parmap_queue queue;
    parmap_value total, mean;
    int64_t count;
} order;

/* A process: numbers into the queue, and into the values. */
static int produce(void *argument)
{
    const order *o = argument;
    parmap_lock lock;
    PARMAP_MUST(parmap_value_lock(&o->mean, &lock));
    for (int64_t i = 1; i <= o->count; i++) {
        PARMAP_MUST(parmap_queue_put(&o->queue, &i, sizeof i, PARMAP_FOREVER));
        PARMAP_MUST(parmap_value_add(&o->total, i));
        PARMAP_WITH(&lock) {
            double mean;
            PARMAP_MUST(parmap_value_load(&o->mean, &mean));
            PARMAP_MUST(parmap_value_store(&o->mean, mean + (double)i / (double)o->count));
        }
    }
    return 0;
}

static void talk(void)
{
    order o;
    parmap_process process;
    int64_t item, sum = 0, total;
    double mean;
    o.count = COUNT;
    PARMAP_MUST(parmap_queue_create(&o.queue, 0));
    PARMAP_MUST(parmap_value_create(&o.total, 'q', 0));
    PARMAP_MUST(parmap_value_create(&o.mean, 'd', 0.0));
    PARMAP_MUST(parmap_process_start(&process, produce, &o, sizeof o));
    for (int i = 0; i < COUNT; i++) {
        PARMAP_MUST(parmap_queue_get(&o.queue, &item, sizeof item, NULL, PARMAP_FOREVER));
        sum += item;
    }
    PARMAP_MUST(parmap_process_join(&process, PARMAP_FOREVER));
    PARMAP_MUST(parmap_value_load(&o.total, &total));
    PARMAP_MUST(parmap_value_load(&o.mean, &mean));
    printf("sum %lld, total %lld, mean %g, exit code %d\n", (long long)sum, (long long)total, mean,
           process.exit_code);
    PARMAP_MUST(parmap_queue_free(&o.queue));
    PARMAP_MUST(parmap_value_free(&o.total));
    PARMAP_MUST(parmap_value_free(&o.mean));
}

static void share_out(void)
{
    parmap_pool *pool;
    int64_t numbers[COUNT], squares[COUNT], sum = 0;
    int32_t halves[COUNT], wholes[COUNT];
    scale_arguments pairs[COUNT];
    double scaled[COUNT], widths[COUNT], all = 0;
    span spans[COUNT];
    for (int i = 0; i < COUNT; i++) {
        numbers[i] = halves[i] = i;
        spans[i].from = (int16_t)i;
        spans[i].to = 2.5 * i;
        pairs[i] = (scale_arguments){0.5, i};
    }
    PARMAP_MUST(parmap_pool_create(&pool, 0));
    PARMAP_MUST(parmap_pool_map(pool, square, numbers, squares, COUNT));
    PARMAP_MUST(parmap_pool_starmap(pool, scale, pairs, scaled, COUNT));
    PARMAP_MUST(parmap_pool_map_kernel(pool, &twice, halves, wholes, COUNT));
    PARMAP_MUST(parmap_pool_map_kernel(pool, &width, spans, widths, COUNT));
    PARMAP_MUST(parmap_pool_close(pool));
    PARMAP_MUST(parmap_pool_join(pool, PARMAP_FOREVER));
    for (int i = 0; i < COUNT; i++) {
        sum += squares[i] + wholes[i];
        all += scaled[i] + widths[i];
    }
    printf("squares and doubles %lld, scaled and widths %g\n", (long long)sum, all);
}

static void number_arrays(void)
{
    parmap_array array;
    float floats[5] = {0.5F, 1, 2, 4, 8}, back[5];
    double first, before;
    PARMAP_MUST(parmap_array_create(&array, 'f', 5));
    PARMAP_MUST(parmap_array_write(&array, 0, 5, floats));
    PARMAP_MUST(parmap_array_add(&array, 0, 1));
    PARMAP_MUST(parmap_array_fetch_add(&array, 1, 0.25, &before));
    PARMAP_MUST(parmap_array_load(&array, 0, &first));
    PARMAP_MUST(parmap_array_read(&array, 0, 5, back));
    printf("array %g %g %g %g\n", first, before, (double)back[1], (double)back[4]);
    PARMAP_MUST(parmap_array_free(&array));
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    if (!parmap_serve())
        return parmap_finish();
    talk();
    share_out();
    number_arrays();
    return parmap_finish();
}
