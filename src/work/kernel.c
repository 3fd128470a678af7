/* Choice of the loop, check of the domain, maps over arrays. */
#include "work/kernel.h"

#include "base/text.h"
#include "base/types.h"
#include "work/bounds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Inputs that are checked and then computed.  Measured best of 1 to 256 KiB: the check of one piece
 * overlaps with the writes of the one before, and longer ones lose 10 to 30 % to waiting. */
enum { piece_bytes = 1536 };

const char *pm_kernel_name(const parmap_kernel *kernel)
{
    return kernel->text ? kernel->text : kernel->name;
}

const parmap_variant *pm_kernel_find(const parmap_kernel *kernel, parmap_type type)
{
    for (int i = 0; i < kernel->variant_count; i++)
        if (kernel->variants[i].code->input == type)
            return &kernel->variants[i];
    return NULL;
}

parmap_status pm_kernel_check_abi(const parmap_kernel *kernel)
{
    if (kernel->abi == PARMAP_KERNEL_ABI)
        return PARMAP_OK;
    return pm_fail(PARMAP_USAGE,
                   "kernel %s was compiled with another parmap.h (ABI %d, the library has %d); "
                   "compile it again",
                   pm_kernel_name(kernel), kernel->abi, PARMAP_KERNEL_ABI);
}

parmap_status pm_kernel_variant(const parmap_kernel *kernel, parmap_type type,
                                const parmap_variant **variant)
{
    PM_TRY(pm_kernel_check_abi(kernel));
    *variant = pm_kernel_find(kernel, type);
    if (*variant)
        return PARMAP_OK;
    char others[PARMAP_TYPES * 16] = "";
    for (int i = 0; i < kernel->variant_count; i++)
        snprintf(others + strlen(others), sizeof others - strlen(others), "%s%s",
                 others[0] ? " or " : "", pm_type_name(kernel->variants[i].code->input));
    if (kernel->variant_count == 1 && kernel->variants[0].code->input == PARMAP_RECORD)
        return pm_fail(PARMAP_USAGE, "%s takes records, no numbers; leave out --type",
                       pm_kernel_name(kernel));
    return pm_fail(PARMAP_USAGE, "%s has no kernel for %s; choose --type %s",
                   pm_kernel_name(kernel), pm_type_name(type), others);
}

/* What the inputs of a range can be at all: those of real types are generated in int64. */
static parmap_domain carrier_of(parmap_type type)
{
    return pm_type_domain(pm_type_is_real(type) ? PARMAP_INT64 : type);
}

parmap_domain pm_kernel_domain(const parmap_variant *variant, bool allow_rounding)
{
    const parmap_type type = variant->code->input;
    const parmap_domain carrier = carrier_of(type), author = variant->domain;
    if (pm_type_is_real(type) && allow_rounding)
        return carrier;
    return (parmap_domain){author.min > carrier.min ? author.min : carrier.min,
                           author.max < carrier.max ? author.max : carrier.max};
}

static bool within(const parmap_domain *domain, const pm_range *range)
{
    const parmap_int128 first = range->first, last = pm_range_last(range);
    return first >= domain->min && first <= domain->max && last >= domain->min &&
           last <= domain->max;
}

bool pm_kernel_covers(const parmap_variant *variant, const pm_range *range)
{
    const parmap_domain domain = pm_kernel_domain(variant, false);
    return within(&domain, range);
}

/* The first item outside the domain, given that one is. */
static parmap_int128 first_outside(const parmap_domain *domain, const pm_range *range)
{
    if (range->first < domain->min || range->first > domain->max)
        return range->first;
    const parmap_int128 edge = range->step > 0 ? domain->max : domain->min;
    return pm_range_item(range, (int64_t)pm_range_steps(range->first, edge, range->step) + 1);
}

/* The inputs of an array are of the type itself. */
static parmap_domain domain_of_items(const parmap_variant *variant)
{
    return pm_type_is_real(variant->code->input) ? variant->domain
                                                 : pm_kernel_domain(variant, false);
}

bool pm_kernel_checks(const parmap_variant *variant)
{
    return variant->code->checked_array_loops[0] != NULL;
}

