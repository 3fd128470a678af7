/* compare - process against thread, measured on this machine: the table with which every tutorial
 * of multiprocessing begins.
 *
 * A thread is a parmap_thread of rank 0, where main runs.  A process is a parmap_process on another
 * rank, so most rows of that column need mpirun -np 2 ./compare.  Where it is a rank itself that is
 * measured, its memory and its start, the row says so.  Takes about two seconds. */
#include <parmap.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 8, WAITS = 8 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- the table ------------------------------------------------------------------------------- */

typedef struct cell {
    char text[24];
} cell;

static cell seconds(double s)
{
    static const char *const units[] = {"s", "ms", "us", "ns"};
    int unit = 0;
    for (; s < 1 && unit < 3; unit++)
        s *= 1000;
    cell made;
    snprintf(made.text, sizeof made.text, "%.*f %s", s < 10 ? 1 : 0, s, units[unit]);
    return made;
}

static cell kib(double amount)
{
    cell made;
    snprintf(made.text, sizeof made.text, "%.0f KiB", amount);
    return made;
}

static cell speed_up(double times)
{
    cell made;
    snprintf(made.text, sizeof made.text, "%.1f times", times);
    return made;
}

__attribute__((format(printf, 4, 5))) static void row(const char *what, cell thread, cell process,
                                                      const char *conclusion, ...)
{
    va_list arguments;
    va_start(arguments, conclusion);
    printf("%-24s  %-10s  %-10s  ", what, thread.text, process.text);
    vprintf(conclusion, arguments);
    printf("\n");
    va_end(arguments);
    fflush(stdout);
}

/* A row whose numbers say the more the worse. */
static void cost_row(const char *what, cell thread, cell process, double ratio, const char *noun)
{
    const double times = ratio > 1 ? ratio : 1 / ratio;
    if (times < 1.25)
        row(what, thread, process, "about the same %s", noun);
    else
        row(what, thread, process, "the %s takes %.*f times the %s",
            ratio > 1 ? "process" : "thread", times < 10 ? 1 : 0, times, noun);
}

static bool one_rank(const char *what, cell thread)
{
    if (parmap_size() == 1)
        row(what, thread, (cell){"-"}, "the process needs mpirun -np 2 ./compare");
    return parmap_size() == 1;
}

/* ---- starting -------------------------------------------------------------------------------- */

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

static int join(parmap_process *process)
{
    PARMAP_MUST(parmap_process_join(process, PARMAP_FOREVER));
    return process->exit_code;
}

static int run_thread(parmap_function *function, const void *argument, size_t bytes)
{
    parmap_thread thread;
    PARMAP_MUST(parmap_thread_start(&thread, function, argument, bytes));
    PARMAP_MUST(parmap_thread_join(&thread, PARMAP_FOREVER));
    return thread.exit_code;
}

/* Processes take the ranks in turn: empty ones, until the next is not rank 0's. */
static void start_elsewhere(parmap_process *process, parmap_function *function,
                            const void *argument, size_t bytes)
{
    do {
        PARMAP_MUST(parmap_process_start(process, nothing, NULL, 0));
        join(process);
    } while (parmap_size() > 1 && process->rank == parmap_size() - 1);
    PARMAP_MUST(parmap_process_start(process, function, argument, bytes));
}

static void compare_start(void)
{
    enum { ROUNDS = 100 };
    double begin = now();
    for (int i = 0; i < ROUNDS; i++)
        run_thread(nothing, NULL, 0);
    const double thread_s = (now() - begin) / ROUNDS;
    if (one_rank("start and join", seconds(thread_s)))
        return;

    double process_s = 0;
    int elsewhere = 0;
    for (int i = 0; i < ROUNDS; i++) {
        parmap_process process;
        begin = now();
        PARMAP_MUST(parmap_process_start(&process, nothing, NULL, 0));
        join(&process);
        if (process.rank != 0) {
            process_s += now() - begin;
            elsewhere++;
        }
    }
    process_s /= elsewhere;
    cost_row("start and join", seconds(thread_s), seconds(process_s), process_s / thread_s, "time");
}

