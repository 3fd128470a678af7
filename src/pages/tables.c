/* The tables of options, commands and exit codes, for man. */
#include "pages/pages.h"

#include "formula/functions.h"

#include <stdlib.h>
#include <string.h>

static void print_option(const pm_option *option)
{
    char left[PM_OPTION_TEXT], words[PM_OPTION_TEXT];
    snprintf(left, sizeof left, "--%s", option->name);
    pm_roff_entry(left, option->argument);
    pm_roff_line(option->help);
    if (option->kind == PM_VALUE_WORD)
        printf(": %s", pm_option_words(words, option));
    if (option->map_only)
        fputs(" (\\fBparmap map\\fR only)", stdout);
    if (option->fallback && strcmp(option->fallback, "off") != 0) {
        fputs(" [", stdout);
        pm_roff_line(option->fallback);
        putchar(']');
    }
    putchar('\n');
}

void pm_page_options(void)
{
    for (int id = 0; id < PM_OPTIONS; id++) {
        if (pm_options[id].heading) {
            pm_roff_subsection(pm_options[id].heading);
        }
        print_option(&pm_options[id]);
    }
}

void pm_page_commands(void)
{
    char left[PM_OPTION_TEXT];
    for (const pm_command *command = pm_commands; command->name; command++) {
        snprintf(left, sizeof left, "**parmap %s** %s", command->name, command->operands);
        pm_roff_subsection(left);
        pm_roff_line(command->help);
        putchar('\n');
        for (const pm_command_option *option = command->options; option->name; option++) {
            snprintf(left, sizeof left, "--%s", option->name);
            pm_roff_entry(left, option->argument);
            pm_roff_line(option->help);
            putchar('\n');
        }
        if (command->maps)
            puts(".PP\nIt takes the options of parmap\\-options(7) as well.");
    }
}

static void print_exit(int code, const char *text)
{
    char left[PM_OPTION_TEXT];
    snprintf(left, sizeof left, "%d", code);
    pm_roff_entry(left, NULL);
    pm_roff_line(text);
    putchar('\n');
}

void pm_page_exits(void)
{
#define PRINT_EXIT(name, code, text) print_exit(code, text);
    PARMAP_STATUS_LIST(PRINT_EXIT)
#undef PRINT_EXIT
}

void pm_page_statuses(void)
{
    char code[PM_OPTION_TEXT];
#define PRINT_STATUS(name, number, text)                                                           \
    snprintf(code, sizeof code, "(%d)", number);                                                   \
    pm_roff_entry(#name, code);                                                                    \
    pm_roff_line(text);                                                                            \
    putchar('\n');
    PARMAP_STATUS_LIST(PRINT_STATUS)
#undef PRINT_STATUS
}

void pm_page_command_exits(void)
{
    for (const pm_command_exit *exit = pm_command_exits; exit->text; exit++)
        print_exit(exit->code, exit->text);
}

void pm_page_functions(void)
{
    for (const pm_callable *function = pm_callables; function->name; function++) {
        pm_roff_code(function->name);
        puts(function[1].name ? "," : ".");
    }
}
