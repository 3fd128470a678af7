/* A flag set by signal handlers. */
#include "base/stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

static _Atomic int caught;
static _Atomic int64_t first_ns;

/* One request can arrive twice: Ctrl-C from the terminal and from the launcher, scancel's signal
 * from slurmd and from mpirun.  A second one that counts comes later. */
enum { AGAIN_NS = 1000000000 };

static const struct {
    int number;
    const char *name;
} signals[] = {
    {SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}, {SIGUSR1, "SIGUSR1"}, {SIGUSR2, "SIGUSR2"}};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

static void handle(int number)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    const int64_t now = t.tv_sec * (int64_t)1000000000 + t.tv_nsec;
    int none = 0;
    if (atomic_compare_exchange_strong(&caught, &none, number)) {
        atomic_store(&first_ns, now);
    } else if (atomic_load(&first_ns) != 0 && now - atomic_load(&first_ns) >= AGAIN_NS) {
        signal(number, SIG_DFL);
        raise(number);
    }
}

void pm_stop_install(void)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i].number, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL);
}

int pm_stop_signal(void)
{
    return atomic_load_explicit(&caught, memory_order_relaxed);
}

const char *pm_stop_signal_name(int number)
{
    for (int i = 0; i < SIGNALS; i++)
        if (signals[i].number == number)
            return signals[i].name;
    return "a signal";
}

bool pm_stop_leaves_time(int cause)
{
    return cause != SIGTERM && cause != SIGINT;
}
