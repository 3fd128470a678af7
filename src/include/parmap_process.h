/* Main and workers: rank 0 runs main alone, the other ranks serve.  Python's Process and Thread on
 * the ranks that mpirun or srun gave; nothing is ever spawned.  Included by parmap.h.
 *
 *     static int square(void *argument)
 *     {
 *         const int *number = argument;
 *         return *number * *number;            the exit code
 *     }
 *
 *     int main(int argc, char **argv)
 *     {
 *         PARMAP_MUST(parmap_start(&argc, &argv));
 *         if (!parmap_serve())                 workers get here when rank 0 has finished
 *             return parmap_finish();
 *         parmap_process process;
 *         const int number = 4;
 *         PARMAP_MUST(parmap_process_start(&process, square, &number, sizeof number));
 *         PARMAP_MUST(parmap_process_join(&process, PARMAP_FOREVER));
 *         return parmap_finish();
 *     }
 *
 * A process is a thread of its own at its rank, with an identity of its own: a lock that main holds
 * is not "already mine" to a process that shares its rank.  Processes take the ranks in turn, the
 * first one rank 1, and all run at once however many they are.  Those of one rank share its global
 * variables, and what they print comes out of that rank.
 *
 * Every function here is Local, but for parmap_serve. */
#include "parmap.h" /* which includes this one, in its place */

#ifndef PARMAP_PROCESS_H
#define PARMAP_PROCESS_H

/* ---- serving --------------------------------------------------------------------------------- */

/* Collective, after parmap_start.  On rank 0: true at once.  On the others: runs what it is asked
 * to, and returns false when rank 0 has called parmap_finish; the program then does that too.
 * Cannot fail: when it cannot go on it ends the job with a message, as PARMAP_MUST does.
 *
 * Between parmap_serve and parmap_finish collective calls are PARMAP_USAGE, for rank 0 is alone.  A
 * rank that returns from main or calls exit without parmap_finish ends the job, with a message. */
PARMAP_API bool parmap_serve(void);

/* ---- processes ------------------------------------------------------------------------------- */

/* What processes and threads run.  `argument` is their own copy of what start was given, 16-byte
 * aligned, and is freed when it returns; NULL if that was NULL.  Returns the exit code; 0 = well.
 * It must be a function of the program or of a library that all ranks have loaded. */
typedef int parmap_function(void *argument);

enum {
    PARMAP_NAME_BYTES = 48,         /* of a name, with its final 0; longer ones are cut */
    PARMAP_ALIVE = -2147483647 - 1, /* exit code of what has not ended, as far as is known */
    PARMAP_TERMINATED = -15         /* exit code of what was terminated, as in Python */
};

/* The fields may be read.  Copies name the same process, but only the process that started it can
 * join, watch and terminate it. */
typedef struct parmap_process {
    parmap_handle handle; /* for parmap only */
    int64_t id;           /* main is 0, the others are numbered from 1 over the whole job */
    int rank;             /* where it runs */
    int exit_code;        /* PARMAP_ALIVE until join or is_alive have found that it ended */
    bool daemon;
    char name[PARMAP_NAME_BYTES];
} parmap_process;

/* Starts function(copy of the argument's `bytes` bytes) as a process.  Its name is Process-1,
 * Process-2 ..., for the children of Process-1 Process-1:1 and so on.  PARMAP_USAGE: parmap_serve
 * was not called, or the function cannot be called elsewhere.  PARMAP_NO_MEMORY: the argument does
 * not fit into the heap of this rank (PARMAP_HEAP).  When the other rank cannot make a thread the
 * process ends with exit code PARMAP_SYSTEM and that rank says why on stderr. */
PARMAP_API parmap_status parmap_process_start(parmap_process *process, parmap_function *function,
                                              const void *argument, size_t bytes);

typedef struct parmap_process_options {
    const char *name; /* NULL: as above */
    bool daemon; /* terminated, not waited for, when the one that started it ends; it cannot start
                    processes itself */
} parmap_process_options;

PARMAP_API parmap_status parmap_process_start_as(parmap_process *process, parmap_function *function,
                                                 const void *argument, size_t bytes,
                                                 const parmap_process_options *options);