/* How long ago the kernel started this rank, in seconds, to 10 ms; 0 = not known. */
static double age(void)
{
    char text[1024] = "";
    unsigned long long ticks = 0;
    FILE *file = fopen("/proc/self/stat", "r");
    if (file) {
        if (!fgets(text, sizeof text, file))
            text[0] = 0;
        fclose(file);
    }
    const char *field = strrchr(text, ')'); /* the name of the program may hold spaces */
    for (int i = 0; field && i < 20; i++)
        field = strchr(field + 1, ' ');
    if (!field || sscanf(field, "%llu", &ticks) != 1)
        return 0;
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec -
           (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static void show_rank_start(double rank_s)
{
    row("a rank itself, start", (cell){"-"}, seconds(rank_s),
        rank_s > 0.01 ? "until its main began to work; once for the job"
                      : "too short to be measured, or not known");
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Memory that this rank has for itself, in KiB; 0 = not known. */
static int private_kib(void *unused)
{
    (void)unused;
    int sum = 0, amount;
    char line[256];
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "Private_Clean: %d", &amount) == 1 ||
            sscanf(line, "Private_Dirty: %d", &amount) == 1)
            sum += amount;
    if (file)
        fclose(file);
    return sum;
}

static int wait_for_event(void *event)
{
    PARMAP_MUST(parmap_event_wait(event, PARMAP_FOREVER));
    return 0;
}

static double kib_of_a_thread(void)
{
    enum { THREADS = 16 };
    parmap_thread threads[THREADS];
    parmap_event end;
    PARMAP_MUST(parmap_event_create(&end));
    const int before = private_kib(NULL);
    for (int i = 0; i < THREADS; i++)
        PARMAP_MUST(parmap_thread_start(&threads[i], wait_for_event, &end, sizeof end));
    PARMAP_MUST(parmap_sleep(0.01)); /* until they wait */
    const int grown = private_kib(NULL) - before;
    PARMAP_MUST(parmap_event_set(&end));
    for (int i = 0; i < THREADS; i++)
        PARMAP_MUST(parmap_thread_join(&threads[i], PARMAP_FOREVER));
    PARMAP_MUST(parmap_event_free(&end));
    return (double)grown / THREADS;
}

static void compare_memory(void)
{
    parmap_process process;
    const double thread = kib_of_a_thread();
    start_elsewhere(&process, private_kib, NULL, 0);
    const double rank = join(&process);
    if (rank > 0)
        row("memory of each (a rank)", kib(thread), kib(rank), "a rank has as much as %.0f threads",
            thread > 1 ? rank / thread : rank);
    else
        row("memory of each (a rank)", kib(thread), (cell){"-"},
            "not known: there is no /proc/self/smaps_rollup");
}

static int global;

static int change_global(void *unused)
{
    (void)unused;
    return global = 1;
}

static void compare_space(void)
{
    run_thread(change_global, NULL, 0);
    const bool by_thread = global == 1;
    const cell thread = {"seen"}, unseen = {"not seen"};
    if (one_rank("a global it changed", by_thread ? thread : unseen))
        return;
    parmap_process process;
    global = 0;
    start_elsewhere(&process, change_global, NULL, 0);
    join(&process);
    row("a global it changed", by_thread ? thread : unseen, global ? thread : unseen,
        "%s main's variables, %s", by_thread ? "a thread sees" : "a thread does not see",
        global ? "a process too" : "a process has its own");
}

/* ---- communication --------------------------------------------------------------------------- */

/* Sends back what it gets, until it gets nothing. */
static int echo(void *argument)
{
    const parmap_connection *end = argument;
    char message[64];
    size_t bytes;
    do {
        PARMAP_MUST(
            parmap_connection_receive(end, message, sizeof message, &bytes, PARMAP_FOREVER));
        PARMAP_MUST(parmap_connection_send(end, message, bytes, PARMAP_FOREVER));
    } while (bytes > 0);
    return 0;
}

static double round_trip(const parmap_connection *end)
{
    char message[8] = "ping";
    int rounds = 0;
    const double begin = now();
    for (; rounds < 10000 && now() - begin < 0.1; rounds++) {
        PARMAP_MUST(parmap_connection_send(end, message, sizeof message, PARMAP_FOREVER));
        PARMAP_MUST(parmap_connection_receive(end, message, sizeof message, NULL, PARMAP_FOREVER));
    }
    const double result = (now() - begin) / rounds;
    PARMAP_MUST(parmap_connection_send(end, message, 0, PARMAP_FOREVER));
    PARMAP_MUST(parmap_connection_receive(end, message, sizeof message, NULL, PARMAP_FOREVER));
    return result;
}

static void compare_messages(void)
{
    parmap_connection here, there;
    PARMAP_MUST(parmap_pipe_create(&here, &there, true));
    parmap_thread thread;
    PARMAP_MUST(parmap_thread_start(&thread, echo, &there, sizeof there));
    const double thread_s = round_trip(&here);
    PARMAP_MUST(parmap_thread_join(&thread, PARMAP_FOREVER));
    if (!one_rank("message there and back", seconds(thread_s))) {
        parmap_process process;
        start_elsewhere(&process, echo, &there, sizeof there);
        const double process_s = round_trip(&here);
        join(&process);
        cost_row("message there and back", seconds(thread_s), seconds(process_s),
                 process_s / thread_s, "time");
    }
    PARMAP_MUST(parmap_connection_close(&here));
    PARMAP_MUST(parmap_connection_close(&there));
}

/* Both return tenths of a nanosecond for one addition. */
static int add_to_own(void *unused)
{
    (void)unused;
    enum { COUNT = 1000000 };
    static _Atomic int64_t number;
    const double begin = now();
    for (int i = 0; i < COUNT; i++)
        number++;
    return (int)(1e10 * (now() - begin) / COUNT);
}

static int add_to_shared(void *value)
{
    int64_t count = 0;
    const double begin = now();
    do {
        for (int i = 0; i < 100; i++)
            PARMAP_MUST(parmap_value_add(value, 1));
        count += 100;
    } while (now() - begin < 0.05);
    return (int)(1e10 * (now() - begin) / (double)count);
}

static void compare_sharing(void)
{
    const double thread_s = 1e-10 * run_thread(add_to_own, NULL, 0);
    if (one_rank("add to a shared number", seconds(thread_s)))
        return;
    parmap_process process;
    parmap_value value;
    PARMAP_MUST(parmap_value_create(&value, 'q', 0));
    start_elsewhere(&process, add_to_shared, &value, sizeof value);
    const double process_s = 1e-10 * join(&process);
    PARMAP_MUST(parmap_value_free(&value));
    cost_row("add to a shared number", seconds(thread_s), seconds(process_s), process_s / thread_s,
             "time");
}

/* ---- speed-up -------------------------------------------------------------------------------- */

static int compute(void *steps)
{
    uint64_t x = 1;
    for (int64_t i = *(const int64_t *)steps; i > 0; i--)
        x = x * 6364136223846793005u + 1442695040888963407u;
    volatile uint64_t used = x; /* or the compiler leaves it all out */
    return used == 0;
}

static int wait_25_ms(void *unused)
{
    (void)unused;
    PARMAP_MUST(parmap_sleep(0.025));
    return 0;
}

static double time_threads(int count, parmap_function *function, const int64_t *argument)
{
    parmap_thread threads[MOST];
    const double begin = now();
    for (int i = 0; i < count; i++)
        PARMAP_MUST(parmap_thread_start(&threads[i], function, argument, sizeof *argument));
    for (int i = 0; i < count; i++)
        PARMAP_MUST(parmap_thread_join(&threads[i], PARMAP_FOREVER));
    return now() - begin;
}

static double time_processes(int count, parmap_function *function, const int64_t *argument)
{
    parmap_process processes[MOST];
    const double begin = now();
    for (int i = 0; i < count; i++)
        PARMAP_MUST(parmap_process_start(&processes[i], function, argument, sizeof *argument));
    for (int i = 0; i < count; i++)
        join(&processes[i]);
    return now() - begin;
}

static double alone(parmap_function *function, int64_t argument)
{
    const double begin = now();
    function(&argument);
    return now() - begin;
}

static double shorter(double a_s, double b_s)
{
    return a_s < b_s ? a_s : b_s;
}

/* One worker's work alone, then so many times that at once; the better of two measurements. */
static void compare_speed(const char *what, parmap_function *function, int64_t argument,
                          int threads, int processes)
{
    double alone_s = alone(function, argument);
    double threads_s = time_threads(threads, function, &argument);
    double processes_s = time_processes(processes, function, &argument);
    alone_s = shorter(alone_s, alone(function, argument));
    threads_s = shorter(threads_s, time_threads(threads, function, &argument));
    processes_s = shorter(processes_s, time_processes(processes, function, &argument));

    const double by_threads = threads * alone_s / threads_s;
    const double by_processes = processes * alone_s / processes_s;
    if (!one_rank(what, speed_up(by_threads)))
        row(what, speed_up(by_threads), speed_up(by_processes), "%d threads: %s; %d processes: %s",
            threads, by_threads > 1.3 ? "faster than one" : "no faster than one", processes,
            by_processes > 1.3 ? "faster" : "no faster");
}

static void compare_computing(void)
{
    int64_t steps = 1000000;
    double begin = now();
    compute(&steps);
    steps = (int64_t)(1e6 * 0.1 / (now() - begin)); /* 0.1 s */
    const int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    const int threads = cores < 2 ? 2 : cores > MOST ? MOST : cores;
    compare_speed("speed-up of computing", compute, steps, threads,
                  parmap_size() < threads ? parmap_size() : threads);
}

/* ---- ending ---------------------------------------------------------------------------------- */

static int sleep_long(void *unused)
{
    (void)unused;
    PARMAP_MUST(parmap_sleep(60));
    return 0;
}

static void compare_ending(void)
{
    parmap_process process;
    start_elsewhere(&process, sleep_long, NULL, 0);
    const double begin = now();
    PARMAP_MUST(parmap_process_terminate(&process));
    join(&process);
    row("ended from outside", (cell){"no way"}, seconds(now() - begin),
        process.exit_code == PARMAP_TERMINATED ? "only a process can be, in a call into parmap"
                                               : "the process ended by itself");
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    const double rank_s = age();
    if (!parmap_serve())
        return parmap_finish();

    printf("process against thread: %d rank%s (%s), %ld cores\n\n", parmap_size(),
           parmap_size() == 1 ? "" : "s", parmap_window(), sysconf(_SC_NPROCESSORS_ONLN));
    printf("%-24s  %-10s  %-10s  %s\n", "", "thread", "process", "so");
    compare_memory(); /* first: threads that ended leave memory for the next ones */
    compare_space();
    compare_start();
    show_rank_start(rank_s);
    compare_messages();
    compare_sharing();
    compare_computing();
    compare_speed("speed-up of waiting", wait_25_ms, 0, WAITS, WAITS);
    compare_ending();
    return parmap_finish();
}

/* TEST ranks=1,2,4,7 expect="process against thread: * cores" expect="* thread process so" */
/* TEST ranks=1,2,4,7 expect="memory of each (a rank) *" expect="a rank itself, start - *" */
/* TEST ranks=1,2,4,7 expect="ended from outside no way * only a process can be, in a call into
 * parmap" */
/* TEST ranks=1 expect="a global it changed seen - the process needs mpirun -np 2 ./compare" */
/* TEST ranks=1 expect="{start and join,message there and back,add to a shared number} * needs *" */
/* TEST ranks=1 expect="speed-up of {computing,waiting} * needs *" */
/* TEST ranks=2,4,7 expect="a global it changed seen not seen a thread sees main's variables, a
 * process has its own" */
/* TEST ranks=2,4,7 expect="{start and join,message there and back,add to a shared number} * time"
 */
/* TEST ranks=2,4,7 expect="speed-up of {computing,waiting} * times * times * threads: *" */
