/* The thread's message, and the names of statuses.
 * A message may be made from the one before it: pm_fail(status, "%s: %s", place, parmap_message()).
 */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_BYTES = 2048 };

static _Thread_local char message[MESSAGE_BYTES];

void pm_message_clear(void)
{
    message[0] = '\0';
}

const char *parmap_status_name(parmap_status status)
{
    switch (status) {
#define STATUS_NAME(name, code, text)                                                              \
    case name:                                                                                     \
        return #name;
        PARMAP_STATUS_LIST(STATUS_NAME)
#undef STATUS_NAME
    }
    return "an unknown status";
}

const char *parmap_message(void)
{
    return message;
}

const char *parmap_version(void)
{
    return PARMAP_VERSION;
}

parmap_status pm_fail(parmap_status status, const char *format, ...)
{
    /* the arguments may point into the message itself, so it is replaced only at the end */
    char text[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length >= MESSAGE_BYTES)
        memcpy(text + MESSAGE_BYTES - sizeof "...", "...", sizeof "...");
    memcpy(message, text, sizeof message);
    return status;
}
