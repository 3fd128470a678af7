/* Reads a configuration file: flat `option = value` lines, # and ; comments (read with inih). */
#ifndef PM_BASE_CONFIG_H
#define PM_BASE_CONFIG_H

#include "base/status.h"

/* Called once for each line `name = value`, in the order of the file; a status other than PARMAP_OK
 * ends the reading and is returned.  `line` counts from 1. */
typedef parmap_status pm_config_entry(void *context, const char *path, int line, const char *name,
                                      const char *value);

/* PARMAP_NO_INPUT when the file cannot be opened or read (a folder, say); PARMAP_USAGE with file
 * and line when a line is not `name = value`, stands in a [section] (there are none), or is longer
 * than the reader takes. */
parmap_status pm_config_read(const char *path, pm_config_entry *entry, void *context);

#endif
