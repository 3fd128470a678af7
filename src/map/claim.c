/* The table of schedules. */
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
