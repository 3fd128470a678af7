/* compare - process against thread, measured on this machine: what every tutorial of
 * multiprocessing begins with.
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

enum { MOST = 16 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double shorter(double a_s, double b_s)
{
    return a_s < b_s ? a_s : b_s;
}

/* ---- the table ------------------------------------------------------------------------------- */

typedef struct cell {
    char text[24];
} cell;

static const cell none = {"-"};

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

/* With one rank there is no process to compare with, and the row says so. */
static bool alone(const char *what, cell thread)
{
    if (parmap_size() == 1)
        row(what, thread, none, "the process needs mpirun -np 2 ./compare");
    return parmap_size() == 1;
}

/* ---- workers --------------------------------------------------------------------------------- */

typedef enum which { THREAD, PROCESS, KINDS } which;

typedef struct worker {
    which kind;
    parmap_thread thread;
    parmap_process process;
} worker;

static void start(worker *new, which kind, parmap_function *function, const void *argument,
                  size_t bytes)
{
    new->kind = kind;
    if (kind == THREAD)
        PARMAP_MUST(parmap_thread_start(&new->thread, function, argument, bytes));
    else
        PARMAP_MUST(parmap_process_start(&new->process, function, argument, bytes));
}

/* Returns the exit code. */
static int join(worker *one)
{
    if (one->kind == THREAD)
        PARMAP_MUST(parmap_thread_join(&one->thread, PARMAP_FOREVER));
    else
        PARMAP_MUST(parmap_process_join(&one->process, PARMAP_FOREVER));
    return one->kind == THREAD ? one->thread.exit_code : one->process.exit_code;
}

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

/* Processes take the ranks in turn: empty ones, until the next is not rank 0's. */
static void skip_main(which kind)
{
    worker empty;
    if (kind == PROCESS && parmap_size() > 1)
        do {
            start(&empty, PROCESS, nothing, NULL, 0);
            join(&empty);
        } while (empty.process.rank != 0);
}

