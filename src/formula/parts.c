/* Names and notes of a formula. */
#include "formula/parts.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void pm_parts_note(pm_parts *parts, const char *format, ...)
{
    char text[PM_NOTE_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (int i = 0; i < parts->note_count; i++)
        if (strcmp(parts->notes[i], text) == 0)
            return;
    if (parts->note_count < PM_PARTS_NOTES)
        memcpy(parts->notes[parts->note_count++], text, sizeof text);
}

void pm_parts_note_at(pm_parts *parts, pm_place place, const char *why)
{
    enum { SHOWN = 60 };
    const int length = place.end - place.begin;
    char text[SHOWN + 1];
    pm_copy_line(text, sizeof text, place.script->text + place.begin);
    if (length < SHOWN)
        text[length] = '\0';
    pm_parts_note(parts, "%s%s: %s", text, length > SHOWN ? "..." : "", why);
}

void pm_parts_note_division(pm_parts *parts, pm_place place)
{
    pm_parts_note_at(parts, place,
                     "/ of whole numbers drops the remainder, as in C; for a real result convert "
                     "one with float64(...)");
}

int pm_parts_definition(const pm_parts *parts, const char *name)
{
    for (int i = 0; i < parts->definition_count; i++)
        if (strcmp(parts->definitions[i].name, name) == 0)
            return i;
    return -1;
}

int pm_parts_input(const pm_parts *parts, const char *name)
{
    for (int i = 0; i < parts->input_count; i++)
        if (strcmp(parts->inputs[i].name, name) == 0)
            return i;
    return -1;
}
