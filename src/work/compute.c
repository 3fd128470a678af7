/* Which loop runs: the plain one within the domain, else the one that checks. */
#include "work/compute.h"

#include "base/text.h"
#include "work/kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEM_TEXT = 200, WHY = 512 };

static bool has_padding(const pm_layout *layout)
{
    size_t bytes = 0;
    for (int i = 0; i < layout->count; i++)
        bytes +=
            (size_t)pm_layout_elements(&layout->fields[i]) * pm_type_bytes(layout->fields[i].type);
    return bytes < layout->bytes;
}

/* Else the same runs within the domain and outside, and items need not be looked at before. */
static bool has_two_loops(const parmap_code *code)
{
    return code->array_loops[0] != code->checked_array_loops[0];
}

parmap_status pm_computer_make(pm_computer *computer, const parmap_kernel *kernel, parmap_type type,
                               parmap_vector vector, bool allow_rounding)
{
    const parmap_variant *variant;
    PM_TRY(pm_kernel_variant(kernel, type, &variant));
    const parmap_code *code = variant->code;
    *computer = (pm_computer){.kernel = kernel, .code = code, .vector = vector};
    PM_TRY(pm_layout_read(code->input, code->input_layout, &computer->input));
    PM_TRY(pm_layout_read(code->result, code->result_layout, &computer->result));
    computer->padded = has_padding(&computer->result);
    computer->bounds = pm_bounds_none();
    if (type == PARMAP_RECORD)
        return PARMAP_OK;
    computer->domain = pm_kernel_domain(variant, allow_rounding);
    computer->takes_any = pm_type_is_real(type) && allow_rounding;
    if (!computer->takes_any && (code->item || has_two_loops(code)))
        computer->bounds =
            pm_bounds_of(pm_type_is_real(type) ? variant->domain : computer->domain, type);
    return PARMAP_OK;
}

bool pm_computer_needs_inputs(const pm_computer *computer)
{
    const parmap_code *code = computer->code;
    return !code->item && !code->loops[0] && !code->checked_loops[0];
}

/* ---- what does not fit ----------------------------------------------------------------------- */

/* The way out of an overflow, by what the results are. */
static const char *wider(const pm_computer *computer)
{
    bool narrow = false;
    for (int i = 0; i < computer->result.count; i++) {
        const parmap_type type = computer->result.fields[i].type;
        if (type == PARMAP_INT128)
            return ", or use --type float64";
        narrow = narrow || pm_type_wide(type) != type;
    }
    return narrow ? ", or use a wider --type" : ", or use --type int128 or --type float64";
}

/* A formula's help says what can go wrong in it. */
static parmap_status fail_result(const pm_computer *computer, parmap_status status, int64_t item,
                                 const void *input)
{
    char x[ITEM_TEXT];
    const parmap_kernel *kernel = computer->kernel;
    const char *why = kernel->text && kernel->help ? kernel->help : "an overflow";
    pm_layout_format_item(x, sizeof x, &computer->input, input);
    return pm_fail(status, "%s has no result at item %lld (%s%s): %s; leave the item out%s",
                   pm_kernel_name(kernel), (long long)item,
                   pm_layout_is_plain(&computer->input) ? "x = " : "", x, why,
                   strstr(why, "overflow") ? wider(computer) : "");
}

/* ---- spans of a range ------------------------------------------------------------------------ */

static bool within(const parmap_domain *domain, const parmap_span *span)
{
    const pm_range range = {span->first, span->step, span->count};
    const parmap_int128 last = pm_range_last(&range);
    return span->first >= domain->min && span->first <= domain->max && last >= domain->min &&
           last <= domain->max;
}

static parmap_status compute_span(const pm_computer *computer, const parmap_span *span,
                                  int64_t begin, void *results)
{
    const bool plain = within(&computer->domain, span) || !computer->code->checked_loops[0];
    parmap_loop *const *loops = plain ? computer->code->loops : computer->code->checked_loops;
    const int64_t done = loops[computer->vector](span, results);
    if (done >= span->count)
        return PARMAP_OK;
    parmap_int128 input;
    const pm_range range = {span->first, span->step, span->count};
    pm_range_input(&range, done, computer->code->input, &input);
    return fail_result(computer, PARMAP_USAGE, begin + done, &input);
}

parmap_status pm_compute_range(const pm_computer *computer, const pm_range *range, int64_t begin,
                               int64_t count, void *inputs, void *results)
{
    parmap_status status;
    if (pm_computer_needs_inputs(computer)) {
        pm_range_inputs(range, begin, count, computer->code->input, inputs);
        return pm_compute_items(computer, inputs, begin, count, results);
    }
    const parmap_span span = {pm_range_item(range, begin), range->step, count};
    status = compute_span(computer, &span, begin, results);
    pm_compute_clear_padding(computer, results, count);
    return status;
}

