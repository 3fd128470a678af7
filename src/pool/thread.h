/* Threads of a context. */
#ifndef PM_POOL_THREAD_H
#define PM_POOL_THREAD_H

#include "pool/context.h"

/* At the end of a context: waits for its threads but the daemons, and gives back what is left. */
void pm_threads_end(pm_context *context);

#endif
