/* The table of options, and what can be said from it alone. */
#include "app/options.h"

#include "base/text.h"
#include "base/types.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const schedules[] = {
    [PM_SCHEDULE_STATIC] = "static", [PM_SCHEDULE_DYNAMIC] = "dynamic", NULL};
static const char *const whens[] = {
    [PM_AUTO] = "auto", [PM_ALWAYS] = "always", [PM_NEVER] = "never", NULL};
static const char *const summaries[] = {
    [PM_SUMMARY_TEXT] = "text", [PM_SUMMARY_JSON] = "json", NULL};
/* "auto" first: settings.c takes 1 off to get -1 or a parmap_vector */
static const char *const vectors[] = {"auto", [1 + PARMAP_VECTOR_BASELINE] = "baseline",
                                      [1 + PARMAP_VECTOR_V3] = "v3", [1 + PARMAP_VECTOR_V4] = "v4",
                                      NULL};
static const char *const time_limits[] = {
    [PM_TIME_LIMIT_AUTO] = "auto", [PM_TIME_LIMIT_NONE] = "none", NULL};
static const char *const nans[] = {
    [PM_NAN_PASS] = "pass", [PM_NAN_STOP] = "stop", [PM_NAN_FAIL] = "fail", NULL};
static const char *const never[] = {"off", NULL};
static const char *const time_margins[] = {"auto", NULL};

