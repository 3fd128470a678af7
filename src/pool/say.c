/* Lines to stderr.  Not through the log, which only rank 0 writes. */
#include "pool/say.h"

#include "share/session.h"

#include <stdarg.h>
#include <stdio.h>

static void say(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

static void say(const char *format, va_list arguments)
{
    char text[900], line[1024];
    vsnprintf(text, sizeof text, format, arguments);
    const int length = snprintf(line, sizeof line, "parmap: rank %d: %s\n", parmap_rank(), text);
    fwrite(line, 1, (size_t)length, stderr);
    fflush(stderr);
}

void pm_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void pm_say_and_abort(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    pm_session_abort(PARMAP_SYSTEM);
}