/* Waits until it has ended; process->exit_code says how.  Joining again is no error.
 * PARMAP_TIMED_OUT names process, rank and node.  PARMAP_USAGE: not started by this process, or it
 * is this process. */
PARMAP_API parmap_status parmap_process_join(parmap_process *process, double timeout_s);

/* *alive = whether it has not ended; process->exit_code, if it has. */
PARMAP_API parmap_status parmap_process_is_alive(parmap_process *process, bool *alive);

/* Ends it at its next call into parmap that may wait: that call, and each after it, returns
 * PARMAP_CANCELLED, which PARMAP_MUST takes as the process's end; releasing and freeing still work.
 * One that computes asks parmap_cancelled() now and then.  Its exit code is PARMAP_TERMINATED if it
 * ended that way.  No error when it has ended before.  What it holds stays as it is: a lock stays
 * locked.  When the one that started it ends and it still has not, 10 s later, the job is ended. */
PARMAP_API parmap_status parmap_process_terminate(const parmap_process *process);

/* Whether the calling process was terminated, also for its threads; not in threads that parmap did
 * not start, as those of OpenMP. */
PARMAP_API bool parmap_cancelled(void);

/* The calling process; in main, and in threads that parmap did not start, that is main: id 0, name
 * "MainProcess" (in SPMD programs and on serving ranks too, each with its own rank).  The parent of
 * main has id -1. */
PARMAP_API parmap_process parmap_process_current(void);
PARMAP_API parmap_process parmap_process_parent(void);

/* Python's active_children: those that the calling process started, that live and that nobody has
 * joined, oldest first, up to `capacity`; *count = how many there are. */
PARMAP_API parmap_status parmap_process_children(parmap_process *children, int64_t capacity,
                                                 int64_t *count);

/* Ends the calling process, or the calling parmap_thread, with that exit code, from wherever it is:
 * Python's sys.exit.  In main: parmap_finish, then exit with the code, or with that of
 * parmap_finish if it is 0. */
PARMAP_API void parmap_exit(int code) __attribute__((noreturn));

/* Sleeps.  PARMAP_CANCELLED, PARMAP_CLOSED: woken before the time. */
PARMAP_API parmap_status parmap_sleep(double seconds);

/* ---- threads --------------------------------------------------------------------------------- */

/* A thread of the calling process: it sees the same memory, and what it starts belongs to that
 * process.  Works on any rank, with and without parmap_serve.  The fields may be read. */
typedef struct parmap_thread {
    void *state;   /* for parmap only */
    int exit_code; /* PARMAP_ALIVE until join or is_alive have found that it ended */
    bool daemon;
    char name[PARMAP_NAME_BYTES];
} parmap_thread;

/* Like parmap_process_start, but pointers within the argument mean the same to both.  The name is
 * Thread-1, Thread-2 ... within the rank.  PARMAP_SYSTEM: no more threads. */
PARMAP_API parmap_status parmap_thread_start(parmap_thread *thread, parmap_function *function,
                                             const void *argument, size_t bytes);

typedef struct parmap_thread_options {
    const char *name;
    bool daemon; /* not waited for at the end of its process or of the job */
} parmap_thread_options;

PARMAP_API parmap_status parmap_thread_start_as(parmap_thread *thread, parmap_function *function,
                                                const void *argument, size_t bytes,
                                                const parmap_thread_options *options);

/* As for a process.  PARMAP_DEADLOCK for the calling thread itself.  The first join or is_alive
 * that finds it ended also gives its memory back; copies of the handle made before must not be used
 * then.  A thread that nobody joins is dealt with at the end of its process: it is waited for, or
 * left alone if it is a daemon. */
PARMAP_API parmap_status parmap_thread_join(parmap_thread *thread, double timeout_s);
PARMAP_API parmap_status parmap_thread_is_alive(parmap_thread *thread, bool *alive);

/* The calling thread's name; "MainThread" in the first thread of a process.  Valid while it lives.
 */
PARMAP_API const char *parmap_thread_name(void);

#endif
