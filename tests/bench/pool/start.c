/* start SECONDS: what it costs to start a process at rank 1, or a thread, and to join it, in
 * nanoseconds. */
#include "main.h"

static int nothing(void *argument)
{
    (void)argument;
    return 0;
}

static void process(void *context)
{
    (void)context;
    parmap_process child;
    PARMAP_MUST(parmap_process_start(&child, nothing, NULL, 0));
    PARMAP_MUST(parmap_process_join(&child, PARMAP_FOREVER));
}

static void thread(void *context)
{
    (void)context;
    parmap_thread child;
    PARMAP_MUST(parmap_thread_start(&child, nothing, NULL, 0));
    PARMAP_MUST(parmap_thread_join(&child, PARMAP_FOREVER));
}

static bool measure(char **arguments)
{
    const double seconds = atof(arguments[0]);
    printf("{\"process\": %.1f, ", ns_of(process, NULL, seconds));
    printf("\"thread\": %.1f}\n", ns_of(thread, NULL, seconds));
    return true;
}

int main(int argc, char **argv)
{
    return with_workers(argc, argv, 1, measure);
}
