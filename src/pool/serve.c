/* From parmap_serve to parmap_finish: main and workers. */
#include "pool/serve.h"

#include "pool/command.h"
#include "pool/context.h"
#include "pool/say.h"
#include "pool/server.h"

#include "comm/service.h"
#include "share/session.h"

#include <stdlib.h>
#include <string.h>

static struct {
    atomic_bool open; /* from parmap_serve to parmap_finish */
    bool watched;     /* by end_of_rank */
    pthread_t server; /* of rank 0, whose first thread runs main */
} serving;

parmap_status pm_serve_check_open(void)
{
    return atomic_load(&serving.open)
               ? PARMAP_OK
               : pm_fail(PARMAP_USAGE, "processes need servers: after parmap_start call \"if "
                                       "(!parmap_serve()) return parmap_finish();\" on all ranks");
}

/* ---- the end --------------------------------------------------------------------------------- */

static void send_all_home(void)
{
    for (int rank = 0; rank < parmap_size(); rank++)
        if (pm_command_send_short(rank, PM_COMMAND_LEAVE, 0) != PARMAP_OK)
            pm_say_and_abort("rank %d cannot be told that main has finished: %s", rank,
                             parmap_message());
    pthread_join(serving.server, NULL);
}

/* First thing in parmap_finish. */
static parmap_status leave(void)
{
    const pm_caller *caller = pm_caller_self();
    if (caller->exit_code)
        return pm_fail(PARMAP_USAGE,
                       "parmap_finish was called by %s, %s, but it is for main; a process or "
                       "thread ends by returning, or by parmap_exit",
                       caller->context->self.name, caller->thread_name);
    pm_context_end(caller->context);
    if (!atomic_load(&serving.open))
        return PARMAP_OK;
    if (parmap_rank() == 0)
        send_all_home();
    pm_commands_close();
    pm_session_set_serving(false);
    atomic_store(&serving.open, false);
    return PARMAP_OK;
}

void pm_serve_hook(void)
{
    static const pm_session_hooks hooks = {.leave = leave, .end_caller = pm_caller_end};
    pm_session_hook(&hooks);
}

/* Called by exit: the others would wait for this rank for ever. */
static void end_of_rank(void)
{
    const pm_context *self = pm_context_self();
    if (!atomic_load(&serving.open) || pm_session_aborting())
        return;
    if (pm_context_is_main(self))
        pm_say_and_abort("it ended without parmap_finish; call that before main returns, or "
                         "parmap_exit in place of exit; the job is ended");
    pm_say_and_abort(
        "%s called exit, which ends the rank, without parmap_finish; a process ends by "
        "returning, or by parmap_exit, a task by returning; the job is ended",
        self->self.name);
}

void parmap_exit(int code)
{
    pm_caller_end(code);
    if (!atomic_load(&serving.open) || parmap_rank() == 0) {
        const int finished = parmap_finish();
        code = code != 0 ? code : finished;
    }
    exit(code);
}

/* ---- serving --------------------------------------------------------------------------------- */

static void *run_server(void *unused)
{
    (void)unused;
    pm_server_run();
    return NULL;
}

static parmap_status start_server(void)
{
    if (parmap_rank() != 0)
        return PARMAP_OK;
    const int error = pthread_create(&serving.server, NULL, run_server, NULL);
    return error == 0 ? PARMAP_OK
                      : pm_fail(PARMAP_SYSTEM, "no thread for serving: %s", strerror(error));
}

/* Every process is a thread that may call MPI, and rank 0's main need not know of it. */
static parmap_status check_threads(void)
{
    if (!pm_window_is_remote() || pm_service_has_thread())
        return PARMAP_OK;
    return pm_fail(PARMAP_USAGE,
                   "this program has initialised MPI for fewer threads than processes "
                   "on several nodes need; ask MPI_Init_thread for "
                   "MPI_THREAD_MULTIPLE, or leave it to parmap_start");
}

static parmap_status open(void)
{
    PM_TRY(pm_session_check_started());
    PM_TRY(check_threads());
    if (atomic_load(&serving.open))
        return pm_fail(PARMAP_USAGE, "parmap_serve was called already");
    PM_TRY(pm_commands_open());
    return pm_session_agree(start_server());
}

bool parmap_serve(void)
{
    const parmap_status status = open();
    if (status != PARMAP_OK) {
        pm_say("parmap_serve: %s", parmap_message());
        pm_session_abort(status);
    }
    pm_context_renew();
    pm_serve_hook();
    pm_session_set_serving(true);
    atomic_store(&serving.open, true);
    if (!serving.watched)
        atexit(end_of_rank);
    serving.watched = true;
    if (parmap_rank() != 0)
        pm_server_run();
    return parmap_rank() == 0;
}
