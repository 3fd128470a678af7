/* Nobody waits in silence. */
#include "pool/watchdog.h"

#include "pool/context.h"
#include "pool/say.h"

#include "comm/pause.h"

#include <stdarg.h>
#include <stdio.h>

static const double pulse_s = 5;

pm_watchdog pm_watchdog_start(void)
{
    const double now = pm_now();
    return (pm_watchdog){.began = now, .next = now + PM_PATIENCE_S};
}

double pm_watchdog_left(const pm_watchdog *dog)
{
    return dog->next - pm_now();
}

double pm_watchdog_waited(const pm_watchdog *dog)
{
    return pm_now() - dog->began;
}

pm_pulse pm_pulse_start(int rank)
{
    return (pm_pulse){.rank = (uint32_t)rank, .asked = pm_now()};
}

parmap_status pm_pulse_look(void *context)
{
    pm_pulse *pulse = context;
    uint64_t word;
    if (pm_now() < pulse->asked + pulse_s)
        return PARMAP_OK;
    PM_TRY(pm_load(pm_head_ref(pulse->rank), PM_HEAD_TEST, &word));
    pulse->asked = pm_now();
    return PARMAP_OK;
}

/* The next line comes when the wait is twice as long. */
void pm_watchdog_bark(pm_watchdog *dog, const char *format, ...)
{
    char what[400];
    va_list arguments;
    if (pm_watchdog_left(dog) > 0)
        return;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    const double waited = pm_watchdog_waited(dog);
    pm_say("%s has waited %.0f s for %s", pm_context_self()->self.name, waited, what);
    dog->next = dog->began + 2 * waited;
}
