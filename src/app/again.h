/* The command that continues a run which was stopped. */
#ifndef PM_APP_AGAIN_H
#define PM_APP_AGAIN_H

#include <stdbool.h>
#include <stddef.h>

/* Local, rank 0.  A note "to continue: COMMAND" to stderr, for a shell: the launcher's own command
 * line where it can be found among the processes above this one, else the words of `argv`. `forced`
 * = the run had --force, which would begin afresh and is left out.  `more` = options that it needs
 * besides, or NULL.  In a Slurm job a second note
 * says how to requeue it, if nothing has to be added. */
void pm_again_print(char *const *argv, bool forced, const char *more);

/* A word as a shell reads it back: as it is, or quoted.  Returns `text`, or NULL when it takes more
 * than `bytes`. */
char *pm_shell_word(char *text, size_t bytes, const char *word);

#endif
