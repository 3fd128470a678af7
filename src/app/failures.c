/* They are counted at once, so that too many stop the run, and noted in the journal. */
#include "app/failures.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void pm_first_failures_add(pm_first_failures *first, const pm_failed *failed)
{
    int64_t at = first->count;
    while (at > 0 && first->items[at - 1].item > failed->item)
        at--;
    if (at == PM_FAILURES_SHOWN)
        return;
    const int64_t last = first->count < PM_FAILURES_SHOWN ? first->count : PM_FAILURES_SHOWN - 1;
    memmove(&first->items[at + 1], &first->items[at], (size_t)(last - at) * sizeof *first->items);
    first->items[at] = *failed;
    first->count = last + 1;
}

void pm_failures_open(pm_failures *failures, pm_hub *hub, const pm_topology *topology,
                      int64_t session)
{
    memset(failures, 0, sizeof *failures); /* the padding too: `first` travels */
    failures->hub = hub;
    failures->topology = topology;
    failures->session = session;
    failures->log.fd = -1;
    pthread_mutex_init(&failures->mutex, NULL);
}

void pm_failures_close(pm_failures *failures)
{
    pm_failed_log_close(&failures->log);
    pthread_mutex_destroy(&failures->mutex);
}

parmap_status pm_failures_take(void *failures, int64_t item, int64_t attempts, const char *message)
{
    pm_failures *f = failures;
    pm_failed failed;
    memset(&failed, 0, sizeof failed);
    failed.item = item;
    failed.attempts = attempts;
    failed.session = f->session;
    failed.rank = f->topology->rank;
    pm_failed_texts(&failed, f->topology->host, message);
    pm_hub_failed(f->hub, 1);
    pthread_mutex_lock(&f->mutex);
    pm_first_failures_add(&f->first, &failed);
    pthread_mutex_unlock(&f->mutex);
    return pm_failed_log_add(&f->log, &failed);
}

void pm_failures_name(pm_failed *items, int64_t count, const pm_mapping *mapping,
                      const pm_range *range)
{
    for (int64_t i = 0; i < count; i++)
        pm_mapping_input(items[i].x, sizeof items[i].x, mapping, range, items[i].item);
}

void pm_failures_show(const pm_failed *items, int64_t count)
{
    for (int64_t i = 0; i < count && i < PM_FAILURES_SHOWN; i++)
        pm_log_warning("item %" PRId64 " (x = %s) failed on rank %" PRId64 ", %s, after %" PRId64
                       " attempt%s: %s",
                       items[i].item, items[i].x, items[i].rank, items[i].host, items[i].attempts,
                       items[i].attempts == 1 ? "" : "s", items[i].message);
}
