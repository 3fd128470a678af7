/* Semaphore and BoundedSemaphore: never more inside than its value, tries, time-outs, the bound. */
#include "shared/shared.h"

#include <stdatomic.h>
#include <unistd.h>

static const int64_t MOST = INT32_MAX; /* the greatest value */

/* What the workers of a case use; the handles are the same on all ranks. */
static struct {
    parmap_semaphore semaphore;
    parmap_value inside, total;
    parmap_barrier barrier;
    int64_t rounds;
} job;

static int64_t value(void)
{
    int64_t number = -1;
    CHECK_OK(parmap_semaphore_value(&job.semaphore, &number));
    return number;
}

static bool try_semaphore(void)
{
    bool acquired = false;
    CHECK_OK(parmap_semaphore_try(&job.semaphore, &acquired));
    return acquired;
}

static int64_t number_in(const parmap_value *place)
{
    int64_t number = -1;
    CHECK_OK(parmap_value_load(place, &number));
    return number;
}

/* Collective.  Makes what a case uses. */
static void begin(parmap_status create(parmap_semaphore *semaphore, int64_t value), int64_t initial,
                  int workers)
{
    SHARE_NEW(job.semaphore, create(&job.semaphore, initial));
    SHARE_NEW(job.inside, parmap_value_create(&job.inside, 'i', 0));
    SHARE_NEW(job.total, parmap_value_create(&job.total, 'q', 0));
    SHARE_NEW(job.barrier, parmap_barrier_create(&job.barrier, workers, NULL));
}

static void end(void)
{
    SHARE_FREE(parmap_semaphore_free(&job.semaphore));
    ON_ROOT(parmap_value_free(&job.inside));
    ON_ROOT(parmap_value_free(&job.total));
    ON_ROOT(parmap_barrier_free(&job.barrier));
}

static void meet(void)
{
    CHECK_OK(parmap_barrier_wait(&job.barrier, shared_long_s, NULL));
}

/* ---- one executor ---------------------------------------------------------------------------- */

/* Each rank in turn. */
static void counts(void)
{
    begin(parmap_semaphore_create, 2, 1);
    for (int turn = 0; turn < parmap_size(); turn++) {
        CHECK_OK(parmap_sync_all());
        if (parmap_rank() != turn)
            continue;
        CHECK_INT(value(), 2);
        CHECK_OK(parmap_semaphore_acquire(&job.semaphore, 0));
        CHECK_INT(value(), 1);
        CHECK(try_semaphore());
        CHECK_INT(value(), 0);
        CHECK(!try_semaphore());
        CHECK_STATUS(parmap_semaphore_acquire(&job.semaphore, 0), PARMAP_TIMED_OUT);
        CHECK_STATUS(parmap_semaphore_acquire(&job.semaphore, -1), PARMAP_TIMED_OUT);
        CHECK_INT(value(), 0);
        CHECK_OK(parmap_semaphore_release(&job.semaphore));
        CHECK_INT(value(), 1);
        CHECK_OK(parmap_semaphore_acquire(&job.semaphore, PARMAP_FOREVER));
        CHECK_OK(parmap_semaphore_release(&job.semaphore));
        CHECK_OK(parmap_semaphore_release(&job.semaphore));
    }
    CHECK_OK(parmap_sync_all());
    CHECK_INT(value(), 2);
    end();
}

/* Without a bound the value may rise above the first one; with it, it may not. */
static void bounds(void)
{
    begin(parmap_semaphore_create, 0, 1);
    CHECK_OK(parmap_semaphore_release(&job.semaphore));
    CHECK_OK(parmap_sync_all());
    CHECK_INT(value(), parmap_size());
    end();

    begin(parmap_bounded_semaphore_create, 1, 1);
    CHECK_STATUS(parmap_semaphore_release(&job.semaphore), PARMAP_USAGE);
    CHECK_INT(value(), 1);
    CHECK_OK(parmap_sync_all());
    if (parmap_rank() == parmap_size() - 1) {
        CHECK(try_semaphore());
        CHECK_OK(parmap_semaphore_release(&job.semaphore));
        CHECK_STATUS(parmap_semaphore_release(&job.semaphore), PARMAP_USAGE);
    }
    CHECK_OK(parmap_sync_all());
    CHECK_INT(value(), 1);
    end();
}

