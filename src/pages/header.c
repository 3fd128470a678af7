/* A header is already laid out as a page: comments that say what follows, under banners. */
#include "pages/pages.h"

#include <stdlib.h>
#include <string.h>

typedef enum state { OUTSIDE, COMMENT, CODE } state;

typedef struct reader {
    state state;
    int comments;   /* that have begun */
    bool example;   /* indented text within a comment */
    bool item;      /* of a list within a comment */
    bool skipping;  /* the lines of a macro */
    bool prototype; /* its next lines are moved to the left as its first is */
} reader;

enum { API = sizeof "PARMAP_API " - 1 };

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
    const size_t indent = strspn(text, " ");
    const bool item = strncmp(text + indent, "- ", 2) == 0 && indent == 2;
    const bool example = indent >= (r->item ? 6 : 4);
    if (example && !r->example)
        pm_roff_example_begin();
    if (!example && r->example)
        pm_roff_example_end();
    r->example = example;
    if (example) {
        pm_roff_code(text + 4);
    } else if (*text == '\0') {
        pm_roff_paragraph();
        r->item = false;
        return;
    } else if (item) {
        pm_roff_item();
        r->item = true;
        pm_roff_line(text + 4);
    } else {
        pm_roff_line(text + indent);
    }
    putchar('\n');
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
    const size_t length = strlen(line);
    return (strncmp(line, "#define PARMAP_", 15) == 0 ||
            strncmp(line, "#define parmap_", 15) == 0) &&
           strncmp(line, "#define PARMAP_API", 18) != 0 && strcmp(line + length - 2, "_H") != 0;
}

static void macro(char *line)
{
    const size_t name = strcspn(line, " (");
    line[line[name] == '(' ? strcspn(line, ")") + 1 : name] = '\0';
    pm_roff_code(line);
}

static void code(reader *r, char *line)
{
    if (r->state != CODE)
        pm_roff_example_begin();
    r->state = CODE;
    if (line[0] == '#') {
        macro(line + sizeof "#define");
    } else {
        const bool begins = strncmp(line, "PARMAP_API ", API) == 0;
        pm_roff_code(begins || (r->prototype && strspn(line, " ") >= API) ? line + API : line);
        r->prototype = (begins || r->prototype) && !strchr(line, ';');
    }
    putchar('\n');
}

static void read_line(reader *r, char *line)
{
    const size_t length = strcspn(line, "\n");
    const bool continues = length > 0 && line[length - 1] == '\\';
    const bool skipped = r->skipping;
    line[length] = '\0';
    if (r->state == COMMENT) {
        comment(r, line + (strncmp(line, " * ", 3) == 0 ? 3 : strcmp(line, " */") == 0 ? 1 : 2));
        return;
    }
    r->skipping = continues;
    if (skipped)
        return;
    if (strncmp(line, "/* ---- ", 8) == 0) {
        banner(r, line + 3);
    } else if (strncmp(line, "/* clang-format", 15) == 0) {
        end_code(r);
    } else if (strncmp(line, "/* ", 3) == 0) {
        end_code(r);
        r->comments++;
        r->item = false;
        pm_roff_paragraph();
        r->state = COMMENT;
        comment(r, line + 3);
    } else if (line[0] == '\0') {
        end_code(r);
    } else if (line[0] == '#' ? is_public_macro(line)
                              : strncmp(line, "extern \"C", 9) != 0 && strcmp(line, "}") != 0) {
        code(r, line);
    }
}

void pm_page_header(FILE *in, bool first_only)
{
    reader r = {.state = OUTSIDE};
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