/* --help adds words and default to a text by itself. */
const pm_option pm_options[PM_OPTIONS] = {
    [PM_OPTION_RANGE] = {.name = "range",
                         .argument = "FIRST..LAST[:STEP]",
                         .help = "inputs, both ends included; a negative STEP counts down; numbers "
                                 "as 1000, -5, 1_000_000, 1e6, 1.5e3, 2^20",
                         .kind = PM_VALUE_RANGE,
                         .heading = "What to compute"},
    [PM_OPTION_INPUT] = {.name = "input",
                         .argument = "[NAME=]FILE:/SET[:FIELD]",
                         .help = "inputs from a data set of an HDF5 file, in place of a range: an "
                                 "item for each row; again for several sets in step; --range then "
                                 "chooses rows, from 0 on",
                         .kind = PM_VALUE_LIST},
    [PM_OPTION_NAN] = {.name = "nan",
                       .argument = "WHAT",
                       .help =
                           "inputs that are NaN or infinite: computed like any other number, the "
                           "run stops, or the item fails",
                       .kind = PM_VALUE_WORD,
                       .words = nans,
                       .fallback = "pass"},
    [PM_OPTION_PART] = {.name = "part",
                        .argument = "K/N",
                        .help = "compute the K-th of N equal parts of the range only, for parmap "
                                "merge; the name of the output gets .K-of-N before its suffix",
                        .kind = PM_VALUE_PART,
                        .fallback = "none"},
    [PM_OPTION_TYPE] = {.name = "type",
                        .argument = "TYPE",
                        .help = "number type of the inputs",
                        .kind = PM_VALUE_WORD,
                        .words = pm_type_names},
    [PM_OPTION_ALLOW_ROUNDING] = {.name = "allow-rounding",
                                  .help = "float64: accept inputs whose results are rounded",
                                  .kind = PM_VALUE_SWITCH,
                                  .fallback = "off"},
    [PM_OPTION_PARAM] = {.name = "param",
                         .argument = "NAME=VALUE",
                         .help = "set a parameter of the kernel, or a constant of a formula; again "
                                 "for others",
                         .kind = PM_VALUE_LIST},
    [PM_OPTION_LET] = {.name = "let",
                       .argument = "NAME=EXPRESSION",
                       .help = "name a part of a formula; again for others, which may use it",
                       .kind = PM_VALUE_LIST,
                       .map_only = true},
    [PM_OPTION_KERNEL] = {.name = "kernel",
                          .argument = "NAME",
                          .help = "which kernel of the file, where it has several",
                          .kind = PM_VALUE_FILE,
                          .map_only = true},
    [PM_OPTION_OUTPUT] =
        {.name = "output",
         .argument = "FILE",
         .help = "HDF5 file to write, or none to compute without writing; -o FILE is the "
                 "same",
         .kind = PM_VALUE_OUTPUT,
         .heading = "Where the results go"},
    [PM_OPTION_DATASET] = {.name = "dataset",
                           .argument = "NAME",
                           .help = "data set in the file; slashes make groups",
                           .kind = PM_VALUE_DATASET},
    [PM_OPTION_FORCE] = {.name = "force",
                         .help = "replace a file of parmap that holds another run; any other file "
                                 "is never touched",
                         .kind = PM_VALUE_SWITCH,
                         .fallback = "off"},
    [PM_OPTION_CHECKSUM] =
        {.name = "checksum",
         .argument = "on|off",
         .help = "store a checksum of the data, for parmap verify; without it, what the "
                 "crash of a node leaves in doubt is computed again",
         .kind = PM_VALUE_SWITCH,
         .fallback = "on"},
    [PM_OPTION_STATS] = {.name = "stats",
                         .help = "also find minimum, maximum and sum",
                         .kind = PM_VALUE_SWITCH,
                         .fallback = "off"},
    [PM_OPTION_RESUME] = {.name = "resume",
                          .help =
                              "continue an unfinished run, or fail where there is none; without "
                              "it, the same command continues where it can and begins where it "
                              "must",
                          .kind = PM_VALUE_SWITCH,
                          .scope = PM_SCOPE_NO_KEY,
                          .fallback = "off",
                          .heading = "When it is interrupted"},
    [PM_OPTION_VERIFY_ALL] = {.name = "verify-all",
                              .help =
                                  "when continuing, read every finished block again, and compute "
                                  "those that are damaged",
                              .kind = PM_VALUE_SWITCH,
                              .scope = PM_SCOPE_NO_KEY,
                              .fallback = "off"},
    [PM_OPTION_JOURNAL] = {.name = "journal",
                           .argument = "on|off",
                           .help = "keep a journal beside the output, to continue from",
                           .kind = PM_VALUE_SWITCH,
                           .fallback = "on"},
    [PM_OPTION_SYNC] = {.name = "sync",
                        .argument = "TIME|off",
                        .help = "how often results are brought onto the disk: what the crash of a "
                                "node may cost; 10s, 1m, 1.5h",
                        .kind = PM_VALUE_TIME,
                        .words = never,
                        .fallback = "10s"},
    [PM_OPTION_THREADS] = {.name = "threads",
                           .argument = "N",
                           .help = "threads of each rank, or auto: the cores there are, shared "
                                   "among the ranks of a node",
                           .kind = PM_VALUE_THREADS,
                           .fallback = "auto",
                           .heading = "How it runs (never changes the results)"},
    [PM_OPTION_SCHEDULE] = {.name = "schedule",
                            .argument = "KIND",
                            .help = "equal parts, or blocks as threads get free",
                            .kind = PM_VALUE_WORD,
                            .words = schedules,
                            .fallback = "static"},
    [PM_OPTION_VECTOR] = {.name = "vector",
                          .argument = "UNIT",
                          .help = "vector unit of the processor",
                          .kind = PM_VALUE_WORD,
                          .words = vectors,
                          .fallback = "auto"},
    [PM_OPTION_TIME_LIMIT] = {.name = "time-limit",
                              .argument = "TIME",
                              .help = "stop and save before 90s, 5m, 1.5h, 01:30:00 are over; "
                                      "auto: before the Slurm job ends, if there is one; none",
                              .kind = PM_VALUE_TIME,
                              .words = time_limits,
                              .fallback = "auto"},
    [PM_OPTION_TIME_MARGIN] = {.name = "time-margin",
                               .argument = "TIME",
                               .help = "how long before the time limit all is over; auto: 60s, "
                                       "but at most a tenth of the time",
                               .kind = PM_VALUE_TIME,
                               .words = time_margins,
                               .fallback = "auto"},
    [PM_OPTION_RETRIES] = {.name = "retries",
                           .argument = "N",
                           .help = "call an item that fails up to N more times, at once",
                           .kind = PM_VALUE_RETRIES,
                           .fallback = "0",
                           .heading = "Items that fail (kernels that can)"},
    [PM_OPTION_ON_ERROR] = {.name = "on-error",
                            .argument = "WHAT",
                            .help = "when items have failed: continue, stop, fail-after:N or "
                                    "fail-after:P% of all items",
                            .kind = PM_VALUE_ON_ERROR,
                            .fallback = "continue"},
    [PM_OPTION_RERUN_FAILED] = {.name = "rerun-failed",
                                .help = "compute the failed items of the output again, and what "
                                        "is missing",
                                .kind = PM_VALUE_SWITCH,
                                .scope = PM_SCOPE_COMMAND_LINE,
                                .fallback = "off"},
    [PM_OPTION_PROGRESS] = {.name = "progress",
                            .argument = "WHEN",
                            .help = "show progress on stderr",
                            .kind = PM_VALUE_WORD,
                            .words = whens,
                            .fallback = "auto",
                            .heading = "What it says"},
    [PM_OPTION_SUMMARY] = {.name = "summary",
                           .argument = "FORM",
                           .help = "form of the summary on stdout",
                           .kind = PM_VALUE_WORD,
                           .words = summaries,
                           .fallback = "text"},
    [PM_OPTION_QUIET] = {.name = "quiet",
                         .help = "only warnings, errors and a JSON summary",
                         .kind = PM_VALUE_SWITCH,
                         .fallback = "off"},
    [PM_OPTION_VERBOSE] = {.name = "verbose",
                           .help = "also say what was chosen, and why",
                           .kind = PM_VALUE_SWITCH,
                           .fallback = "off"},
    [PM_OPTION_VERIFY] = {.name = "verify",
                          .argument = "FILE",
                          .help = "compute again and compare with FILE; writes nothing",
                          .kind = PM_VALUE_FILE,
                          .scope = PM_SCOPE_COMMAND_LINE,
                          .heading = "Checking a file"},
    [PM_OPTION_SAMPLE] = {.name = "sample",
                          .argument = "N",
                          .help = "with --verify: compare N elements, spread over the file, "
                                  "instead of all",
                          .kind = PM_VALUE_COUNT,
                          .scope = PM_SCOPE_COMMAND_LINE},
    [PM_OPTION_CONFIG] = {.name = "config",
                          .argument = "FILE",
                          .help = "read settings from FILE, lines \"name = value\"",
                          .kind = PM_VALUE_FILE,
                          .scope = PM_SCOPE_NO_KEY,
                          .heading = "Settings and help"},
    [PM_OPTION_PRINT_CONFIG] = {.name = "print-config",
                                .help = "print every setting and where it comes from, in the form "
                                        "of a configuration file",
                                .kind = PM_VALUE_NONE,
                                .scope = PM_SCOPE_COMMAND_LINE},
    [PM_OPTION_PRINT_PLAN] = {.name = "print-plan",
                              .help = "print what a run would compute and write, as lines "
                                      "\"name = value\", and compute nothing",
                              .kind = PM_VALUE_NONE,
                              .scope = PM_SCOPE_COMMAND_LINE},
    [PM_OPTION_HELP] = {.name = "help",
                        .help = "print this text",
                        .kind = PM_VALUE_NONE,
                        .scope = PM_SCOPE_COMMAND_LINE},
    [PM_OPTION_VERSION] = {.name = "version",
                           .help = "print versions of program and libraries",
                           .kind = PM_VALUE_NONE,
                           .scope = PM_SCOPE_COMMAND_LINE},
};

