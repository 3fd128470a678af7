/* A source of results that are there already: the items of several files, joined into one range. */
#ifndef PM_MAP_PARTS_H
#define PM_MAP_PARTS_H

#include "map/pipeline.h"
#include "store/data.h"
#include "work/join.h"

typedef struct pm_parts_source {
    const pm_join *join;         /* without gaps */
    const pm_data *const *files; /* by the number of the part */
} pm_parts_source;
extern const pm_source pm_source_parts;

/* Local, any thread.  `count` items of the whole, from `item` on. */
parmap_status pm_parts_read(const pm_parts_source *source, int64_t item, int64_t count,
                            void *results);

#endif
