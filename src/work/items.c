/* Items one by one: attempts, and what stands in place of a result. */
#include "work/items.h"

#include <math.h>
#include <string.h>

/* The first attempt and the retries; *attempts = how many it took. */
static parmap_status try_item(const pm_items *items, const void *input, void *result,
                              int64_t *attempts)
{
    parmap_status status = PARMAP_TASK_FAILED;
    for (*attempts = 0; status != PARMAP_OK && *attempts <= items->retries; ++*attempts) {
        pm_message_clear(); /* it may fail without a text of its own */
        status = items->item(input, result);
    }
    return status;
}

/* Whatever the kernel left there: every layout writes the same bits. */
static void blank(parmap_type type, void *result)
{
    if (type == PARMAP_FLOAT64)
        *(double *)result = (double)NAN;
    else
        memset(result, 0, pm_type_bytes(type));
}

static parmap_status compute_one(const pm_items *items, int64_t index, void *result,
                                 uint8_t *item_status)
{
    parmap_int128 input;
    int64_t attempts;
    pm_range_input(&items->range, index, items->type, &input);
    const parmap_status status = try_item(items, &input, result, &attempts);
    *item_status = status == PARMAP_OK ? PM_ITEM_GOOD : PM_ITEM_FAILED;
    if (status == PARMAP_OK)
        return PARMAP_OK;
    blank(items->result, result);
    const char *message = parmap_message();
    return items->failed(items->context, index, attempts,
                         message[0] ? message : parmap_status_name(status));
}

parmap_status pm_items_compute(const pm_items *items, int64_t first, int64_t count, void *results,
                               uint8_t *statuses)
{
    const size_t bytes = pm_type_bytes(items->result);
    for (int64_t i = 0; i < count; i++)
        if (statuses[i] != PM_ITEM_GOOD)
            PM_TRY(
                compute_one(items, first + i, (char *)results + (size_t)i * bytes, &statuses[i]));
    return PARMAP_OK;
}
