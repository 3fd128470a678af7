/* threads SECONDS: pthread_create and pthread_join of a thread that does nothing, in nanoseconds.
 */
#include "loop.h"

#include <pthread.h>
#include <stdio.h>

static void *nothing(void *argument)
{
    return argument;
}

static void start_and_join(void *context)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, context) || pthread_join(thread, NULL))
        abort();
}

int main(int argc, char **argv)
{
    printf("{\"thread\": %.1f}\n", ns_of(start_and_join, NULL, argc > 1 ? atof(argv[1]) : 0.1));
    return 0;
}
