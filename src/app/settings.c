/* The four layers of settings.
 * They are collected from the strongest to the weakest, and a setting that has a text keeps it, so
 * one text per option is all there is to store. */
#include "app/settings.h"

#include "app/options.h"
#include "base/config.h"
#include "base/text.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pm_layers {
    pm_setting settings[PM_OPTIONS]; /* the texts are owned */
    int config_lines[PM_OPTIONS];    /* where the file sets an option, 0 = nowhere */
    const parmap_spec *defaults;
    char *output; /* of a part: its name; owned */
};

/* where a text comes from */
static const char command_line[] = "option";
static const char by_default[] = "default";

/* Sets an option's text, unless it has one. */
static parmap_status put_below(pm_layers *layers, int id, const char *value, const char *where)
{
    pm_setting *setting = &layers->settings[id];
    if (setting->value != NULL || value == NULL)
        return PARMAP_OK;
    setting->value = strdup(value);
    if (setting->value == NULL)
        return pm_fail(PARMAP_SYSTEM, "no memory for the settings; free some and try again");
    snprintf(setting->where, sizeof setting->where, "%s", where);
    return PARMAP_OK;
}

/* Another line for an option that may be given several times. */
static parmap_status add_line(pm_setting *setting, const char *value, const char *where)
{
    char *lines;
    if (asprintf(&lines, "%s%s%s", setting->value ? setting->value : "", setting->value ? "\n" : "",
                 value) < 0)
        return pm_fail(PARMAP_SYSTEM, "no memory for the settings; free some and try again");
    free((char *)setting->value);
    setting->value = lines;
    snprintf(setting->where, sizeof setting->where, "%s", where);
    return PARMAP_OK;
}

parmap_status pm_lines_split(const char *list, const char *option, pm_lines *lines)
{
    *lines = (pm_lines){.text = list ? strdup(list) : NULL};
    if (list && !lines->text)
        return pm_fail(PARMAP_SYSTEM, "no memory for the settings; free some and try again");
    for (char *rest = lines->text; rest; lines->count++) {
        if (lines->count == PM_LINES)
            return pm_fail(PARMAP_USAGE, "--%s was given more than %d times; leave some out",
                           option, PM_LINES);
        lines->line[lines->count] = strsep(&rest, "\n");
    }
    return PARMAP_OK;
}

static void drop(pm_setting *setting)
{
    free((char *)setting->value);
    setting->value = NULL;
}

void pm_settings_free(pm_layers *layers)
{
    if (layers == NULL)
        return;
    for (int id = 0; id < PM_OPTIONS; id++)
        drop(&layers->settings[id]);
    free(layers->output);
    free(layers);
}

/* ---- the values ------------------------------------------------------------------------------ */

static parmap_status read_value(const pm_layers *layers, int id, pm_value *value)
{
    const pm_setting *setting = &layers->settings[id];
    const char *name = pm_options[id].name;
    *value = (pm_value){.text = NULL};
    if (setting->value == NULL)
        return PARMAP_OK;
    const parmap_status status = pm_option_read(&pm_options[id], setting->value, value);
    if (status == PARMAP_OK)
        return PARMAP_OK;
    if (strcmp(setting->where, command_line) == 0)
        return pm_fail(status, "--%s \"%s\": %s", name, setting->value, parmap_message());
    return pm_fail(status, "%s: %s \"%s\": %s", setting->where, name, setting->value,
                   parmap_message());
}

/* Once both are known. */
static parmap_status check_part(const pm_layers *layers, const pm_value values[PM_OPTIONS])
{
    const pm_setting *range = &layers->settings[PM_OPTION_RANGE];
    const pm_setting *part = &layers->settings[PM_OPTION_PART];
    if (range->value == NULL || part->value == NULL)
        return PARMAP_OK;
    const int64_t items = pm_typed_range_count(&values[PM_OPTION_RANGE].bounds);
    if (values[PM_OPTION_PART].part.of <= items)
        return PARMAP_OK;
    return pm_fail(PARMAP_USAGE,
                   "part %s (%s) of range %s (%s): more parts than elements; use at most %lld",
                   part->value, part->where, range->value, range->where, (long long)items);
}

