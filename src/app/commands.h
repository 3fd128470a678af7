/* The commands of the program `parmap`. */
#ifndef PM_APP_COMMANDS_H
#define PM_APP_COMMANDS_H

#include "base/status.h"

/* Local, on stdout.  What a result file holds, a line per fact. */
parmap_status pm_command_info(const char *path);

/* Local, on stdout.  The state of a file in one word.  PARMAP_OK for complete, incomplete and
 * running, PARMAP_NO_INPUT for missing, PARMAP_BAD_DATA for foreign. */
parmap_status pm_command_state(const char *path);

/* Local, on stdout.  The failed items, one to a line: number, input, attempts, rank, host, message,
 * with tabs between them; "-" for what is not recorded. */
parmap_status pm_command_failed(const char *path);

/* Local, on stdout.  Hashes the data again.  PARMAP_BAD_DATA when it differs from the stored
 * checksum, or when there is none. */
parmap_status pm_command_verify(const char *path);

#endif
