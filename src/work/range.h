/* The inputs of a run: item i is first + i * step. */
#ifndef PM_WORK_RANGE_H
#define PM_WORK_RANGE_H

#include "base/status.h"

enum { PM_RANGE_TEXT = 160 };

typedef struct pm_range {
    parmap_int128 first;
    parmap_int128 step; /* not 0; negative = descending */
    int64_t count;      /* at least 1 */
} pm_range;

parmap_int128 pm_range_item(const pm_range *range, int64_t i);
parmap_int128 pm_range_last(const pm_range *range);

/* Item i as a value of a type of inputs. */
void pm_range_input(const pm_range *range, int64_t i, parmap_type type, void *input);

/* "1..1000000", "9..1:-2": the last item that is reached.  Returns `text`. */
char *pm_range_format(char text[PM_RANGE_TEXT], const pm_range *range);

#endif
