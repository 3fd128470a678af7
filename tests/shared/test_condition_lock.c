/* Condition and its lock: recursive, the caller's own, not held; and a bounded buffer on two of
 * them. */
#include "shared/conditions.h"

/* ---- the lock -------------------------------------------------------------------------------- */

/* Worker 0 waits with its recursive lock held three times: worker 1 gets it, all the same. */
static void wait_deep(int worker, void *context)
{
    (void)context;
    if (worker == 0) {
        for (int depth = 0; depth < 3; depth++)
            acquire();
        CHECK_OK(parmap_value_add(&job.waiting, 1));
        CHECK_OK(parmap_condition_wait(&job.condition, shared_long_s));
        CHECK_INT(number_in(&job.awake), 1);
        for (int depth = 0; depth < 3; depth++)
            release();
        CHECK_STATUS(parmap_lock_release(&job.condition.lock), PARMAP_USAGE);
        return;
    }
    acquire_when_all_wait(1);
    CHECK_OK(parmap_value_add(&job.awake, 1));
    CHECK_INT(notify(1), 1);
    release();
}

static void deep_locks_in(shared_layout layout)
{
    begin(NULL);
    shared_run_as(layout, 2, wait_deep, NULL);
    end();
}

static void deep_locks(void)
{
    shared_each_layout(deep_locks_in);
}

/* With a lock of the last rank's, of either kind, which stays when the condition goes. */
static void foreign_locks(void)
{
    parmap_status (*const kinds[])(parmap_lock * lock) = {parmap_lock_create, parmap_rlock_create};
    for (int kind = 0; kind < 2; kind++) {
        const int home = parmap_size() - 1;
        parmap_lock lock;
        if (parmap_rank() == home)
            CHECK_OK(kinds[kind](&lock));
        SHARE_FROM(lock, home);
        void (*wake)(void) = wake_all;
        begin(&lock);
        shared_run_as(SHARED_MIXED, WAITERS + 1, take_part, &wake);
        end();
        CHECK_OK(parmap_sync_all());
        CHECK_OK(parmap_lock_acquire(&lock, shared_long_s));
        CHECK_OK(parmap_lock_release(&lock));
        CHECK_OK(parmap_sync_all());
        if (parmap_rank() == home)
            CHECK_OK(parmap_lock_free(&lock));
    }
}

static void check_all(parmap_status status)
{
    int asked = 0;
    CHECK_STATUS(parmap_condition_wait(&job.condition, 0), status);
    CHECK_STATUS(parmap_condition_wait_for(&job.condition, never, &asked, 0), status);
    CHECK_STATUS(parmap_condition_notify(&job.condition, 1, NULL), status);
    CHECK_STATUS(parmap_condition_notify_all(&job.condition, NULL), status);
}

/* Free, and while another executor has it. */
static void without_the_lock_part(int worker, void *context)
{
    (void)context;
    if (worker == 0) {
        acquire();
        CHECK_OK(parmap_value_add(&job.waiting, 1));
        until(&job.awake, 1);
        release();
    } else {
        until(&job.waiting, 1);
        check_all(PARMAP_USAGE);
        CHECK_OK(parmap_value_add(&job.awake, 1));
    }
}

static void without_the_lock_in(shared_layout layout)
{
    begin(NULL);
    check_all(PARMAP_USAGE);
    CHECK_OK(parmap_sync_all());
    shared_run_as(layout, 2, without_the_lock_part, NULL);
    end();
}

static void without_the_lock(void)
{
    shared_each_layout(without_the_lock_in);
}

static void bad_handles(void)
{
    memset(&job.condition, 0, sizeof job.condition);
    check_all(PARMAP_USAGE);
    CHECK_STATUS(parmap_condition_free(&job.condition), PARMAP_USAGE);
    memset(&job.condition, 0xff, sizeof job.condition);
    check_all(PARMAP_USAGE);

    parmap_lock nothing = {{0}};
    parmap_condition condition, copy;
    CHECK_STATUS(parmap_condition_create(&condition, &nothing), PARMAP_USAGE);
    SHARE_NEW(condition, parmap_condition_create(&condition, NULL));
    copy = condition;
    SHARE_FREE(parmap_condition_free(&condition));
    CHECK_OK(parmap_sync_all());
    if (!shared_sees_stale())
        return;
    job.condition = copy;
    check_all(PARMAP_STALE);
    CHECK_STATUS(parmap_lock_acquire(&copy.lock, 0), PARMAP_STALE);
    CHECK_STATUS(parmap_condition_free(&copy), PARMAP_STALE);
}

/* ---- a bounded buffer ------------------------------------------------------------------------ */

