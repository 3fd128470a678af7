/* Processes as their parents see them. */
#include "pool/process.h"

#include "pool/children.h"
#include "pool/command.h"
#include "pool/runner.h"
#include "pool/serve.h"

#include "share/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- starting -------------------------------------------------------------------------------- */

parmap_status pm_serve_check(void)
{
    const pm_context *self = pm_context_self();
    PM_TRY(pm_session_check_started());
    PM_TRY(pm_serve_check_open());
    if (self->self.daemon)
        return pm_fail(PARMAP_USAGE,
                       "%s is a daemon, as the workers of pools are, and daemons cannot start "
                       "processes or pools; do it in main or in a process that is none",
                       self->self.name);
    if (pm_context_is_main(self) && parmap_rank() != 0)
        return pm_fail(PARMAP_USAGE,
                       "rank %d serves, and this thread belongs to none of its processes; start "
                       "processes from main on rank 0, from a process, or from a parmap_thread of "
                       "one",
                       parmap_rank());
    if (self->ending)
        return pm_fail(PARMAP_CLOSED, "%s ends, and starts nothing any more", self->self.name);
    return pm_check_cancelled();
}

static void append(char text[PARMAP_NAME_BYTES], const char *path, int64_t number)
{
    const size_t length = strlen(text);
    snprintf(text + length, PARMAP_NAME_BYTES - length, "%s%s%" PRId64, path, *path ? ":" : "",
             number);
}

/* Who the child is: all but its id and its record. */
static void describe(pm_command *command, const pm_process_place *place)
{
    pm_context *self = pm_context_self();
    pthread_mutex_lock(&self->mutex);
    const int64_t number = ++self->children_ever;
    pthread_mutex_unlock(&self->mutex);
    append(command->path, self->path, number);
    command->process.exit_code = PARMAP_ALIVE;
    command->process.daemon = place->daemon;
    snprintf(command->process.name, PARMAP_NAME_BYTES, "%s",
             place->name ? place->name : "Process-");
    if (!place->name)
        append(command->process.name, self->path, number);
    command->parent = parmap_process_current();
}

static parmap_status send_off(pm_command *command, const void *argument, int rank)
{
    pm_context *self = pm_context_self();
    PM_TRY(pm_command_next_id(&command->id));
    command->process.id = command->id;
    command->process.rank = rank >= 0 ? rank : (int)(command->id % parmap_size());
    PM_TRY(pm_children_add(self, &command->process));
    const parmap_status status = pm_command_send(command->process.rank, command, argument);
    if (status != PARMAP_OK)
        pm_children_take_back(self, command->id);
    return status;
}

parmap_status pm_process_start_at(parmap_process *process, parmap_function *function,
                                  const void *argument, size_t bytes, const pm_process_place *place)
{
    pm_command command = {
        .verb = PM_COMMAND_START, .bytes = bytes, .has_argument = argument != NULL};
    if (!process || !function || (!argument && bytes > 0))
        return pm_fail(PARMAP_USAGE, "a process needs %s",
                       !process    ? "a place for its handle, not NULL"
                       : !function ? "a function, not NULL"
                                   : "an argument, not NULL, when that has bytes");
    if (place->rank >= parmap_size())
        return pm_fail(PARMAP_USAGE, "there is no rank %d for a process; ranks are 0..%d",
                       place->rank, parmap_size() - 1);
    PM_TRY(pm_serve_check());
    PM_TRY(pm_function_pack((pm_any_function *)function, &command.function));
    describe(&command, place);
    PM_TRY(send_off(&command, argument, place->rank));
    *process = command.process;
    return PARMAP_OK;
}

parmap_status parmap_process_start_as(parmap_process *process, parmap_function *function,
                                      const void *argument, size_t bytes,
                                      const parmap_process_options *options)
{
    const pm_process_place place = {
        .name = options ? options->name : NULL, .daemon = options && options->daemon, .rank = -1};
    return pm_process_start_at(process, function, argument, bytes, &place);
}

parmap_status parmap_process_start(parmap_process *process, parmap_function *function,
                                   const void *argument, size_t bytes)
{
    return parmap_process_start_as(process, function, argument, bytes, NULL);
}

/* ---- watching -------------------------------------------------------------------------------- */

static parmap_status check(const parmap_process *process)
{
    PM_TRY(pm_session_check_started());
    if (!process || process->id < 1)
        return pm_fail(PARMAP_USAGE, "this process was never started");
    if (process->id == pm_context_self()->self.id)
        return pm_fail(PARMAP_USAGE,
                       "%s is the calling process; only the one that started it can join, watch "
                       "and terminate it",
                       process->name);
    return PARMAP_OK;
}

parmap_status parmap_process_join(parmap_process *process, double timeout_s)
{
    PM_TRY(check(process));
    PM_TRY(pm_check_cancelled());
    const parmap_status status = pm_children_await(pm_context_self(), process->id,
                                                   pm_deadline_in(timeout_s), &process->exit_code);
    return status == PARMAP_TIMED_OUT
               ? pm_fail(PARMAP_TIMED_OUT,
                         "%s on rank %d on %s has not ended in time; allow more time, or terminate "
                         "it",
                         process->name, process->rank, pm_window_node((uint32_t)process->rank))
               : status;
}

parmap_status parmap_process_is_alive(parmap_process *process, bool *alive)
{
    PM_TRY(check(process));
    PM_TRY(pm_need(alive, "the place for whether a process is alive"));
    const parmap_status status =
        pm_children_await(pm_context_self(), process->id, pm_deadline_in(0), &process->exit_code);
    *alive = status == PARMAP_TIMED_OUT;
    return *alive ? PARMAP_OK : status;
}

parmap_status parmap_process_terminate(const parmap_process *process)
{
    PM_TRY(check(process));
    return pm_children_terminate(pm_context_self(), process->id);
}

parmap_status parmap_process_children(parmap_process *children, int64_t capacity, int64_t *count)
{
    if (!count || (!children && capacity > 0))
        return pm_fail(PARMAP_USAGE, "parmap_process_children needs a place for %s",
                       count ? "the processes" : "their number");
    return pm_children_list(pm_context_self(), children, capacity, count);
}
