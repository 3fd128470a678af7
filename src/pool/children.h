/* The processes that a process has started: watching their records, remembering how they ended.
 *
 *   record, in the heap of the parent's rank, so that the parent waits at home:
 *
 *     word 0:  | exit code 32 | 0 = runs, 1 = ended 32 |      written once, by the child's rank
 */
#ifndef PM_POOL_CHILDREN_H
#define PM_POOL_CHILDREN_H

#include "pool/context.h"
#include "share/block.h"

enum { PM_RECORD_WORD = 0, PM_RECORD_BYTES = 8 };

/* Adds it, with a record of its own, which process->handle then names. */
parmap_status pm_children_add(pm_context *context, parmap_process *process);

/* Takes it off again: it could not be started. */
void pm_children_take_back(pm_context *context, int64_t id);

/* Waits until the child with this id has ended, whether it is remembered or alive. PARMAP_TIMED_OUT
 * without a message.  PARMAP_USAGE: not started here. */
parmap_status pm_children_await(pm_context *context, int64_t id, pm_deadline deadline,
                                int *exit_code);

/* Asks for the end of the child with this id. */
parmap_status pm_children_terminate(pm_context *context, int64_t id);

/* parmap_process_children. */
parmap_status pm_children_list(pm_context *context, parmap_process *children, int64_t capacity,
                               int64_t *count);

/* Terminates the daemons and waits for all.  Ends the job when one does not end that was
 * terminated. */
void pm_children_end(pm_context *context);

/* By the child's rank: it has ended. */
void pm_record_publish(const parmap_handle *record, int exit_code);

#endif
