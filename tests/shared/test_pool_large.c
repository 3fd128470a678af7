/* TEST ranks=1,2 windows=shm,msg label=full seconds=300 serial=1 */
/* Payloads in private memory whose bytes and counts do not fit into 32 bits, with a heap that they
 * do not fit into.  It takes some GiB; where they are not free it says so and tests nothing. */
#include "shared/large.h"
#include "shared/pool.h"

static bool enough;

static void decide(void)
{
    if (!enough)
        large_say_skipped();
}

static signed char *numbers_at(int64_t count)
{
    signed char *numbers = malloc((size_t)count);
    for (int64_t i = 0; i < count; i++)
        numbers[i] = large_number_at(i);
    return numbers;
}

/* ---- many items ------------------------------------------------------------------------------ */

static parmap_status turn(const void *input, void *result)
{
    *(signed char *)result = (signed char)(127 - *(const signed char *)input);
    return PARMAP_OK;
}

static void more_than_2_to_the_31_items(void)
{
    const int64_t count = 2 * gib + 12345;
    if (!enough)
        return;
    parmap_pool *pool = pool_open(2 * parmap_size());
    signed char *numbers = numbers_at(count);
    int64_t wrong = 0;
    CHECK_OK(parmap_pool_map(pool, turn, numbers, numbers, count));
    for (int64_t i = 0; i < count; i++)
        wrong += numbers[i] != 127 - large_number_at(i);
    CHECK_INT(wrong, 0);
    free(numbers);
    pool_end(pool);
}

/* The failing ones lie far behind. */
static parmap_status fail_at_zero(const void *input, void *result)
{
    (void)result;
    return *(const signed char *)input == 0 ? parmap_fail("nothing") : PARMAP_OK;
}

static void failures_far_behind(void)
{
    const int64_t count = 2 * gib + 12345, failing = 2 * gib + 77;
    if (!enough)
        return;
    parmap_pool *pool = pool_open(2 * parmap_size());
    signed char *numbers = malloc((size_t)count);
    memset(numbers, 1, (size_t)count);
    numbers[failing] = numbers[count - 1] = 0;
    parmap_job job = {.task = fail_at_zero, .inputs = numbers, .input_bytes = 1, .count = count};
    CHECK_STATUS(parmap_pool_run(pool, &job), PARMAP_TASK_FAILED);
    CHECK_INT(parmap_last_failure().index, failing);
    CHECK_INT(parmap_last_failure().count, 2);
    free(numbers);
    pool_end(pool);
}

/* ---- records --------------------------------------------------------------------------------- */

enum { RECORD = 4096 };

static parmap_status sum_record(const void *input, void *result)
{
    int64_t sum = 0;
    for (int i = 0; i < RECORD; i++)
        sum += ((const signed char *)input)[i];
    *(int64_t *)result = sum;
    return PARMAP_OK;
}

static void more_than_2_gib_of_records(void)
{
    const int64_t count = (2 * gib + gib / 8) / RECORD;
    if (!enough)
        return;
    parmap_pool *pool = pool_open(2 * parmap_size());
    signed char *records = numbers_at(count * RECORD);
    int64_t *sums = pool_numbers(count), wrong = 0;
    const parmap_job job = {.task = sum_record,
                            .inputs = records,
                            .input_bytes = RECORD,
                            .results = sums,
                            .result_bytes = sizeof *sums,
                            .count = count};
    CHECK_OK(parmap_pool_run(pool, &job));
    for (int64_t i = 0; i < count; i++) {
        int64_t sum;
        sum_record(records + i * RECORD, &sum);
        wrong += sums[i] != sum;
    }
    CHECK_INT(wrong, 0);
    free(sums);
    free(records);
    pool_end(pool);
}

/* ---- one large record ------------------------------------------------------------------------ */

static const int64_t one_bytes = 2 * gib + 4096 + 5;

static parmap_status turn_one(const void *input, void *result)
{
    for (int64_t i = 0; i < one_bytes; i++)
        turn((const char *)input + i, (char *)result + i);
    return PARMAP_OK;
}

static void one_of_more_than_2_gib(void)
{
    if (!enough)
        return;
    parmap_pool *pool = pool_open(parmap_size());
    signed char *input = numbers_at(one_bytes), *result = calloc((size_t)one_bytes, 1);
    int64_t wrong = 0;
    const parmap_job job = {.task = turn_one,
                            .inputs = input,
                            .input_bytes = (size_t)one_bytes,
                            .results = result,
                            .result_bytes = (size_t)one_bytes,
                            .count = 1};
    CHECK_OK(parmap_pool_run(pool, &job));
    for (int64_t i = 0; i < one_bytes; i++)
        wrong += result[i] != 127 - input[i];
    CHECK_INT(wrong, 0);
    free(input);
    free(result);
    pool_end(pool);
}

static const check_case cases[] = {
    {"enough memory", decide},
    {"more than 2^31 items", more_than_2_to_the_31_items},
    {"failures far behind", failures_far_behind},
    {"more than 2 GiB of records", more_than_2_gib_of_records},
    {"one record of more than 2 GiB", one_of_more_than_2_gib},
};

int main(int argc, char **argv)
{
    enough = large_is_possible();
    return served_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
