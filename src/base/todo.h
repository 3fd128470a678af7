/* Which blocks of a run are still to be done: sorted runs of block numbers.  A fresh run has one
 * run of all blocks; a resumed one has gaps where earlier attempts got. */
#ifndef PM_BASE_TODO_H
#define PM_BASE_TODO_H

#include "base/status.h"

typedef enum pm_task {
    PM_TASK_NONE,    /* done by an earlier attempt */
    PM_TASK_COMPUTE, /* never done */
    PM_TASK_RECHECK, /* marked as done, but not to be trusted: read it, compute it if it is wrong */
    PM_TASK_RERUN    /* done, but for failed items: the same, and these are computed again */
} pm_task;

/* Blocks begin <= b < end.  Plain numbers: it travels. */
typedef struct pm_todo_run {
    int64_t begin, end;
    int64_t task;
} pm_todo_run;

/* Blocks are claimed by their place among those that are left: 0 .. places-1. */
typedef struct pm_todo {
    pm_todo_run *runs;
    int64_t count, room;
    pm_todo_run *spans; /* the runs, widened to whole units and joined; their task says nothing */
    int64_t *before;    /* places before each span */
    int64_t span_count;
    int64_t places; /* of all spans */
} pm_todo;

/* Local.  Appends a block, higher than those before.  PARMAP_SYSTEM without memory. */
parmap_status pm_todo_add(pm_todo *todo, int64_t block, pm_task task);

/* Local, after the last pm_todo_add or after `runs` and `count` were filled in otherwise.  Places
 * follow in whole units: groups of `unit` blocks from block 0 on, of which some may have nothing to
 * do (pm_todo_task says so).  `blocks`: of the whole run. */
parmap_status pm_todo_seal(pm_todo *todo, int64_t unit, int64_t blocks);

/* Local.  Of an empty one: all blocks of a run are to be computed; not sealed. */
parmap_status pm_todo_all(pm_todo *todo, int64_t blocks);

/* Local, any thread.  The block at a place. */
int64_t pm_todo_block(const pm_todo *todo, int64_t place);

/* Local, any thread.  What is to be done with a block. */
pm_task pm_todo_task(const pm_todo *todo, int64_t block);

/* Local.  How many blocks have a task. */
int64_t pm_todo_blocks(const pm_todo *todo);

/* Local. */
void pm_todo_free(pm_todo *todo);

#endif
