/* Nobody waits in silence. */
#include "pool/watchdog.h"

#include "pool/context.h"
#include "pool/say.h"

#include "comm/pause.h"

#include <stdarg.h>
#include <stdio.h>

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
