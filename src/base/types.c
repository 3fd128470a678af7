/* Names and sizes of the types. */
#include "base/types.h"

#include <string.h>

const char *const pm_type_names[PARMAP_TYPES + 1] = {
    [PARMAP_INT64] = "int64",
    [PARMAP_UINT64] = "uint64",
    [PARMAP_INT128] = "int128",
    [PARMAP_FLOAT64] = "float64",
};

const char *pm_type_name(parmap_type type)
{
    return (unsigned)type < PARMAP_TYPES ? pm_type_names[type] : "an unknown type";
}

parmap_status pm_type_parse(const char *text, parmap_type *type)
{
    for (int i = 0; i < PARMAP_TYPES; i++) {
        if (strcmp(text, pm_type_names[i]) == 0) {
            *type = (parmap_type)i;
            return PARMAP_OK;
        }
    }
    return pm_fail(PARMAP_USAGE, "\"%s\" is not a type; use int64, uint64, int128 or float64",
                   text);
}

size_t pm_type_bytes(parmap_type type)
{
    return type == PARMAP_INT128 ? sizeof(parmap_int128) : sizeof(int64_t);
}

int64_t pm_count_failed(const uint8_t *statuses, int64_t count)
{
    int64_t failed = 0;
    for (int64_t i = 0; i < count; i++)
        failed += statuses[i] == PM_ITEM_FAILED;
    return failed;
}