/* The rules between options. */
static parmap_status check_together(const pm_layers *layers, const pm_value values[PM_OPTIONS])
{
    const pm_setting *settings = layers->settings;
    if (values[PM_OPTION_QUIET].on && values[PM_OPTION_VERBOSE].on)
        return pm_fail(PARMAP_USAGE,
                       "quiet (%s) and verbose (%s) exclude each other; switch one off, with "
                       "--quiet=off or --verbose=off",
                       settings[PM_OPTION_QUIET].where, settings[PM_OPTION_VERBOSE].where);
    if (values[PM_OPTION_FORCE].on && values[PM_OPTION_RESUME].on)
        return pm_fail(PARMAP_USAGE,
                       "force (%s) and resume (%s) exclude each other; switch one off, with "
                       "--force=off or --resume=off",
                       settings[PM_OPTION_FORCE].where, settings[PM_OPTION_RESUME].where);
    if (values[PM_OPTION_RESUME].on && values[PM_OPTION_OUTPUT].text == NULL &&
        settings[PM_OPTION_OUTPUT].value != NULL)
        return pm_fail(PARMAP_USAGE, "--resume needs an output to continue, and it is none; name "
                                     "the file with --output, or leave out --resume");
    if (settings[PM_OPTION_TIME_LIMIT].value != NULL && values[PM_OPTION_TIME_LIMIT].seconds == 0)
        return pm_fail(PARMAP_USAGE, "time-limit (%s) is 0; give a time, or none",
                       settings[PM_OPTION_TIME_LIMIT].where);
    if (values[PM_OPTION_TIME_LIMIT].seconds > 0 && settings[PM_OPTION_TIME_MARGIN].value != NULL &&
        values[PM_OPTION_TIME_MARGIN].seconds >= values[PM_OPTION_TIME_LIMIT].seconds)
        return pm_fail(PARMAP_USAGE,
                       "time-margin (%s) leaves nothing of time-limit (%s); make it shorter",
                       settings[PM_OPTION_TIME_MARGIN].where, settings[PM_OPTION_TIME_LIMIT].where);
    if (settings[PM_OPTION_SAMPLE].value != NULL && settings[PM_OPTION_VERIFY].value == NULL)
        return pm_fail(PARMAP_USAGE, "--sample is for --verify only; name the file to check with "
                                     "--verify FILE");
    if (values[PM_OPTION_RERUN_FAILED].on &&
        (values[PM_OPTION_FORCE].on || settings[PM_OPTION_VERIFY].value != NULL))
        return pm_fail(PARMAP_USAGE,
                       "--rerun-failed computes only what has failed, so %s has no "
                       "place beside it; leave one of them out",
                       values[PM_OPTION_FORCE].on ? "force" : "--verify");
    if (settings[PM_OPTION_VERIFY].value != NULL && settings[PM_OPTION_OUTPUT].value != NULL &&
        strcmp(settings[PM_OPTION_OUTPUT].where, command_line) == 0)
        return pm_fail(PARMAP_USAGE, "--verify writes nothing, so --output has no place beside it; "
                                     "leave one of them out");
    return check_part(layers, values);
}

static parmap_status read_values(const pm_layers *layers, pm_value values[PM_OPTIONS])
{
    for (int id = 0; id < PM_OPTIONS; id++)
        PM_TRY(read_value(layers, id, &values[id]));
    return check_together(layers, values);
}

/* ---- the command line ------------------------------------------------------------------------ */

enum { FIRST_CODE = 256 }; /* getopt's codes of our options, beyond those of characters */

static void list_long_options(struct option longs[PM_OPTIONS + 1])
{
    for (int id = 0; id < PM_OPTIONS; id++) {
        const pm_option *option = &pm_options[id];
        const int argument = option->argument != NULL          ? required_argument
                             : option->kind == PM_VALUE_SWITCH ? optional_argument
                                                               : no_argument;
        longs[id] =
            (struct option){.name = option->name, .has_arg = argument, .val = FIRST_CODE + id};
    }
    longs[PM_OPTIONS] = (struct option){.name = NULL};
}

static parmap_status fail_unexpected(const char *word, const pm_option *before)
{
    bool on;
    if (before != NULL && before->kind == PM_VALUE_SWITCH &&
        pm_parse_switch(word, &on) == PARMAP_OK)
        return pm_fail(PARMAP_USAGE, "unexpected argument \"%s\"; write --%s=%s", word,
                       before->name, word);
    return pm_fail(PARMAP_USAGE,
                   "unexpected argument \"%s\"; only options are taken, --help lists them", word);
}

static parmap_status fail_unknown(const char *word, const parmap_spec *defaults)
{
    char name[PM_OPTION_TEXT];
    const int length = (int)strcspn(word, "=");
    snprintf(name, sizeof name, "%.*s", length, word);
    if (strcmp(name, "-o") == 0)
        return pm_fail(PARMAP_USAGE, "write -o FILE, or --output FILE");
    const pm_option *guess =
        pm_option_guess(name + strspn(name, "-"), PM_SCOPE_COMMAND_LINE, defaults);
    if (guess != NULL)
        return pm_fail(PARMAP_USAGE, "unknown option %s; did you mean --%s?", name, guess->name);
    return pm_fail(PARMAP_USAGE, "unknown option %s; --help lists all options", name);
}

