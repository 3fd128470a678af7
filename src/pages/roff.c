#include "pages/pages.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* One character; `code`: as it is typed, and not as a printer's sign. */
static void put(char c, bool code)
{
    static const struct {
        char c;
        const char *roff;
    } signs[] = {{'\\', "\\e"}, {'~', "\\(ti"}, {'^', "\\(ha"}, {'`', "\\(ga"}, {'\'', "\\(aq"}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (signs[i].c == c) {
            fputs(signs[i].roff, stdout);
            return;
        }
    if (c == '-' && code)
        putchar('\\');
    putchar(c);
}

/* ---- what a page is made of ------------------------------------------------------------------ */

/* man takes paragraphs amiss that have no text, or come right behind a heading. */
static bool pending, fresh;

static void flush(void)
{
    if (pending && !fresh)
        puts(".PP");
    pending = fresh = false;
}

static void drop(void)
{
    pending = fresh = false;
}

void pm_roff_section(const char *text)
{
    drop();
    fputs(".SH ", stdout);
    for (; *text; text++)
        put((char)toupper((unsigned char)*text), false);
    putchar('\n');
    fresh = true;
}

void pm_roff_subsection(const char *text)
{
    drop();
    fputs(".SS ", stdout);
    pm_roff_line(text);
    putchar('\n');
    fresh = true;
}

void pm_roff_paragraph(void)
{
    pending = true;
}

void pm_roff_example_begin(void)
{
    pending = true;
    flush();
    puts(".RS 4\n.EX");
}

void pm_roff_example_end(void)
{
    puts(".EE\n.RE");
    pending = true;
}

void pm_roff_item(void)
{
    drop();
    puts(".IP \\(bu 2");
}

/* ---- text ------------------------------------------------------------------------------------ */

/* A line must not begin with a sign of roff's own. */
static void guard(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
}

void pm_roff_code(const char *text)
{
    flush();
    guard(text);
    for (; *text; text++)
        put(*text, true);
}

/* The address behind "[text]" is left out. */
static const char *behind_link(const char *text)
{
    const char *end = text[1] == '(' ? strchr(text, ')') : NULL;
    return end ? end : text;
}

void pm_roff_line(const char *text)
{
    bool code = false, bold = false, link = false;
    flush();
    guard(text);
    for (; *text; text++) {
        if (*text == '`') {
            code = !code;
            fputs(code ? "\\fB" : "\\fR", stdout);
        } else if (!code && strncmp(text, "**", 2) == 0) {
            bold = !bold;
            fputs(bold ? "\\fB" : "\\fR", stdout);
            text++;
        } else if (!code && *text == '[' && strstr(text, "](")) {
            link = true;
        } else if (!code && link && *text == ']') {
            link = false;
            text = behind_link(text);
        } else {
            put(*text, code);
        }
    }
}

void pm_roff_entry(const char *left, const char *argument)
{
    drop();
    fputs(".TP\n\\fB", stdout);
    pm_roff_code(left);
    fputs("\\fR", stdout);
    if (argument) {
        fputs(" \\fI", stdout);
        pm_roff_code(argument);
        fputs("\\fR", stdout);
    }
    putchar('\n');
}
