/* What is there instead, in words. */
#ifndef PM_STORE_INPUT_LIST_H
#define PM_STORE_INPUT_LIST_H

#include "store/hdf5.h"
#include "store/input.h"

enum { PM_LIST = 256, PM_LIST_SHOWN = 10, PM_LIST_TEXT = 512 };

/* Names: all to find the nearest in, a few to show. */
typedef struct pm_list {
    char names[PM_LIST][PM_INPUT_SET];
    int64_t count; /* beyond PM_LIST they are counted only */
} pm_list;

void pm_list_add(pm_list *list, const char *name);

/* " (did you mean x?); its data sets are w, x, y and 3 more", with the nearest name to `wanted`, if
 * there is one, and `others` before the names.  Returns `text`. */
char *pm_list_format(char text[PM_LIST_TEXT], const pm_list *list, const char *wanted,
                     const char *others);

/* The data sets below an object of the file, which may be its root. */
void pm_list_sets(pm_list *list, hid_t file, const char *group);

/* The members of a compound. */
void pm_list_fields(pm_list *list, hid_t type);

#endif
