/* A team of workers over all ranks, each on a thread of its own. */
#include "share/session.h"

#include "comm/executor.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct worker {
    pthread_t thread;
    int number;
    void (*work)(int worker, void *context);
    void *context;
} worker;

static void *run(void *argument)
{
    worker *w = argument;
    w->work(w->number, w->context);
    return NULL;
}

/* This rank's share; those that were started are joined, whatever happens. */
static parmap_status run_share(worker *team, int count, int rank, int size)
{
    parmap_status status = PARMAP_OK;
    int started = 0;
    for (; started < count; started++) {
        team[started].number = rank + started * size;
        const int error = pthread_create(&team[started].thread, NULL, run, &team[started]);
        if (error != 0) {
            status = pm_fail(PARMAP_SYSTEM,
                             "cannot start thread %d of %d workers; ask for fewer, or look at "
                             "ulimit -u",
                             started + 1, count);
            break;
        }
    }
    pm_executor_rest(true);
    for (int i = 0; i < started; i++)
        pthread_join(team[i].thread, NULL);
    pm_executor_rest(false);
    return status;
}

parmap_status parmap_run_workers(int workers, void (*work)(int worker, void *context),
                                 void *context)
{
    const int rank = parmap_rank(), size = parmap_size();
    PM_TRY(pm_session_check_collective());
    if (workers < 0)
        return pm_fail(PARMAP_USAGE, "%d workers; there must be 0 or more", workers);
    const int count = workers / size + (rank < workers % size);
    worker *team = calloc((size_t)count + 1, sizeof *team);
    parmap_status status =
        team ? PARMAP_OK : pm_fail(PARMAP_SYSTEM, "out of memory for %d workers", count);
    for (int i = 0; team && i < count; i++)
        team[i] = (worker){.work = work, .context = context};
    if (team)
        status = run_share(team, count, rank, size);
    free(team);
    return pm_session_agree(status);
}
