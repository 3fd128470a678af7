/* Barrier: lock-step, indices, the action. */
#include "shared/barriers.h"

#include <stdatomic.h>

/* ---- lock-step ------------------------------------------------------------------------------- */

/* As CPython's test: nobody is ever a round ahead.  All parties count in `first`, meet, count in
 * `second`, meet: each then finds the other count at rest. */
static void keep_step(int worker, void *context)
{
    const int64_t parties = job.parties;
    (void)worker, (void)context;
    for (int64_t i = 0; i < job.rounds; i++) {
        CHECK_OK(parmap_value_add(&job.first, 1));
        CHECK_INT(number_in(&job.second), i * parties);
        if (!CHECK_OK(parmap_barrier_wait(&job.barrier, shared_long_s, NULL)))
            return;
        CHECK_OK(parmap_value_add(&job.second, 1));
        CHECK_INT(number_in(&job.first), (i + 1) * parties);
        if (!CHECK_OK(parmap_barrier_wait(&job.barrier, shared_long_s, NULL)))
            return;
    }
}

static void lock_step_of(shared_layout layout, int parties, int64_t rounds)
{
    begin(parties, NULL);
    job.rounds = rounds;
    shared_run_as(layout, parties, keep_step, NULL);
    CHECK_INT(number_in(&job.first), rounds * parties);
    CHECK_INT(number_in(&job.second), rounds * parties);
    CHECK_INT(waiting(), 0);
    CHECK(!is_broken());
    end();
}

static void lock_step_in(shared_layout layout)
{
    lock_step_of(layout, 2, shared_count(500, 20));
    lock_step_of(layout, 5, shared_count(300, 10));
}

static void lock_step(void)
{
    shared_each_layout(lock_step_in);
    lock_step_of(SHARED_RANKS, parmap_size(), shared_count(500, 20));
}

/* ---- indices --------------------------------------------------------------------------------- */

enum { MOST_PARTIES = 8, MOST_ROUNDS = 200 };
static atomic_int taken[MOST_ROUNDS][MOST_PARTIES]; /* by parties of this rank */

static void take_indices(int worker, void *context)
{
    (void)worker, (void)context;
    for (int64_t i = 0; i < job.rounds; i++) {
        int64_t index = -1;
        if (!CHECK_OK(parmap_barrier_wait(&job.barrier, shared_long_s, &index)))
            return;
        CHECK(index >= 0 && index < job.parties);
        if (index >= 0 && index < job.parties)
            taken[i][index]++;
    }
}

static void indices_of(shared_layout layout, int parties)
{
    memset(taken, 0, sizeof taken);
    begin(parties, NULL);
    job.rounds = shared_count(MOST_ROUNDS, 10);
    shared_run_as(layout, parties, take_indices, NULL);
    int64_t sums[MOST_ROUNDS * MOST_PARTIES];
    for (int i = 0; i < MOST_ROUNDS * MOST_PARTIES; i++)
        sums[i] = taken[i / MOST_PARTIES][i % MOST_PARTIES];
    CHECK_OK(parmap_sum(sums, MOST_ROUNDS * MOST_PARTIES));
    int64_t wrong = 0;
    for (int64_t i = 0; i < job.rounds; i++)
        for (int index = 0; index < parties; index++)
            wrong += sums[i * MOST_PARTIES + index] != 1;
    CHECK_INT(wrong, 0);
    end();
}

static void indices_in(shared_layout layout)
{
    indices_of(layout, 2);
    indices_of(layout, MOST_PARTIES - 1);
}

static void indices(void)
{
    shared_each_layout(indices_in);
}

static void alone(void)
{
    begin(1, NULL);
    for (int i = 0; i < 3; i++) {
        int64_t index = -1;
        CHECK_OK(parmap_barrier_wait(&job.barrier, 0, &index));
        CHECK_INT(index, 0);
    }
    CHECK_OK(parmap_sync_all());
    CHECK_INT(waiting(), 0);
    end();
}

/* ---- the action ------------------------------------------------------------------------------ */

static atomic_int actions; /* that ran on this rank */

static parmap_status count_action(void)
{
    actions++;
    return parmap_value_add(&job.first, 1);
}

/* Who comes out of a round finds that its action has run, and no other. */
static void act(int worker, void *context)
{
    (void)worker, (void)context;
    for (int64_t i = 0; i < job.rounds; i++) {
        CHECK_INT(number_in(&job.first), i);
        if (!CHECK_OK(parmap_barrier_wait(&job.barrier, shared_long_s, NULL)))
            return;
        CHECK_INT(number_in(&job.first), i + 1);
        if (!CHECK_OK(parmap_barrier_wait(&job.pause, shared_long_s, NULL)))
            return;
    }
}

static void action_in(shared_layout layout)
{
    const int parties = 4;
    actions = 0;
    begin(parties, count_action);
    SHARE_NEW(job.pause, parmap_barrier_create(&job.pause, parties, NULL));
    job.rounds = shared_count(200, 10);
    shared_run_as(layout, parties, act, NULL);
    CHECK_INT(shared_sum(actions), job.rounds);
    SHARE_FREE(parmap_barrier_free(&job.pause));
    end();
}

static void action(void)
{
    shared_each_layout(action_in);
}

static parmap_status fail_action(void)
{
    actions++;
    return PARMAP_BAD_DATA;
}

/* Who ran it and who waited: nobody passes, and nobody is left waiting. */
static void act_and_fail(int worker, void *context)
{
    (void)worker, (void)context;
    const parmap_status status = parmap_barrier_wait(&job.barrier, shared_long_s, NULL);
    CHECK(status == PARMAP_BROKEN || status == PARMAP_BAD_DATA);
    CHECK(is_broken());
    CHECK_STATUS(parmap_barrier_wait(&job.barrier, shared_long_s, NULL), PARMAP_BROKEN);
}

static void failing_action_in(shared_layout layout)
{
    actions = 0;
    begin(3, fail_action);
    shared_run_as(layout, 3, act_and_fail, NULL);
    CHECK_INT(shared_sum(actions), 1);
    end();
}

static void failing_action(void)
{
    shared_each_layout(failing_action_in);
}

static const check_case cases[] = {
    {"lock-step", lock_step},
    {"another index for each", indices},
    {"one party", alone},
    {"the action runs once a round, before anybody goes on", action},
    {"an action that fails breaks it", failing_action},
};

SHARED_MAIN(cases)