/* Looks at a word before getopt does, which would take an abbreviation for the option. */
static parmap_status check_word(const char *word, const pm_option *before,
                                const parmap_spec *defaults)
{
    if (word[0] != '-' || word[1] == '\0')
        return fail_unexpected(word, before);
    if (strcmp(word, "-o") == 0 || strcmp(word, "--") == 0)
        return PARMAP_OK;
    const int id = word[1] == '-' ? pm_option_find(word + 2, strcspn(word + 2, "=")) : -1;
    if (id < 0 || !pm_option_is_offered(&pm_options[id], defaults))
        return fail_unknown(word, defaults);
    return PARMAP_OK;
}

/* Stores what getopt made of `word`, and says which option it is. */
static parmap_status take_option(pm_layers *layers, const char *word, int code,
                                 const pm_option **option)
{
    const int name_length = (int)strcspn(word, "=");
    const int chosen = code == ':' || code == '?' ? optopt : code;
    const int id = chosen == 'o' ? PM_OPTION_OUTPUT : chosen - FIRST_CODE;
    *option = &pm_options[id];
    if (code == ':')
        return pm_fail(PARMAP_USAGE, "%s needs a value; write %s%s%s", word, word,
                       chosen == 'o' ? " " : "=", (*option)->argument);
    if (code == '?')
        return pm_fail(PARMAP_USAGE, "%.*s takes no value; leave out \"%s\"", name_length, word,
                       word + name_length);
    if (optarg != NULL && word[name_length] == '\0' && strncmp(optarg, "--", 2) == 0)
        return pm_fail(PARMAP_USAGE,
                       "%s needs a value before %s; if that is the value, write %s=%s", word,
                       optarg, word, optarg);
    if ((*option)->kind == PM_VALUE_NONE)
        return PARMAP_OK;
    if ((*option)->kind == PM_VALUE_LIST)
        return add_line(&layers->settings[id], optarg, command_line);
    drop(&layers->settings[id]); /* the last of several counts, so that scripts can append */
    return put_below(layers, id, optarg != NULL ? optarg : "on", command_line);
}

static parmap_status read_command_line(pm_layers *layers, int argc, char **argv, pm_action *action)
{
    struct option longs[PM_OPTIONS + 1];
    const pm_option *option = NULL;
    list_long_options(longs);
    optind = 0; /* makes GNU getopt forget any earlier command line */
    for (int at = 1; at < argc; at = optind) {
        PM_TRY(check_word(argv[at], option, layers->defaults));
        const int code = getopt_long(argc, argv, "-:o:", longs, NULL);
        if (code == -1) /* "--": nothing may follow */
            return optind < argc ? fail_unexpected(argv[optind], NULL) : PARMAP_OK;
        PM_TRY(take_option(layers, argv[at], code, &option));
        if (option == &pm_options[PM_OPTION_PRINT_CONFIG])
            *action = PM_ACTION_PRINT_CONFIG;
        if (option == &pm_options[PM_OPTION_PRINT_PLAN])
            *action = PM_ACTION_PRINT_PLAN;
        if (option == &pm_options[PM_OPTION_HELP] || option == &pm_options[PM_OPTION_VERSION]) {
            *action = option == &pm_options[PM_OPTION_HELP] ? PM_ACTION_HELP : PM_ACTION_VERSION;
            return PARMAP_OK; /* who asks for help gets it, whatever follows */
        }
    }
    return PARMAP_OK;
}

parmap_status pm_settings_command_line(int argc, char **argv, const parmap_spec *defaults,
                                       pm_layers **layers, pm_action *action)
{
    pm_value values[PM_OPTIONS];
    *action = PM_ACTION_RUN;
    *layers = calloc(1, sizeof **layers);
    if (*layers == NULL)
        return pm_fail(PARMAP_SYSTEM, "no memory for the settings; free some and try again");
    (*layers)->defaults = defaults;
    PM_TRY(read_command_line(*layers, argc, argv, action));
    if (*action == PM_ACTION_HELP || *action == PM_ACTION_VERSION)
        return PARMAP_OK;
    return read_values(*layers, values);
}

/* ---- environment and configuration file ------------------------------------------------------ */

/* Warns of a variable that is nearly one of ours.  Others are none of our business: PARMAP_ROOT,
 * say, may have been set by a site's modules. */
