/* parmap_serve and what it changes in this rank. */
#ifndef PM_POOL_SERVE_H
#define PM_POOL_SERVE_H

#include "base/status.h"

/* PARMAP_OK from parmap_serve to parmap_finish; else PARMAP_USAGE with the way out. */
parmap_status pm_serve_check_open(void);

/* Local.  From now on parmap_finish ends what main has started; for threads, which need no
 * parmap_serve. */
void pm_serve_hook(void);

#endif
