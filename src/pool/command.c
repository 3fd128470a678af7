/* The inboxes, and the word that counts processes. */
#include "pool/command.h"

#include "share/cancel.h"
#include "share/object.h"
#include "share/session.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { SHORT = offsetof(pm_command, process), FIRST_ROOM = 4096 };

static struct {
    parmap_queue *inboxes; /* of all ranks */
    pm_ref count;          /* word: processes ever; in rank 0's heap */
    pm_command *taken;     /* by the server */
    size_t room;           /* bytes there */
} commands;

/* ---- opening and closing --------------------------------------------------------------------- */

typedef struct card {
    parmap_queue inbox;
    pm_ref count;
} card;

static parmap_status make_own(card *mine)
{
    commands.inboxes = calloc((size_t)parmap_size(), sizeof *commands.inboxes);
    commands.taken = malloc(FIRST_ROOM);
    commands.room = FIRST_ROOM;
    if (!commands.inboxes || !commands.taken)
        return pm_fail(PARMAP_SYSTEM, "out of memory for serving %d ranks", parmap_size());
    if (parmap_rank() == 0)
        PM_TRY(pm_heap_alloc(8, PM_KIND_PROCESS, &mine->count));
    return parmap_queue_create(&mine->inbox, 0);
}

static parmap_status exchange(const card *mine)
{
    const pm_world world = {.rank = parmap_rank(), .size = parmap_size()};
    card *all = malloc((size_t)world.size * sizeof *all);
    PM_TRY(pm_session_agree(all ? PARMAP_OK : pm_fail(PARMAP_SYSTEM, "out of memory")));
    const parmap_status status = pm_allgather(&world, mine, all, sizeof *all, pm_window_idle());
    for (int i = 0; i < world.size; i++)
        commands.inboxes[i] = all[i].inbox;
    commands.count = all[0].count;
    free(all);
    return status;
}

parmap_status pm_commands_open(void)
{
    card mine = {.count.generation = PM_ANY_GENERATION};
    PM_TRY(pm_session_agree(make_own(&mine)));
    return exchange(&mine);
}

void pm_commands_close(void)
{
    parmap_queue_free(&commands.inboxes[parmap_rank()]);
    if (parmap_rank() == 0)
        pm_heap_free(commands.count, PM_KIND_PROCESS);
    free(commands.inboxes);
    free(commands.taken);
    commands.inboxes = NULL;
    commands.taken = NULL;
}

/* ---- sending --------------------------------------------------------------------------------- */

parmap_status pm_command_next_id(int64_t *id)
{
    uint64_t before;
    PM_TRY(pm_add(commands.count, 0, 1, &before));
    *id = (int64_t)before + 1;
    return PARMAP_OK;
}

/* Also from a process that was terminated. */
static parmap_status put(int rank, const void *item, size_t bytes)
{
    pm_cancel *const cancel = pm_cancel_mine;
    pm_cancel_mine = NULL;
    const parmap_status status =
        parmap_queue_put(&commands.inboxes[rank], item, bytes, PARMAP_FOREVER);
    pm_cancel_mine = cancel;
    return status;
}

parmap_status pm_command_send(int rank, const pm_command *command, const void *argument)
{
    const bool too_large = command->bytes > PTRDIFF_MAX - sizeof *command;
    char *item = too_large ? NULL : malloc(sizeof *command + command->bytes);
    if (!item)
        return pm_fail(PARMAP_SYSTEM, "out of memory for an argument of %llu bytes",
                       (unsigned long long)command->bytes);
    memcpy(item, command, sizeof *command);
    if (command->bytes > 0)
        memcpy(item + sizeof *command, argument, command->bytes);
    const parmap_status status = put(rank, item, sizeof *command + command->bytes);
    free(item);
    return status;
}

parmap_status pm_command_send_short(int rank, pm_verb verb, int64_t id)
{
    const pm_command command = {.verb = verb, .id = id};
    return put(rank, &command, SHORT);
}

/* ---- taking ---------------------------------------------------------------------------------- */

static parmap_status make_room(size_t bytes)
{
    pm_command *larger = realloc(commands.taken, bytes);
    if (!larger)
        return pm_fail(PARMAP_SYSTEM, "out of memory for a process with an argument of %zu bytes",
                       bytes);
    commands.taken = larger;
    commands.room = bytes;
    return PARMAP_OK;
}

parmap_status pm_command_take(double timeout_s, const pm_command **command)
{
    const parmap_queue *inbox = &commands.inboxes[parmap_rank()];
    size_t bytes = 0;
    if (commands.room > FIRST_ROOM)
        PM_TRY(make_room(FIRST_ROOM));
    parmap_status status =
        parmap_queue_get(inbox, commands.taken, commands.room, &bytes, timeout_s);
    if (status == PARMAP_USAGE) { /* it is larger, and stays until there is room */
        PM_TRY(make_room(bytes));
        status = parmap_queue_get(inbox, commands.taken, commands.room, &bytes, timeout_s);
    }
    *command = commands.taken;
    return status;
}
