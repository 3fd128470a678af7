/* A program of the build, not installed: makes the man pages and the completion of shells out of
 * templates (docs/man, src/pages), the table of options, the table of commands and the public
 * headers, so that nothing is written twice. */
#ifndef PM_PAGES_PAGES_H
#define PM_PAGES_PAGES_H

#include "app/commands.h"
#include "app/options.h"

#include <stdio.h>

/* ---- roff.c: text for man ---- */

/* ".SH" or ".SS", and the text; sections in capitals, as man has them. */
void pm_roff_section(const char *text);
void pm_roff_subsection(const char *text);

/* A new paragraph, as soon as there is text for it. */
void pm_roff_paragraph(void);

/* An example, line by line with pm_roff_code. */
void pm_roff_example_begin(void);
void pm_roff_example_end(void);

/* The text that follows is an item of a list. */
void pm_roff_item(void);

/* Markdown within a line: `code` and **bold** in bold, [text](address) as its text. */
void pm_roff_line(const char *text);

/* As it is, dashes too: what is typed. */
void pm_roff_code(const char *text);

/* ".TP" with a bold left side, "" for none, and its argument in italics. */
void pm_roff_entry(const char *left, const char *argument);

/* ---- markdown.c, header.c ---- */

/* A page of Markdown as we write it: headings, paragraphs, lists, tables, code.  A line that is
 * @WORD@ is made by `directive`.  `level`: 1 = "#" is the page's title line and left out, "##" a
 * section; 2 = in another page: "##" is a subsection. */
void pm_page_markdown(FILE *in, int level, void (*directive)(const char *word));

/* A public header: its first comment, and, unless `first_only`, the others with what they are
 * about; banners are sections. */
void pm_page_header(FILE *in, bool first_only);

/* ---- tables.c ---- */

void pm_page_options(void);
void pm_page_commands(void);
void pm_page_exits(void);
void pm_page_statuses(void); /* the same with their names */
void pm_page_command_exits(void);
void pm_page_functions(void); /* the names of those of formulas */

/* ---- shells.c: the same tables for bash, zsh and fish ---- */

bool pm_shell_directive(const char *word); /* false: it is none */

#endif
