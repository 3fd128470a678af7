/* Lists of blocks that are left, against a plain table of every block's task. */
#include "base/todo.h"

#include "check.h"
#include "draw.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 5000 };

static pm_task wanted[MOST];

/* Stretches of one task, of up to `longest` blocks; about one in `sparse` has something to do. */
static void want(int64_t blocks, int64_t longest, int64_t sparse)
{
    for (int64_t b = 0; b < blocks;) {
        const pm_task task = draw_below(sparse) == 0
                                 ? (draw_below(3) == 0 ? PM_TASK_RECHECK : PM_TASK_COMPUTE)
                                 : PM_TASK_NONE;
        for (int64_t end = b + 1 + draw_below(longest); b < end && b < blocks; b++)
            wanted[b] = task;
    }
}

static int64_t fill(pm_todo *todo, int64_t blocks)
{
    int64_t count = 0;
    *todo = (pm_todo){0};
    for (int64_t b = 0; b < blocks; b++)
        if (wanted[b] != PM_TASK_NONE) {
            CHECK_INT(pm_todo_add(todo, b, wanted[b]), PARMAP_OK);
            count++;
        }
    return count;
}

/* Whether a block's unit has anything to do. */
static bool unit_wanted(int64_t block, int64_t unit, int64_t blocks)
{
    for (int64_t b = block - block % unit; b < blocks && b < block - block % unit + unit; b++)
        if (wanted[b] != PM_TASK_NONE)
            return true;
    return false;
}

/* The places, in order, are the blocks of all units with something to do, in order. */
static void check_places(const pm_todo *todo, int64_t unit, int64_t blocks)
{
    int64_t place = 0, wrong = 0;
    for (int64_t b = 0; b < blocks; b++) {
        wrong += pm_todo_task(todo, b) != wanted[b];
        if (!unit_wanted(b, unit, blocks))
            continue;
        wrong += place >= todo->places || pm_todo_block(todo, place) != b;
        place++;
    }
    CHECK_INT(todo->places, place);
    CHECK_INT(wrong, 0);
}

static void random_lists(void)
{
    static const int64_t sizes[] = {1, 2, 7, 64, 1000, MOST}, units[] = {1, 2, 3, 8, 64, 10000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t u = 0; u < sizeof units / sizeof units[0]; u++)
            for (int round = 0; round < 10; round++) {
                pm_todo todo;
                want(sizes[s], 1 + draw_below(1 + sizes[s] / 3), 1 + draw_below(10));
                const int64_t count = fill(&todo, sizes[s]);
                CHECK_INT(pm_todo_blocks(&todo), count);
                CHECK_INT(pm_todo_seal(&todo, units[u], sizes[s]), PARMAP_OK);
                check_places(&todo, units[u], sizes[s]);
                CHECK_INT(pm_todo_blocks(&todo), count);
                pm_todo_free(&todo);
                CHECK(todo.runs == NULL && todo.spans == NULL && todo.count == 0);
            }
}

/* Neighbours with one task are one run: a file that is half done has few. */
static void runs(void)
{
    pm_todo todo = {0};
    for (int64_t b = 10; b < 1000; b++)
        CHECK_INT(pm_todo_add(&todo, b, b < 500 ? PM_TASK_COMPUTE : PM_TASK_RECHECK), PARMAP_OK);
    CHECK_INT(pm_todo_add(&todo, 2000, PM_TASK_RECHECK), PARMAP_OK);
    CHECK_INT(todo.count, 3);
    CHECK_INT(todo.runs[0].begin, 10);
    CHECK_INT(todo.runs[0].end, 500);
    CHECK_INT(todo.runs[1].end, 1000);
    CHECK_INT(todo.runs[1].task, PM_TASK_RECHECK);
    CHECK_INT(pm_todo_blocks(&todo), 991);
    pm_todo_free(&todo);
}

static void all(void)
{
    pm_todo todo = {0};
    const int64_t blocks = INT64_C(1) << 50;
    CHECK_INT(pm_todo_all(&todo, blocks), PARMAP_OK);
    CHECK_INT(pm_todo_blocks(&todo), blocks);
    CHECK_INT(pm_todo_seal(&todo, 8, blocks), PARMAP_OK);
    CHECK_INT(todo.places, blocks);
    CHECK_INT(pm_todo_block(&todo, blocks - 1), blocks - 1);
    CHECK_INT(pm_todo_task(&todo, blocks - 1), PM_TASK_COMPUTE);
    CHECK_INT(pm_todo_task(&todo, blocks), PM_TASK_NONE);
    pm_todo_free(&todo);
}

static void nothing(void)
{
    pm_todo todo = {0};
    CHECK_INT(pm_todo_seal(&todo, 8, 100), PARMAP_OK);
    CHECK_INT(todo.places, 0);
    CHECK_INT(pm_todo_blocks(&todo), 0);
    CHECK_INT(pm_todo_task(&todo, 0), PM_TASK_NONE);
    CHECK_INT(pm_todo_task(&todo, 99), PM_TASK_NONE);
    pm_todo_free(&todo);
}

/* Runs as another rank gets them: the array and the count alone. */
static void travelled(void)
{
    pm_todo todo = {.runs = calloc(2, sizeof *todo.runs), .count = 2};
    todo.runs[0] = (pm_todo_run){5, 7, PM_TASK_RECHECK};
    todo.runs[1] = (pm_todo_run){INT64_C(1) << 40, (INT64_C(1) << 40) + 9, PM_TASK_COMPUTE};
    CHECK_INT(pm_todo_seal(&todo, 4, (INT64_C(1) << 40) + 9), PARMAP_OK);
    CHECK_INT(todo.places, 4 + 9);
    CHECK_INT(pm_todo_block(&todo, 0), 4);
    CHECK_INT(pm_todo_block(&todo, 3), 7);
    CHECK_INT(pm_todo_block(&todo, 4), INT64_C(1) << 40);
    CHECK_INT(pm_todo_block(&todo, 12), (INT64_C(1) << 40) + 8);
    CHECK_INT(pm_todo_task(&todo, 4), PM_TASK_NONE);
    CHECK_INT(pm_todo_task(&todo, 6), PM_TASK_RECHECK);
    pm_todo_free(&todo);
}

/* A journal that is damaged all over: as many runs as there can be. */
static void many(void)
{
    enum { RUNS = 200000 };
    pm_todo todo = {0};
    int64_t wrong = 0;
    for (int64_t i = 0; i < RUNS; i++)
        wrong += pm_todo_add(&todo, 3 * i, PM_TASK_COMPUTE) != PARMAP_OK;
    CHECK_INT(todo.count, RUNS);
    CHECK_INT(pm_todo_seal(&todo, 1, 3 * RUNS), PARMAP_OK);
    CHECK_INT(todo.places, RUNS);
    for (int64_t i = 0; i < RUNS; i++) {
        wrong += pm_todo_block(&todo, i) != 3 * i;
        wrong += pm_todo_task(&todo, 3 * i) != PM_TASK_COMPUTE;
        wrong += pm_todo_task(&todo, 3 * i + 1) != PM_TASK_NONE;
    }
    CHECK_INT(wrong, 0);
    pm_todo_free(&todo);
}

int main(void)
{
    static const check_case cases[] = {
        {"todo: random lists", random_lists},
        {"todo: runs", runs},
        {"todo: all blocks", all},
        {"todo: nothing", nothing},
        {"todo: runs that travelled", travelled},
        {"todo: many runs", many},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