static void limits(void)
{
    parmap_semaphore semaphore;
    int64_t number = 0;
    CHECK_STATUS(parmap_semaphore_create(&semaphore, -1), PARMAP_USAGE);
    CHECK_STATUS(parmap_semaphore_create(&semaphore, MOST + 1), PARMAP_USAGE);
    CHECK_STATUS(parmap_bounded_semaphore_create(&semaphore, -1), PARMAP_USAGE);
    CHECK_STATUS(parmap_bounded_semaphore_create(&semaphore, MOST + 1), PARMAP_USAGE);
    CHECK_OK(parmap_semaphore_create(&semaphore, MOST));
    CHECK_STATUS(parmap_semaphore_release(&semaphore), PARMAP_USAGE);
    CHECK_OK(parmap_semaphore_value(&semaphore, &number));
    CHECK_INT(number, MOST);
    CHECK_OK(parmap_semaphore_acquire(&semaphore, 0));
    CHECK_OK(parmap_semaphore_release(&semaphore));
    CHECK_OK(parmap_semaphore_free(&semaphore));
}

/* ---- never more inside than its value -------------------------------------------------------- */

static void visit(int worker, void *context)
{
    const int64_t places = *(const int64_t *)context;
    (void)worker;
    for (int64_t i = 0; i < job.rounds; i++) {
        int64_t others = -1;
        if (!CHECK_OK(parmap_semaphore_acquire(&job.semaphore, shared_long_s)))
            return;
        CHECK_OK(parmap_value_fetch_add(&job.inside, 1, &others));
        if (others < 0 || others >= places)
            CHECK_INT(others, places - 1);
        CHECK_OK(parmap_value_add(&job.inside, -1));
        CHECK_OK(parmap_semaphore_release(&job.semaphore));
        CHECK_OK(parmap_value_add(&job.total, 1));
    }
}

static void check_places(shared_layout layout, int64_t places)
{
    const int workers = 2 * (int)places + 1;
    begin(parmap_bounded_semaphore_create, places, workers);
    job.rounds = shared_count(3000, 40);
    shared_run_as(layout, workers, visit, &places);
    CHECK_INT(number_in(&job.total), workers * job.rounds);
    CHECK_INT(number_in(&job.inside), 0);
    CHECK_INT(value(), places);
    end();
}

static void never_more_inside_in(shared_layout layout)
{
    check_places(layout, 1);
    check_places(layout, 3);
}

static void never_more_inside(void)
{
    shared_each_layout(never_more_inside_in);
}

/* ---- tries ----------------------------------------------------------------------------------- */

enum { MOST_ROUNDS = 100, PLACES = 2, COMPETITORS = 5 };
static atomic_int winners[MOST_ROUNDS];

/* Nobody releases before all have tried. */
static void compete(int worker, void *context)
{
    (void)worker, (void)context;
    for (int64_t i = 0; i < job.rounds; i++) {
        meet();
        const bool won = try_semaphore();
        winners[i] += won;
        meet();
        if (won)
            CHECK_OK(parmap_semaphore_release(&job.semaphore));
    }
}

static void as_many_winners_as_places_in(shared_layout layout)
{
    int64_t sums[MOST_ROUNDS];
    memset(winners, 0, sizeof winners);
    begin(parmap_semaphore_create, PLACES, COMPETITORS);
    job.rounds = shared_count(MOST_ROUNDS, 10);
    shared_run_as(layout, COMPETITORS, compete, NULL);
    for (int i = 0; i < MOST_ROUNDS; i++)
        sums[i] = winners[i];
    CHECK_OK(parmap_sum(sums, MOST_ROUNDS));
    for (int64_t i = 0; i < job.rounds; i++)
        CHECK_INT(sums[i], PLACES);
    end();
}

static void as_many_winners_as_places(void)
{
    shared_each_layout(as_many_winners_as_places_in);
}

/* ---- releases let others through ------------------------------------------------------------- */

enum { WAITERS = 5 };

static void wait_until_total(int64_t wanted)
{
    const double begun = shared_now();
    while (number_in(&job.total) < wanted && shared_now() - begun < shared_long_s)
        shared_sleep(0.001);
    CHECK_INT(number_in(&job.total), wanted);
}

/* Worker 0 releases what it never acquired; each release lets one through, and no more. */
static void let_through(int worker, void *context)
{
    (void)context;
    if (worker != 0) {
        CHECK_OK(parmap_semaphore_acquire(&job.semaphore, shared_long_s));
        CHECK_OK(parmap_value_add(&job.total, 1));
        return;
    }
    shared_sleep(0.01); /* most of them wait by now; the counts hold in any case */
    CHECK_INT(number_in(&job.total), 0);
    CHECK_OK(parmap_semaphore_release(&job.semaphore));
    CHECK_OK(parmap_semaphore_release(&job.semaphore));
    wait_until_total(2);
    shared_sleep(0.02);
    CHECK_INT(number_in(&job.total), 2);
    for (int i = 2; i < WAITERS; i++)
        CHECK_OK(parmap_semaphore_release(&job.semaphore));
    wait_until_total(WAITERS);
    CHECK_INT(value(), 0);
}

