/* Signals that ask a run to stop and save: SIGINT, SIGTERM, SIGUSR1. */
#ifndef PM_BASE_STOP_H
#define PM_BASE_STOP_H

/* Local.  Installs the handlers; the first thing a program does, since a SIGUSR1 before it would
 * kill.  A second SIGINT or SIGTERM, a second or more after the first, ends the process at once.
 * SIGPIPE and SIGXFSZ are ignored: a closed pipe or a file size limit is an error of the write. */
void pm_stop_install(void);

/* Local, any thread.  The signal that came first, or 0. */
int pm_stop_signal(void);

#endif
