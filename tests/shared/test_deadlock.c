/* Circles of waiters on locks: one of them is told, within 2 s; and nobody is where there is no
 * circle.  What could be one after the other here runs at once, since most of it is waiting. */
#include "shared/lateness.h"

/* The contract says 2 s.  Here are many circles at once, on cores that have other work too: then it
 * is some steps more, each of which may have to wait for a core. */
static const double limit_s = 4;
enum { STEPS = 20 };

/* ---- circles --------------------------------------------------------------------------------- */

enum { MOST_MEMBERS = 3, MOST_WORKERS = 64 };

typedef enum lock_kind { LOCK, RLOCK, LOCK_OF_VALUE } lock_kind;

/* Member m has lock m and wants lock m + 1; a bystander has none and wants lock 0. */
typedef struct circle {
    int members;
    shared_layout layout;
    lock_kind kind;
    int depth; /* how often each member acquires its own lock */
    int bystanders;
} circle;

static const circle circles[] = {
    {2, SHARED_THREADS, LOCK, 1, 1},        {2, SHARED_RANKS, LOCK, 1, 1},
    {2, SHARED_THREADS, RLOCK, 2, 0},       {2, SHARED_RANKS, RLOCK, 2, 0},
    {3, SHARED_THREADS, RLOCK, 1, 0},       {3, SHARED_RANKS, LOCK, 1, 0},
    {3, SHARED_MIXED, LOCK, 1, 1},          {3, SHARED_MIXED, RLOCK, 3, 0},
    {2, SHARED_RANKS, LOCK_OF_VALUE, 1, 0},
};
enum { CIRCLES = sizeof circles / sizeof *circles };

static struct {
    parmap_lock locks[MOST_MEMBERS];
    parmap_value values[MOST_MEMBERS];
    parmap_barrier barrier;
    atomic_int deadlocks, got; /* of the workers on this rank */
    double took_s;             /* until one of them was told, if it was */
} state[CIRCLES];

/* Which circle and which place in it a worker has. */
static const circle *of_worker(int worker, int *number, int *member)
{
    for (*number = 0; *number < CIRCLES; ++*number) {
        const circle *c = &circles[*number];
        if (worker < c->members + c->bystanders) {
            *member = worker;
            return c;
        }
        worker -= c->members + c->bystanders;
    }
    return NULL;
}

static int place(int worker, void *context)
{
    int number = 0, member = 0;
    (void)context;
    const circle *c = of_worker(worker, &number, &member);
    return shared_place(c->layout, member);
}

/* The members, as the message names them: how many different ones, and on which ranks. */
static void check_names_members(const circle *c, const char *message)
{
    int ranks[16], threads[16], found = 0, wanted[MOST_MEMBERS];
    for (const char *at = message; (at = strstr(at, "rank ")) != NULL && found < 16; at++) {
        int rank = -1, thread = -1, before = 0;
        if (sscanf(at, "rank %d on %*[^,], thread %d", &rank, &thread) != 2)
            continue;
        while (before < found && (ranks[before] != rank || threads[before] != thread))
            before++;
        if (before == found)
            ranks[found] = rank, threads[found++] = thread;
    }
    if (found != c->members)
        CHECK_TEXT(message, "a message that names each member, once or more");
    for (int m = 0; m < c->members; m++) {
        int at = 0;
        wanted[m] = shared_place(c->layout, m);
        while (at < found && ranks[at] != wanted[m])
            at++;
        CHECK(at < found);
        if (at < found)
            ranks[at] = -1; /* two members on one rank are to be named both */
    }
}

/* As a member: takes its own, then wants the next one, for ever. */
static void close_circle(const circle *c, int number, int member)
{
    const parmap_lock *own = &state[number].locks[member];
    const parmap_lock *next = &state[number].locks[(member + 1) % c->members];
    for (int i = 0; i < c->depth; i++)
        CHECK_OK(parmap_lock_acquire(own, 0));
    CHECK_OK(parmap_barrier_wait(&state[number].barrier, shared_long_s, NULL));
    const double begun = shared_now();
    const parmap_status status = parmap_lock_acquire(next, PARMAP_FOREVER);
    if (status == PARMAP_DEADLOCK) {
        state[number].took_s = shared_now() - begun;
        check_names_members(c, parmap_message());
        state[number].deadlocks++;
    } else if (CHECK_OK(status)) {
        state[number].got++;
        CHECK_OK(parmap_lock_release(next));
    }
    for (int i = 0; i < c->depth; i++)
        CHECK_OK(parmap_lock_release(own));
}

static void take_part(int worker, void *context)
{
    int number = 0, member = 0;
    (void)context;
    const circle *c = of_worker(worker, &number, &member);
    if (member < c->members) {
        close_circle(c, number, member);
        return;
    }
    CHECK_OK(parmap_barrier_wait(&state[number].barrier, shared_long_s, NULL));
    CHECK_OK(parmap_lock_acquire(&state[number].locks[0], PARMAP_FOREVER));
    CHECK_OK(parmap_lock_release(&state[number].locks[0]));
}

/* On the calling rank. */
static void create(lock_kind kind, parmap_lock *lock, parmap_value *value)
{
    if (kind == LOCK)
        CHECK_OK(parmap_lock_create(lock));
    else if (kind == RLOCK)
        CHECK_OK(parmap_rlock_create(lock));
    else if (CHECK_OK(parmap_value_create(value, 'i', 0)))
        CHECK_OK(parmap_value_lock(value, lock));
}

