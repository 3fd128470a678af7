/* contend HOW SECONDS: rank 0 alone, then all ranks at once, again and again, for so long, on
 * something of the last rank; all calls together per second.
 *   atomic         C11 atomic_fetch_add on memory that the ranks share
 *   fetch_and_op   MPI_Fetch_and_op + MPI_Win_flush
 *   mutex          lock + unlock of a process-shared pthread mutex
 *   win_lock       MPI_Win_lock (exclusive) + MPI_Win_unlock */
#include "bench.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

typedef struct shared {
    _Atomic int64_t counter;
    _Alignas(64) pthread_mutex_t mutex;
} shared;

static MPI_Win window;
static int rank, home;

static void add_atomic(void *context)
{
    shared *s = context;
    atomic_fetch_add(&s->counter, 1);
}

static void lock_mutex(void *context)
{
    shared *s = context;
    pthread_mutex_lock(&s->mutex);
    pthread_mutex_unlock(&s->mutex);
}

static void fetch_and_op(void *context)
{
    const int64_t one = 1;
    int64_t before;
    (void)context;
    MPI_Fetch_and_op(&one, &before, MPI_INT64_T, home, 0, MPI_SUM, window);
    MPI_Win_flush(home, window);
}

static void lock_window(void *context)
{
    (void)context;
    MPI_Win_lock(MPI_LOCK_EXCLUSIVE, home, 0, window);
    MPI_Win_unlock(home, window);
}

/* One block of memory at the last rank, reached directly. */
static shared *share_memory(void)
{
    MPI_Aint bytes;
    int unit;
    shared *s;
    MPI_Win_allocate_shared(rank == home ? sizeof *s : 0, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &s,
                            &window);
    MPI_Win_shared_query(window, home, &bytes, &unit, &s);
    if (rank == home) {
        pthread_mutexattr_t attributes;
        memset(s, 0, sizeof *s);
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        pthread_mutex_init(&s->mutex, &attributes);
    }
    return s;
}

static void open_window(void)
{
    int64_t *word;
    MPI_Win_allocate(rank == home ? sizeof *word : 0, sizeof *word, MPI_INFO_NULL, MPI_COMM_WORLD,
                     &word, &window);
    if (rank == home)
        *word = 0;
}

static double measure(const char *how, shared *s, double seconds)
{
    if (!strcmp(how, "atomic"))
        return rate_of(add_atomic, s, 256, seconds);
    if (!strcmp(how, "mutex"))
        return rate_of(lock_mutex, s, 256, seconds);
    if (!strcmp(how, "win_lock"))
        return rate_of(lock_window, NULL, 8, seconds);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, window);
    const double rate = rate_of(fetch_and_op, NULL, 8, seconds);
    MPI_Win_unlock_all(window);
    return rate;
}

/* Collective.  With the first `ranks` ranks; the others wait in MPI. */
static double together(int ranks, const char *how, shared *s, double seconds)
{
    double start = soon(), all = 0;
    MPI_Bcast(&start, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    sleep_until(start);
    const double mine = rank < ranks ? measure(how, s, seconds) : 0;
    MPI_Reduce(&mine, &all, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    return all;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &home);
    home--;
    const char *how = argc > 1 ? argv[1] : "atomic";
    const double seconds = argc > 2 ? atof(argv[2]) : 0.2;
    shared *s = NULL;
    if (!strcmp(how, "atomic") || !strcmp(how, "mutex"))
        s = share_memory();
    else
        open_window();
    const double one = together(1, how, s, seconds), all = together(home + 1, how, s, seconds);
    if (rank == 0)
        printf("{\"one\": %.0f, \"all\": %.0f}\n", one, all);
    MPI_Win_free(&window);
    MPI_Finalize();
    return 0;
}
