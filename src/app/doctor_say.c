/* How the findings look: verdict, check, text, wrapped to 100 columns. */
#include "app/doctor.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 100, INDENT = 20, TEXT = 2048, MOST_NAMES = 3 };

typedef struct page {
    char *text;
    size_t bytes, used;
} page;

static void put(page *p, const char *text, size_t length)
{
    const size_t room = p->bytes - p->used - 1;
    length = length < room ? length : room;
    memcpy(p->text + p->used, text, length);
    p->used += length;
    p->text[p->used] = '\0';
}

/* A line ends before the word that would go past the last column. */
static void put_wrapped(page *p, const char *text)
{
    size_t column = INDENT;
    for (const char *word = text + strspn(text, " "); *word; word += strspn(word, " ")) {
        const size_t length = strcspn(word, " ");
        if (column > INDENT && column + 1 + length > WIDTH) {
            static const char next_line[] = "\n                    ";
            _Static_assert(sizeof next_line == INDENT + 2, "a line end, and blanks up to the text");
            put(p, next_line, INDENT + 1);
            column = INDENT;
        } else if (column > INDENT) {
            put(p, " ", 1);
            column++;
        }
        put(p, word, length);
        column += length;
        word += length;
    }
    put(p, "\n", 1);
}

size_t pm_doctor_format(char *line, size_t bytes, pm_verdict verdict, const char *check,
                        const char *text)
{
    static const char *const words[PM_VERDICTS] = {"ok", "warning", "wrong"};
    page p = {.text = line, .bytes = bytes};
    char head[64];
    put(&p, head, (size_t)snprintf(head, sizeof head, "  %-7s  %-7.20s  ", words[verdict], check));
    put_wrapped(&p, text);
    return p.used;
}

void pm_doctor_say(pm_doctor *doctor, pm_verdict verdict, const char *format, ...)
{
    char text[TEXT], line[2 * TEXT];
    va_list arguments;
    doctor->found[verdict]++;
    if (doctor->world.rank != 0 || doctor->launcher.rank != 0)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fwrite(line, 1, pm_doctor_format(line, sizeof line, verdict, doctor->check, text), stdout);
    fflush(stdout); /* whatever the next check does to the process */
}

void pm_names_add(pm_names *names, const char *name)
{
    char *end = names->text + names->length;
    const size_t room = sizeof names->text - names->length;
    if (names->count++ < MOST_NAMES)
        names->length += (size_t)snprintf(end, room, "%s%.64s", names->length ? ", " : "", name);
    else
        snprintf(end, room, " and %d more", names->count - MOST_NAMES);
}

const char *pm_plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

/* The value in the first unit that leaves less than 1000 of it; `step` of one are the next. */
static char *scale(char *text, double value, double step, const char *const *units, int count)
{
    int unit = 0;
    for (; value >= 999.5 && unit < count - 1; unit++)
        value /= step;
    snprintf(text, PM_NUMBER_TEXT, "%.*f %s", value < 9.995 && unit ? 2 : value < 99.95 && unit,
             value, units[unit]);
    return text;
}

char *pm_format_time(char *text, double seconds)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    return scale(text, seconds * 1e9, 1000, units, 4);
}

char *pm_format_bytes(char *text, int64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
    return scale(text, (double)bytes, 1024, units, 6);
}