static void one_for_each_release_in(shared_layout layout)
{
    begin(parmap_semaphore_create, 0, WAITERS + 1);
    shared_run_as(layout, WAITERS + 1, let_through, NULL);
    end();
}

static void one_for_each_release(void)
{
    shared_each_layout(one_for_each_release_in);
}

/* ---- time-outs ------------------------------------------------------------------------------- */

/* Worker 0 takes the only place; the others give up, and get it when it comes back. */
static void give_up(int worker, void *context)
{
    const shared_layout layout = *(const shared_layout *)context;
    if (worker == 0)
        CHECK_OK(parmap_semaphore_acquire(&job.semaphore, 0));
    meet();
    if (worker != 0) {
        char words[300], node[256] = "";
        if (strcmp(parmap_window(), "shm") == 0) /* worker 0 is on this node too */
            gethostname(node, sizeof node - 1);
        snprintf(words, sizeof words, "rank %d on %s", shared_place(layout, 0), node);
        const double begun = shared_now();
        CHECK_STATUS(parmap_semaphore_acquire(&job.semaphore, 0.05), PARMAP_TIMED_OUT);
        CHECK_TOOK(begun, 0.05);
        CHECK_HOLDS(parmap_message(), words);
        CHECK_HOLDS(parmap_message(), "thread");
        CHECK_HOLDS(parmap_message(), "acquired it last, at ");
    }
    meet();
    if (worker == 0)
        CHECK_OK(parmap_semaphore_release(&job.semaphore));
    else if (CHECK_OK(parmap_semaphore_acquire(&job.semaphore, shared_long_s)))
        CHECK_OK(parmap_semaphore_release(&job.semaphore));
}

static void time_outs_in(shared_layout layout)
{
    begin(parmap_bounded_semaphore_create, 1, 3);
    shared_run_as(layout, 3, give_up, &layout);
    CHECK_INT(value(), 1);
    end();
}

static void time_outs(void)
{
    shared_each_layout(time_outs_in);

    parmap_semaphore never; /* nobody can be named */
    CHECK_OK(parmap_semaphore_create(&never, 0));
    const double begun = shared_now();
    CHECK_STATUS(parmap_semaphore_acquire(&never, 0.02), PARMAP_TIMED_OUT);
    CHECK_TOOK(begun, 0.02);
    CHECK(*parmap_message() != '\0');
    CHECK_OK(parmap_semaphore_free(&never));
}

/* ---- wrong use ------------------------------------------------------------------------------- */

static void check_refused(const parmap_semaphore *semaphore, parmap_status status)
{
    bool flag = false;
    int64_t number = 0;
    CHECK_STATUS(parmap_semaphore_acquire(semaphore, 0), status);
    CHECK_STATUS(parmap_semaphore_try(semaphore, &flag), status);
    CHECK_STATUS(parmap_semaphore_release(semaphore), status);
    CHECK_STATUS(parmap_semaphore_value(semaphore, &number), status);
    parmap_semaphore copy = *semaphore;
    CHECK_STATUS(parmap_semaphore_free(&copy), status);
}

static void bad_handles(void)
{
    parmap_semaphore semaphore = {{0}}, copy;
    check_refused(&semaphore, PARMAP_USAGE);
    memset(&semaphore, 0xff, sizeof semaphore);
    check_refused(&semaphore, PARMAP_USAGE);

    parmap_event event;
    CHECK_OK(parmap_event_create(&event));
    semaphore.handle = event.handle;
    check_refused(&semaphore, PARMAP_USAGE);
    CHECK_OK(parmap_event_free(&event));

    SHARE_NEW(semaphore, parmap_semaphore_create(&semaphore, 1));
    copy = semaphore;
    SHARE_FREE(parmap_semaphore_free(&semaphore));
    CHECK_OK(parmap_sync_all());
    if (shared_sees_stale())
        check_refused(&copy, PARMAP_STALE);
}

static const check_case cases[] = {
    {"acquire, try, release, value", counts},
    {"the bound", bounds},
    {"the least and the greatest value", limits},
    {"never more inside than its value", never_more_inside},
    {"as many winners as places", as_many_winners_as_places},
    {"each release lets one through", one_for_each_release},
    {"time-outs name the last that acquired", time_outs},
    {"bad handles", bad_handles},
};

SHARED_MAIN(cases)
