/* cubes HOW MEMORY ITEMS TIMES: parmap_pool_map of the cubes of so many int64 in memory, so many
 * times; the median, in seconds.  HOW: kernel or task.  MEMORY of inputs and results:
 *   private   malloc
 *   shared    arrays in the heap of rank 0 */
#include "main.h"

enum { MOST_TIMES = 1000, LARGEST = 2000000 };

PARMAP_KERNEL(cube, int64_t, x, int64_t)
{
    return x * x * x;
}
PARMAP_DOMAIN(cube, int64_t, -2097152, 2097151);

PARMAP_TASK(cube_one, int64_t, x, int64_t)
{
    return x * x * x;
}

static int64_t *elements_of(parmap_array *array, int64_t items)
{
    void *elements;
    int64_t first, count;
    PARMAP_MUST(parmap_array_create(array, 'q', items));
    PARMAP_MUST(parmap_array_local(array, &elements, &first, &count));
    return elements;
}

static double seconds_for(parmap_pool *pool, bool kernel, const int64_t *inputs, int64_t *results,
                          int64_t items)
{
    const double start = now_s();
    if (kernel)
        PARMAP_MUST(parmap_pool_map_kernel(pool, &cube, inputs, results, items));
    else
        PARMAP_MUST(parmap_pool_map(pool, cube_one, inputs, results, items));
    return now_s() - start;
}

/* Whether all results are right. */
static bool map_again_and_again(bool kernel, int64_t *inputs, int64_t *results, int64_t items,
                                int times)
{
    double seconds[MOST_TIMES];
    for (int64_t i = 0; i < items; i++) {
        inputs[i] = i % LARGEST;
        results[i] = -1;
    }
    parmap_pool *pool = pool_of(0);
    seconds_for(pool, kernel, inputs, results, items);
    for (int i = 0; i < times; i++)
        seconds[i] = seconds_for(pool, kernel, inputs, results, items);
    end_pool(pool);
    printf("{\"seconds\": %.9f}\n", median(seconds, times));
    for (int64_t i = 0; i < items; i++)
        if (results[i] != inputs[i] * inputs[i] * inputs[i])
            return false;
    return true;
}

static bool measure(char **arguments)
{
    const bool kernel = !strcmp(arguments[0], "kernel"), shared = !strcmp(arguments[1], "shared");
    const int64_t items = atoll(arguments[2]);
    const int wanted = atoi(arguments[3]), times = wanted < MOST_TIMES ? wanted : MOST_TIMES;
    parmap_array arrays[2];
    int64_t *memory[2];
    for (int i = 0; i < 2; i++)
        memory[i] =
            shared ? elements_of(&arrays[i], items) : memory_of((size_t)items * sizeof(int64_t));
    const bool right = map_again_and_again(kernel, memory[0], memory[1], items, times);
    for (int i = 0; i < 2; i++)
        if (shared)
            PARMAP_MUST(parmap_array_free(&arrays[i]));
        else
            free(memory[i]);
    return right;
}

int main(int argc, char **argv)
{
    return with_workers(argc, argv, 4, measure);
}
