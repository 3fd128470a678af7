#include "pool/worker.h"

#include "pool/carrier.h"
#include "pool/cond.h"
#include "pool/failure.h"
#include "pool/job.h"
#include "pool/process.h"
#include "pool/say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double nap_s =
    0.25; /* of an idle near worker, between two looks whether the job ends */

/* What a worker is started with; the initializer's input follows. */
typedef struct worker_start {
    pm_carrier_route route;
    parmap_queue reports;
    parmap_pool *pool; /* of its owner's process */
    int number;
    pm_function initializer;
    uint64_t input_bytes;
} worker_start;

/* ---- starting -------------------------------------------------------------------------------- */

parmap_status pm_worker_start(parmap_pool *pool, int number, const parmap_pool_options *options,
                              const parmap_queue *reports)
{
    const size_t bytes = sizeof(worker_start) + options->input_bytes;
    worker_start *argument = calloc(1, bytes);
    if (!argument)
        return pm_fail(PARMAP_SYSTEM, "out of memory for a worker");
    *argument = (worker_start){.route = pool->route,
                               .reports = reports ? *reports : (parmap_queue){.handle = {0}},
                               .pool = pool,
                               .number = number,
                               .input_bytes = options->input_bytes};
    if (options->input_bytes > 0)
        memcpy(argument + 1, options->input, options->input_bytes);
    parmap_status status =
        pm_function_pack((pm_any_function *)options->initializer, &argument->initializer);
    char name[PARMAP_NAME_BYTES];
    snprintf(name, sizeof name, "PoolWorker-%d", number + 1);
    const pm_process_place place = {
        .name = name, .daemon = true, .rank = (parmap_rank() + number) % parmap_size()};
    if (status == PARMAP_OK)
        status =
            pm_process_start_at(&pool->workers[number], pm_worker_main, argument, bytes, &place);
    free(argument);
    return status;
}

/* ---- working --------------------------------------------------------------------------------- */

static parmap_status initialize(const worker_start *start)
{
    pm_any_function *initializer;
    pm_worker_report report = {.status = PARMAP_OK};
    if (start->initializer.module == 0)
        return PARMAP_OK;
    report.status = pm_function_unpack(start->initializer, &initializer);
    pm_message_clear();
    if (report.status == PARMAP_OK)
        report.status =
            ((parmap_task *)initializer)(start->input_bytes > 0 ? start + 1 : NULL, NULL);
    if (report.status != PARMAP_OK)
        pm_failure_add(&report.failure, start->number, report.status);
    PM_TRY(parmap_queue_put(&start->reports, &report, sizeof report, PARMAP_FOREVER));
    return report.status;
}

/* One look at what there is to do; PARMAP_EMPTY: nothing. */
static parmap_status work_near_once(parmap_pool *pool)
{
    pm_ticket ticket;
    if (pm_job_help_map(pool))
        return PARMAP_OK;
    PM_TRY(pool->carrier->take(pool, &ticket));
    return pm_ticket_work(&ticket);
}

/* Until the gate is another one. */
static void await_gate(parmap_pool *pool, uint64_t gate)
{
    pm_executor_rest(true);
    pthread_mutex_lock(&pool->mutex);
    pool->idle++;
    if (pool->gate == gate && !pool->leaving && !parmap_cancelled())
        pm_cond_wait(&pool->changed, &pool->mutex, nap_s);
    pool->idle--;
    pthread_mutex_unlock(&pool->mutex);
    pm_executor_rest(false);
}

static parmap_status work_near(parmap_pool *pool)
{
    parmap_status status = PARMAP_OK;
    while (status == PARMAP_OK) {
        pthread_mutex_lock(&pool->mutex);
        const uint64_t gate = pool->gate;
        pthread_mutex_unlock(&pool->mutex);
        status = pm_wait_check();
        if (status == PARMAP_OK)
            status = work_near_once(pool);
        if (status == PARMAP_EMPTY) {
            await_gate(pool, gate);
            status = PARMAP_OK;
        }
    }
    return status;
}

/* By what a task called: its item would never be done. */
static void refuse_to_leave(void *unused)
{
    (void)unused;
    if (!parmap_cancelled())
        pm_say_and_abort(
            "a task ended its worker, %s, by parmap_exit or pthread_exit; a task returns",
            parmap_process_current().name);
}

static parmap_status work(const worker_start *start)
{
    const pm_carrier *carrier = pm_window_is_remote() ? &pm_carrier_letters : &pm_carrier_shared;
    parmap_status status = PARMAP_OK;
    pthread_cleanup_push(refuse_to_leave, NULL);
    status = initialize(start);
    if (status == PARMAP_OK)
        status = parmap_rank() == start->route.owner ? work_near(start->pool)
                                                     : carrier->work(&start->route);
    pthread_cleanup_pop(0);
    return status;
}

/* A worker whose pool goes ends like one that was told to. */
int pm_worker_main(void *argument)
{
    const parmap_status status = work(argument);
    return status == PARMAP_CLOSED      ? 0
           : status == PARMAP_CANCELLED ? PARMAP_TERMINATED
                                        : (int)status;
}
