/* pread until all is there. */
#include "store/input_bytes.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

parmap_status pm_input_pread(int fd, int64_t offset, char *to, size_t bytes)
{
    while (bytes > 0) {
        const ssize_t got = pread(fd, to, bytes, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return pm_fail(PARMAP_BAD_DATA, "%s",
                           got < 0 ? strerror(errno) : "the file ends before");
        to += got;
        offset += got;
        bytes -= (size_t)got;
    }
    return PARMAP_OK;
}
