/* The settings of a kernel program: one value for each option, from the strongest of four layers:
 * command line, environment, configuration file, default.  app/options.h has the table of options.
 */
#ifndef PM_APP_SETTINGS_H
#define PM_APP_SETTINGS_H

#include "app/on_error.h"
#include "base/log.h"
#include "base/status.h"
#include "work/range.h"

enum { PM_SETTING_WHERE = 512 };

typedef enum pm_schedule_kind { PM_SCHEDULE_STATIC, PM_SCHEDULE_DYNAMIC } pm_schedule_kind;
typedef enum pm_time_limit_word { PM_TIME_LIMIT_AUTO, PM_TIME_LIMIT_NONE } pm_time_limit_word;
typedef enum pm_nan { PM_NAN_PASS, PM_NAN_STOP, PM_NAN_FAIL } pm_nan;
typedef enum pm_when { PM_AUTO, PM_ALWAYS, PM_NEVER } pm_when;
typedef enum pm_summary_kind { PM_SUMMARY_TEXT, PM_SUMMARY_JSON } pm_summary_kind;

/* A whole-number range, both ends included: `last` is an element whatever the step, so that 1..10:2
 * is 1..9:2.  The step is not 0; negative = descending. */
typedef struct pm_typed_range {
    parmap_int128 first, last, step;
} pm_typed_range;

enum { PM_LINES = 32 };

/* The values of a setting that may be given several times; `text` holds them, the caller frees it.
 */
typedef struct pm_lines {
    char *text;
    const char *line[PM_LINES];
    int count;
} pm_lines;

/* Local.  From the list that a setting is; `option` is its name.  PARMAP_USAGE for too many. */
parmap_status pm_lines_split(const char *list, const char *option, pm_lines *lines);

/* The number of elements, 1 to 2^63-1. */
int64_t pm_typed_range_count(const pm_typed_range *bounds);

typedef struct pm_settings {
    pm_typed_range range;
    bool range_given; /* by any layer but the default */
    pm_part part;     /* of that range */
    parmap_type type;
    bool type_given;
    const char *inputs;  /* a line for each; NULL = none */
    pm_nan nan;          /* NaN and infinities among inputs */
    const char *params;  /* NAME=VALUE, a line for each; NULL = none */
    const char *lets;    /* NAME=EXPRESSION, a line for each; NULL = none */
    const char *kernel;  /* of a file with several; NULL = the only one */
    const char *output;  /* with the part in its name; NULL = none */
    const char *dataset; /* without a leading slash */
    int threads;         /* 0 = auto */
    pm_schedule_kind schedule;
    int vector;           /* a parmap_vector, or -1 = auto */
    double time_limit_s;  /* from the start of the program; -1 = auto, INFINITY = none */
    double time_margin_s; /* -1 = auto */
    bool checksum;
    bool stats;
    bool allow_rounding;
    bool force;
    int64_t retries;
    pm_on_error on_error;
    bool rerun_failed;
    bool resume;     /* there must be something to continue */
    bool verify_all; /* read finished blocks again */
    bool journal;
    double sync_s; /* 0 = off */
    pm_when progress;
    pm_summary_kind summary;
    pm_log_level log_level;
    const char *verify; /* file to verify, or NULL */
    int64_t sample;     /* elements to verify, 0 = all */
} pm_settings;

/* What the command line asks for besides a run. */
typedef enum pm_action {
    PM_ACTION_RUN,
    PM_ACTION_HELP,
    PM_ACTION_VERSION,
    PM_ACTION_PRINT_CONFIG,
    PM_ACTION_PRINT_PLAN
} pm_action;

/* One option's text, from the strongest layer that has one. */
typedef struct pm_setting {
    const char *value;            /* NULL = none has */
    char where[PM_SETTING_WHERE]; /* "option", "environment PARMAP_TYPE", "my.ini:7", "default" */
} pm_setting;

/* The texts of all options, collected by the functions below. */
typedef struct pm_layers pm_layers;

/* Local.  Reads the command line into a new set of layers and says what it asks for.  The value
 * texts are checked too, so that every rank of a job finds the same usage errors before MPI starts.
 * `defaults` fills in range, type, output and dataset.  PARMAP_USAGE with a message.  The caller
 * frees `*layers` (also after a failure; NULL is fine). */
parmap_status pm_settings_command_line(int argc, char **argv, const parmap_spec *defaults,
                                       pm_layers **layers, pm_action *action);

/* Local.  Adds the environment (where an empty variable counts as none) and the configuration file,
 * and reads every value of the outcome.  PARMAP_USAGE, or PARMAP_NO_INPUT for the file.  A
 * PARMAP_ variable that is nearly a known one is a warning: mute the log first on ranks that do not
 * speak.  The texts in `settings` live as long as `layers`. */
parmap_status pm_settings_resolve(pm_layers *layers, pm_settings *settings);

/* Local.  After pm_settings_resolve: one line "name = value   # where" per setting to stdout, which
 * is a configuration file again (but for a value that holds " #" or " ;", which begin a comment
 * there); what cannot stand in one is left out. */
void pm_settings_print(const pm_layers *layers);

/* Local.  The help text of `program` to stdout. */
void pm_settings_help(const char *program, const parmap_spec *defaults);

void pm_settings_free(pm_layers *layers);

#endif
