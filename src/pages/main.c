/* parmap_pages man SOURCE DATE NAME.SECTION.md | parmap_pages shell FILE: prints the page that a
 * template stands for; its lines @WORD@ are made from the tables and from files below SOURCE. */
#include "pages/pages.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *source;

static void fail(const char *what, const char *name)
{
    fprintf(stderr, "parmap_pages: %s %s\n", what, name);
    exit(EXIT_FAILURE);
}

static FILE *open_file(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s%s%s", folder, folder[0] ? "/" : "", name);
    FILE *file = fopen(path, "r");
    if (!file)
        fail("cannot open", path);
    return file;
}

static void man_directive(const char *word);

/* "header NAME", "head NAME" (its first comment only), "markdown NAME" */
static bool include(const char *word)
{
    const char *name = strchr(word, ' ');
    if (!name)
        return false;
    FILE *file = open_file(source, ++name);
    if (strncmp(word, "header ", 7) == 0)
        pm_page_header(file, false);
    else if (strncmp(word, "head ", 5) == 0)
        pm_page_header(file, true);
    else if (strncmp(word, "markdown ", 9) == 0)
        pm_page_markdown(file, 2, man_directive);
    else
        fail("no such directive:", word);
    fclose(file);
    return true;
}

static void man_directive(const char *word)
{
    static const struct {
        const char *word;
        void (*print)(void);
    } directives[] = {
        {"options", pm_page_options},   {"commands", pm_page_commands},
        {"exits", pm_page_exits},       {"command-exits", pm_page_command_exits},
        {"statuses", pm_page_statuses}, {"functions", pm_page_functions},
    };
    for (size_t i = 0; i < sizeof directives / sizeof directives[0]; i++)
        if (strcmp(directives[i].word, word) == 0) {
            directives[i].print();
            return;
        }
    if (!include(word))
        fail("no such directive:", word);
}

/* ".TH PARMAP 1 2026-11-22 "parmap 0.1.0"" from ".../parmap.1.md" */
static void print_title(const char *path, const char *date)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const size_t length = strcspn(name, ".");
    fputs(".TH ", stdout);
    for (size_t i = 0; i < length; i++)
        putchar(toupper((unsigned char)name[i]));
    printf(" %c %s \"parmap %s\" parmap\n.nh\n", name[length + 1], date, PARMAP_VERSION);
}

static void shell_page(FILE *file)
{
    char line[4096];
    while (fgets(line, sizeof line, file)) {
        const size_t length = strcspn(line, "\n");
        if (length < 3 || line[0] != '@' || line[length - 1] != '@') {
            fputs(line, stdout);
            continue;
        }
        line[length - 1] = '\0';
        if (!pm_shell_directive(line + 1))
            fail("no such directive:", line + 1);
    }
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "man") == 0) {
        FILE *file = open_file("", argv[4]);
        source = argv[2];
        print_title(argv[4], argv[3]);
        pm_page_markdown(file, 1, man_directive);
        fclose(file);
    } else if (argc == 3 && strcmp(argv[1], "shell") == 0) {
        FILE *file = open_file("", argv[2]);
        shell_page(file);
        fclose(file);
    } else {
        fail("usage:", "man SOURCE DATE FILE | shell FILE");
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
