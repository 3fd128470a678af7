/* Threads: private to their rank, so they are watched by a mutex and a condition of their own. */
#include "pool/thread.h"

#include "pool/cond.h"
#include "pool/runner.h"
#include "pool/say.h"
#include "pool/serve.h"
#include "pool/watchdog.h"

#include "comm/peers.h"
#include "share/block.h"
#include "share/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pm_thread {
    pm_runner runner; /* first */
    pthread_t thread;
    char name[PARMAP_NAME_BYTES];
    bool daemon;
    bool ended;         /* it does nothing more but to come to its end */
    bool orphan;        /* nobody joins it any more: it frees itself */
    int users;          /* that wait for it */
    pthread_cond_t end; /* told when it has ended */
    struct pm_thread *next;
} pm_thread;

static struct {
    pthread_mutex_t mutex; /* of `ended` and what follows it, and of all lists of threads */
    pthread_cond_t never;  /* told nobody: for sleeping */
    pthread_once_t once;
    atomic_int ever;
} threads = {.mutex = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

static void prepare(void)
{
    pm_cond_init(&threads.never);
}

/* ---- waiting within the rank ----------------------------------------------------------------- */

static const double slice_s = 0.25;

/* With the mutex held: sleeps for a slice at most.  PARMAP_OK: look again. */
static parmap_status sleep_slice(pthread_cond_t *until, pm_deadline deadline)
{
    const double left = deadline.at - pm_now();
    PM_TRY(pm_wait_check());
    if (left <= 0)
        return PARMAP_TIMED_OUT;
    pm_cond_wait(until, &threads.mutex, left < slice_s ? left : slice_s);
    return pm_session_check_started() == PARMAP_OK ? pm_peers_check() : PARMAP_OK;
}

/* With the mutex held: until *ended, or until the deadline where that is NULL.  Who sleeps needs no
 * core. */
static parmap_status sleep_until(const bool *ended, pthread_cond_t *until, pm_deadline deadline)
{
    const bool rests = pm_executor_mine != 0;
    parmap_status status = PARMAP_OK;
    if (rests)
        pm_executor_rest(true);
    while (status == PARMAP_OK && !(ended && *ended))
        status = sleep_slice(until, deadline);
    if (rests)
        pm_executor_rest(false);
    return status;
}

/* On a word that nobody changes, so that a terminate wakes it like every other wait. */
static parmap_status sleep_in_window(pm_deadline deadline)
{
    const uint64_t word = 0;
    parmap_status status = PARMAP_OK;
    pm_executor_rest(true);
    while (status == PARMAP_OK)
        status = pm_block_on(pm_private_ref(&word), 0, 0, deadline, NULL);
    pm_executor_rest(false);
    return status;
}

static parmap_status sleep_outside(pm_deadline deadline)
{
    pthread_once(&threads.once, prepare);
    pthread_mutex_lock(&threads.mutex);
    const parmap_status status = sleep_until(NULL, &threads.never, deadline);
    pthread_mutex_unlock(&threads.mutex);
    return status;
}

parmap_status parmap_sleep(double seconds)
{
    const pm_deadline deadline = pm_deadline_in(seconds);
    const bool in_window = pm_session_check_started() == PARMAP_OK && pm_executor_self() != 0;
    const parmap_status status = in_window ? sleep_in_window(deadline) : sleep_outside(deadline);
    return status == PARMAP_TIMED_OUT ? PARMAP_OK : status;
}

/* ---- starting -------------------------------------------------------------------------------- */

static void discard(pm_thread *t)
{
    pm_context_drop(t->runner.caller.context);
    pthread_cond_destroy(&t->end);
    free(t);
}

/* On the thread. */
static void done(pm_runner *runner)
{
    pm_thread *t = (pm_thread *)runner;
    pthread_mutex_lock(&threads.mutex);
    const bool orphan = t->orphan && t->users == 0;
    t->ended = true;
    pthread_cond_broadcast(&t->end);
    pthread_mutex_unlock(&threads.mutex);
    if (orphan)
        discard(t);
}

static pm_thread *create(parmap_function *function, const parmap_thread_options *options)
{
    pm_thread *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    const int number = 1 + atomic_fetch_add(&threads.ever, 1);
    if (options && options->name && options->name[0])
        snprintf(t->name, sizeof t->name, "%s", options->name);
    else
        snprintf(t->name, sizeof t->name, "Thread-%d", number);
    t->daemon = options && options->daemon;
    t->runner.function = function;
    t->runner.caller = (pm_caller){pm_context_self(), t->name, &t->runner.exit_code};
    t->runner.done = done;
    pm_context_hold(pm_context_self());
    pm_cond_init(&t->end);
    return t;
}

static parmap_status launch(pm_thread *t)
{
    pm_context *context = t->runner.caller.context;
    pthread_mutex_lock(&threads.mutex);
    const int error = pthread_create(&t->thread, NULL, pm_runner_main, &t->runner);
    if (error == 0) {
        t->next = context->threads;
        context->threads = t;
    }
    pthread_mutex_unlock(&threads.mutex);
    return error == 0 ? PARMAP_OK
                      : pm_fail(PARMAP_SYSTEM,
                                "no more threads on rank %d (%s); start fewer at once, or look at "
                                "ulimit -u",
                                parmap_rank(), strerror(error));
}

parmap_status parmap_thread_start_as(parmap_thread *thread, parmap_function *function,
                                     const void *argument, size_t bytes,
                                     const parmap_thread_options *options)
{
    PM_TRY(pm_need(thread, "the place for a thread's handle"));
    PM_TRY(pm_need((const void *)(uintptr_t)function, "the function of a thread"));
    if (bytes > 0)
        PM_TRY(pm_need(argument, "the argument of a thread"));
    pthread_once(&threads.once, prepare);
    pm_serve_hook();
    pm_thread *t = create(function, options);
    if (!t)
        return pm_fail(PARMAP_SYSTEM, "out of memory for a thread");
    parmap_thread handle = {.state = t, .exit_code = PARMAP_ALIVE, .daemon = t->daemon};
    memcpy(handle.name, t->name, sizeof handle.name);
    parmap_status status = pm_runner_copy(argument, bytes, &t->runner.argument);
    if (status == PARMAP_OK)
        status = launch(t);
    if (status == PARMAP_OK) {
        *thread = handle;
        return PARMAP_OK;
    }
    free(t->runner.argument);
    discard(t);
    return status;
}

parmap_status parmap_thread_start(parmap_thread *thread, parmap_function *function,
                                  const void *argument, size_t bytes)
{
    return parmap_thread_start_as(thread, function, argument, bytes, NULL);
}

/* ---- joining --------------------------------------------------------------------------------- */

/* With the mutex held; it is the last that knows it. */
static void take_off(pm_thread *t)
{
    pm_thread **link = &t->runner.caller.context->threads;
    while (*link != t)
        link = &(*link)->next;
    *link = t->next;
}

/* With the mutex held.  Waits, and gives its memory back when it has ended and nobody else waits
 * for it. */
static parmap_status join(pm_thread *t, pm_deadline deadline, int *exit_code)
{
    t->users++;
    const parmap_status status = t->ended ? PARMAP_OK : sleep_until(&t->ended, &t->end, deadline);
    t->users--;
    if (!t->ended)
        return status;
    *exit_code = t->runner.exit_code;
    if (t->users > 0)
        return PARMAP_OK;
    if (!t->orphan) {
        take_off(t);
        pthread_mutex_unlock(&threads.mutex); /* its destructors may want it */
        pthread_join(t->thread, NULL);
        pthread_mutex_lock(&threads.mutex);
    }
    discard(t);
    return PARMAP_OK;
}

static parmap_status check(const parmap_thread *thread)
{
    return thread && (thread->state || (thread->exit_code != PARMAP_ALIVE && thread->name[0]))
               ? PARMAP_OK
               : pm_fail(PARMAP_USAGE, "this thread was never started");
}

static bool is_caller(const pm_thread *t)
{
    return pm_caller_self()->exit_code == &t->runner.exit_code;
}

static parmap_status join_handle(parmap_thread *thread, double timeout_s)
{
    int exit_code = PARMAP_ALIVE;
    pthread_mutex_lock(&threads.mutex);
    const parmap_status status = join(thread->state, pm_deadline_in(timeout_s), &exit_code);
    pthread_mutex_unlock(&threads.mutex);
    if (status == PARMAP_OK) {
        thread->exit_code = exit_code;
        thread->state = NULL;
    }
    return status;
}

parmap_status parmap_thread_join(parmap_thread *thread, double timeout_s)
{
    PM_TRY(check(thread));
    PM_TRY(pm_check_cancelled());
    if (!thread->state)
        return PARMAP_OK;
    if (is_caller(thread->state))
        return pm_fail(PARMAP_DEADLOCK, "%s would wait for its own end", thread->name);
    const parmap_status status = join_handle(thread, timeout_s);
    return status == PARMAP_TIMED_OUT
               ? pm_fail(PARMAP_TIMED_OUT, "%s on rank %d has not ended in time; allow more time",
                         thread->name, parmap_rank())
               : status;
}

parmap_status parmap_thread_is_alive(parmap_thread *thread, bool *alive)
{
    PM_TRY(check(thread));
    PM_TRY(pm_need(alive, "the place for whether a thread is alive"));
    *alive = thread->state && is_caller(thread->state);
    if (!thread->state || *alive)
        return PARMAP_OK;
    const parmap_status status = join_handle(thread, 0);
    *alive = status == PARMAP_TIMED_OUT;
    return *alive ? PARMAP_OK : status;
}

/* ---- the end of a context -------------------------------------------------------------------- */

/* With the mutex held.  One that has ended while others wait for it is theirs. */
static pm_thread *to_wait_for(const pm_context *context)
{
    pm_thread *t = context->threads;
    while (t && (t->ended ? t->users > 0 : t->daemon))
        t = t->next;
    return t;
}

static void await_end(pm_thread *t, pm_watchdog *dog)
{
    int exit_code;
    const parmap_status status = join(t, pm_deadline_in(pm_watchdog_left(dog)), &exit_code);
    if (status == PARMAP_TIMED_OUT)
        pm_watchdog_bark(dog, "its thread %s on rank %d to end", t->name, parmap_rank());
    else if (status != PARMAP_OK)
        pm_say_and_abort("cannot wait for a thread: %s", parmap_message());
}

void pm_threads_end(pm_context *context)
{
    pm_watchdog dog = pm_watchdog_start();
    pthread_mutex_lock(&threads.mutex);
    for (pm_thread *t; (t = to_wait_for(context)) != NULL;)
        await_end(t, &dog);
    while (context->threads) {
        pm_thread *t = context->threads;
        context->threads = t->next;
        t->orphan = true;
        pthread_detach(t->thread);
    }
    pthread_mutex_unlock(&threads.mutex);
}
