/* A rank that computes for two seconds without a call holds up nobody who uses what lies there. */
/* TEST ranks=2,4 serial=1 */
#include "shared/lateness.h"

/* The longest that a call may take, and how long the computation does.  Whoever had to wait for its
 * end would take the better part of it. */
static const double limit_s = 0.2, compute_s = 2, asking_s = 1.5;

enum { ATTEMPTS = 3 };

/* On the last rank, which computes. */
static struct {
    parmap_lock lock;
    parmap_value value;
    parmap_array array;
    parmap_queue queue;
    parmap_semaphore semaphore;
    parmap_event event;
} home;

static void create_home(void)
{
    const int busy = parmap_size() - 1;
    if (parmap_rank() == busy) {
        CHECK_OK(parmap_lock_create(&home.lock));
        CHECK_OK(parmap_value_create(&home.value, 'q', 0));
        CHECK_OK(parmap_array_create(&home.array, 'd', 1000));
        CHECK_OK(parmap_queue_create(&home.queue, 0));
        CHECK_OK(parmap_semaphore_create(&home.semaphore, parmap_size()));
        CHECK_OK(parmap_event_create(&home.event));
    }
    SHARE_FROM(home, busy);
}

static void free_home(void)
{
    CHECK_OK(parmap_sync_all());
    if (parmap_rank() != parmap_size() - 1)
        return;
    CHECK_OK(parmap_lock_free(&home.lock));
    CHECK_OK(parmap_value_free(&home.value));
    CHECK_OK(parmap_array_free(&home.array));
    CHECK_OK(parmap_queue_free(&home.queue));
    CHECK_OK(parmap_semaphore_free(&home.semaphore));
    CHECK_OK(parmap_event_free(&home.event));
}

/* ---- what the others ask for ----------------------------------------------------------------- */

/* Nothing here waits for another rank but for the busy one, save the lock, which nobody keeps. */
static void take_lock(void)
{
    CHECK_OK(parmap_lock_acquire(&home.lock, shared_long_s));
    CHECK_OK(parmap_lock_release(&home.lock));
}

static void add(void)
{
    int64_t before = -1;
    CHECK_OK(parmap_value_fetch_add(&home.value, 1, &before));
    CHECK(before >= 0);
}

static void read_slice(void)
{
    double elements[1000];
    CHECK_OK(parmap_array_read(&home.array, 0, 1000, elements));
    CHECK(elements[0] == 0 && elements[999] == 0);
}

static void put_and_get(void)
{
    int64_t item = parmap_rank();
    CHECK_OK(parmap_queue_put(&home.queue, &item, sizeof item, 0));
    CHECK_OK(parmap_queue_get(&home.queue, &item, sizeof item, NULL, shared_long_s));
}

static void take_semaphore(void)
{
    CHECK_OK(parmap_semaphore_acquire(&home.semaphore, shared_long_s));
    CHECK_OK(parmap_semaphore_release(&home.semaphore));
}

static void set_event(void)
{
    CHECK_OK(parmap_event_set(&home.event));
    CHECK_OK(parmap_event_wait(&home.event, 0));
}

static void (*const questions[])(void) = {take_lock,      add,      read_slice, put_and_get,
                                          take_semaphore, set_event};
enum { QUESTIONS = sizeof questions / sizeof *questions };

/* The longest that one of them took. */
static double ask(void)
{
    double longest_s = 0;
    int question = 0;
    for (const double end = shared_now() + asking_s; shared_now() < end; question++) {
        const double begun = shared_now();
        questions[question % QUESTIONS]();
        const double took_s = shared_now() - begun;
        longest_s = took_s > longest_s ? took_s : longest_s;
    }
    CHECK(question > QUESTIONS); /* each of them was asked */
    return longest_s;
}

/* ---- the case -------------------------------------------------------------------------------- */

/* Whether a rank waited for long.  The machine may hold up one, so that an attempt proves little; a
 * home that does not answer makes itself felt in all of them. */
static bool attempt(void)
{
    double longest_s = 0;
    CHECK_OK(parmap_sync_all());
    lateness_begin();
    if (parmap_rank() == parmap_size() - 1)
        shared_compute(compute_s);
    else
        longest_s = ask();
    /* a call is a few messages to and fro, each of which may find a rank without a core */
    const double limit = limit_s + 5 * lateness_end();
    const bool slow = longest_s >= limit || longest_s >= compute_s / 2;
    if (slow)
        printf("# rank %d: a call took %.3f s; limit %.3f s\n", parmap_rank(), longest_s, limit);
    return shared_sum(slow) > 0;
}

static void holds_up_nobody(void)
{
    bool slow = true;
    create_home();
    for (int i = 0; i < ATTEMPTS && slow; i++)
        slow = attempt();
    CHECK(!slow);
    free_home();
}

static const check_case cases[] = {
    {"a rank that computes holds up nobody", holds_up_nobody},
};

SHARED_MAIN(cases)
