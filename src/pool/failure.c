#include "pool/failure.h"

#include "comm/window.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local parmap_failure last;

parmap_failure parmap_last_failure(void)
{
    return last;
}

parmap_status parmap_fail(const char *format, ...)
{
    char text[sizeof last.text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return pm_fail(PARMAP_TASK_FAILED, "%s", text);
}

void pm_failure_add(parmap_failure *failure, int64_t index, parmap_status status)
{
    const bool lowest = failure->count == 0 || index < failure->index;
    failure->count++;
    if (!lowest)
        return;
    failure->index = index;
    failure->rank = parmap_rank();
    failure->status = status;
    snprintf(failure->text, sizeof failure->text, "%s", parmap_message());
}

void pm_failure_merge(parmap_failure *failure, const parmap_failure *other)
{
    if (other->count == 0)
        return;
    const int64_t count = failure->count + other->count;
    if (failure->count == 0 || other->index < failure->index)
        *failure = *other;
    failure->count = count;
}

parmap_status pm_failure_status(const parmap_failure *failure, int64_t count, const char *what)
{
    char which[48] = "the task", others[64] = "";
    if (failure->count == 0)
        return PARMAP_OK;
    last = *failure;
    if (what)
        snprintf(which, sizeof which, "%s %" PRId64, what, failure->index);
    if (count > 1)
        snprintf(others, sizeof others, " (%" PRId64 " of %" PRId64 " %ss failed)", failure->count,
                 count, what);
    const char *text = failure->text[0] ? failure->text : parmap_status_name(failure->status);
    return pm_fail(PARMAP_TASK_FAILED, "%s failed on rank %d, %s: %s%s", which, failure->rank,
                   pm_window_node((uint32_t)failure->rank), text, others);
}