/* "use --type int128 or --type float64 --allow-rounding": what would take the range as it is */
static void ways_out(const parmap_kernel *kernel, const pm_range *range, char *text, size_t bytes)
{
    text[0] = '\0';
    for (int i = 0; i < 2 * kernel->variant_count; i++) {
        const parmap_variant *variant = &kernel->variants[i % kernel->variant_count];
        const parmap_type type = variant->code->input;
        const bool rounding = i >= kernel->variant_count;
        if (type == PARMAP_RECORD)
            continue;
        const parmap_domain domain = pm_kernel_domain(variant, rounding);
        if (!within(&domain, range))
            continue;
        if (rounding && (!pm_type_is_real(type) || within(&variant->domain, range)))
            continue;
        snprintf(text + strlen(text), bytes - strlen(text), "%s--type %s%s",
                 text[0] ? " or " : "use ", pm_type_name(type),
                 rounding ? " --allow-rounding" : "");
    }
    if (!text[0])
        snprintf(text, bytes, "choose a smaller --range");
}

/* The same for one item of an array: "use inputs of int128 or float64". */
static void ways_out_of_item(const parmap_kernel *kernel, parmap_int128 x, char *text, size_t bytes)
{
    const pm_range item = {x, 1, 1};
    text[0] = '\0';
    for (int i = 0; i < kernel->variant_count; i++) {
        const parmap_variant *variant = &kernel->variants[i];
        if (variant->code->input == PARMAP_RECORD)
            continue;
        const parmap_domain domain = domain_of_items(variant);
        if (within(&domain, &item))
            snprintf(text + strlen(text), bytes - strlen(text), "%s%s",
                     text[0] ? " or " : "use inputs of ", pm_type_name(variant->code->input));
    }
    if (!text[0])
        snprintf(text, bytes, "leave it out");
}

/* `x` as text, above or below the domain, and what to do about it. */
static parmap_status fail_outside(const parmap_kernel *kernel, parmap_type type,
                                  const parmap_domain *domain, const char *x, bool above,
                                  const char *ways)
{
    char edge[PM_NUMBER_TEXT];
    pm_format_int128(edge, above ? domain->max : domain->min);
    return pm_fail(PARMAP_USAGE, "%s %s %s at x = %s; %s exact x is %s; %s", pm_kernel_name(kernel),
                   pm_type_is_real(type) ? "is not exact in" : "overflows", pm_type_name(type), x,
                   above ? "largest" : "smallest", edge, ways);
}

parmap_status pm_kernel_check_domain(const parmap_kernel *kernel, parmap_type type,
                                     const pm_range *range, bool allow_rounding)
{
    const parmap_variant *variant = pm_kernel_find(kernel, type);
    const parmap_domain carrier = carrier_of(type);
    const bool checked = pm_kernel_checks(variant) && !pm_type_is_real(type); /* item by item */
    const parmap_domain domain = checked ? carrier : pm_kernel_domain(variant, allow_rounding);
    if (within(&domain, range))
        return PARMAP_OK;
    const parmap_int128 outside = first_outside(&domain, range);
    char x[PM_NUMBER_TEXT], ways[200];
    pm_format_int128(x, outside);
    ways_out(kernel, range, ways, sizeof ways);
    return fail_outside(kernel, type, &domain, x, outside > domain.max, ways);
}

static parmap_int128 integer_at(parmap_type type, const void *input)
{
    union {
        int64_t i;
        uint64_t u;
        parmap_int128 w;
    } wide;
    pm_type_widen(type, input, 1, &wide);
    return pm_type_wide(type) == PARMAP_INT64    ? wide.i
           : pm_type_wide(type) == PARMAP_UINT64 ? (parmap_int128)wide.u
                                                 : wide.w;
}

static parmap_status fail_real(const parmap_kernel *kernel, parmap_type type,
                               const parmap_domain *domain, const void *input)
{
    double x;
    pm_type_widen(type, input, 1, &x);
    char text[PM_VALUE_TEXT], ways[200] = "leave it out";
    const bool whole = fabs(x) < 0x1p127 && trunc(x) == x;
    if (isnan(x))
        return pm_fail(PARMAP_USAGE, "%s takes no NaN; leave it out", pm_kernel_name(kernel));
    pm_type_format(text, type, input);
    if (whole)
        ways_out_of_item(kernel, (parmap_int128)x, ways, sizeof ways);
    return fail_outside(kernel, type, domain, text, x > (double)domain->max, ways);
}

