/* Statuses and their messages: how every function of parmap says that it failed.
 * A failing function sets the thread's message once, where it knows most, and returns a status; the
 * callers pass it on with PM_TRY. */
#ifndef PM_BASE_STATUS_H
#define PM_BASE_STATUS_H

#include <parmap.h>

/* Sets the calling thread's message and returns `status`.  The arguments may include the message of
 * before, to put a place in front of it: pm_fail(status, "%s: %s", place, parmap_message()). */
parmap_status pm_fail(parmap_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* As before the thread's first failure: what follows may fail without a word. */
void pm_message_clear(void);

/* PARMAP_USAGE when a caller gave no address where there must be one. */
static inline parmap_status pm_need(const void *pointer, const char *what)
{
    return __builtin_expect(pointer != NULL, 1)
               ? PARMAP_OK
               : pm_fail(PARMAP_USAGE, "%s is NULL; give an address", what);
}

/* Returns from the calling function when `expression` is not PARMAP_OK. */
#define PM_TRY(expression)                                                                         \
    do {                                                                                           \
        const parmap_status pm_status_ = (expression);                                             \
        if (pm_status_ != PARMAP_OK)                                                               \
            return pm_status_;                                                                     \
    } while (0)

/* The same for functions that clean up at a label `done` and return a variable `status`. */
#define PM_TRY_DONE(expression)                                                                    \
    do {                                                                                           \
        status = (expression);                                                                     \
        if (status != PARMAP_OK)                                                                   \
            goto done;                                                                             \
    } while (0)

#endif
