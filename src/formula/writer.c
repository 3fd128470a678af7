/* A text that grows. */
#include "formula/writer.h"

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

void pm_write_list(pm_writer *writer, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    if (length >= 0 && reserve(writer, (size_t)length)) {
        vsnprintf(writer->text + writer->length, (size_t)length + 1, format, again);
        writer->length += (size_t)length;
    }
    va_end(again);
}

void pm_write(pm_writer *writer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    pm_write_list(writer, format, arguments);
    va_end(arguments);
}

parmap_status pm_writer_status(const pm_writer *writer)
{
    return writer->failed ? pm_fail(PARMAP_SYSTEM, "out of memory for the formula") : PARMAP_OK;
}
