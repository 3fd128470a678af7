/* Signals that ask a run to stop and save: SIGINT, SIGTERM, SIGUSR1, SIGUSR2; and what else may. */
#ifndef PM_BASE_STOP_H
#define PM_BASE_STOP_H

#include <stdbool.h>

/* What asked a run to stop: the number of a signal, or one of these. */
enum { PM_CAUSE_NONE = 0, PM_CAUSE_FILE = 1001, PM_CAUSE_TIME };

/* Local.  Installs the handlers; the first thing a program does, since a signal before it would
 * kill.  A second one of any kind, a second or more after the first, ends the process at once.
 * SIGPIPE and SIGXFSZ are ignored: a closed pipe or a file size limit is an error of the write. */
void pm_stop_install(void);

/* Local, any thread.  The signal that came first, or 0. */
int pm_stop_signal(void);

/* "SIGTERM"; for the four signals. */
const char *pm_stop_signal_name(int number);

/* Whether a run that was stopped by this may take seconds to save.  After SIGTERM and SIGINT it may
 * not: Open MPI's mpirun kills one second later. */
bool pm_stop_leaves_time(int cause);

#endif
