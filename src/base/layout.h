/* What an item is: a number, a fixed array of numbers, or a record of both.  Plain data, so that it
 * can travel; parmap_layout is the same as authors of kernels write it. */
#ifndef PM_BASE_LAYOUT_H
#define PM_BASE_LAYOUT_H

#include "base/types.h"

enum { PM_LAYOUT_FIELDS = 32, PM_LAYOUT_NAME = 32, PM_LAYOUT_TEXT = 512 };

typedef struct pm_layout_field {
    char name[PM_LAYOUT_NAME]; /* "" = the item is this number or array itself */
    parmap_type type;          /* of a number */
    int rank;                  /* dimensions; 0 = one number */
    int64_t extent[PARMAP_RANK];
    size_t offset; /* in bytes, from the beginning of the item */
} pm_layout_field;

typedef struct pm_layout {
    size_t bytes; /* of an item */
    int count;
    pm_layout_field fields[PM_LAYOUT_FIELDS];
} pm_layout;

pm_layout pm_layout_of_type(parmap_type type);

/* The layout of items of a type, `described` for PARMAP_RECORD.  PARMAP_USAGE in words for one that
 * cannot be, as in a damaged kernel file. */
parmap_status pm_layout_read(parmap_type type, const parmap_layout *described, pm_layout *layout);

/* Puts the fields where C puts them in a struct, and counts the bytes. */
void pm_layout_place(pm_layout *layout);

/* How many numbers a field has. */
int64_t pm_layout_elements(const pm_layout_field *field);

/* One number, nothing else. */
bool pm_layout_is_number(const pm_layout *layout);

/* The items are one array of numbers, or one number: a data set of that type. */
bool pm_layout_is_plain(const pm_layout *layout);

bool pm_layout_equal(const pm_layout *a, const pm_layout *b);

/* The field with that name; NULL when there is none. */
const pm_layout_field *pm_layout_find(const pm_layout *layout, const char *name);

/* "float64", "float64[3][4]", "{x: float64, weights: float32[3]}".  Cut where it is too long.
 * Returns `text`. */
char *pm_layout_format(char text[PM_LAYOUT_TEXT], const pm_layout *layout);

/* Back again; PARMAP_USAGE for any other text. */
parmap_status pm_layout_parse(const char *text, pm_layout *layout);

/* The values of an item: "3", "[1, 2]", "x = 1, y = [2, 3]".  Cut where it is too long.  Returns
 * `text`. */
char *pm_layout_format_item(char *text, size_t room, const pm_layout *layout, const void *item);

/* What stands in place of a result that there is none of: 0, and NaN in real fields. */
void pm_layout_blank(const pm_layout *layout, void *item);

#endif
