/* terminate TASKS: so many tasks of 1 s wait in a pool; the seconds until it is terminated and
 * its workers have ended. */
#include "main.h"

static parmap_status rest(const void *input, void *result)
{
    (void)result;
    return parmap_sleep(*(const double *)input);
}

static bool measure(char **arguments)
{
    const double rest_s = 1;
    const parmap_job job = {.task = rest, .inputs = &rest_s, .input_bytes = 8, .count = 1};
    parmap_pool *pool = pool_of(0);
    for (int64_t i = 0; i < atoll(arguments[0]); i++)
        PARMAP_MUST(parmap_pool_submit(pool, &job, NULL));
    const double start = now_s();
    PARMAP_MUST(parmap_pool_terminate(pool));
    PARMAP_MUST(parmap_pool_join(pool, PARMAP_FOREVER));
    printf("{\"seconds\": %.6f}\n", now_s() - start);
    return true;
}

int main(int argc, char **argv)
{
    return with_workers(argc, argv, 1, measure);
}