enum { PLACES = 3, PRODUCERS = 2, CONSUMERS = 3, MOST_ITEMS = 2000 };

/* Two conditions on one lock; what the lock protects. */
static struct {
    parmap_lock lock;
    parmap_condition not_full, not_empty;
    parmap_value made, taken;
    parmap_array places; /* item i is in place i % PLACES */
    parmap_array seen;   /* how often each item was taken */
    int64_t items;
} buffer;

static bool has_place(void *context)
{
    (void)context;
    return number_in(&buffer.made) - number_in(&buffer.taken) < PLACES;
}

static bool has_item(void *context)
{
    (void)context;
    return number_in(&buffer.taken) < number_in(&buffer.made) ||
           number_in(&buffer.taken) == buffer.items;
}

/* Items are numbers from 0; producers and consumers take turns as they come. */
static bool produce(void)
{
    CHECK_OK(parmap_condition_wait_for(&buffer.not_full, has_place, NULL, shared_long_s));
    const int64_t item = number_in(&buffer.made);
    if (item >= buffer.items)
        return false;
    CHECK_OK(parmap_array_store(&buffer.places, item % PLACES, item));
    CHECK_OK(parmap_value_store(&buffer.made, item + 1));
    CHECK_OK(parmap_condition_notify(&buffer.not_empty, 1, NULL));
    return item + 1 < buffer.items;
}

static bool consume(void)
{
    int64_t item = -1;
    CHECK_OK(parmap_condition_wait_for(&buffer.not_empty, has_item, NULL, shared_long_s));
    const int64_t taken = number_in(&buffer.taken);
    if (taken == buffer.items) {
        CHECK_OK(parmap_condition_notify_all(&buffer.not_empty, NULL));
        return false;
    }
    CHECK_OK(parmap_array_load(&buffer.places, taken % PLACES, &item));
    CHECK_INT(item, taken);
    CHECK_OK(parmap_array_add(&buffer.seen, item, 1));
    CHECK_OK(parmap_value_store(&buffer.taken, taken + 1));
    CHECK_OK(parmap_condition_notify(&buffer.not_full, 1, NULL));
    return true;
}

static void produce_or_consume(int worker, void *context)
{
    bool (*const step)(void) = worker < PRODUCERS ? produce : consume;
    (void)context;
    for (bool goes_on = true; goes_on;) {
        if (!CHECK_OK(parmap_lock_acquire(&buffer.lock, shared_long_s)))
            return;
        goes_on = step();
        CHECK_OK(parmap_lock_release(&buffer.lock));
    }
}

static void check_seen(void)
{
    int seen[MOST_ITEMS];
    int64_t wrong = 0;
    CHECK_OK(parmap_array_read(&buffer.seen, 0, buffer.items, seen));
    for (int64_t i = 0; i < buffer.items; i++)
        wrong += seen[i] != 1;
    CHECK_INT(wrong, 0);
}

static void bounded_buffer_in(shared_layout layout)
{
    buffer.items = shared_count(MOST_ITEMS, 40);
    SHARE_NEW(buffer.lock, parmap_lock_create(&buffer.lock));
    SHARE_NEW(buffer.not_full, parmap_condition_create(&buffer.not_full, &buffer.lock));
    SHARE_NEW(buffer.not_empty, parmap_condition_create(&buffer.not_empty, &buffer.lock));
    SHARE_NEW(buffer.made, parmap_value_create(&buffer.made, 'q', 0));
    SHARE_NEW(buffer.taken, parmap_value_create(&buffer.taken, 'q', 0));
    SHARE_NEW(buffer.places, parmap_array_create(&buffer.places, 'q', PLACES));
    SHARE_NEW(buffer.seen, parmap_array_create(&buffer.seen, 'i', MOST_ITEMS));
    shared_run_as(layout, PRODUCERS + CONSUMERS, produce_or_consume, NULL);
    check_seen();
    SHARE_FREE(parmap_condition_free(&buffer.not_full));
    ON_ROOT(parmap_condition_free(&buffer.not_empty));
    ON_ROOT(parmap_lock_free(&buffer.lock));
    ON_ROOT(parmap_value_free(&buffer.made));
    ON_ROOT(parmap_value_free(&buffer.taken));
    ON_ROOT(parmap_array_free(&buffer.places));
    ON_ROOT(parmap_array_free(&buffer.seen));
}

static void bounded_buffer(void)
{
    shared_each_layout(bounded_buffer_in);
}

static const check_case cases[] = {
    {"a recursive lock held three times", deep_locks},
    {"the caller's own lock", foreign_locks},
    {"without the lock", without_the_lock},
    {"bad handles", bad_handles},
    {"a bounded buffer", bounded_buffer},
};

SHARED_MAIN(cases)
