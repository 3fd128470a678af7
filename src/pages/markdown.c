#include "pages/pages.h"

#include <stdlib.h>
#include <string.h>

typedef enum block { NOTHING, PARAGRAPH, CODE, INDENTED, TABLE, ITEM } block;

typedef struct page {
    int level;
    block block;
    bool rows; /* the table's head is behind us */
    void (*directive)(const char *word);
} page;

static void end_block(page *p)
{
    if (p->block == CODE || p->block == INDENTED)
        pm_roff_example_end();
    p->block = NOTHING;
}

static void begin_block(page *p, block next)
{
    if (p->block == next)
        return;
    end_block(p);
    if (next == CODE || next == INDENTED)
        pm_roff_example_begin();
    else if (next == PARAGRAPH)
        pm_roff_paragraph();
    p->rows = false;
    p->block = next;
}

static void heading(page *p, char *line)
{
    const int depth = (int)strspn(line, "#") + p->level - 1;
    char *text = line + strspn(line, "# ");
    end_block(p);
    if (depth == 1 || (p->level == 2 && depth == 2))
        return; /* the title */
    if (depth == 2)
        pm_roff_section(text);
    else
        pm_roff_subsection(text);
}

/* | name | kind | meaning |: the first cell is the entry, the last what is said of it. */
static void row(page *p, char *line)
{
    enum { CELLS = 8 };
    char *cells[CELLS], *rest = line + 1, *cell;
    int count = 0;
    begin_block(p, TABLE);
    if (strspn(line, "|-: ") == strlen(line)) {
        p->rows = true;
        return;
    }
    while (p->rows && count < CELLS && (cell = strsep(&rest, "|")) && rest) {
        cell += strspn(cell, " ");
        for (size_t end = strlen(cell); end > 0 && cell[end - 1] == ' '; end--)
            cell[end - 1] = '\0';
        cells[count++] = cell;
    }
    if (count == 0)
        return; /* the head */
    puts(".TP");
    for (int i = 0; i < count; i++) {
        if (i > 0 && i < count - 1)
            fputs(i == 1 ? " (" : ", ", stdout);
        if (i > 1 && i == count - 1)
            putchar(')');
        if (i > 0 && i == count - 1)
            putchar('\n');
        pm_roff_line(cells[i]);
    }
    putchar('\n');
}

static void item(page *p, const char *line)
{
    end_block(p);
    p->block = ITEM;
    pm_roff_item();
    pm_roff_line(line + 2);
    putchar('\n');
}

/* @WORD@ */
static bool directive(page *p, char *line)
{
    const size_t length = strlen(line);
    if (length < 3 || line[0] != '@' || line[length - 1] != '@')
        return false;
    end_block(p);
    line[length - 1] = '\0';
    p->directive(line + 1);
    return true;
}

static void read_line(page *p, char *line)
{
    if (strncmp(line, "```", 3) == 0) {
        if (p->block == CODE)
            end_block(p);
        else
            begin_block(p, CODE);
    } else if (p->block == CODE || (strncmp(line, "    ", 4) == 0 && p->block != ITEM)) {
        if (p->block != CODE)
            begin_block(p, INDENTED);
        pm_roff_code(p->block == CODE ? line : line + 4);
        putchar('\n');
    } else if (*line == '\0') {
        end_block(p);
    } else if (*line == '#') {
        heading(p, line);
    } else if (*line == '|') {
        row(p, line);
    } else if (strncmp(line, "* ", 2) == 0) {
        item(p, line);
    } else if (!directive(p, line)) {
        if (p->block != ITEM)
            begin_block(p, PARAGRAPH);
        pm_roff_line(line + strspn(line, " "));
        putchar('\n');
    }
}

void pm_page_markdown(FILE *in, int level, void (*directive_)(const char *word))
{
    page p = {.level = level, .directive = directive_};
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, in) > 0) {
        line[strcspn(line, "\n")] = '\0';
        read_line(&p, line);
    }
    end_block(&p);
    free(line);
}
