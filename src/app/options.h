/* The table of the options of a kernel program: what the command line, the environment, the
 * configuration file, --help, --print-config and the hints all go by.  A new option is a line in
 * the enum, an entry in options.c, and what pm_settings_resolve makes of its value. */
#ifndef PM_APP_OPTIONS_H
#define PM_APP_OPTIONS_H

#include "app/settings.h"

enum { PM_OPTION_TEXT = 128 }; /* bytes that hold an environment name, a default, a list of words */

/* In the order of --help and --print-config. */
typedef enum pm_option_id {
    PM_OPTION_RANGE,
    PM_OPTION_INPUT,
    PM_OPTION_NAN,
    PM_OPTION_PART,
    PM_OPTION_TYPE,
    PM_OPTION_ALLOW_ROUNDING,
    PM_OPTION_PARAM,
    PM_OPTION_LET,
    PM_OPTION_KERNEL,
    PM_OPTION_OUTPUT,
    PM_OPTION_DATASET,
    PM_OPTION_FORCE,
    PM_OPTION_CHECKSUM,
    PM_OPTION_STATS,
    PM_OPTION_RESUME,
    PM_OPTION_VERIFY_ALL,
    PM_OPTION_JOURNAL,
    PM_OPTION_SYNC,
    PM_OPTION_THREADS,
    PM_OPTION_SCHEDULE,
    PM_OPTION_VECTOR,
    PM_OPTION_TIME_LIMIT,
    PM_OPTION_TIME_MARGIN,
    PM_OPTION_RETRIES,
    PM_OPTION_ON_ERROR,
    PM_OPTION_RERUN_FAILED,
    PM_OPTION_PROGRESS,
    PM_OPTION_SUMMARY,
    PM_OPTION_QUIET,
    PM_OPTION_VERBOSE,
    PM_OPTION_VERIFY,
    PM_OPTION_SAMPLE,
    PM_OPTION_CONFIG,
    PM_OPTION_PRINT_CONFIG,
    PM_OPTION_PRINT_PLAN,
    PM_OPTION_HELP,
    PM_OPTION_VERSION,
    PM_OPTIONS
} pm_option_id;

/* What an option's text stands for, and so which member of pm_value it fills. */
typedef enum pm_value_kind {
    PM_VALUE_RANGE,    /* bounds */
    PM_VALUE_PART,     /* part; of = 0 for "none" */
    PM_VALUE_WORD,     /* word: the index among the option's words */
    PM_VALUE_SWITCH,   /* on; the text may be left out: --stats is --stats=on */
    PM_VALUE_FILE,     /* text */
    PM_VALUE_OUTPUT,   /* text; NULL for "none" */
    PM_VALUE_DATASET,  /* text, without leading slashes */
    PM_VALUE_THREADS,  /* number; 0 for "auto" */
    PM_VALUE_COUNT,    /* number, at least 1 */
    PM_VALUE_RETRIES,  /* number, at least 0 */
    PM_VALUE_ON_ERROR, /* on_error */
    PM_VALUE_TIME,     /* seconds, and word -1; or word: the index among the option's words */
    PM_VALUE_LIST,     /* text: a line for each time that it was given */
    PM_VALUE_NONE      /* the option takes no text */
} pm_value_kind;

typedef enum pm_option_scope {
    PM_SCOPE_ALL,          /* command line, environment, configuration file */
    PM_SCOPE_NO_KEY,       /* command line, environment */
    PM_SCOPE_COMMAND_LINE, /* command line */
} pm_option_scope;

typedef struct pm_option {
    const char *name; /* without the dashes; also the key in a configuration file */
    const char
        *argument; /* what its text is called in --help; NULL when it takes none or may miss */
    const char *help;
    pm_value_kind kind;
    pm_option_scope scope;
    const char *const *words; /* for PM_VALUE_WORD and _TIME; a NULL ends them */
    const char *fallback;     /* the default's text; NULL = none, or given by the program */
    bool map_only;            /* of parmap map, not of programs with kernels of their own */
    const char *heading;      /* of the group in --help that begins with this option, or NULL */
} pm_option;

typedef struct pm_value {
    pm_typed_range bounds;
    pm_part part;
    int word;
    bool on;
    int64_t number;
    pm_on_error on_error;
    double seconds;
    const char *text;
} pm_value;

extern const pm_option pm_options[PM_OPTIONS];

/* Whether programs with these defaults have it: parmap map is the one without a kernel. */
bool pm_option_is_offered(const pm_option *option, const parmap_spec *defaults);

/* The option with the name text[0..length-1], a pm_option_id; -1 when there is none. */
int pm_option_find(const char *text, size_t length);

/* The option that a wrong name most likely means: the first that it is the beginning of, else the
 * nearest by spelling; NULL when there is none.  Only options up to `scope` are thought of. */
const pm_option *pm_option_guess(const char *name, pm_option_scope scope,
                                 const parmap_spec *defaults);

/* "allow-rounding" -> "PARMAP_ALLOW_ROUNDING", and back (from a text with that prefix; the name
 * need not be an option's).  Return `text`. */
#define PM_OPTION_PREFIX "PARMAP_"
char *pm_option_environment(char text[PM_OPTION_TEXT], const pm_option *option);
char *pm_option_name(char text[PM_OPTION_TEXT], const char *variable);

/* "static or dynamic".  Returns `text`. */
char *pm_option_words(char text[PM_OPTION_TEXT], const pm_option *option);

/* The default's text, in `text` where it has to be made; NULL when there is none. */
const char *pm_option_default(char text[PM_OPTION_TEXT], pm_option_id id,
                              const parmap_spec *defaults);

/* Reads a text of the option's kind; `value` keeps pointers into it.  PARMAP_USAGE with a message
 * that lacks the subject: the caller puts place, option and text in front. */
parmap_status pm_option_read(const pm_option *option, const char *text, pm_value *value);

#endif
