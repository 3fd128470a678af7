/* A function on a thread of parmap's, until it returns or is ended from within. */
#ifndef PM_POOL_RUNNER_H
#define PM_POOL_RUNNER_H

#include "pool/context.h"

typedef struct pm_runner {
    parmap_function *function;
    void *argument;                         /* of malloc; freed when the function is done */
    pm_caller caller;                       /* what the thread is */
    int exit_code;                          /* of the function */
    void (*done)(struct pm_runner *runner); /* the last thing on the thread */
} pm_runner;

/* A copy of an argument; NULL with a message when there is no memory.  *copy = NULL for NULL. */
parmap_status pm_runner_copy(const void *argument, size_t bytes, void **copy);

/* For pthread_create; `runner` is a pm_runner. */
void *pm_runner_main(void *runner);

#endif
