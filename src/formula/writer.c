/* A text that grows. */
#include "formula/writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(pm_writer *writer, size_t length)
{
    const size_t need = writer->length + length + 1;
    if (writer->failed || need <= writer->room)
        return !writer->failed;
    const size_t room = need < 1024 ? 1024 : 2 * need;
    char *text = realloc(writer->text, room);
    if (text == NULL) {
        writer->failed = true;
        return false;
    }
    writer->text = text;
    writer->room = room;
    return true;
}

void pm_write_text(pm_writer *writer, const char *text, size_t length)
{
    if (!reserve(writer, length))
        return;
    memcpy(writer->text + writer->length, text, length);
    writer->length += length;
    writer->text[writer->length] = '\0';
}

void pm_write(pm_writer *writer, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < sizeof text) {
        pm_write_text(writer, text, (size_t)length);
        return;
    }
    if (!reserve(writer, (size_t)length))
        return;
    va_start(arguments, format);
    vsnprintf(writer->text + writer->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    writer->length += (size_t)length;
}

parmap_status pm_writer_status(const pm_writer *writer)
{
    return writer->failed ? pm_fail(PARMAP_SYSTEM, "out of memory for the formula") : PARMAP_OK;
}
