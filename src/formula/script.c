/* Shows a mistake at its place. */
#include "formula/script.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 76, BEFORE = 50 }; /* bytes of a text that are shown, and those before the place */

/* Whether a byte begins a character of UTF-8; others take no column. */
static bool begins(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

/* The same place or the next one up where a character begins; they have up to 4 bytes. */
static int at_character(const char *text, int at)
{
    for (int more = 0; more < 3 && text[at] != '\0' && !begins(text[at]); more++)
        at++;
    return at;
}

static int columns(const char *text, int begin, int end)
{
    int count = 0;
    for (int i = begin; i < end; i++)
        count += begins(text[i]);
    return count;
}

/* Copies bytes begin .. end-1, with blanks for line breaks and other control characters. */
static void copy_shown(char *to, const char *text, int begin, int end)
{
    for (int i = begin; i < end; i++)
        *to++ = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
    *to = '\0';
}

parmap_status pm_script_fail(pm_place place, const char *format, ...)
{
    const char *text = place.script->text;
    const int length = (int)strlen(text);
    const int from = place.begin > BEFORE ? at_character(text, place.begin - BEFORE) : 0;
    const int to = length - from > SHOWN ? at_character(text, from + SHOWN) : length;
    const int end = place.end < to ? place.end : to;
    const char *cut = from > 0 ? "..." : "", *rest = to < length ? "..." : "";
    char shown[SHOWN + 8], under[SHOWN + 8], why[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    copy_shown(shown, text, from, to);
    const int wide = columns(text, place.begin, end);
    memset(under, '~', sizeof under);
    under[0] = '^';
    under[wide > 0 ? wide : 1] = '\0';
    const int indent =
        (int)(strlen(place.script->label) + 2 + strlen(cut)) + columns(text, from, place.begin);
    return pm_fail(PARMAP_USAGE, "%s: %s%s%s\n%*s%s %s", place.script->label, cut, shown, rest,
                   indent, "", under, why);
}
