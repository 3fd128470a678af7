/* The types of numbers: their names, as users write them, their sizes, what they hold. */
#ifndef PM_BASE_TYPES_H
#define PM_BASE_TYPES_H

#include "base/status.h"

/* "int64", "uint64", ... by parmap_type; a NULL ends the list. */
extern const char *const pm_type_names[PARMAP_TYPES + 1];

/* "int64" and so on; a constant, never NULL. */
const char *pm_type_name(parmap_type type);

/* PARMAP_USAGE, with a message that quotes the text and lists the types, for any other text. */
parmap_status pm_type_parse(const char *text, parmap_type *type);

/* What became of an item, where items can fail: one byte for each, as it stands in the file. */
typedef enum pm_item_status {
    PM_ITEM_PENDING, /* not computed yet */
    PM_ITEM_GOOD,
    PM_ITEM_FAILED
} pm_item_status;

/* How many of `count` items have failed. */
int64_t pm_count_failed(const uint8_t *statuses, int64_t count);

/* Bytes of one value in memory and in a file, which is also its alignment: 1 to 16. */
size_t pm_type_bytes(parmap_type type);

bool pm_type_is_real(parmap_type type);

/* The least and the most that a type holds; of real types the whole numbers that it can tell from
 * their neighbours, +-2^53 or +-2^24. */
parmap_domain pm_type_domain(parmap_type type);

/* The type of the same kind that has all values of a narrow one: int64, uint64, float64; others
 * stand for themselves. */
parmap_type pm_type_wide(parmap_type type);

/* `count` values of a type as values of its wide type. */
void pm_type_widen(parmap_type type, const void *values, int64_t count, void *wide);

enum { PM_VALUE_TEXT = 48 }; /* bytes that hold any number as text */

/* One value, decimal: "-7", "0.1", "1e+300", "inf", "NaN".  Numbers with a fraction, and large
 * ones, have as few digits as lead back to the value.  Returns `text`. */
char *pm_type_format(char text[PM_VALUE_TEXT], parmap_type type, const void *value);

#endif