bool pm_option_is_offered(const pm_option *option, const parmap_spec *defaults)
{
    return !option->map_only || !defaults->kernel;
}

int pm_option_find(const char *text, size_t length)
{
    for (int id = 0; id < PM_OPTIONS; id++)
        if (strlen(pm_options[id].name) == length &&
            strncmp(pm_options[id].name, text, length) == 0)
            return id;
    return -1;
}

const pm_option *pm_option_guess(const char *name, pm_option_scope scope,
                                 const parmap_spec *defaults)
{
    const char *names[PM_OPTIONS] = {NULL};
    const size_t length = strlen(name);
    for (int id = 0; id < PM_OPTIONS; id++) {
        if (pm_options[id].scope > scope || !pm_option_is_offered(&pm_options[id], defaults))
            continue;
        if (length > 0 && strncmp(pm_options[id].name, name, length) == 0)
            return &pm_options[id];
        names[id] = pm_options[id].name;
    }
    const char *nearest = pm_nearest_word(name, names, PM_OPTIONS);
    return nearest != NULL ? &pm_options[pm_option_find(nearest, strlen(nearest))] : NULL;
}

char *pm_option_environment(char text[PM_OPTION_TEXT], const pm_option *option)
{
    snprintf(text, PM_OPTION_TEXT, PM_OPTION_PREFIX "%s", option->name);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
    return text;
}

char *pm_option_name(char text[PM_OPTION_TEXT], const char *variable)
{
    snprintf(text, PM_OPTION_TEXT, "%s", variable + strlen(PM_OPTION_PREFIX));
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '_' ? '-' : (char)tolower((unsigned char)*at);
    return text;
}

char *pm_option_words(char text[PM_OPTION_TEXT], const pm_option *option)
{
    size_t length = 0;
    text[0] = '\0';
    for (const char *const *word = option->words; *word != NULL; word++) {
        const char *between = word == option->words ? "" : word[1] == NULL ? " or " : ", ";
        length += (size_t)snprintf(text + length, PM_OPTION_TEXT - length, "%s%s", between, *word);
    }
    return text;
}

const char *pm_option_default(char text[PM_OPTION_TEXT], pm_option_id id,
                              const parmap_spec *defaults)
{
    switch (id) {
    case PM_OPTION_RANGE:
        if (!defaults->kernel)
            return NULL; /* a formula may have any domain */
        snprintf(text, PM_OPTION_TEXT, "%lld..%lld", (long long)defaults->first,
                 (long long)defaults->last);
        return text;
    case PM_OPTION_TYPE:
        return defaults->type < PARMAP_TYPES ? pm_type_name(defaults->type) : NULL;
    case PM_OPTION_OUTPUT:
        return defaults->output != NULL ? defaults->output : "none";
    case PM_OPTION_DATASET:
        return defaults->dataset;
    default:
        return pm_options[id].fallback;
    }
}
