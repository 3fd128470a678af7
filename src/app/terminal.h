/* Is there a person at a terminal, and how wide is it? */
#ifndef PM_APP_TERMINAL_H
#define PM_APP_TERMINAL_H

#include <stdbool.h>

/* Does stderr end on a terminal?  Under a launcher it is a pipe, so the launcher's own stderr is
 * looked at: the nearest ancestor that is a launcher, where /proc shows it (on the node where
 * mpirun was typed). */
bool pm_terminal_on_stderr(void);

/* Columns of that terminal; 80 when they cannot be told. */
int pm_terminal_width(void);

#endif