parmap_status pm_compute_beyond(const pm_computer *computer, const pm_range *range)
{
    enum { ITEMS = 1 << 16 };
    int64_t begin = 0;
    if (within(&computer->domain, &(parmap_span){range->first, range->step, 1})) {
        const bool up = range->step > 0;
        const parmap_uint128 steps = pm_range_steps(
            range->first, up ? computer->domain.max : computer->domain.min, range->step);
        if (steps >= (parmap_uint128)range->count - 1)
            return PARMAP_OK;
        begin = (int64_t)steps + 1;
    }
    const int64_t count = range->count - begin < ITEMS ? range->count - begin : ITEMS;
    void *results = calloc((size_t)count, computer->result.bytes);
    if (!results)
        return pm_fail(PARMAP_SYSTEM, "out of memory for %lld items", (long long)count);
    const parmap_status status = pm_compute_range(computer, range, begin, count, NULL, results);
    free(results);
    return status;
}

/* ---- items in memory ------------------------------------------------------------------------- */

static const char *input_at(const pm_computer *computer, const void *inputs, int64_t i)
{
    return (const char *)inputs + (size_t)i * computer->input.bytes;
}

static bool is_nan(parmap_type type, const void *input)
{
    return type == PARMAP_FLOAT64   ? isnan(*(const double *)input)
           : type == PARMAP_FLOAT32 ? isnan(*(const float *)input)
                                    : false;
}

/* A NaN lies nowhere: whether it is welcome is for the caller to say (--nan), and the kernel's
 * author has to expect it. */
static bool is_outside(const pm_computer *computer, const void *x)
{
    return pm_bounds_exceeded(&computer->bounds, PARMAP_VECTOR_BASELINE, x, 1, x) &&
           !is_nan(computer->code->input, x);
}

parmap_status pm_compute_item(const pm_computer *computer, const void *input, void *result)
{
    if (is_outside(computer, input))
        return pm_kernel_fail_item(computer->kernel, computer->code->input, input);
    return computer->code->item(input, result);
}

/* The first item outside the domain; -1 = none is. */
static int64_t first_outside(const pm_computer *computer, const void *inputs, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (is_outside(computer, input_at(computer, inputs, i)))
            return i;
    return -1;
}

static parmap_status fail_input(const pm_computer *computer, const void *inputs, int64_t first,
                                int64_t i)
{
    char why[WHY];
    pm_kernel_fail_item(computer->kernel, computer->code->input, input_at(computer, inputs, i));
    snprintf(why, sizeof why, "%s", parmap_message());
    return pm_fail(PARMAP_BAD_DATA, "item %lld: %s%s", (long long)(first + i), why,
                   pm_type_is_real(computer->code->input) ? "; or allow it with --allow-rounding"
                                                          : "");
}

parmap_status pm_compute_items(const pm_computer *computer, const void *inputs, int64_t first,
                               int64_t count, void *results)
{
    const parmap_code *code = computer->code;
    parmap_array_loop *const *loops = code->array_loops;
    if (pm_bounds_exceeded(&computer->bounds, computer->vector, inputs, count, inputs)) {
        const int64_t outside =
            code->checked_array_loops[0] ? -1 : first_outside(computer, inputs, count);
        if (outside >= 0)
            return fail_input(computer, inputs, first, outside);
        if (code->checked_array_loops[0])
            loops = code->checked_array_loops;
    } else if (!loops[0]) { /* nothing is proved of records */
        loops = code->checked_array_loops;
    }
    const int64_t done = loops[computer->vector](inputs, results, count);
    pm_compute_clear_padding(computer, results, count);
    return done >= count ? PARMAP_OK
                         : fail_result(computer, PARMAP_BAD_DATA, first + done,
                                       input_at(computer, inputs, done));
}

static void clear_between(char *items, size_t from, size_t to, size_t bytes, int64_t count)
{
    for (int64_t i = 0; to > from && i < count; i++)
        memset(items + (size_t)i * bytes + from, 0, to - from);
}

void pm_compute_clear_padding(const pm_computer *computer, void *results, int64_t count)
{
    const pm_layout *layout = &computer->result;
    size_t end = 0;
    if (!computer->padded)
        return;
    for (int i = 0; i < layout->count; i++) {
        const pm_layout_field *field = &layout->fields[i];
        clear_between(results, end, field->offset, layout->bytes, count);
        end = field->offset + (size_t)pm_layout_elements(field) * pm_type_bytes(field->type);
    }
    clear_between(results, end, layout->bytes, layout->bytes, count);
}
