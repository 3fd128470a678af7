/* What ranks ask of each other's servers.  Each rank has an inbox, a queue in its own heap; a
 * command that does not fit into the queue lies in the heap of the rank that sent it. */
#ifndef PM_POOL_COMMAND_H
#define PM_POOL_COMMAND_H

#include "base/function.h"

typedef enum pm_verb { PM_COMMAND_START, PM_COMMAND_TERMINATE, PM_COMMAND_LEAVE } pm_verb;

typedef struct pm_command {
    uint64_t verb;
    int64_t id; /* of the process; a short command ends here */
    parmap_process process;
    parmap_process parent;
    char path[PARMAP_NAME_BYTES];
    pm_function function;
    uint64_t bytes; /* of the argument, which follows */
    bool has_argument;
} pm_command;

/* Collective.  Makes the inboxes. */
parmap_status pm_commands_open(void);

/* Local, on each rank, when nobody sends to it any more. */
void pm_commands_close(void);

/* Local.  A number for a process: 1, 2, 3 ... over the whole job. */
parmap_status pm_command_next_id(int64_t *id);

/* Local.  `argument`: command->bytes of it. */
parmap_status pm_command_send(int rank, const pm_command *command, const void *argument);
parmap_status pm_command_send_short(int rank, pm_verb verb, int64_t id);

/* By this rank's server: the next command; command + 1 is its argument.  It is valid until the next
 * call.  PARMAP_EMPTY: none within the time. */
parmap_status pm_command_take(double timeout_s, const pm_command **command);

#endif
