/* The words of parmap map: what to map, and the options behind it. */
#ifndef PM_APP_COMMAND_MAP_H
#define PM_APP_COMMAND_MAP_H

#include "app/mapping.h"

/* `parmap map WORD... OPTION...` in two: the words before the first option, which begins with "--"
 * or is "-o", as the origin; the options as a command line of their own, which ends with NULL and
 * which the caller frees.  PARMAP_USAGE when there are no words, but help is not asked for. */
parmap_status pm_map_split(int argc, char **argv, pm_origin *origin, int *option_count,
                           char ***options);

/* What parmap map does when no option says otherwise; it has no kernel. */
extern const parmap_spec pm_map_defaults;

#endif
