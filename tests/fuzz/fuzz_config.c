/* Configuration files: whatever stands in one, it is refused in words, or it says what the settings
 * are, and these, printed, are a configuration file that says the same.
 *
 * An input is the file; its first byte chooses between the options of parmap map and those of a
 * kernel program. */
#include "app/options.h"
#include "app/settings.h"
#include "base/log.h"
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST_LINE = 190 }; /* that a configuration file surely takes */

static char given[64], printed[64]; /* names of files */

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "w");
    FUZZ_CHECK(file && fwrite(data, 1, size, file) == size);
    FUZZ_CHECK(fclose(file) == 0);
}

static parmap_status resolve(const char *path, const parmap_spec *defaults, pm_layers **layers,
                             pm_settings *settings)
{
    char program[] = "fuzz", option[80];
    char *arguments[] = {program, option, NULL};
    pm_action action;
    snprintf(option, sizeof option, "--config=%s", path);
    FUZZ_CHECK(pm_settings_command_line(2, arguments, defaults, layers, &action) == PARMAP_OK);
    FUZZ_CHECK(action == PM_ACTION_RUN);
    return pm_settings_resolve(*layers, settings);
}

/* What --print-config prints; the caller frees it. */
static char *print(const pm_layers *layers)
{
    char *text = NULL;
    size_t size = 0;
    FILE *before = stdout;
    stdout = open_memstream(&text, &size);
    FUZZ_CHECK(stdout != NULL);
    pm_settings_print(layers);
    fclose(stdout);
    stdout = before;
    return text;
}

/* ---- the two settings ------------------------------------------------------------------------ */

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Member by member: padding, and what nothing was said of, may differ. */
static void check_same(const pm_settings *a, const pm_settings *b)
{
    FUZZ_CHECK(a->range.first == b->range.first && a->range.last == b->range.last);
    FUZZ_CHECK(a->range.step == b->range.step);
    FUZZ_CHECK(a->part.number == b->part.number && a->part.of == b->part.of);
    FUZZ_CHECK(a->type == b->type);
    FUZZ_CHECK(same_text(a->inputs, b->inputs) && a->nan == b->nan);
    FUZZ_CHECK(same_text(a->params, b->params) && same_text(a->lets, b->lets));
    FUZZ_CHECK(same_text(a->kernel, b->kernel));
    FUZZ_CHECK(same_text(a->output, b->output) && same_text(a->dataset, b->dataset));
    FUZZ_CHECK(a->threads == b->threads && a->schedule == b->schedule && a->vector == b->vector);
    FUZZ_CHECK(a->time_limit_s == b->time_limit_s && a->time_margin_s == b->time_margin_s);
    FUZZ_CHECK(a->checksum == b->checksum && a->stats == b->stats && a->force == b->force);
    FUZZ_CHECK(a->allow_rounding == b->allow_rounding && a->retries == b->retries);
    FUZZ_CHECK(a->on_error.count == b->on_error.count);
    FUZZ_CHECK(a->on_error.percent == b->on_error.percent);
    FUZZ_CHECK(a->resume == b->resume && a->journal == b->journal && a->sync_s == b->sync_s);
    FUZZ_CHECK(a->progress == b->progress && a->summary == b->summary);
    FUZZ_CHECK(a->log_level == b->log_level);
}

/* Values are within what --help says. */
static void check_bounds(const pm_settings *s)
{
    FUZZ_CHECK(s->threads >= 0 && s->threads <= 4096 && s->retries >= 0);
    FUZZ_CHECK(s->time_limit_s > 0 || s->time_limit_s == -1);
    FUZZ_CHECK(s->time_margin_s >= 0 || s->time_margin_s == -1);
    FUZZ_CHECK(s->sync_s >= 0 && s->sync_s <= 864e6);
    FUZZ_CHECK(s->part.of == 0 || !s->range_given || s->part.of <= pm_typed_range_count(&s->range));
    FUZZ_CHECK(s->dataset == NULL || (s->dataset[0] && s->dataset[0] != '/'));
    FUZZ_CHECK((unsigned)s->type < PARMAP_TYPES && s->vector >= -1);
    FUZZ_CHECK(!s->verify && !s->sample && !s->rerun_failed); /* no keys */
}

/* ---- where they come from -------------------------------------------------------------------- */

/* The line of the file, from 1 on; it ends where *length says. */
static const char *line_of(const char *text, const char *end, int number, size_t *length)
{
    for (; number > 1 && text < end; number--) {
        const char *feed = memchr(text, '\n', (size_t)(end - text));
        text = feed ? feed + 1 : end;
    }
    const char *feed = memchr(text, '\n', (size_t)(end - text));
    *length = (size_t)((feed ? feed : end) - text);
    return text;
}

/* "name = value   # given.ini:7": line 7 has the name, and behind it the value.  Of an option that
 * is given several times only the last line is named. */
