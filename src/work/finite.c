/* A number is finite when its exponent bits are not all set.  If they are, one more in the lowest
 * of them carries into the place of the sign: so one look over all numbers, without comparisons (of
 * 64 bits SSE2 has none), finds whether there is anything to count, and almost always there is not.
 */
#include "work/finite.h"

#include <math.h>
#include <string.h>

#define ONE64 (UINT64_C(1) << 52)
#define ONE32 (UINT32_C(1) << 23)
#define EXPONENT64 (UINT64_C(0x7ff) * ONE64)
#define EXPONENT32 (UINT32_C(0xff) * ONE32)

static bool any_other64(const char *numbers, int64_t count)
{
    uint64_t flags = 0;
    for (int64_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, numbers + (size_t)i * sizeof bits, sizeof bits);
        flags |= (bits & EXPONENT64) + ONE64;
    }
    return flags >> 63 != 0;
}

static bool any_other32(const char *numbers, int64_t count)
{
    uint32_t flags = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, numbers + (size_t)i * sizeof bits, sizeof bits);
        flags |= (bits & EXPONENT32) + ONE32;
    }
    return flags >> 31 != 0;
}

static bool any_other(parmap_type type, const char *numbers, int64_t count)
{
    return type == PARMAP_FLOAT64   ? any_other64(numbers, count)
           : type == PARMAP_FLOAT32 ? any_other32(numbers, count)
                                    : false;
}

static bool others_in(const pm_layout_field *field, const char *item)
{
    return any_other(field->type, item + field->offset, pm_layout_elements(field));
}

parmap_status pm_finite_check(const pm_layout *layout, const void *item)
{
    for (int i = 0; i < layout->count; i++) {
        const pm_layout_field *field = &layout->fields[i];
        char value[PM_VALUE_TEXT] = "not finite";
        if (!others_in(field, item))
            continue;
        if (field->rank == 0)
            pm_type_format(value, field->type, (const char *)item + field->offset);
        return pm_fail(PARMAP_BAD_DATA, "%s is %s", field->name[0] ? field->name : "the input",
                       value);
    }
    return PARMAP_OK;
}

static bool item_has_others(const pm_layout *layout, const char *item)
{
    for (int i = 0; i < layout->count; i++)
        if (others_in(&layout->fields[i], item))
            return true;
    return false;
}

int64_t pm_finite_count_others(const pm_layout *layout, const void *items, int64_t count,
                               int64_t *first)
{
    int64_t others = 0;
    *first = -1;
    if (pm_layout_is_plain(layout) &&
        !any_other(layout->fields[0].type, items, count * pm_layout_elements(layout->fields)))
        return 0;
    for (int64_t i = 0; i < count; i++)
        if (item_has_others(layout, (const char *)items + (size_t)i * layout->bytes)) {
            *first = others == 0 ? i : *first;
            others++;
        }
    return others;
}
