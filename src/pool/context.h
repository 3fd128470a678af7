/* Who calls: main or a process, and what belongs to it.  Its threads share one context; threads
 * that parmap did not start are main's. */
#ifndef PM_POOL_CONTEXT_H
#define PM_POOL_CONTEXT_H

#include "share/cancel.h"

/* A process that was started here and is not known to have ended. */
typedef struct pm_child {
    parmap_process process;
    pm_ref record; /* in this rank's heap */
    bool terminated;
    bool ended; /* process.exit_code is valid; kept for those that still look at it */
    int users;  /* threads that wait for it */
    struct pm_child *next;
} pm_child;

/* What is left of one that has ended. */
typedef struct pm_ended {
    int64_t id;
    int exit_code;
} pm_ended;

typedef struct pm_at_end {
    void (*call)(void *context);
    void *context;
    struct pm_at_end *next; /* the one before */
} pm_at_end;

typedef struct pm_context {
    pm_cancel cancel;
    parmap_process self, parent;
    char path[PARMAP_NAME_BYTES]; /* "1:2" for the second child of main's first; "" for main */
    atomic_int holders;

    pthread_mutex_t mutex;                /* of all that follows */
    atomic_bool ending;                   /* starts nothing any more */
    int64_t children_ever;                /* started here; the last number of a path */
    int64_t children_live, children_kept; /* in the list; the same after the last tidying */
    pm_child *oldest, **newest;           /* where the next one is linked to */
    pm_ended *ended;                      /* by id */
    int64_t ended_count, ended_room;
    pm_at_end *at_end;         /* the latest first */
    struct pm_thread *threads; /* that were started here and are not joined */
} pm_context;

/* The calling thread's context; never NULL. */
pm_context *pm_context_self(void);
/* Main may start processes, for the first time or after another parmap_start. */
void pm_context_renew(void);

bool pm_context_is_main(const pm_context *context);

/* For a process; it has one holder.  NULL when there is no memory. */
pm_context *pm_context_create(const parmap_process *self, const parmap_process *parent,
                              const char *path);

/* It is freed when the last holder drops it. */
void pm_context_hold(pm_context *context);
void pm_context_drop(pm_context *context);

/* What the calling thread of parmap's is, until it ends. */
typedef struct pm_caller {
    pm_context *context;
    const char *thread_name;
    int *exit_code; /* of the process or thread; NULL for threads that parmap did not start */
} pm_caller;

void pm_caller_set(const pm_caller *caller);
const pm_caller *pm_caller_self(void);

/* Ends the calling process or thread; returns if it is none of parmap's. */
void pm_caller_end(int code);

/* The end of a process, and of main: waits for its threads, calls what is to be called, terminates
 * its daemons and waits for its children.  Not cut short by a terminate. */
void pm_context_end(pm_context *context);

#endif