parmap_status pm_kernel_fail_item(const parmap_kernel *kernel, parmap_type type, const void *input)
{
    const parmap_domain domain = domain_of_items(pm_kernel_find(kernel, type));
    char x[PM_NUMBER_TEXT], ways[200];
    if (pm_type_is_real(type))
        return fail_real(kernel, type, &domain, input);
    const parmap_int128 item = integer_at(type, input);
    pm_format_int128(x, item);
    ways_out_of_item(kernel, item, ways, sizeof ways);
    return fail_outside(kernel, type, &domain, x, item > domain.max, ways);
}

/* Items that are no numbers have no domain. */
static pm_bounds bounds_of(const parmap_variant *variant)
{
    return variant->code->input == PARMAP_RECORD
               ? pm_bounds_none()
               : pm_bounds_of(domain_of_items(variant), variant->code->input);
}

/* One map over an array, as its pieces see it. */
typedef struct array_map {
    pm_bounds bounds;
    parmap_vector vector;
    parmap_array_loop *loop;
    int64_t input_bytes; /* of an item */
    int64_t result_bytes;
} array_map;

/* A piece with items outside: computes the stretches between them.  Returns how many they are. */
static int64_t map_stretches(const array_map *map, const char *inputs, char *results, int64_t count,
                             int64_t *first_outside)
{
    int64_t failed = 0, begin = 0;
    for (int64_t i = 0; i <= count; i++) {
        const char *x = inputs + i * map->input_bytes;
        const bool outside = i < count && pm_bounds_exceeded(&map->bounds, map->vector, x, 1, x);
        if (i < count && !outside)
            continue;
        if (i > begin)
            map->loop(inputs + begin * map->input_bytes, results + begin * map->result_bytes,
                      i - begin);
        if (outside && failed++ == 0)
            *first_outside = i;
        begin = i + 1;
    }
    return failed;
}

int64_t pm_kernel_map(const parmap_kernel *kernel, parmap_type type, parmap_vector vector,
                      const void *inputs, void *results, int64_t count, int64_t *first_outside)
{
    const parmap_variant *variant = pm_kernel_find(kernel, type);
    const array_map map = {bounds_of(variant), vector, variant->code->array_loops[vector],
                           (int64_t)pm_kernel_input_bytes(variant->code),
                           (int64_t)pm_kernel_result_bytes(variant->code)};
    const int64_t piece = map.input_bytes < piece_bytes ? piece_bytes / map.input_bytes : 1;
    int64_t failed = 0;
    *first_outside = -1;
    for (int64_t at = 0; at < count; at += piece) {
        const char *x = (const char *)inputs + at * map.input_bytes;
        char *y = (char *)results + at * map.result_bytes;
        const char *next = count - at >= 2 * piece ? x + piece * map.input_bytes : x;
        const int64_t items = count - at < piece ? count - at : piece;
        int64_t first = 0;
        if (!pm_bounds_exceeded(&map.bounds, vector, x, items, next)) {
            map.loop(x, y, items);
            continue;
        }
        failed += map_stretches(&map, x, y, items, &first);
        if (*first_outside < 0)
            *first_outside = at + first;
    }
    return failed;
}

parmap_status pm_kernel_item(const parmap_kernel *kernel, parmap_type type, const void *input,
                             void *result)
{
    const parmap_variant *variant = pm_kernel_find(kernel, type);
    const pm_bounds bounds = bounds_of(variant);
    if (pm_bounds_exceeded(&bounds, PARMAP_VECTOR_BASELINE, input, 1, input))
        return pm_kernel_fail_item(kernel, type, input);
    return variant->code->item(input, result);
}

size_t pm_kernel_input_bytes(const parmap_code *code)
{
    return code->input == PARMAP_RECORD ? code->input_layout->bytes : pm_type_bytes(code->input);
}

size_t pm_kernel_result_bytes(const parmap_code *code)
{
    return code->result == PARMAP_RECORD ? code->result_layout->bytes : pm_type_bytes(code->result);
}

parmap_vector pm_vector_best(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    return v4 ? PARMAP_VECTOR_V4 : v3 ? PARMAP_VECTOR_V3 : PARMAP_VECTOR_BASELINE;
#else
    return PARMAP_VECTOR_BASELINE;
#endif
}

const char *pm_vector_name(parmap_vector vector)
{
    static const char *const names[PARMAP_VECTORS] = {"baseline", "v3", "v4"};
    return names[vector];
}
