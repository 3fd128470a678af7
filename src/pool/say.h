/* What a rank has to say by itself: on stderr, one write per line, from any rank. */
#ifndef PM_POOL_SAY_H
#define PM_POOL_SAY_H

#include "base/status.h"

/* "parmap: rank 2: ...". */
void pm_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says it and ends the job with PARMAP_SYSTEM. */
_Noreturn void pm_say_and_abort(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
