/* parmap - the commands of app/commands.c: looks at result files, joins the parts of a range, and
 * looks at what a long run will meet. */
#include "app/columns.h"
#include "app/commands.h"
#include "base/log.h"
#include "comm/world.h"
#include "store/file.h"

#include <stdio.h>
#include <string.h>

enum { TEXT = 256, COLUMN = 28, CODE_COLUMN = 6 };

static void print_command(const pm_command *command)
{
    char left[TEXT];
    snprintf(left, sizeof left, "  %s%s%s", command->name, command->operands[0] ? " " : "",
             command->operands);
    pm_print_columns(left, COLUMN, command->help);
    for (const pm_command_option *option = command->options; option->name; option++) {
        snprintf(left, sizeof left, "    --%s%s%s", option->name, option->argument ? " " : "",
                 option->argument ? option->argument : "");
        pm_print_columns(left, COLUMN, option->help);
    }
}

static void print_help(void)
{
    char left[TEXT];
    puts("Usage: parmap COMMAND [OPTION]... [FILE]...\n"
         "       parmap --help | --version\n"
         "\nCommands:");
    for (const pm_command *command = pm_commands; command->name; command++)
        print_command(command);
    puts("\nExit codes:");
    for (const pm_command_exit *exit = pm_command_exits; exit->text; exit++) {
        snprintf(left, sizeof left, "%4d", exit->code);
        pm_print_columns(left, CODE_COLUMN, exit->text);
    }
}

int main(int argc, char **argv)
{
    pm_log_open("parmap");
    const char *word = argc > 1 ? argv[1] : "";
    char names[TEXT];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        print_help();
        return pm_command_end(PARMAP_OK);
    }
    if (strcmp(word, "--version") == 0) {
        printf("parmap %s\n%s, HDF5 %s\n", PARMAP_VERSION, pm_world_library(), pm_file_library());
        return pm_command_end(PARMAP_OK);
    }
    const pm_command *command = pm_command_find(word);
    if (command)
        return command->run(argc, argv);
    pm_command_names(names, sizeof names);
    if (*word)
        pm_log_error("unknown command %s; use %s, see parmap --help", word, names);
    else
        pm_log_error("no command; use %s, see parmap --help", names);
    return PARMAP_USAGE;
}
