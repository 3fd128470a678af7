#include "share/stamp.h"

#include <stdio.h>

const char *pm_stamp_since(uint64_t stamp, char text[PM_SINCE_BYTES])
{
    enum { PER_SECOND = 4, SKEW = 3600 * PER_SECOND };
    const uint64_t now = pm_stamp_now() >> PM_STAMP_SHIFT;
    uint64_t ago = (now - (stamp >> PM_STAMP_SHIFT)) & PM_STAMP_TIME;
    if (ago > PM_STAMP_TIME - SKEW) /* by the clock of a node that is ahead of ours */
        ago = 0;
    const time_t then = time(NULL) - (time_t)(ago / PER_SECOND);
    struct tm local;
    char clock[16] = "";
    if (localtime_r(&then, &local))
        strftime(clock, sizeof clock, "%H:%M:%S", &local);
    snprintf(text, PM_SINCE_BYTES, "%s, %d s ago", clock, (int)(ago / PER_SECOND));
    return text;
}
