/* A number is finite when its exponent bits are not all set: a loop without branches. */
#include "work/finite.h"

#include <math.h>
#include <string.h>

#define COUNT(T, BITS, EXPONENT)                                                                   \
    for (int64_t i = 0; i < count; i++) {                                                          \
        BITS bits;                                                                                 \
        memcpy(&bits, numbers + (size_t)i * sizeof bits, sizeof bits);                             \
        others += (bits & (EXPONENT)) == (EXPONENT);                                               \
    }

static int64_t count_others(parmap_type type, const char *numbers, int64_t count)
{
    int64_t others = 0;
    if (type == PARMAP_FLOAT64)
        COUNT(double, uint64_t, UINT64_C(0x7ff) << 52)
    else if (type == PARMAP_FLOAT32)
        COUNT(float, uint32_t, UINT32_C(0xff) << 23)
    return others;
}

static bool others_in(const pm_layout_field *field, const char *item)
{
    return pm_type_is_real(field->type) &&
           count_others(field->type, item + field->offset, pm_layout_elements(field)) > 0;
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
    if (pm_layout_is_plain(layout) && count_others(layout->fields[0].type, items,
                                                   count * pm_layout_elements(layout->fields)) == 0)
        return 0;
    for (int64_t i = 0; i < count; i++)
        if (item_has_others(layout, (const char *)items + (size_t)i * layout->bytes)) {
            *first = others == 0 ? i : *first;
            others++;
        }
    return others;
}