static void check_place(const char *line, size_t length, const char *file, size_t size)
{
    char prefix[80];
    size_t there;
    const char *comment = memmem(line, length, "   # ", 5), *equals = memmem(line, length, " =", 2);
    FUZZ_CHECK(comment && equals && equals < comment);
    const char *value = equals + 2 + (equals[2] == ' ');
    snprintf(prefix, sizeof prefix, "   # %s:", given);
    if (strncmp(comment, prefix, strlen(prefix)) != 0)
        return;
    const int id = pm_option_find(line, (size_t)(equals - line));
    FUZZ_CHECK(id >= 0 && pm_options[id].scope == PM_SCOPE_ALL);
    if (pm_options[id].kind == PM_VALUE_LIST)
        return;
    const char *source = line_of(file, file + size, atoi(comment + strlen(prefix)), &there);
    const char *name = memmem(source, there, pm_options[id].name, strlen(pm_options[id].name));
    FUZZ_CHECK(name != NULL);
    FUZZ_CHECK(memmem(name, there - (size_t)(name - source), value, (size_t)(comment - value)) !=
               NULL);
}

/* Returns whether a configuration file can have all the lines. */
static bool check_lines(const char *text, const char *file, size_t size)
{
    bool fit = true;
    for (const char *line = text; *line;) {
        const size_t length = strcspn(line, "\n");
        FUZZ_CHECK(line[length] == '\n');
        check_place(line, length, file, size);
        fit &= length <= LONGEST_LINE;
        line += length + 1;
    }
    return fit;
}

static void check_back(const pm_layers *layers, const pm_settings *settings,
                       const parmap_spec *defaults, const char *file, size_t size)
{
    pm_layers *back_layers;
    pm_settings back;
    char *text = print(layers);
    if (check_lines(text, file, size)) {
        write_file(printed, text, strlen(text));
        FUZZ_CHECK(resolve(printed, defaults, &back_layers, &back) == PARMAP_OK);
        check_same(settings, &back);
        pm_settings_free(back_layers);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const parmap_kernel kernel = {.name = "fuzzed"};
    if (size < 1)
        return 0;
    const parmap_spec defaults = {.kernel = data[0] % 2 ? &kernel : NULL,
                                  .first = 1,
                                  .last = 1000,
                                  .type = PARMAP_INT64,
                                  .dataset = "results",
                                  .output = "results.h5"};
    const char *file = (const char *)data + 1;
    pm_layers *layers = NULL;
    pm_settings settings;
    write_file(given, file, size - 1);
    const parmap_status status = resolve(given, &defaults, &layers, &settings);
    if (status == PARMAP_OK) {
        check_bounds(&settings);
        check_back(layers, &settings, &defaults, file, size - 1);
    } else {
        FUZZ_CHECK(status == PARMAP_USAGE && parmap_message()[0]);
    }
    pm_settings_free(layers);
    return 0;
}

static void remove_files(void)
{
    unlink(given);
    unlink(printed);
}

/* Files of one process each, and no variables of options. */
static void prepare(void)
{
    char variable[PM_OPTION_TEXT];
    for (int id = 0; id < PM_OPTIONS; id++)
        unsetenv(pm_option_environment(variable, &pm_options[id]));
    snprintf(given, sizeof given, "given-%d.ini", (int)getpid());
    snprintf(printed, sizeof printed, "printed-%d.ini", (int)getpid());
    pm_log_mute(true);
    atexit(remove_files);
}

void fuzz_seeds(fuzz_add *add)
{
    static const char *const seeds[] = {
        "1range = 1..1000000\ntype = int128\noutput = cubes.h5\ndataset = a/b\n",
        "0# a comment\n\nthreads = 4 ; of each rank\nschedule=dynamic\n  vector = v3\r\n",
        "1part = 3/8\ntime-limit = 1.5h\ntime-margin = 90\nsync = off\non-error = fail-after:5%\n",
        "0input = x=data.h5:/x\ninput = y=data.h5:/y\nparam = k=2.5\nlet = r=sqrt(x*x)\n",
        "1stats = yes\nchecksum = off\nforce = true\njournal = 0\nallow-rounding = on\nquiet: on\n",
        "0\xEF\xBB\xBFnan = stop\nkernel = norm\nretries = 3\nprogress = never\nsummary = json",
    };
    prepare();
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++)
        add(seeds[i], strlen(seeds[i]));
}

const char *const fuzz_words[] = {"\n",
                                  " = ",
                                  "=",
                                  ":",
                                  "#",
                                  ";",
                                  " #",
                                  " ;",
                                  "\t",
                                  "\r\n",
                                  "[a]",
                                  "\nrange = ",
                                  "\npart = ",
                                  "\ntype = ",
                                  "\noutput = ",
                                  "\ndataset = ",
                                  "\ninput = ",
                                  "\nlet = ",
                                  "\nparam = ",
                                  "\nkernel = ",
                                  "\nthreads = ",
                                  "\nsync = ",
                                  "\ntime-limit = ",
                                  "\ntime-margin = ",
                                  "\non-error = ",
                                  "\nretries = ",
                                  "\nquiet = ",
                                  "\nverbose = ",
                                  "\nresume = ",
                                  "\nforce = ",
                                  "\nsample = ",
                                  "\nhelp",
                                  "none",
                                  "auto",
                                  "on",
                                  "off",
                                  "1..10",
                                  "1e3..1:-3",
                                  "2/4",
                                  "float64",
                                  "90s",
                                  "\v",
                                  "\"",
                                  "'",
                                  "\\",
                                  "\xEF\xBB\xBF",
                                  NULL};