static void check_variable(const char *variable, const parmap_spec *defaults)
{
    char name[PM_OPTION_TEXT], right[PM_OPTION_TEXT];
    pm_option_name(name, variable);
    const int id = pm_option_find(name, strlen(name));
    if (id >= 0 && pm_options[id].scope == PM_SCOPE_COMMAND_LINE) {
        pm_log_warning("environment variable %s is not read; give the option --%s", variable, name);
        return;
    }
    const pm_option *guess = pm_option_guess(name, PM_SCOPE_NO_KEY, defaults);
    if (guess != NULL && strcmp(pm_option_environment(right, guess), variable) != 0)
        pm_log_warning("unknown environment variable %s; did you mean %s?", variable, right);
}

static void check_environment(const parmap_spec *defaults)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        char variable[PM_OPTION_TEXT];
        snprintf(variable, sizeof variable, "%.*s", (int)strcspn(*entry, "="), *entry);
        if (strncmp(variable, PM_OPTION_PREFIX, strlen(PM_OPTION_PREFIX)) == 0)
            check_variable(variable, defaults);
    }
}

/* A variable that is set to nothing is as good as not set. */
static parmap_status read_environment(pm_layers *layers)
{
    for (int id = 0; id < PM_OPTIONS; id++) {
        char name[PM_OPTION_TEXT], where[PM_SETTING_WHERE];
        if (pm_options[id].scope == PM_SCOPE_COMMAND_LINE)
            continue;
        const char *value = getenv(pm_option_environment(name, &pm_options[id]));
        if (value == NULL || *value == '\0')
            continue;
        snprintf(where, sizeof where, "environment %s", name);
        PM_TRY(put_below(layers, id, value, where));
    }
    check_environment(layers->defaults);
    return PARMAP_OK;
}

static parmap_status fail_key(const char *path, int line, const char *name, int id,
                              const parmap_spec *defaults)
{
    if (id >= 0 && pm_option_is_offered(&pm_options[id], defaults))
        return pm_fail(PARMAP_USAGE,
                       "%s:%d: \"%s\" cannot stand in a configuration file; give it as --%s", path,
                       line, name, name);
    const pm_option *guess = pm_option_guess(name, PM_SCOPE_ALL, defaults);
    if (guess != NULL)
        return pm_fail(PARMAP_USAGE, "%s:%d: unknown key \"%s\"; did you mean \"%s\"?", path, line,
                       name, guess->name);
    return pm_fail(PARMAP_USAGE, "%s:%d: unknown key \"%s\"; --print-config lists all keys", path,
                   line, name);
}

static parmap_status take_entry(void *context, const char *path, int line, const char *name,
                                const char *value)
{
    pm_layers *layers = context;
    const int id = pm_option_find(name, strlen(name));
    if (id < 0 || pm_options[id].scope != PM_SCOPE_ALL ||
        !pm_option_is_offered(&pm_options[id], layers->defaults))
        return fail_key(path, line, name, id, layers->defaults);
    const bool listed = pm_options[id].kind == PM_VALUE_LIST;
    if (layers->config_lines[id] != 0 && !listed)
        return pm_fail(PARMAP_USAGE, "%s:%d: \"%s\" is already set in line %d; remove one of them",
                       path, line, name, layers->config_lines[id]);
    const bool more = listed && layers->config_lines[id] != 0;
    layers->config_lines[id] = line;
    char where[PM_SETTING_WHERE];
    snprintf(where, sizeof where, "%s:%d", path, line);
    if (more && strncmp(layers->settings[id].where, path, strlen(path)) == 0)
        return add_line(&layers->settings[id], value, where);
    return put_below(layers, id, value, where);
}

static parmap_status read_config(pm_layers *layers)
{
    const pm_setting *config = &layers->settings[PM_OPTION_CONFIG];
    return config->value != NULL ? pm_config_read(config->value, take_entry, layers) : PARMAP_OK;
}

static parmap_status add_defaults(pm_layers *layers)
{
    for (int id = 0; id < PM_OPTIONS; id++) {
        char text[PM_OPTION_TEXT];
        PM_TRY(put_below(layers, id, pm_option_default(text, (pm_option_id)id, layers->defaults),
                         by_default));
    }
    return PARMAP_OK;
}

static bool is_given(const pm_layers *layers, pm_option_id id)
{
    const pm_setting *setting = &layers->settings[id];
    return setting->value != NULL && strcmp(setting->where, by_default) != 0;
}

