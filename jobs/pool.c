/* pool - the cubes of ten numbers by a pool of workers: multiprocessing's Pool with map, apply,
 * close and join.  The workers are one for each thread that the job has, over all its ranks. */
#include <parmap.h>
#include <stdio.h>

PARMAP_TASK(cube, int, number, int)
{
    return number * number * number;
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    if (!parmap_serve())
        return parmap_finish();

    parmap_pool *pool;
    PARMAP_MUST(parmap_pool_create(&pool, 0));

    const int numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    int result[10], one;
    PARMAP_MUST(parmap_pool_map(pool, cube, numbers, result, 10));
    PARMAP_MUST(parmap_pool_apply(pool, cube, &numbers[0], &one));
    PARMAP_MUST(parmap_pool_close(pool));
    PARMAP_MUST(parmap_pool_join(pool, PARMAP_FOREVER));

    for (int i = 0; i < 10; i++)
        printf("%s%d%s", i == 0 ? "[" : ", ", result[i], i == 9 ? "]\n" : "");
    return parmap_finish();
}

/* TEST ranks=1,2,4,7 expect="[0, 1, 8, 27, 64, 125, 216, 343, 512, 729]" */