static int run(which kind, parmap_function *function, const void *argument, size_t bytes)
{
    worker one;
    skip_main(kind);
    start(&one, kind, function, argument, bytes);
    return join(&one);
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

static int wait_for(void *event)
{
    PARMAP_MUST(parmap_event_wait(event, PARMAP_FOREVER));
    return 0;
}

static double kib_of_a_thread(void)
{
    worker threads[MOST];
    parmap_event end;
    PARMAP_MUST(parmap_event_create(&end));
    const int before = private_kib(NULL);
    for (int i = 0; i < MOST; i++)
        start(&threads[i], THREAD, wait_for, &end, sizeof end);
    PARMAP_MUST(parmap_sleep(0.01)); /* until they wait */
    const int grown = private_kib(NULL) - before;
    PARMAP_MUST(parmap_event_set(&end));
    for (int i = 0; i < MOST; i++)
        join(&threads[i]);
    PARMAP_MUST(parmap_event_free(&end));
    return (double)grown / MOST;
}

static void compare_memory(void)
{
    const double thread = kib_of_a_thread();
    const double rank = run(PROCESS, private_kib, NULL, 0);
    if (rank > 0)
        row("memory of each (a rank)", kib(thread), kib(rank), "a rank has as much as %.0f threads",
            thread > 1 ? rank / thread : rank);
    else
        row("memory of each (a rank)", none, none, "not known without /proc/self/smaps_rollup");
}

static int global;

static int change_global(void *unused)
{
    (void)unused;
    return global = 1;
}

static bool sees_global(which kind)
{
    global = 0;
    run(kind, change_global, NULL, 0);
    return global == 1;
}

static void compare_variables(void)
{
    static const cell cells[] = {{"not seen"}, {"seen"}};
    const bool thread = sees_global(THREAD), process = sees_global(PROCESS);
    if (!alone("a global it changed", cells[thread]))
        row("a global it changed", cells[thread], cells[process], "%s main's variables, %s",
            thread ? "a thread sees" : "a thread does not see",
            process ? "a process too" : "a process has its own");
}

/* ---- starting -------------------------------------------------------------------------------- */

/* The mean over some that are not on main's rank. */
static double start_and_join(which kind)
{
    double sum_s = 0;
    int count = 0;
    while (count < 20) {
        worker one;
        const double begin = now();
        start(&one, kind, nothing, NULL, 0);
        join(&one);
        if (kind == THREAD || one.process.rank != 0) {
            sum_s += now() - begin;
            count++;
        }
    }
    return sum_s / count;
}

/* How long ago the kernel started this rank, in seconds, to 10 ms; 0 = not known. */
static double age(void)
{
    char text[1024] = "";
    unsigned long long ticks = 0;
    FILE *file = fopen("/proc/self/stat", "r");
    if (file) {
        text[fread(text, 1, sizeof text - 1, file)] = 0;
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
    if (rank_s > 0)
        row("a rank itself, start", none, seconds(rank_s),
            "until its main began to work; once for the job");
    else
        row("a rank itself, start", none, none, "not known without /proc/self/stat");
}

/* ---- communication --------------------------------------------------------------------------- */

/* Sends back what it gets, until it gets nothing. */
static int echo(void *pipe)
{
    char text[8];
    size_t bytes;
    do {
        PARMAP_MUST(parmap_connection_receive(pipe, text, sizeof text, &bytes, PARMAP_FOREVER));
        PARMAP_MUST(parmap_connection_send(pipe, text, bytes, PARMAP_FOREVER));
    } while (bytes > 0);
    return 0;
}

static void there_and_back(const parmap_connection *pipe, size_t bytes)
{
    char text[8] = "ping";
    PARMAP_MUST(parmap_connection_send(pipe, text, bytes, PARMAP_FOREVER));
    PARMAP_MUST(parmap_connection_receive(pipe, text, sizeof text, NULL, PARMAP_FOREVER));
}

static double message(which kind)
{
    parmap_connection here, there;
    worker other;
    PARMAP_MUST(parmap_pipe_create(&here, &there, true));
    skip_main(kind);
    start(&other, kind, echo, &there, sizeof there);
    int rounds = 0;
    const double begin = now();
    for (; now() - begin < 0.03; rounds++)
        there_and_back(&here, 8);
    const double result = (now() - begin) / rounds;
    there_and_back(&here, 0);
    join(&other);
    PARMAP_MUST(parmap_connection_close(&here));
    PARMAP_MUST(parmap_connection_close(&there));
    return result;
}

/* Both return tenths of a nanosecond for one addition. */
static int add_to_global(void *unused)
{
    (void)unused;
    enum { COUNT = 300000 };
    static _Atomic int64_t number;
    const double begin = now();
    for (int i = 0; i < COUNT; i++)
        number++;
    return (int)(1e10 * (now() - begin) / COUNT);
}

static int add_to_value(void *value)
{
    int64_t count = 0;
    const double begin = now();
    do {
        for (int i = 0; i < 100; i++)
            PARMAP_MUST(parmap_value_add(value, 1));
        count += 100;
    } while (now() - begin < 0.01);
    return (int)(1e10 * (now() - begin) / (double)count);
}

static double addition(which kind)
{
    if (kind == THREAD)
        return 1e-10 * run(THREAD, add_to_global, NULL, 0);
    parmap_value value;
    PARMAP_MUST(parmap_value_create(&value, 'q', 0));
    const double result = 1e-10 * run(PROCESS, add_to_value, &value, sizeof value);
    PARMAP_MUST(parmap_value_free(&value));
    return result;
}

/* The best of some measurements: much depends on which cores the two happen to get. */
static double best(double (*measure)(which kind), which kind)
{
    double best_s = measure(kind);
    for (int round = 1; round < 6; round++)
        best_s = shorter(best_s, measure(kind));
    return best_s;
}

static void compare_times(const char *what, double (*measure)(which kind))
{
    const double thread_s = best(measure, THREAD);
    if (alone(what, seconds(thread_s)))
        return;
    const double process_s = best(measure, PROCESS);
    const double ratio = process_s / thread_s, times = ratio > 1 ? ratio : 1 / ratio;
    if (times < 1.25)
        row(what, seconds(thread_s), seconds(process_s), "about the same time");
    else
        row(what, seconds(thread_s), seconds(process_s), "the %s takes %.*f times the time",
            ratio > 1 ? "process" : "thread", times < 10 ? 1 : 0, times);
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

static double at_once(int count, which kind, parmap_function *function, int64_t argument)
{
    worker workers[MOST];
    const double begin = now();
    for (int i = 0; i < count; i++)
        start(&workers[i], kind, function, &argument, sizeof argument);
    for (int i = 0; i < count; i++)
        join(&workers[i]);
    return now() - begin;
}

/* One worker's work, and so many times that at once; the better of two measurements. */
static void compare_speed(const char *what, parmap_function *function, int64_t argument,
                          const int workers[KINDS])
{
    double one_s = 1e9, all_s[KINDS] = {1e9, 1e9}, times[KINDS];
    for (int round = 0; round < 2; round++) {
        const double begin = now();
        function(&argument);
        one_s = shorter(one_s, now() - begin);
        for (which k = THREAD; k < KINDS; k++)
            all_s[k] = shorter(all_s[k], at_once(workers[k], k, function, argument));
    }
    for (which k = THREAD; k < KINDS; k++)
        times[k] = workers[k] * one_s / all_s[k];
    if (!alone(what, speed_up(times[THREAD])))
        row(what, speed_up(times[THREAD]), speed_up(times[PROCESS]),
            "%d threads: %s; %d processes: %s", workers[THREAD],
            times[THREAD] > 1.3 ? "faster than one" : "no faster than one", workers[PROCESS],
            times[PROCESS] > 1.3 ? "faster" : "no faster");
}

static void compare_computing(void)
{
    int64_t steps = 1000000;
    const double begin = now();
    compute(&steps);
    steps = (int64_t)(1e6 * 0.1 / (now() - begin)); /* 0.1 s */
    const int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    const int threads = cores < 2 ? 2 : cores > MOST ? MOST : cores;
    const int processes = parmap_size() < threads ? parmap_size() : threads;
    compare_speed("speed-up of computing", compute, steps, (int[]){threads, processes});
}

/* ---- ending ---------------------------------------------------------------------------------- */

static void compare_ending(void)
{
    worker one;
    parmap_event never;
    PARMAP_MUST(parmap_event_create(&never));
    skip_main(PROCESS);
    start(&one, PROCESS, wait_for, &never, sizeof never);
    PARMAP_MUST(parmap_sleep(0.01)); /* until it waits */
    const double begin = now();
    PARMAP_MUST(parmap_process_terminate(&one.process));
    const int code = join(&one);
    row("ended from outside", (cell){"no way"}, seconds(now() - begin),
        code == PARMAP_TERMINATED ? "only a process can be, in a call into parmap"
                                  : "the process ended by itself");
    PARMAP_MUST(parmap_event_free(&never));
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
    compare_variables();
    compare_times("start and join", start_and_join);
    show_rank_start(rank_s);
    compare_times("message there and back", message);
    compare_times("add to a shared number", addition);
    compare_computing();
    compare_speed("speed-up of waiting", wait_25_ms, 0, (int[]){8, 8});
    compare_ending();
    return parmap_finish();
}

/* TEST ranks=1,2,4,7 expect="process against thread: * cores" expect="thread process so" */
/* TEST ranks=1,2,4,7 expect="memory of each (a rank) *" expect="a rank itself, start - *" */
/* TEST ranks=1,2,4,7 expect="ended from outside no way * only a process can be, *" */
/* TEST ranks=1 expect="a global it changed seen - the process needs mpirun -np 2 ./compare" */
/* TEST ranks=1 expect="{start and join,message there and back,add to a shared number} * needs *" */
/* TEST ranks=1 expect="speed-up of {computing,waiting} * needs *" */
/* TEST ranks=2,4,7 expect="a global it changed seen not seen a thread sees main's variables, *" */
/* TEST ranks=2,4,7 expect="{start and join,message there and back,add to a shared number} * time"
 */
/* TEST ranks=2,4,7 expect="speed-up of {computing,waiting} * times * times * threads: *" */
