/* The end of a function comes by return or by pthread_exit: so parmap_exit works from wherever it
 * is called, and what C++ has on the stack is cleaned up. */
#include "pool/runner.h"

#include <stdlib.h>
#include <string.h>

parmap_status pm_runner_copy(const void *argument, size_t bytes, void **copy)
{
    *copy = NULL;
    if (!argument && bytes > 0)
        return pm_fail(PARMAP_USAGE, "there is no argument, but it has %zu bytes", bytes);
    if (!argument)
        return PARMAP_OK;
    *copy = malloc(bytes > 0 ? bytes : 1); /* 16-byte aligned, as malloc does it */
    if (!*copy)
        return pm_fail(PARMAP_SYSTEM, "out of memory for an argument of %zu bytes", bytes);
    memcpy(*copy, argument, bytes);
    return PARMAP_OK;
}

static void end(void *argument)
{
    pm_runner *runner = argument;
    free(runner->argument);
    runner->done(runner);
}

void *pm_runner_main(void *argument)
{
    pm_runner *runner = argument;
    pm_caller_set(&runner->caller);
    pthread_cleanup_push(end, runner);
    runner->exit_code = runner->function(runner->argument);
    pthread_cleanup_pop(1);
    return NULL;
}
