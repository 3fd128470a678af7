/* Another program, run to its end: what it says, how long it may take.  No shell comes between. */
#ifndef PM_BASE_CHILD_H
#define PM_BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>

typedef struct pm_child {
    char *const *arguments;   /* the program, by name or path, and its words; NULL ends them */
    char *const *environment; /* NULL = this process's */
    double limit_s;           /* then it is killed */
    bool with_stderr;         /* stderr is read too, in the order of writing; else dropped */
    bool stops;               /* it is killed when a signal asks the run to stop (base/stop.h) */
} pm_child;

typedef struct pm_child_end {
    int error;      /* errno, when it could not be started; what follows is 0 then */
    int code;       /* exit code; 128 + number of a signal that ended it */
    bool timed_out; /* it was killed, by the limit */
    bool stopped;   /* or because the run stops */
    size_t length;  /* of what is in `said`; the rest was too much and is dropped */
} pm_child_end;

/* Local.  Starts the program, with /dev/null as its stdin, and waits for its end; whatever it has
 * started itself, in its process group, is killed then.  `said` has room for `bytes`, the last for
 * a '\0'.  Returns whether it ended by itself, with 0.  Not between MPI_Init and MPI_Finalize: some
 * transports of MPI do not live with a new process. */
bool pm_child_run(const pm_child *child, char *said, size_t bytes, pm_child_end *end);

#endif
