/* Main and workers, for tests of how such programs end:
 *
 *   serving fine          processes of all kinds, and everything as it should be
 *   serving early         main returns without parmap_finish, while a process waits
 *   serving exit          main calls exit
 *   serving worker        a rank does not call parmap_finish after parmap_serve
 *   serving process       a process calls exit
 *   serving must          a process's PARMAP_MUST fails
 *   serving deaf          a daemon does not end when it is terminated
 *   serving slow SECONDS  main finishes, and a process goes on for so long
 *   serving crash         a process makes its rank crash
 *   serving leave CODE    main calls parmap_exit
 *   serving alone         main makes a collective call
 *   serving twice         parmap_serve once more
 *   serving unstarted     parmap_serve without parmap_start
 *   serving crowd COUNT   so many processes at once
 */
#include <parmap.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int wait_for_ever(void *argument)
{
    (void)argument;
    PARMAP_MUST(parmap_sleep(1000));
    return 0;
}

static int call_exit(void *argument)
{
    (void)argument;
    exit(3);
}

static int fail_must(void *argument)
{
    const parmap_lock never_created = {.handle = {.rank = 0}};
    (void)argument;
    PARMAP_MUST(parmap_lock_acquire(&never_created, 0));
    return 0;
}

static int never_listen(void *argument)
{
    PARMAP_MUST(parmap_event_set(argument));
    while (sleep(1000) > 0)
        ;
    return 0;
}

static int sleep_for(void *argument)
{
    sleep(*(unsigned *)argument);
    return 0;
}

static int crash(void *argument)
{
    (void)argument;
    raise(SIGSEGV);
    return 0;
}

static int meet(void *argument)
{
    return (int)parmap_event_wait(argument, PARMAP_FOREVER);
}

static parmap_process start(parmap_function *function)
{
    parmap_process process;
    PARMAP_MUST(parmap_process_start(&process, function, NULL, 0));
    return process;
}

/* A daemon that runs by now. */
static void deaf(void)
{
    parmap_process process;
    parmap_event begun;
    PARMAP_MUST(parmap_event_create(&begun));
    PARMAP_MUST(parmap_process_start_as(&process, never_listen, &begun, sizeof begun,
                                        &(parmap_process_options){.daemon = true}));
    PARMAP_MUST(parmap_event_wait(&begun, PARMAP_FOREVER));
}

static int fine(void)
{
    parmap_thread thread;
    const unsigned zero = 0;
    const parmap_process_options daemon = {.daemon = true};
    parmap_process endless, process = start(wait_for_ever);
    for (int i = 0; i < 50; i++) /* nobody joins these */
        PARMAP_MUST(
            parmap_process_start(&(parmap_process){.id = 0}, sleep_for, &zero, sizeof zero));
    PARMAP_MUST(parmap_process_terminate(&process));
    PARMAP_MUST(parmap_process_join(&process, PARMAP_FOREVER));
    PARMAP_MUST(parmap_process_start_as(&endless, wait_for_ever, NULL, 0, &daemon));
    PARMAP_MUST(parmap_thread_start(&thread, sleep_for, &zero, sizeof zero));
    printf("exit code %d\n", process.exit_code);
    return parmap_finish();
}

static int crowd(int count)
{
    parmap_process *processes = calloc((size_t)count, sizeof *processes);
    parmap_event event;
    int fine = 0, failed = 0;
    PARMAP_MUST(parmap_event_create(&event));
    for (int i = 0; i < count; i++)
        PARMAP_MUST(parmap_process_start(&processes[i], meet, &event, sizeof event));
    PARMAP_MUST(parmap_sleep(0.5));
    PARMAP_MUST(parmap_event_set(&event));
    for (int i = 0; i < count; i++) {
        PARMAP_MUST(parmap_process_join(&processes[i], PARMAP_FOREVER));
        fine += processes[i].exit_code == 0;
        failed += processes[i].exit_code == PARMAP_SYSTEM;
    }
    PARMAP_MUST(parmap_event_free(&event));
    printf("%d fine, %d failed\n", fine, failed);
    free(processes);
    return parmap_finish();
}

static int run(const char *command, int number)
{
    const unsigned seconds = (unsigned)number;
    parmap_process process;
    if (strcmp(command, "fine") == 0)
        return fine();
    if (strcmp(command, "crowd") == 0)
        return crowd(number);
    if (strcmp(command, "early") == 0) {
        start(wait_for_ever);
        return 0;
    }
    if (strcmp(command, "exit") == 0)
        exit(5);
    if (strcmp(command, "leave") == 0)
        parmap_exit(number);
    if (strcmp(command, "alone") == 0)
        PARMAP_MUST(parmap_sync_all());
    if (strcmp(command, "twice") == 0)
        parmap_serve();
    if (strcmp(command, "deaf") == 0)
        deaf();
    if (strcmp(command, "slow") == 0)
        PARMAP_MUST(parmap_process_start(&process, sleep_for, &seconds, sizeof seconds));
    parmap_function *const function = strcmp(command, "process") == 0 ? call_exit
                                      : strcmp(command, "must") == 0  ? fail_must
                                      : strcmp(command, "crash") == 0 ? crash
                                                                      : NULL;
    if (function) {
        process = start(function);
        PARMAP_MUST(parmap_process_join(&process, PARMAP_FOREVER));
    }
    return parmap_finish();
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "fine";
    if (strcmp(command, "unstarted") != 0)
        PARMAP_MUST(parmap_start(&argc, &argv));
    if (!parmap_serve())
        return strcmp(command, "worker") == 0 && parmap_rank() == 1 ? 0 : parmap_finish();
    return run(command, argc > 2 ? atoi(argv[2]) : 0);
}
