/* The server of a rank: starts processes as threads, ends them on request. */
#ifndef PM_POOL_SERVER_H
#define PM_POOL_SERVER_H

/* Serves until this rank is asked to leave and all processes on it have ended.  Ends the job when
 * it cannot go on. */
void pm_server_run(void);

#endif
