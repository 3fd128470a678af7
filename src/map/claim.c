/* The table of schedules, and a rank's claims. */
#include "map/claim.h"

#include <string.h>

static const pm_schedule *const schedules[] = {&pm_schedule_static, &pm_schedule_dynamic};

const pm_schedule *pm_schedule_find(const char *name)
{
    for (size_t i = 0; i < sizeof schedules / sizeof schedules[0]; i++)
        if (strcmp(schedules[i]->name, name) == 0)
            return schedules[i];
    return NULL;
}

pm_claims pm_claims_of(const pm_schedule *schedule, const pm_topology *topology, int64_t places,
                       int64_t unit, struct pm_hub *hub)
{
    const int most = places < topology->threads ? (int)places : topology->threads;
    return (pm_claims){.schedule = schedule,
                       .topology = topology,
                       .places = places,
                       .threads = most > 0 ? most : 1,
                       .unit = unit,
                       .hub = hub};
}