/* Collective.  Each lock lies on the rank of its member. */
static void make_circle(int number)
{
    const circle *c = &circles[number];
    for (int m = 0; m < c->members; m++) {
        const int home = shared_place(c->layout, m);
        if (parmap_rank() == home)
            create(c->kind, &state[number].locks[m], &state[number].values[m]);
        SHARE_FROM(state[number].locks[m], home);
    }
    SHARE_NEW(state[number].barrier,
              parmap_barrier_create(&state[number].barrier, c->members + c->bystanders, NULL));
}

/* Collective.  Nothing is held any more, and all can be freed. */
static void free_circle(int number)
{
    const circle *c = &circles[number];
    for (int m = 0; m < c->members; m++) {
        bool locked = true;
        CHECK_OK(parmap_lock_locked(&state[number].locks[m], &locked));
        CHECK(!locked);
        CHECK_OK(parmap_sync_all());
        if (parmap_rank() != shared_place(c->layout, m))
            continue;
        if (c->kind == LOCK_OF_VALUE)
            CHECK_OK(parmap_value_free(&state[number].values[m]));
        else
            CHECK_OK(parmap_lock_free(&state[number].locks[m]));
    }
    ON_ROOT(parmap_barrier_free(&state[number].barrier));
}

static void one_of_a_circle(void)
{
    int workers = 0;
    for (int number = 0; number < CIRCLES; number++) {
        workers += circles[number].members + circles[number].bystanders;
        make_circle(number);
    }
    lateness_begin();
    shared_run_at(workers, place, take_part, NULL);
    const double limit = limit_s + STEPS * lateness_end();
    for (int number = 0; number < CIRCLES; number++) {
        int64_t sums[2] = {state[number].deadlocks, state[number].got};
        CHECK_OK(parmap_sum(sums, 2));
        CHECK_INT(sums[0], 1);
        CHECK_INT(sums[1], circles[number].members - 1);
        CHECK(state[number].took_s < limit);
        free_circle(number);
    }
}

/* ---- no circles ------------------------------------------------------------------------------ */

/* Long enough for several looks at who waits for whom. */
static const double long_wait_s = 1.3;

enum { A, B, C, D, E, F, QUIET_LOCKS };
static parmap_lock quiet[QUIET_LOCKS];
static parmap_barrier quiet_barrier;

static void meet(void)
{
    CHECK_OK(parmap_barrier_wait(&quiet_barrier, shared_long_s, NULL));
}

static void acquire(int lock)
{
    CHECK_OK(parmap_lock_acquire(&quiet[lock], PARMAP_FOREVER));
}

static void release(int lock)
{
    CHECK_OK(parmap_lock_release(&quiet[lock]));
}

/* A chain, as long as it may be, ends where somebody is busy: A <- B. */
static void hold_a(void)
{
    acquire(A);
    meet();
    shared_sleep(long_wait_s);
    release(A);
}

static void hold_b_want_a(void)
{
    acquire(B);
    meet();
    acquire(A);
    release(A);
    release(B);
}

static void want_b(void)
{
    meet();
    acquire(B);
    release(B);
}

/* This circle comes apart by itself, since one of the two gives up. */
static void hold_c_want_d_for_a_moment(void)
{
    acquire(C);
    meet();
    CHECK_STATUS(parmap_lock_acquire(&quiet[D], 0.1), PARMAP_TIMED_OUT);
    release(C);
}

static void hold_d_want_c(void)
{
    acquire(D);
    meet();
    acquire(C);
    release(C);
    release(D);
}

/* Two locks, always in the same order: busy, but never a circle. */
static void e_then_f(void)
{
    meet();
    for (const double end = shared_now() + long_wait_s; shared_now() < end;) {
        acquire(E);
        acquire(F);
        release(F);
        release(E);
    }
}

static void (*const quiet_parts[])(void) = {
    hold_a,   want_b,   hold_c_want_d_for_a_moment, hold_b_want_a, hold_d_want_c, e_then_f,
    e_then_f, e_then_f,
};
enum { QUIET_PARTS = sizeof quiet_parts / sizeof *quiet_parts };

static void take_quiet_part(int worker, void *context)
{
    (void)context;
    quiet_parts[worker]();
}

static void no_alarm(void)
{
    SHARE_NEW(quiet_barrier, parmap_barrier_create(&quiet_barrier, QUIET_PARTS, NULL));
    for (int lock = 0; lock < QUIET_LOCKS; lock++)
        SHARE_NEW(quiet[lock],
                  lock % 2 ? parmap_rlock_create(&quiet[lock]) : parmap_lock_create(&quiet[lock]));
    shared_run(QUIET_PARTS, take_quiet_part, NULL);
    for (int lock = 0; lock < QUIET_LOCKS; lock++)
        ON_ROOT(parmap_lock_free(&quiet[lock]));
    ON_ROOT(parmap_barrier_free(&quiet_barrier));
}

static const check_case cases[] = {
    {"one of each circle is told", one_of_a_circle},
    {"no circle, no alarm", no_alarm},
};

SHARED_MAIN(cases)
