/* One line at the start: most slow runs are badly placed ones. */
#include "app/placement.h"

#include <inttypes.h>
#include <stdio.h>

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

void pm_placement_log(const pm_plan *plan, const pm_topology *t)
{
    char threads[64];
    if (t->threads_least == t->threads_most)
        snprintf(threads, sizeof threads, "%d thread%s", t->threads_most, plural(t->threads_most));
    else
        snprintf(threads, sizeof threads, "%d to %d threads", t->threads_least, t->threads_most);
    pm_log_note("%d node%s, %d rank%s x %s, %d core%s; %" PRId64 " element%s in %" PRId64
                " block%s of %" PRId64 ", %s",
                t->nodes, plural(t->nodes), t->size, plural(t->size), threads, t->cores,
                plural(t->cores), plan->blocks.items, plural(plan->blocks.items),
                plan->blocks.count, plural(plan->blocks.count), plan->blocks.block_items,
                pm_schedule_name(plan->schedule));
    if (t->one_core)
        pm_log_warning("all %d threads of a rank share one core; start with mpirun --bind-to none",
                       t->threads_most);
    else if (t->tight_cores > 0)
        pm_log_warning("%d threads share %d core%s; use fewer ranks or threads", t->tight_threads,
                       t->tight_cores, plural(t->tight_cores));
}
