/* The types of inputs and results: their names, as users write them, and their sizes. */
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

/* Bytes of one value in memory and in a file: 8 or 16. */
size_t pm_type_bytes(parmap_type type);

#endif
