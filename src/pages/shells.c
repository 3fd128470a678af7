/* What the templates of bash, zsh and fish lack: the options, their words, the commands. */
#include "pages/pages.h"

#include <string.h>

/* ---- what an option takes -------------------------------------------------------------------- */

/* Words separated by blanks, "" when there are none to choose from. */
static const char *words_of(const pm_option *option)
{
    static char text[PM_OPTION_TEXT];
    size_t length = 0;
    text[0] = '\0';
    for (const char *const *word = option->words; word && *word; word++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s",
                                   length > 0 ? " " : "", *word);
    if (!option->words && option->kind == PM_VALUE_SWITCH)
        return "on off";
    if (!option->words && option->kind == PM_VALUE_THREADS)
        return "auto";
    return text;
}

static bool is_file(const char *argument)
{
    return argument && strstr(argument, "FILE");
}

/* The first sentence of a help text, with a backslash before each of `special`. */
static void print_help(const char *help, const char *special)
{
    for (const char *at = help; *at && *at != ';'; at++) {
        if (*at == '\'') {
            fputs("'\\''", stdout); /* out of the quotes and in again */
            continue;
        }
        if (strchr(special, *at))
            putchar('\\');
        putchar(*at);
    }
}

/* ---- bash ------------------------------------------------------------------------------------ */

static void bash_options(void)
{
    for (int id = 0; id < PM_OPTIONS; id++)
        if (!pm_options[id].map_only)
            printf("--%s ", pm_options[id].name);
    putchar('\n');
}

static void bash_map_options(void)
{
    for (int id = 0; id < PM_OPTIONS; id++)
        if (pm_options[id].map_only)
            printf("--%s ", pm_options[id].name);
    putchar('\n');
}

/* bare = the next word is not the option's own; "--name=word" still may be. */
static void bash_values(void)
{
    for (int id = 0; id < PM_OPTIONS; id++) {
        const pm_option *option = &pm_options[id];
        printf("    --%s) bare='%s' file='%s' words='%s' ;;\n", option->name,
               option->argument ? "" : "yes", is_file(option->argument) ? "yes" : "",
               words_of(option));
    }
}

static void bash_commands(void)
{
    for (const pm_command *command = pm_commands; command->name; command++) {
        printf("    %s)\n        options='", command->name);
        for (const pm_command_option *option = command->options; option->name; option++)
            printf("--%s ", option->name);
        printf("'\n        operands='%s'\n        maps='%s'\n        ;;\n",
               command->operands[0] ? "yes" : "", command->maps ? "yes" : "");
    }
}

static void command_names(void)
{
    for (const pm_command *command = pm_commands; command->name; command++)
        printf("%s ", command->name);
    putchar('\n');
}

/* ---- zsh ------------------------------------------------------------------------------------- */

static void zsh_option(const char *name, const char *argument, const char *help, const char *words,
                       bool again)
{
    printf("        '%s--%s%s[", again ? "*" : "", name, argument ? "=" : "");
    print_help(help, "[]:\\");
    putchar(']');
    if (argument) {
        fputs(":", stdout);
        print_help(argument, "[]:\\");
        printf(":%s%s%s", words[0] ? "(" : "",
               words[0]            ? words
               : is_file(argument) ? "_files"
                                   : "",
               words[0] ? ")" : "");
    }
    puts("'");
}

static void zsh_options(bool map_only)
{
    for (int id = 0; id < PM_OPTIONS; id++) {
        const pm_option *option = &pm_options[id];
        if (option->map_only == map_only)
            zsh_option(option->name, option->argument, option->help, words_of(option),
                       option->kind == PM_VALUE_LIST);
    }
}

static void zsh_commands(void)
{
    for (const pm_command *command = pm_commands; command->name; command++) {
        printf("        '%s:", command->name);
        print_help(command->help, ":\\");
        puts("'");
    }
}

static void zsh_command_options(void)
{
    for (const pm_command *command = pm_commands; command->name; command++) {
        printf("    %s)\n        options=(\n", command->name);
        for (const pm_command_option *option = command->options; option->name; option++)
            zsh_option(option->name, option->argument, option->help, "", false);
        puts("        )");
        if (command->maps)
            puts("        options+=($_parmap_map_options $_parmap_program_options)");
        puts("        ;;");
    }
}

/* ---- fish ------------------------------------------------------------------------------------ */

static void fish_option(const char *who, const char *name, const char *argument, const char *help,
                        const char *words)
{
    printf("complete %s -l %s", who, name);
    if (argument)
        printf(" %s", words[0] ? "-x -a '" : is_file(argument) ? "-r -F" : "-x");
    if (argument && words[0])
        printf("%s'", words);
    fputs(" -d '", stdout);
    print_help(help, "");
    puts("'");
}

static void fish_options(const char *who, bool map)
{
    for (int id = 0; id < PM_OPTIONS; id++) {
        const pm_option *option = &pm_options[id];
        if (map || !option->map_only)
            fish_option(who, option->name, option->argument, option->help, words_of(option));
    }
}

static void fish_commands(void)
{
    char who[PM_OPTION_TEXT];
    for (const pm_command *command = pm_commands; command->name; command++) {
        printf("complete -c parmap -n __fish_use_subcommand -f -a %s -d '", command->name);
        print_help(command->help, "");
        puts("'");
        snprintf(who, sizeof who, "-c parmap -n '__fish_seen_subcommand_from %s'", command->name);
        for (const pm_command_option *option = command->options; option->name; option++)
            fish_option(who, option->name, option->argument, option->help, "");
        if (command->maps)
            fish_options(who, true);
    }
}

static void fish_program_options(void)
{
    fish_options("-c cubemap -c squares", false);
}

static void zsh_program_options(void)
{
    zsh_options(false);
}

static void zsh_map_options(void)
{
    zsh_options(true);
}

bool pm_shell_directive(const char *word)
{
    static const struct {
        const char *word;
        void (*print)(void);
    } directives[] = {
        {"commands", command_names},
        {"bash-options", bash_options},
        {"bash-map-options", bash_map_options},
        {"bash-values", bash_values},
        {"bash-commands", bash_commands},
        {"zsh-commands", zsh_commands},
        {"zsh-options", zsh_program_options},
        {"zsh-map-options", zsh_map_options},
        {"zsh-command-options", zsh_command_options},
        {"fish-options", fish_program_options},
        {"fish-commands", fish_commands},
    };
    for (size_t i = 0; i < sizeof directives / sizeof directives[0]; i++)
        if (strcmp(directives[i].word, word) == 0) {
            directives[i].print();
            return true;
        }
    return false;
}
