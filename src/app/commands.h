/* The commands of the program `parmap`, and the table of them: what the program, its --help, its
 * man page and the completion of shells go by.  A new command is a function and an entry in
 * commands.c. */
#ifndef PM_APP_COMMANDS_H
#define PM_APP_COMMANDS_H

#include "base/status.h"

typedef struct pm_command_option {
    const char *name;     /* without the dashes */
    const char *argument; /* what its text is called, or NULL */
    const char *help;
} pm_command_option;

enum { PM_COMMAND_OPTIONS = 8 };

typedef struct pm_command {
    const char *name;
    const char *operands; /* "OUTPUT PART...", or "" */
    const char *help;
    pm_command_option options[PM_COMMAND_OPTIONS]; /* one without a name ends them */
    bool maps; /* it takes the options of a kernel program as well (app/options.h) */
    int (*run)(int argc, char **argv); /* with those of main; returns the exit code */
} pm_command;

/* One without a name ends them. */
extern const pm_command pm_commands[];

/* NULL when there is none. */
const pm_command *pm_command_find(const char *name);

/* "info, verify or merge".  Returns `text`. */
char *pm_command_names(char *text, size_t bytes);

/* The exit codes of `parmap` and what they mean there, by the code; one without a text ends them.
 */
typedef struct pm_command_exit {
    int code;
    const char *text;
} pm_command_exit;
extern const pm_command_exit pm_command_exits[];

/* Says on stderr what failed, or that stdout could not be written.  The exit code. */
int pm_command_end(parmap_status status);

/* Local, on stdout.  What a result file holds, a line per fact. */
parmap_status pm_command_info(const char *path);

/* Local, on stdout.  The state of a file in one word.  PARMAP_OK for complete, incomplete and
 * running, PARMAP_NO_INPUT for missing, PARMAP_BAD_DATA for foreign. */
parmap_status pm_command_state(const char *path);

/* Local, on stdout.  The failed items, one to a line: number, input, attempts, rank, host, message,
 * with tabs between them; "-" for what is not recorded. */
parmap_status pm_command_failed(const char *path);

/* Local, on stdout.  Hashes the data again.  PARMAP_BAD_DATA when it differs from the stored
 * checksum, or when there is none. */
parmap_status pm_command_verify(const char *path);

/* Collective: under a launcher every rank calls it; rank 0 alone prints.  Starts and finishes MPI.
 * Checks what a long run needs, a line per finding.  The exit code: 0, PARMAP_SYSTEM when something
 * is wrong, PARMAP_USAGE. */
int pm_command_doctor(int argc, char **argv);

/* Local, on all cores.  Joins part files into one: the words after "merge" are [--force] OUTPUT
 * PART...  All that is wrong with them is said, a line each, before anything is written.
 * PARMAP_USAGE, PARMAP_NO_INPUT for a missing part, PARMAP_BAD_DATA for one that is damaged,
 * unfinished or of another run, for gaps and for conflicts; the rest as pm_part_files_write. */
parmap_status pm_command_merge(int argc, char **argv);

/* Local, on stdout.  The kernels of a shared object or of a source file, which is compiled: types,
 * domains, parameters.  Errors of pm_kernel_file_read and pm_module_open. */
parmap_status pm_command_kernels(const char *path);

/* Local.  parmap compile: one shared object of formulas or of a file with kernels. */
parmap_status pm_command_compile(int argc, char **argv);

/* Collective.  parmap map: a whole program, as parmap_program is one. */
int pm_command_map(int argc, char **argv);

#endif
