/* The settings of a kernel program: four layers, ranges, the rules between options, --help. */
#include "app/options.h"
#include "app/settings.h"

#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef CHECK_SOURCE_DIR
#define CHECK_SOURCE_DIR "." /* the top folder of the sources */
#endif

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { WORDS = 32, TEXT = 16384 };

static const char config[] = "test_settings.ini";
static const parmap_kernel kernel = {.name = "cube"}; /* parmap map has none */
static const parmap_spec spec = {.kernel = &kernel,
                                 .first = 1,
                                 .last = 1000000,
                                 .type = PARMAP_INT64,
                                 .dataset = "cubes",
                                 .output = "cubemap.h5"};

/* ---- helpers --------------------------------------------------------------------------------- */

/* One program start: the arguments as one text, words parted by blanks. */
typedef struct start {
    char words[512];
    char *argv[WORDS + 1];
    pm_layers *layers;
    pm_action action;
    pm_settings settings;
} start;

static parmap_status begin(start *s, const char *arguments)
{
    int argc = 0;
    memset(s, 0, sizeof *s);
    snprintf(s->words, sizeof s->words, "cubemap %s", arguments);
    for (char *word = strtok(s->words, " "); word != NULL && argc < WORDS; word = strtok(NULL, " "))
        s->argv[argc++] = word;
    PM_TRY(pm_settings_command_line(argc, s->argv, &spec, &s->layers, &s->action));
    return pm_settings_resolve(s->layers, &s->settings);
}

/* The settings for these arguments; what they point to lives until the next call. */
static const pm_settings *settings_of(const char *arguments)
{
    static start s;
    pm_settings_free(s.layers);
    CHECK_INT(begin(&s, arguments), PARMAP_OK);
    return &s.settings;
}

static void free_settings(void)
{
    settings_of("");
}

static void check_refused(const char *arguments, const char *part)
{
    start s;
    CHECK_INT(begin(&s, arguments), PARMAP_USAGE);
    CHECK_HOLDS(parmap_message(), part);
    pm_settings_free(s.layers);
}

static void write_config(const char *content)
{
    FILE *file = fopen(config, "w");
    CHECK(file != NULL && fputs(content, file) >= 0 && fclose(file) == 0);
}

