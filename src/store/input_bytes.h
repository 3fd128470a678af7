/* Bytes at their place in a file of somebody else's. */
#ifndef PM_STORE_INPUT_BYTES_H
#define PM_STORE_INPUT_BYTES_H

#include "base/status.h"

/* Any thread.  PARMAP_BAD_DATA, with the reason alone, when they cannot be read. */
parmap_status pm_input_pread(int fd, int64_t offset, char *to, size_t bytes);

#endif
