/* The names and sizes of types. */
#include "base/types.h"

#include "check.h"

static void names(void)
{
    CHECK_TEXT(pm_type_name(PARMAP_INT64), "int64");
    CHECK_TEXT(pm_type_name(PARMAP_UINT64), "uint64");
    CHECK_TEXT(pm_type_name(PARMAP_INT128), "int128");
    CHECK_TEXT(pm_type_name(PARMAP_FLOAT64), "float64");
    CHECK_TEXT(pm_type_name(PARMAP_TYPES), "records");
    CHECK_TEXT(pm_type_name((parmap_type)(PARMAP_TYPES + 1)), "an unknown type");
    CHECK_TEXT(pm_type_names[PARMAP_TYPES], NULL);
}

static void parsing(void)
{
    parmap_type type = PARMAP_INT64;
    for (int i = 0; i < PARMAP_TYPES; i++) {
        CHECK_INT(pm_type_parse(pm_type_name((parmap_type)i), &type), PARMAP_OK);
        CHECK_INT(type, i);
    }
    static const char *const wrong[] = {"", "int", "int64 ", "INT64", "int640", "an unknown type"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_INT(pm_type_parse(wrong[i], &type), PARMAP_USAGE);
        CHECK_HOLDS(parmap_message(), wrong[i]);
        CHECK_HOLDS(parmap_message(),
                    "use int8 to int64, uint8 to uint64, int128, float32 or float64");
    }
    CHECK_INT(type, PARMAP_TYPES - 1); /* as it was */
}

static void sizes(void)
{
    CHECK_INT(pm_type_bytes(PARMAP_INT64), 8);
    CHECK_INT(pm_type_bytes(PARMAP_UINT64), 8);
    CHECK_INT(pm_type_bytes(PARMAP_INT128), 16);
    CHECK_INT(pm_type_bytes(PARMAP_FLOAT64), 8);
}

int main(void)
{
    static const check_case cases[] = {
        {"types: names", names},
        {"types: parsing", parsing},
        {"types: sizes", sizes},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