/* What `print` writes to the stream `number`, 1 or 2. */
static const char *printed(int number, void (*print)(const void *context), const void *context)
{
    static char text[TEXT];
    fflush(stdout);
    FILE *file = tmpfile();
    const int kept = dup(number);
    CHECK(file != NULL && kept >= 0 && dup2(fileno(file), number) == number);
    print(context);
    fflush(stdout);
    CHECK(dup2(kept, number) == number && close(kept) == 0);
    rewind(file);
    text[fread(text, 1, TEXT - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void defaults(void)
{
    const pm_settings *s = settings_of("");
    CHECK_INT(s->range.first, 1);
    CHECK_INT(s->range.last, 1000000);
    CHECK_INT(s->range.step, 1);
    CHECK(!s->range_given && !s->type_given);
    CHECK_INT(s->type, PARMAP_INT64);
    CHECK_TEXT(s->output, "cubemap.h5");
    CHECK_TEXT(s->dataset, "cubes");
    CHECK_INT(s->threads, 0);
    CHECK_INT(s->schedule, PM_SCHEDULE_STATIC);
    CHECK_INT(s->vector, -1);
    CHECK(s->time_limit_s == -1 && s->time_margin_s == -1);
    CHECK(s->checksum && !s->stats && !s->allow_rounding && !s->force);
    CHECK_INT(s->progress, PM_AUTO);
    CHECK_INT(s->summary, PM_SUMMARY_TEXT);
    CHECK_INT(s->log_level, PM_LOG_NORMAL);
    CHECK_TEXT(s->verify, NULL);
    CHECK_INT(s->sample, 0);
    CHECK_INT(s->retries, 0);
    CHECK(!s->rerun_failed);
    CHECK_INT(pm_on_error_limit(&s->on_error, 1000), INT64_MAX);
}

static void options(void)
{
    const pm_settings *s = settings_of("--range -5..5 --type=int128 --output none --dataset /a/b "
                                       "--threads 4096 --schedule dynamic --stats=off --vector v4");
    CHECK_INT(s->range.first, -5);
    CHECK(s->range_given && s->type_given);
    CHECK_INT(s->type, PARMAP_INT128);
    CHECK_TEXT(s->output, NULL);
    CHECK_TEXT(s->dataset, "a/b");
    CHECK_INT(s->threads, 4096);
    CHECK_INT(s->schedule, PM_SCHEDULE_DYNAMIC);
    CHECK(!s->stats);
    CHECK_INT(s->vector, PARMAP_VECTOR_V4);
    s = settings_of("--checksum off --stats --allow-rounding=yes --force=1 --progress never "
                    "--summary json --verbose --verify x.h5 --sample 1e3 --vector baseline --");
    CHECK(!s->checksum && s->stats && s->allow_rounding && s->force);
    CHECK_INT(s->progress, PM_NEVER);
    CHECK_INT(s->summary, PM_SUMMARY_JSON);
    CHECK_INT(s->log_level, PM_LOG_VERBOSE);
    CHECK_TEXT(s->verify, "x.h5");
    CHECK_INT(s->sample, 1000);
    CHECK_INT(s->vector, PARMAP_VECTOR_BASELINE);
    s = settings_of("--time-limit 1:30:00 --time-margin 2m");
    CHECK(s->time_limit_s == 5400 && s->time_margin_s == 120);
    s = settings_of("--time-limit none --time-margin auto");
    CHECK(s->time_limit_s == INFINITY && s->time_margin_s == -1);
    CHECK(settings_of("--time-limit none --time-limit auto")->time_limit_s == -1);
    CHECK_INT(settings_of("--quiet")->log_level, PM_LOG_QUIET);
    CHECK_INT(settings_of("--type int128 --type float64")->type, PARMAP_FLOAT64);
    CHECK_TEXT(settings_of("--output=--force")->output, "--force");
    free_settings();
}

static void ranges(void)
{
    static const struct {
        const char *arguments;
        int64_t first, last, step, count;
    } cases[] = {
        {"--range 1..10", 1, 10, 1, 10},
        {"--range 1..10:4", 1, 9, 4, 3},
        {"--range=-5..5", -5, 5, 1, 11},
        {"--range -5..-1", -5, -1, 1, 5},
        {"--range 10..1:-1", 10, 1, -1, 10},
        {"--range 10..1:-4", 10, 2, -4, 3},
        {"--range 7..7", 7, 7, 1, 1},
        {"--range 7..7:-3", 7, 7, -3, 1},
        {"--range 1..2:100", 1, 1, 100, 1},
        {"--range 1e3..1.5e3:2^2", 1000, 1500, 4, 126},
        {"--range 1..9223372036854775807", 1, INT64_MAX, 1, INT64_MAX},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const pm_typed_range *range = &settings_of(cases[i].arguments)->range;
        CHECK_INT(range->first, cases[i].first);
        CHECK_INT(range->last, cases[i].last);
        CHECK_INT(range->step, cases[i].step);
        CHECK_INT(pm_typed_range_count(range), cases[i].count);
    }
    /* all of int128: 2^128 / 2^100 elements */
    const pm_typed_range *all =
        &settings_of("--range -2^127..170141183460469231731687303715884105727:2^100")->range;
    CHECK_INT(pm_typed_range_count(all), 268435456);
    CHECK_INT(all->last, ((parmap_int128)134217727) << 100); /* 2^127 - 2^100 */
    free_settings();
}

static void bad_ranges(void)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"1..", "--range \"1..\": not a range; write FIRST..LAST"},
        {"..5", "not a range"},
        {"1", "not a range"},
        {"1:5", "not a range"},
        {"1..5:", "not a range"},
        {"1...5", "\".5\" is not a whole number"},
        {"1..x", "\"x\" is not a whole number"},
        {"1..5:1:1", "\"1:1\" is not a whole number"},
        {"1..2^127", "does not fit into 128 bits"},
        {"5..1", "write 5..1:-1 to count down"},
        {"5..1:2", "write 5..1:-2 to count down"},
        {"1..5:-1", "write 5..1:-1 to do that"},
        {"1..5:0", "the step is 0"},
        {"0..9223372036854775807", "more than 2^63-1 elements"},
        {"-2^127..0", "more than 2^63-1 elements"},
        {"-2^127..170141183460469231731687303715884105727", "more than 2^63-1 elements"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char arguments[128];
        snprintf(arguments, sizeof arguments, "--range %s", cases[i].text);
        check_refused(arguments, cases[i].part);
        CHECK(strncmp(parmap_message(), arguments, strlen("--range ")) == 0);
    }
    check_refused("--range=", "--range \"\": empty");
}

static void failed_items(void)
{
    static const struct {
        const char *arguments;
        int64_t limit; /* of 1001 items */
    } cases[] = {
        {"--on-error continue", INT64_MAX},   {"--on-error stop", 1},
        {"--on-error fail-after:10", 10},     {"--on-error=fail-after=1e3", 1000},
        {"--on-error fail-after:10%", 101},   {"--on-error fail-after=0.05%", 1},
        {"--on-error fail-after=100%", 1001}, {"--on-error fail-after:12.5%", 126},
        {"--on-error fail-after:0.0001%", 1}, {"--on-error fail-after:9000", 9000},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_INT(pm_on_error_limit(&settings_of(cases[i].arguments)->on_error, 1001),
                  cases[i].limit);
    setenv("PARMAP_ON_ERROR", "fail-after 7", 1);
    setenv("PARMAP_RETRIES", "3", 1);
    const pm_settings *s = settings_of("--rerun-failed");
    CHECK_INT(pm_on_error_limit(&s->on_error, 1001), 7);
    CHECK_INT(s->retries, 3);
    CHECK(s->rerun_failed);
    unsetenv("PARMAP_ON_ERROR");
    unsetenv("PARMAP_RETRIES");
    free_settings();
}

static void parts(void)
{
    static const char *const names[][2] = {
        {"cubemap.h5", "cubemap.3-of-8.h5"},
        {"a.b/out", "a.b/out.3-of-8"},
        {"/x/a.b.h5", "/x/a.b.3-of-8.h5"},
        {"dir/.h5", "dir/.h5.3-of-8"},
        {"dir/", "dir/"},
        {"none", NULL},
    };
    char arguments[128];
    CHECK_INT(settings_of("")->part.of, 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(arguments, sizeof arguments, "--part 3/8 --output %s", names[i][0]);
        const pm_settings *s = settings_of(arguments);
        CHECK_INT(s->part.number, 3);
        CHECK_INT(s->part.of, 8);
        CHECK_TEXT(s->output, names[i][1]);
    }
    CHECK_TEXT(settings_of("--part none")->output, "cubemap.h5");
    CHECK_TEXT(settings_of("--part 1/1")->output, "cubemap.1-of-1.h5");
    CHECK_INT(settings_of("--part 1e6/1_000_000")->part.number, 1000000);
    CHECK_INT(settings_of("--range 9..1:-2 --part 5/5")->part.of, 5);
    setenv("PARMAP_PART", "2/4", 1);
    CHECK_INT(settings_of("")->part.of, 4);
    CHECK_INT(settings_of("--part 1/3")->part.of, 3);
    unsetenv("PARMAP_PART");
    free_settings();
}

static void bad_parts(void)
{
    static const char *const cases[][2] = {
        {"--part 0/8", "--part \"0/8\": there is no such part; K goes from 1 to N"},
        {"--part 9/8", "K goes from 1 to N"},
        {"--part -1/8", "K goes from 1 to N"},
        {"--part 3", "--part \"3\": not a part; write K/N, for example 3/8, or none"},
        {"--part a/b", "not a part"},
        {"--part 3/", "not a part"},
        {"--part /8", "not a part"},
        {"--part 1/2/3", "not a part"},
        {"--part 1.5/2", "not a part"},
        {"--part=", "empty"},
        {"--part 0/0", "not a number of parts"},
        {"--part 1/-2", "not a number of parts"},
        {"--part 1/2^70", "not a number of parts"},
        {"--part 3/6 --range 1..5", "part 3/6 (option) of range 1..5 (option): more parts than "
                                    "elements; use at most 5"},
        {"--part 1/1000001", "range 1..1000000 (default): more parts than elements"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_refused(cases[i][0], cases[i][1]);
}

static void bad_options(void)
{
    static const char *const cases[][2] = {
        {"--rnage 1..5", "unknown option --rnage; did you mean --range?"},
        {"--rnage=1..5", "unknown option --rnage; did you mean --range?"},
        {"-range 1..5", "unknown option -range; did you mean --range?"},
        {"--thr 3", "unknown option --thr; did you mean --threads?"},
        {"--thread=3", "unknown option --thread; did you mean --threads?"},
        {"-h", "unknown option -h; did you mean --help?"},
        {"--allow_rounding", "did you mean --allow-rounding?"},
        {"--foo", "unknown option --foo; --help lists all options"},
        {"foo", "unexpected argument \"foo\""},
        {"-- foo", "unexpected argument \"foo\""},
        {"-", "unexpected argument \"-\""},
        {"--stats off", "write --stats=off"},
        {"--stats --range 1..5 off", "unexpected argument \"off\"; only options"},
        {"--stats=", "--stats \"\": empty"},
        {"--stats=maybe", "--stats \"maybe\": neither on nor off"},
        {"--output", "--output needs a value; write --output=FILE"},
        {"--output --force", "--output needs a value before --force"},
        {"--help=5", "--help takes no value; leave out \"=5\""},
        {"--type int63", "--type \"int63\": unknown; did you mean int64?"},
        {"--type long", "--type \"long\": unknown; use int64, uint64, int128, float64, int8, "
                        "uint8, int16, uint16, int32, uint32 or float32"},
        {"--threads 0", "--threads \"0\": not a number of threads; use 1 to 4096, or auto"},
        {"--threads 4097", "1 to 4096"},
        {"--time-limit soon",
         "--time-limit \"soon\": not a time; write one like 90, 90s, 5m, 1.5h, "
         "01:30:00, or auto or none"},
        {"--time-margin none", "--time-margin \"none\": not a time"},
        {"--sample 5", "--sample is for --verify only"},
        {"--verify x --sample 0", "--sample \"0\": not a number of elements"},
        {"--retries -1", "--retries \"-1\": not a number of retries; use 0 to 1000000"},
        {"--retries 1000001", "not a number of retries"},
        {"--on-error go", "--on-error \"go\": unknown; use continue, stop, fail-after:10"},
        {"--on-error fail-after", "not a number of failed items; write fail-after:10"},
        {"--on-error fail-after:", "not a number of failed items"},
        {"--on-error fail-after:0", "not a number of failed items"},
        {"--on-error fail-after:x", "not a number of failed items"},
        {"--on-error fail-after:0%", "not a part of all items; write fail-after:5%"},
        {"--on-error fail-after:101%", "not a part of all items"},
        {"--on-error fail-after:nan%", "not a part of all items"},
        {"--on-error fail-after:-5%", "not a part of all items"},
        {"--on-error fail-after:5%%", "not a part of all items"},
        {"--on-error fail-afterwards:5", "unknown; use continue"},
        {"--verify x --output y", "--verify writes nothing"},
        {"--quiet --verbose", "quiet (option) and verbose (option) exclude each other"},
        {"--dataset a//b", "not the name of a data set"},
        {"--dataset a/", "not the name of a data set"},
        {"--dataset ..", "not the name of a data set"},
        {"--dataset /", "not the name of a data set"},
        {"--dataset parmap/x", "use another name"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_refused(cases[i][0], cases[i][1]);
}

static void actions(void)
{
    static const struct {
        const char *arguments;
        pm_action action;
    } cases[] = {
        {"", PM_ACTION_RUN},
        {"--print-config --stats", PM_ACTION_PRINT_CONFIG},
        {"--print-plan --stats", PM_ACTION_PRINT_PLAN},
        {"--version", PM_ACTION_VERSION},
        {"--help", PM_ACTION_HELP},
        {"--range x --help --rnage", PM_ACTION_HELP},
        {"--print-config --help", PM_ACTION_HELP},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        start s;
        begin(&s, cases[i].arguments);
        CHECK_INT(s.action, cases[i].action);
        pm_settings_free(s.layers);
    }
}

static void layers_in_order(void)
{
    char arguments[64];
    write_config("type = float64\nstats = on\nthreads = 3 # three\n\nschedule=dynamic\n");
    snprintf(arguments, sizeof arguments, "--config %s --type uint64", config);
    setenv("PARMAP_TYPE", "int128", 1);
    setenv("PARMAP_THREADS", "2", 1);
    setenv("PARMAP_OUTPUT", "", 1);
    const pm_settings *s = settings_of(arguments);
    CHECK_INT(s->type, PARMAP_UINT64);
    CHECK_INT(s->threads, 2);
    CHECK(s->stats);
    CHECK_INT(s->schedule, PM_SCHEDULE_DYNAMIC);
    CHECK_TEXT(s->output, "cubemap.h5");
    CHECK_INT(settings_of("")->type, PARMAP_INT128);
    setenv("PARMAP_CONFIG", config, 1);
    unsetenv("PARMAP_TYPE");
    CHECK_INT(settings_of("")->type, PARMAP_FLOAT64);
    unsetenv("PARMAP_CONFIG");
    unsetenv("PARMAP_THREADS");
    unsetenv("PARMAP_OUTPUT");
    free_settings();
}

static void bad_layers(void)
{
    static const char *const cases[][2] = {
        {"\ntype = int63\n", ":2: type \"int63\": unknown; did you mean int64?"},
        {"tpye = int64\n", ":1: unknown key \"tpye\"; did you mean \"type\"?"},
        {"foo = 1\n", ":1: unknown key \"foo\"; --print-config"},
        {"type = int64\n\ntype = int64\n", ":3: \"type\" is already set in line 1"},
        {"verify = x.h5\n", ":1: \"verify\" cannot stand in a configuration file"},
        {"config = x.ini\n", ":1: \"config\" cannot stand in a configuration file"},
        {"output =\n", ":1: output \"\": empty"},
        {"verbose = on\n", "quiet (option) and verbose (test_settings.ini:1)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char arguments[64];
        write_config(cases[i][0]);
        snprintf(arguments, sizeof arguments, "--quiet --config %s", config);
        check_refused(arguments, cases[i][1]);
        CHECK_HOLDS(parmap_message(), config);
    }
    setenv("PARMAP_TYPE", "int63", 1);
    check_refused("", "environment PARMAP_TYPE: type \"int63\": unknown; did you mean int64?");
    unsetenv("PARMAP_TYPE");
    setenv("PARMAP_STATS", "maybe", 1);
    check_refused("", "environment PARMAP_STATS: stats \"maybe\": neither on nor off");
    unsetenv("PARMAP_STATS");
    start s;
    CHECK_INT(begin(&s, "--config nowhere.ini"), PARMAP_NO_INPUT);
    CHECK_HOLDS(parmap_message(), "nowhere.ini");
    pm_settings_free(s.layers);
}

static void resolve(const void *context)
{
    (void)context;
    free_settings();
}

static void near_variables(void)
{
    setenv("PARMAP_TPYE", "int64", 1);
    CHECK_TEXT(printed(2, resolve, NULL), "parmap: warning: unknown environment variable "
                                          "PARMAP_TPYE; did you mean PARMAP_TYPE?\n");
    unsetenv("PARMAP_TPYE");
    setenv("PARMAP_VERIFY", "x.h5", 1);
    CHECK_HOLDS(printed(2, resolve, NULL), "PARMAP_VERIFY is not read; give the option --verify");
    unsetenv("PARMAP_VERIFY");
    setenv("PARMAP_ROOT", "/opt/parmap", 1);
    CHECK_TEXT(printed(2, resolve, NULL), "");
    unsetenv("PARMAP_ROOT");
}

static void print_layers(const void *context)
{
    pm_settings_print(context);
}

static void print_config(void)
{
    start s;
    char arguments[64], first[TEXT];
    setenv("PARMAP_STATS", "1", 1);
    write_config("\nthreads = 3\n");
    snprintf(arguments, sizeof arguments, "--type int128 --config %s", config);
    CHECK_INT(begin(&s, arguments), PARMAP_OK);
    const char *text = printed(1, print_layers, s.layers);
    CHECK_HOLDS(text, "range = 1..1000000   # default\n");
    CHECK_HOLDS(text, "type = int128   # option\n");
    CHECK_HOLDS(text, "stats = 1   # environment PARMAP_STATS\n");
    CHECK_HOLDS(text, "threads = 3   # test_settings.ini:2\n");
    CHECK_HOLDS(text, "output = cubemap.h5   # default\n");
    pm_settings_free(s.layers);
    unsetenv("PARMAP_STATS");

    /* it is a configuration file */
    snprintf(first, sizeof first, "%s", text);
    write_config(first);
    snprintf(arguments, sizeof arguments, "--config %s", config);
    const pm_settings *again = settings_of(arguments);
    CHECK_INT(again->type, PARMAP_INT128);
    CHECK_INT(again->threads, 3);
    CHECK(again->stats);
    free_settings();

    /* a name that would be a comment behind a blank */
    write_config("output =#1.h5\n");
    CHECK_INT(begin(&s, arguments), PARMAP_OK);
    CHECK_HOLDS(printed(1, print_layers, s.layers), "output =#1.h5   # test_settings.ini:1\n");
    pm_settings_free(s.layers);
}

static void print_help(const void *defaults)
{
    pm_settings_help("cubemap", defaults);
}

/* Programs with a kernel of their own do not offer what chooses another. */
static void check_options(const char *text, bool map)
{
    for (int id = 0; id < PM_OPTIONS; id++) {
        char option[64];
        snprintf(option, sizeof option, "\n  --%s", pm_options[id].name);
        if (map || !pm_options[id].map_only)
            CHECK_HOLDS(text, option);
        else
            CHECK(strstr(text, option) == NULL);
    }
}

static void help(void)
{
    parmap_spec any = spec;
    any.kernel = NULL;
    check_options(printed(1, print_help, &any), true);
    const char *text = printed(1, print_help, &spec);
    check_options(text, false);
    CHECK_HOLDS(text, "Usage: cubemap ");
    CHECK_HOLDS(text, "[1..1000000]");
    CHECK_HOLDS(text, "[cubemap.h5]");
    CHECK_HOLDS(text, "  75  stopped");
    CHECK_HOLDS(text, "mpirun -n 4 cubemap");
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        CHECK(strcspn(line, "\n") <= 80);
}

/* The files of configs/: every key is there, with its default. */
static void shipped_configs(void)
{
    static const char *const names[] = {"cubemap", "squares"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char arguments[512];
        start s;
        snprintf(arguments, sizeof arguments, "--config " CHECK_SOURCE_DIR "/configs/%s.ini",
                 names[i]);
        CHECK_TEXT(begin(&s, arguments) == PARMAP_OK ? "" : parmap_message(), "");
        CHECK_INT(s.settings.range.last, 1000000);
        CHECK_HOLDS(s.settings.output, names[i]);
        CHECK(strstr(printed(1, print_layers, s.layers), "# default") == NULL);
        pm_settings_free(s.layers);
    }
}

int main(void)
{
    static const check_case cases[] = {
        {"settings: defaults", defaults},
        {"settings: options", options},
        {"settings: ranges", ranges},
        {"settings: bad ranges", bad_ranges},
        {"settings: items that fail", failed_items},
        {"settings: parts", parts},
        {"settings: bad parts", bad_parts},
        {"settings: bad options", bad_options},
        {"settings: actions", actions},
        {"settings: option beats environment beats file", layers_in_order},
        {"settings: bad environment and files", bad_layers},
        {"settings: variables that are nearly ours", near_variables},
        {"settings: --print-config", print_config},
        {"settings: --help", help},
        {"settings: the files of configs/", shipped_configs},
    };
    for (int id = 0; id < PM_OPTIONS; id++) { /* what the user has set is not ours to test */
        char variable[PM_OPTION_TEXT];
        unsetenv(pm_option_environment(variable, &pm_options[id]));
    }
    const int status = check_main(cases, COUNT(cases));
    unlink(config);
    return status;
}
