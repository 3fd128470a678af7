/* race - two workers change one number at the same time, and an update gets lost: what locks are
 * for.  First one step each, as in a textbook, with both reads made to come before the writes; then
 * many steps and real chance: uncured and with three cures, by two threads of one rank and, under
 * mpirun -np 2 or more, by two ranks.  Alone: ./race, or ./race 1000000 for as many steps each. */
#include <parmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>

enum { WORKERS = 2 };
typedef enum cure { NONE, LOCK, ATOMIC, REDUCTION, CURES } cure;

typedef struct race {
    parmap_value number;
    parmap_lock lock;
    parmap_barrier meet; /* of the two workers */
    int64_t count;       /* steps of each worker */
    cure cure;
    bool ranks;           /* the workers are on two ranks, not on rank 0 */
    int64_t own[WORKERS]; /* what each worker of this rank counted by itself */
    int64_t ns[WORKERS];  /* and how long it took */
} race;

static int64_t load(const parmap_value *number)
{
    int64_t value;
    PARMAP_MUST(parmap_value_load(number, &value));
    return value;
}

static void increase(int worker, void *context)
{
    (void)worker;
    const race *our = context;
    const int64_t local_copy = load(&our->number);
    PARMAP_MUST(parmap_barrier_wait(&our->meet, PARMAP_FOREVER, NULL)); /* both have read */
    PARMAP_MUST(parmap_value_store(&our->number, local_copy + 1));
}

static void increase_with_lock(int worker, void *context)
{
    (void)worker;
    const race *our = context;
    PARMAP_WITH(&our->lock) {
        const int64_t local_copy = load(&our->number);
        thrd_sleep(&(struct timespec){.tv_nsec = 100000000}, NULL); /* the other one waits */
        PARMAP_MUST(parmap_value_store(&our->number, local_copy + 1));
    }
}

static void show(const char *how, void (*work)(int worker, void *context), race *our)
{
    if (parmap_rank() == 0)
        PARMAP_MUST(parmap_value_store(&our->number, 0));
    PARMAP_MUST(parmap_sync_all());
    PARMAP_MUST(parmap_run_workers(WORKERS, work, our));
    if (parmap_rank() == 0)
        printf("%s a lock: start value 0, end value %lld\n", how, (long long)load(&our->number));
}

static double now(void)
{
    struct timespec time;
    timespec_get(&time, TIME_UTC);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Worker w is on rank w % ranks: of ranks + 1 workers, the first and the last are on rank 0. */
static void count_up(int worker, void *context)
{
    race *our = context;
    const int me = our->ranks ? worker : worker / parmap_size();
    if (!our->ranks && worker % parmap_size() != 0)
        return;
    volatile int64_t own = 0; /* volatile: or the compiler adds all at once */

    PARMAP_MUST(parmap_barrier_wait(&our->meet, PARMAP_FOREVER, NULL));
    const double begin = now();
    for (int64_t i = 0; i < our->count; i++) {
        if (our->cure == REDUCTION)
            own = own + 1;
        else if (our->cure == ATOMIC)
            PARMAP_MUST(parmap_value_add(&our->number, 1));
        else if (our->cure == NONE)
            PARMAP_MUST(parmap_value_store(&our->number, load(&our->number) + 1));
        else
            PARMAP_WITH(&our->lock) {
                PARMAP_MUST(parmap_value_store(&our->number, load(&our->number) + 1));
            }
    }
    our->ns[me] = (int64_t)(1e9 * (now() - begin));
    our->own[me] = own;
}

static void measure(race *our)
{
    static const char *const names[CURES] = {"none", "lock", "atomic", "reduction"};
    for (our->cure = NONE; our->cure < CURES; our->cure++) {
        our->own[0] = our->own[1] = our->ns[0] = our->ns[1] = 0;
        if (parmap_rank() == 0)
            PARMAP_MUST(parmap_value_store(&our->number, 0));
        PARMAP_MUST(parmap_run_workers(our->ranks ? WORKERS : parmap_size() + 1, count_up, our));
        PARMAP_MUST(parmap_sum(our->own, WORKERS));
        PARMAP_MUST(parmap_sum(our->ns, WORKERS));
        if (parmap_rank() != 0)
            continue;
        const int64_t expected = WORKERS * our->count;
        const int64_t total = load(&our->number) + our->own[0] + our->own[1];
        const int64_t slower = our->ns[0] > our->ns[1] ? our->ns[0] : our->ns[1];
        printf("%-8s  %-9s  %10lld  %12lld  %11.1f\n", our->ranks ? "ranks" : "threads",
               names[our->cure], (long long)expected, (long long)(expected - total),
               (double)slower / (double)our->count);
    }
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    const bool shm = parmap_window()[0] == 's'; /* the others are slower */
    const long long asked = argc > 1 ? atoll(argv[1]) : 0;
    race our = {.count = asked > 0 ? asked : shm ? 500000 : 2000};
    if (parmap_rank() == 0) {
        PARMAP_MUST(parmap_value_create(&our.number, 'q', 0));
        PARMAP_MUST(parmap_lock_create(&our.lock));
        PARMAP_MUST(parmap_barrier_create(&our.meet, WORKERS, NULL));
    }
    PARMAP_MUST(parmap_broadcast(&our, sizeof our, 0));

    show("without", increase, &our);
    show("with", increase_with_lock, &our);
    if (parmap_rank() == 0)
        printf("\nworkers   cure       increments  lost updates  ns per step\n");
    measure(&our);
    if ((our.ranks = parmap_size() > 1))
        measure(&our);
    else
        printf("ranks     (mpirun -np 2 ./race)\n");

    if (parmap_rank() == 0) {
        printf("end main\n");
        PARMAP_MUST(parmap_value_free(&our.number));
        PARMAP_MUST(parmap_lock_free(&our.lock));
        PARMAP_MUST(parmap_barrier_free(&our.meet));
    }
    return parmap_finish();
}

/* TEST ranks=1,2,4,7 args=500 expect="without a lock: start value 0, end value 1" */
/* TEST ranks=1,2,4,7 expect="with a lock: start value 0, end value 2" expect="end main" */
/* TEST ranks=1,2,4,7 expect="threads {lock,atomic,reduction} 1000 0 *" */
/* TEST ranks=2,4,7 expect="ranks {lock,atomic,reduction} 1000 0 *" */
