/* --help: the table of options laid out in 80 columns, and what a first run needs to know. */
#include "app/options.h"

#include "app/columns.h"
#include "app/settings.h"

#include <stdio.h>
#include <string.h>

enum { OPTION_COLUMN = 26, EXAMPLE_COLUMN = 42, CODE_COLUMN = 6, HELP_BYTES = 512 };

/* "vector unit of the processor: auto, baseline, v3 or v4 [auto]" */
static void print_option(pm_option_id id, const parmap_spec *defaults)
{
    const pm_option *option = &pm_options[id];
    char left[PM_OPTION_TEXT], text[HELP_BYTES], words[PM_OPTION_TEXT] = "", room[PM_OPTION_TEXT];
    const char *standard = pm_option_default(room, id, defaults);
    if (standard != NULL && strcmp(standard, "off") == 0)
        standard = NULL; /* a switch that is not mentioned is off: nobody needs to be told */
    if (option->kind == PM_VALUE_WORD)
        pm_option_words(words, option);
    snprintf(left, sizeof left, "  --%s%s%s", option->name, option->argument != NULL ? " " : "",
             option->argument != NULL ? option->argument : "");
    snprintf(text, sizeof text, "%s%s%s%s%s%s", option->help, words[0] != '\0' ? ": " : "", words,
             standard != NULL ? " [" : "", standard != NULL ? standard : "",
             standard != NULL ? "]" : "");
    pm_print_columns(left, OPTION_COLUMN, text);
}

static void print_exit_codes(void)
{
    static const struct {
        int code;
        const char *text;
    } codes[] = {
#define CODE_AND_TEXT(name, code, text) {code, text},
        PARMAP_STATUS_LIST(CODE_AND_TEXT)
#undef CODE_AND_TEXT
    };
    puts("\nExit codes:");
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        char left[CODE_COLUMN + 1];
        snprintf(left, sizeof left, "%4d", codes[i].code);
        pm_print_columns(left, CODE_COLUMN, codes[i].text);
    }
}

typedef struct example {
    const char *before, *after, *text;
} example;

static const example program_examples[] = {
    {"", "", "the defaults, on this machine"},
    {"mpirun -n 4 ", " --threads 2", "4 processes of 2 threads each"},
    {"srun ", " --schedule dynamic", "inside a Slurm job, on all its nodes"},
    {"", " --range 1..1000:3 --stats", "every third number, with statistics"},
    {"", " --range 1..2^10 --output none", "compute and time, but write nothing"},
    {"", " --print-config > my.ini", "a configuration file to begin with"},
    {NULL, NULL, NULL},
};

static const example map_examples[] = {
    {"", " 'x*x*x' --range 1..1e6", "a formula of the numbers of a range"},
    {"mpirun -n 4 ", " 'sqrt(x)' --range 0..9", "4 processes, real results"},
    {"", " 'r=hypot(x,y)' 'a=atan2(y,x)' --input x=in.h5:/x --input y=in.h5:/y",
     "records of two results, from two data sets in step"},
    {"", " mine.c --kernel gauss --param sigma=0.5 --range 0..99",
     "a kernel of a file in C, with a parameter"},
    {NULL, NULL, NULL},
};

static void print_examples(const char *program, const parmap_spec *defaults)
{
    char left[HELP_BYTES];
    puts("\nExamples:");
    for (const example *e = defaults->kernel ? program_examples : map_examples; e->before; e++) {
        snprintf(left, sizeof left, "  %s%s%s", e->before, program, e->after);
        pm_print_columns(left, EXAMPLE_COLUMN, e->text);
    }
    if (!defaults->kernel)
        return;
    snprintf(left, sizeof left, "  %s --verify %s", program,
             defaults->output != NULL ? defaults->output : "FILE");
    pm_print_columns(left, EXAMPLE_COLUMN, "compute again and compare");
}

void pm_settings_help(const char *program, const parmap_spec *defaults)
{
    printf("Usage: %s %s[OPTION]...\n", program, defaults->kernel ? "" : "FORMULA...|FILE ");
    pm_print_columns(
        "", 0,
        "Computes a function for every number of a range, or every row of data sets, on all "
        "cores it is given, and writes the results to an HDF5 file. Runs alone, or under mpirun or "
        "srun.");
    for (int id = 0; id < PM_OPTIONS; id++) {
        if (!pm_option_is_offered(&pm_options[id], defaults))
            continue;
        if (pm_options[id].heading != NULL)
            printf("\n%s:\n", pm_options[id].heading);
        print_option((pm_option_id)id, defaults);
    }
    putchar('\n');
    pm_print_columns(
        "", 0, "Defaults are in [brackets]. A switch, such as --stats, also takes =on or =off.");
    pm_print_columns(
        "", 0,
        "Every setting can also stand in the environment, as PARMAP_RANGE or "
        "PARMAP_ALLOW_ROUNDING, or in the file of --config, as range = 1..1000 or "
        "allow-rounding = on. An option beats the environment, the environment beats the "
        "file. --resume and --verify-all cannot stand in the file; --rerun-failed, --verify and "
        "--sample are options only.");
    print_exit_codes();
    print_examples(program, defaults);
}
