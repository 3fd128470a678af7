/* A header is already laid out as a page: comments that say what follows, under banners. */
#include "pages/pages.h"

#include <stdlib.h>
#include <string.h>

typedef enum state { OUTSIDE, COMMENT, CODE, SKIPPED } state;

typedef struct reader {
    state state;
    bool first_only;
    int comments; /* that have begun */
    bool example; /* indented text within a comment */
} reader;

static void end_code(reader *r)
{
    if (r->state == CODE || r->example)
        pm_roff_example_end();
    r->example = false;
    r->state = OUTSIDE;
}

/* "---- Lock and RLock ------" -> .SH LOCK AND RLOCK */
static void banner(reader *r, char *text)
{
    end_code(r);
    text += strspn(text, "- ");
    char *end = strstr(text, " --");
    if (end)
        *end = '\0';
    pm_roff_section(text);
}

/* One line of a comment, without its stars. */
static void comment_line(reader *r, const char *text)
{
    const bool example = strncmp(text, "    ", 4) == 0;
    if (example && !r->example)
        pm_roff_example_begin();
    if (!example && r->example)
        pm_roff_example_end();
    r->example = example;
    if (example) {
        pm_roff_code(text + 4);
        putchar('\n');
    } else if (*text == '\0') {
        pm_roff_paragraph();
    } else if (strncmp(text, "  - ", 4) == 0) {
        pm_roff_item();
        pm_roff_line(text + 4);
        putchar('\n');
    } else {
        pm_roff_line(text + strspn(text, " "));
        putchar('\n');
    }
}

/* Ends the comment at its star and slash, if they are in this line. */
static void comment(reader *r, char *text)
{
    char *end = strstr(text, "*/");
    if (end)
        *end = '\0';
    for (size_t length = strlen(text); length > 0 && text[length - 1] == ' '; length--)
        text[length - 1] = '\0';
    if (!end || *text)
        comment_line(r, text);
    if (end) {
        if (r->example)
            pm_roff_example_end();
        r->example = false;
        r->state = OUTSIDE;
    }
}

/* Of macros the heads, of those for callers. */
static bool is_public_macro(const char *line)
{
    return (strncmp(line, "#define PARMAP_", 15) == 0 ||
            strncmp(line, "#define parmap_", 15) == 0) &&
           !strstr(line, "_H\n");
}

static void code(reader *r, char *line)
{
    const bool macro = line[0] == '#';
    if (r->state != CODE)
        pm_roff_example_begin();
    r->state = CODE;
    if (macro) {
        line += 8;
        const size_t name = strcspn(line, " (");
        line[line[name] == '(' ? strcspn(line, ")") + 1 : name] = '\0';
    }
    pm_roff_code(strncmp(line, "PARMAP_API ", 11) == 0 ? line + 11 : line);
    putchar('\n');
}

static void read_line(reader *r, char *line)
{
    const bool continues = strlen(line) > 1 && line[strlen(line) - 2] == '\\';
    line[strcspn(line, "\n")] = '\0';
    if (r->state == COMMENT) {
        comment(r, line + (strncmp(line, " * ", 3) == 0 ? 3 : 2));
    } else if (r->state == SKIPPED) {
        r->state = continues ? SKIPPED : OUTSIDE;
    } else if (strncmp(line, "/* ---- ", 8) == 0) {
        banner(r, line + 3);
    } else if (strncmp(line, "/* clang-format", 15) == 0) {
        end_code(r);
    } else if (strncmp(line, "/* ", 3) == 0) {
        end_code(r);
        r->comments++;
        pm_roff_paragraph();
        r->state = COMMENT;
        comment(r, line + 3);
    } else if (line[0] == '#' && !is_public_macro(line)) {
        end_code(r);
        r->state = continues ? SKIPPED : OUTSIDE;
    } else if (line[0] == '\0') {
        end_code(r);
    } else if (strncmp(line, "extern \"C\"", 10) != 0 && strcmp(line, "}") != 0) {
        code(r, line);
        if (continues) {
            end_code(r);
            r->state = SKIPPED;
        }
    }
}

void pm_page_header(FILE *in, bool first_only)
{
    reader r = {.first_only = first_only};
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, in) > 0) {
        read_line(&r, line);
        if (first_only && r.comments > 0 && r.state == OUTSIDE)
            break;
    }
    end_code(&r);
    free(line);
}
