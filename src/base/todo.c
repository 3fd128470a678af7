/* Sorted runs, found by bisection: there are few, but for files that are damaged all over. */
#include "base/todo.h"

#include <stdlib.h>

static parmap_status no_memory(void)
{
    return pm_fail(PARMAP_SYSTEM, "out of memory for the list of blocks that are left");
}

parmap_status pm_todo_add(pm_todo *todo, int64_t block, pm_task task)
{
    pm_todo_run *last = todo->count > 0 ? &todo->runs[todo->count - 1] : NULL;
    if (last && last->end == block && last->task == (int64_t)task) {
        last->end++;
        return PARMAP_OK;
    }
    if (todo->count == todo->room) {
        const int64_t room = todo->room > 0 ? 2 * todo->room : 16;
        pm_todo_run *runs = realloc(todo->runs, (size_t)room * sizeof *runs);
        if (!runs)
            return no_memory();
        todo->runs = runs;
        todo->room = room;
    }
    todo->runs[todo->count++] = (pm_todo_run){block, block + 1, (int64_t)task};
    return PARMAP_OK;
}

/* Adds a run, widened to whole units, to the spans. */
static void widen(pm_todo *todo, const pm_todo_run *run, int64_t unit, int64_t blocks)
{
    const int64_t begin = run->begin - run->begin % unit, rest = run->end % unit;
    const int64_t wide = rest > 0 ? run->end - rest + unit : run->end;
    const int64_t end = wide < blocks ? wide : blocks;
    pm_todo_run *last = todo->span_count > 0 ? &todo->spans[todo->span_count - 1] : NULL;
    if (last && begin <= last->end)
        last->end = end;
    else
        todo->spans[todo->span_count++] = (pm_todo_run){.begin = begin, .end = end};
}

parmap_status pm_todo_seal(pm_todo *todo, int64_t unit, int64_t blocks)
{
    const size_t room = todo->count > 0 ? (size_t)todo->count : 1;
    todo->spans = calloc(room, sizeof *todo->spans);
    todo->before = calloc(room, sizeof *todo->before);
    if (!todo->spans || !todo->before)
        return no_memory();
    for (int64_t i = 0; i < todo->count; i++)
        widen(todo, &todo->runs[i], unit, blocks);
    for (int64_t i = 0; i < todo->span_count; i++) {
        todo->before[i] = todo->places;
        todo->places += todo->spans[i].end - todo->spans[i].begin;
    }
    return PARMAP_OK;
}

parmap_status pm_todo_all(pm_todo *todo, int64_t blocks)
{
    PM_TRY(pm_todo_add(todo, 0, PM_TASK_COMPUTE));
    todo->runs[0].end = blocks;
    return PARMAP_OK;
}

int64_t pm_todo_block(const pm_todo *todo, int64_t place)
{
    int64_t low = 0, high = todo->span_count; /* the last span with before <= place */
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (todo->before[middle] <= place)
            low = middle;
        else
            high = middle;
    }
    return todo->spans[low].begin + (place - todo->before[low]);
}

pm_task pm_todo_task(const pm_todo *todo, int64_t block)
{
    int64_t low = 0, high = todo->count; /* the first run that ends behind the block */
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (todo->runs[middle].end <= block)
            low = middle + 1;
        else
            high = middle;
    }
    const bool within = low < todo->count && todo->runs[low].begin <= block;
    return within ? (pm_task)todo->runs[low].task : PM_TASK_NONE;
}

int64_t pm_todo_blocks(const pm_todo *todo)
{
    int64_t blocks = 0;
    for (int64_t i = 0; i < todo->count; i++)
        blocks += todo->runs[i].end - todo->runs[i].begin;
    return blocks;
}

void pm_todo_free(pm_todo *todo)
{
    free(todo->runs);
    free(todo->spans);
    free(todo->before);
    *todo = (pm_todo){0};
}
