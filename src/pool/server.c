/* One loop: a command, and now and then a look at those that have ended.  The threads of processes
 * are joined here, so that nothing of them is left when the rank leaves. */
#include "pool/server.h"

#include "pool/children.h"
#include "pool/command.h"
#include "pool/runner.h"
#include "pool/say.h"
#include "pool/watchdog.h"

#include <stdlib.h>
#include <string.h>

static const double look_s = 1;

/* A process at this rank. */
typedef struct resident {
    pm_runner runner; /* first */
    pthread_t thread;
    atomic_bool ended; /* the thread does nothing more */
    bool silent;       /* it could not publish its exit code itself */
    struct resident *next;
} resident;

static resident *residents; /* the server's alone */

/* ---- on the thread of a process -------------------------------------------------------------- */

static void done(pm_runner *runner)
{
    resident *r = (resident *)runner;
    pm_context *context = runner->caller.context;
    pm_context_end(context);
    pm_record_publish(&context->self.handle, runner->exit_code);
    atomic_store(&r->ended, true);
}

static void *run(void *argument)
{
    resident *r = argument;
    const bool terminated = atomic_load(&r->runner.caller.context->cancel.requested);
    r->silent = pm_executor_self() == 0;
    if (!terminated && !r->silent)
        return pm_runner_main(&r->runner);
    if (r->silent)
        pm_say("%s ends at once: %s", r->runner.caller.context->self.name, parmap_message());
    r->runner.exit_code = r->silent ? PARMAP_SYSTEM : PARMAP_TERMINATED;
    free(r->runner.argument);
    if (!r->silent)
        pm_record_publish(&r->runner.caller.context->self.handle, r->runner.exit_code);
    atomic_store(&r->ended, true);
    return NULL;
}

/* ---- starting -------------------------------------------------------------------------------- */

static parmap_status fill(resident *r, const pm_command *command)
{
    pm_any_function *function;
    PM_TRY(pm_function_unpack(command->function, &function));
    r->runner.function = (parmap_function *)function;
    PM_TRY(pm_runner_copy(command->has_argument ? command + 1 : NULL, command->bytes,
                          &r->runner.argument));
    pm_context *context = pm_context_create(&command->process, &command->parent, command->path);
    if (!context)
        return pm_fail(PARMAP_SYSTEM, "out of memory for a process");
    r->runner.caller = (pm_caller){context, "MainThread", &r->runner.exit_code};
    r->runner.done = done;
    return PARMAP_OK;
}

static parmap_status create_thread(resident *r)
{
    const int error = pthread_create(&r->thread, NULL, run, r);
    return error == 0 ? PARMAP_OK
                      : pm_fail(PARMAP_SYSTEM,
                                "no more threads (%s); start fewer processes at once, or look at "
                                "ulimit -u",
                                strerror(error));
}

static void discard(resident *r)
{
    if (r->runner.caller.context)
        pm_context_drop(r->runner.caller.context);
    free(r);
}

static void start(const pm_command *command)
{
    resident *r = calloc(1, sizeof *r);
    parmap_status status = r ? fill(r, command) : pm_fail(PARMAP_SYSTEM, "out of memory");
    if (status == PARMAP_OK)
        status = create_thread(r);
    if (status == PARMAP_OK) {
        r->next = residents;
        residents = r;
        return;
    }
    pm_say("%s cannot be started: %s", command->process.name, parmap_message());
    if (r) {
        free(r->runner.argument);
        discard(r);
    }
    pm_record_publish(&command->process.handle, PARMAP_SYSTEM);
}

/* ---- ending ---------------------------------------------------------------------------------- */

/* One that has ended already needs none. */
static void terminate(int64_t id)
{
    for (resident *r = residents; r; r = r->next)
        if (r->runner.caller.context->self.id == id)
            pm_cancel_request(&r->runner.caller.context->cancel);
}

static void bury(resident *r)
{
    pthread_join(r->thread, NULL);
    if (r->silent)
        pm_record_publish(&r->runner.caller.context->self.handle, r->runner.exit_code);
    discard(r);
}

/* Those that have ended, or all. */
static void sweep(bool all)
{
    for (resident **link = &residents; *link;) {
        resident *r = *link;
        if (!all && !atomic_load(&r->ended)) {
            link = &r->next;
            continue;
        }
        *link = r->next;
        bury(r);
    }
}

/* ---- serving --------------------------------------------------------------------------------- */

/* One that sleeps needs no core. */
static parmap_status take(const pm_command **command)
{
    pm_executor_rest(true);
    const parmap_status status = pm_command_take(look_s, command);
    pm_executor_rest(false);
    return status;
}

/* Nobody may be left to command: while there is nothing to do it looks after rank 0. */
static parmap_status serve_one(pm_pulse *rank_0, bool *leave)
{
    const pm_command *command;
    const parmap_status status = take(&command);
    if (status == PARMAP_EMPTY)
        return pm_pulse_look(rank_0);
    PM_TRY(status);
    if (command->verb == PM_COMMAND_START)
        start(command);
    else if (command->verb == PM_COMMAND_TERMINATE)
        terminate(command->id);
    else
        *leave = true;
    return PARMAP_OK;
}

void pm_server_run(void)
{
    pm_pulse rank_0 = pm_pulse_start(0);
    bool leave = false;
    parmap_status status = pm_executor_self() != 0 ? PARMAP_OK : PARMAP_SYSTEM;
    while (status == PARMAP_OK && !leave) {
        status = serve_one(&rank_0, &leave);
        sweep(false);
    }
    if (status != PARMAP_OK)
        pm_say_and_abort("the server of this rank cannot go on: %s", parmap_message());
    sweep(true); /* who asks to leave has waited for all of them */
}
