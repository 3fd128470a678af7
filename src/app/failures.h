/* Items that fail while a run lasts, and what is said of them at its end. */
#ifndef PM_APP_FAILURES_H
#define PM_APP_FAILURES_H

#include "app/plan.h"
#include "map/hub.h"
#include "store/failed.h"

#include <pthread.h>

enum { PM_FAILURES_SHOWN = 10 };

/* The failed items with the lowest numbers, in order.  Plain data: it travels. */
typedef struct pm_first_failures {
    int64_t count;
    pm_failed items[PM_FAILURES_SHOWN];
} pm_first_failures;

void pm_first_failures_add(pm_first_failures *first, const pm_failed *failed);

/* What a rank does with items that fail. */
typedef struct pm_failures {
    pm_hub *hub;
    const pm_topology *topology;
    int64_t session;
    pm_failed_log log; /* fd < 0 = nothing is written */
    pthread_mutex_t mutex;
    pm_first_failures first;
} pm_failures;

void pm_failures_open(pm_failures *failures, pm_hub *hub, const pm_topology *topology,
                      int64_t session);
void pm_failures_close(pm_failures *failures);

/* A pm_item_failed; `failures` is a pm_failures. */
parmap_status pm_failures_take(void *failures, int64_t item, int64_t attempts, const char *message);

/* Local, rank 0.  The inputs of items, which their records do not have. */
void pm_failures_name(pm_failed *items, int64_t count, const pm_mapping *mapping,
                      const pm_range *range);

/* Local, rank 0.  The first of them, a line each, on stderr. */
void pm_failures_show(const pm_failed *items, int64_t count);

#endif
