/* Items one by one: attempts, and what stands in place of a result. */
#include "work/items.h"

#include "work/finite.h"

#include <string.h>

static parmap_status call(const pm_items *items, const void *input, void *result)
{
    if (items->no_nan)
        PM_TRY(pm_finite_check(&items->computer->input, input));
    return pm_compute_item(items->computer, input, result);
}

/* The first attempt and the retries; *attempts = how many it took. */
static parmap_status try_item(const pm_items *items, const void *input, void *result,
                              int64_t *attempts)
{
    parmap_status status = PARMAP_TASK_FAILED;
    for (*attempts = 0; status != PARMAP_OK && *attempts <= items->retries; ++*attempts) {
        pm_message_clear(); /* it may fail without a text of its own */
        status = call(items, input, result);
    }
    return status;
}

static parmap_status compute_one(const pm_items *items, int64_t index, const void *given,
                                 void *result, uint8_t *item_status)
{
    parmap_int128 made;
    int64_t attempts;
    if (!given)
        pm_range_input(items->range, index, items->computer->code->input, &made);
    const parmap_status status = try_item(items, given ? given : &made, result, &attempts);
    *item_status = status == PARMAP_OK ? PM_ITEM_GOOD : PM_ITEM_FAILED;
    if (status == PARMAP_OK)
        return PARMAP_OK;
    pm_layout_blank(&items->computer->result, result); /* whatever the kernel left there */
    const char *message = parmap_message();
    return items->failed(items->context, index, attempts,
                         message[0] ? message : parmap_status_name(status));
}

parmap_status pm_items_compute(const pm_items *items, int64_t first, int64_t count,
                               const void *inputs, void *results, uint8_t *statuses)
{
    const size_t input_bytes = items->computer->input.bytes, bytes = items->computer->result.bytes;
    for (int64_t i = 0; i < count; i++)
        if (statuses[i] != PM_ITEM_GOOD)
            PM_TRY(compute_one(items, first + i,
                               inputs ? (const char *)inputs + (size_t)i * input_bytes : NULL,
                               (char *)results + (size_t)i * bytes, &statuses[i]));
    pm_compute_clear_padding(items->computer, results, count);
    return PARMAP_OK;
}