/* "cubemap.h5" -> "cubemap.3-of-8.h5": each part has a file of its own. */
static parmap_status name_part(pm_layers *layers, pm_settings *settings)
{
    if (settings->output == NULL || settings->part.of == 0)
        return PARMAP_OK;
    const char *slash = strrchr(settings->output, '/');
    const char *base = slash != NULL ? slash + 1 : settings->output;
    const char *dot = strrchr(base, '.');
    if (*base == '\0')
        return PARMAP_OK; /* a folder, which pm_output_resolve refuses */
    const int before =
        dot != NULL && dot > base ? (int)(dot - settings->output) : (int)strlen(settings->output);
    free(layers->output);
    if (asprintf(&layers->output, "%.*s.%lld-of-%lld%s", before, settings->output,
                 (long long)settings->part.number, (long long)settings->part.of,
                 settings->output + before) < 0) {
        layers->output = NULL;
        return pm_fail(PARMAP_SYSTEM, "no memory for the settings; free some and try again");
    }
    settings->output = layers->output;
    return PARMAP_OK;
}

static double time_limit_of(const pm_value *value)
{
    return value->word == PM_TIME_LIMIT_NONE ? INFINITY : value->seconds;
}

parmap_status pm_settings_resolve(pm_layers *layers, pm_settings *settings)
{
    pm_value values[PM_OPTIONS];
    PM_TRY(read_environment(layers));
    PM_TRY(read_config(layers));
    PM_TRY(add_defaults(layers));
    PM_TRY(read_values(layers, values));
    *settings = (pm_settings){
        .range = values[PM_OPTION_RANGE].bounds,
        .range_given = is_given(layers, PM_OPTION_RANGE),
        .part = values[PM_OPTION_PART].part,
        .type = (parmap_type)values[PM_OPTION_TYPE].word,
        .type_given = is_given(layers, PM_OPTION_TYPE),
        .inputs = values[PM_OPTION_INPUT].text,
        .nan = (pm_nan)values[PM_OPTION_NAN].word,
        .params = values[PM_OPTION_PARAM].text,
        .lets = values[PM_OPTION_LET].text,
        .kernel = values[PM_OPTION_KERNEL].text,
        .output = values[PM_OPTION_OUTPUT].text,
        .dataset = values[PM_OPTION_DATASET].text,
        .threads = (int)values[PM_OPTION_THREADS].number,
        .schedule = (pm_schedule_kind)values[PM_OPTION_SCHEDULE].word,
        .vector = values[PM_OPTION_VECTOR].word - 1,
        .time_limit_s = time_limit_of(&values[PM_OPTION_TIME_LIMIT]),
        .time_margin_s = values[PM_OPTION_TIME_MARGIN].seconds,
        .checksum = values[PM_OPTION_CHECKSUM].on,
        .stats = values[PM_OPTION_STATS].on,
        .allow_rounding = values[PM_OPTION_ALLOW_ROUNDING].on,
        .force = values[PM_OPTION_FORCE].on,
        .retries = values[PM_OPTION_RETRIES].number,
        .on_error = values[PM_OPTION_ON_ERROR].on_error,
        .rerun_failed = values[PM_OPTION_RERUN_FAILED].on,
        .resume = values[PM_OPTION_RESUME].on,
        .verify_all = values[PM_OPTION_VERIFY_ALL].on,
        .journal = values[PM_OPTION_JOURNAL].on,
        .sync_s = fmax(values[PM_OPTION_SYNC].seconds, 0),
        .progress = (pm_when)values[PM_OPTION_PROGRESS].word,
        .summary = (pm_summary_kind)values[PM_OPTION_SUMMARY].word,
        .log_level = values[PM_OPTION_QUIET].on     ? PM_LOG_QUIET
                     : values[PM_OPTION_VERBOSE].on ? PM_LOG_VERBOSE
                                                    : PM_LOG_NORMAL,
        .verify = values[PM_OPTION_VERIFY].text,
        .sample = values[PM_OPTION_SAMPLE].number,
    };
    return name_part(layers, settings);
}

/* A line for each value of a list.  Behind a blank, # and ; would begin a comment. */
static void print_setting(const pm_option *option, const pm_setting *setting)
{
    const char *line = setting->value;
    while (line) {
        const int length = (int)strcspn(line, "\n");
        const char *blank = *line == '#' || *line == ';' ? "" : " ";
        printf("%s =%s%.*s   # %s\n", option->name, blank, length, line, setting->where);
        line = line[length] ? line + length + 1 : NULL;
    }
}

void pm_settings_print(const pm_layers *layers)
{
    for (int id = 0; id < PM_OPTIONS; id++)
        if (pm_options[id].scope == PM_SCOPE_ALL)
            print_setting(&pm_options[id], &layers->settings[id]);
}
