/* Whole files in memory, and folders of our own for a short time. */
#ifndef PM_WORK_BYTES_H
#define PM_WORK_BYTES_H

#include "base/status.h"

typedef struct pm_bytes {
    void *data;
    size_t size;
} pm_bytes;

/* Local.  Reads a regular file of at most `most` bytes; never waits, as a pipe would make it.
 * Errors, with *bytes empty: PARMAP_NO_INPUT, PARMAP_BAD_DATA for what is no file or too large. */
parmap_status pm_bytes_read(const char *path, size_t most, pm_bytes *bytes);

/* Local.  The same of a file that is open; its path is for messages. */
parmap_status pm_bytes_read_open(const char *path, int fd, size_t most, pm_bytes *bytes);

/* Local.  Writes all of them to an open file; false, with errno set, when that failed. */
bool pm_bytes_write(int fd, const void *data, size_t size);

void pm_bytes_free(pm_bytes *bytes);

enum { PM_PRIVATE_FOLDER = 512, PM_PRIVATE_PLACES = 5 };

/* Local.  Makes an empty folder for this user alone in the place of that number: $TMPDIR, /tmp,
 * /dev/shm, /var/tmp, the working folder.  False, with errno set, where that is not possible. */
bool pm_private_folder_make(int place, char path[PM_PRIVATE_FOLDER]);

/* Local.  Removes it with all that is in it.  "" is none. */
void pm_private_folder_remove(char path[PM_PRIVATE_FOLDER]);

#endif
