/* The keeper: which marks a sync turns, and when.  What happens while it syncs is played by this
 * program's own fdatasync. */
#include "store/keeper.h"

#include "check.h"
#include "draw.h"
#include "unit/journals.h"
#include "unit/pretend.h"

#include <stdatomic.h>

enum { MOST = 20000 };

static pm_data data;
static pm_journal marks;
static pm_keeper keeper;
static _Atomic int data_syncs, journal_syncs;
static int data_error, journal_error;
static void (*during_data_sync)(void), (*during_journal_sync)(void);

static int watch_sync(int fd)
{
    const bool of_data = fd == data.fd;
    CHECK(of_data || fd == marks.fd);
    atomic_fetch_add(of_data ? &data_syncs : &journal_syncs, 1);
    void (*during)(void) = of_data ? during_data_sync : during_journal_sync;
    if (during)
        during();
    return of_data ? data_error : journal_error;
}

static void begin(int64_t blocks, int64_t session)
{
    pm_journal_head head = head_of(blocks);
    head.session = session;
    create_journals(1, &head);
    close(open(output, O_CREAT | O_RDWR, 0600));
    CHECK_INT(pm_data_open(&data, output, 0, 8, true), PARMAP_OK);
    CHECK_INT(pm_journal_open(&marks, output, 0, true), PARMAP_OK);
    data_syncs = journal_syncs = 0;
    data_error = journal_error = 0;
    during_data_sync = during_journal_sync = NULL;
    pretend.sync = watch_sync;
}

static void end(void)
{
    pretend.sync = NULL;
    pm_data_close(&data);
    pm_journal_close(&marks);
    pm_journal_remove(output);
    CHECK(unlink(output) == 0);
}

static void never_failed(void *context, parmap_status status)
{
    (void)context;
    (void)status;
    CHECK(false);
}

/* Without a thread: pm_keeper_sync is called here. */
static void start(int64_t blocks)
{
    CHECK_INT(pm_keeper_start(&keeper, &data, &marks, blocks, 0, never_failed, NULL), PARMAP_OK);
}

static void mark(int64_t block)
{
    CHECK_INT(pm_journal_mark(&marks, block, (uint64_t)block * 3, PM_SLOT_HASHED), PARMAP_OK);
}

static void check_state(int64_t block, pm_slot_state state)
{
    const pm_slot slot = get_slot(0, block);
    CHECK_INT(slot.state, state);
    if (state == PM_SLOT_EMPTY)
        return;
    CHECK(pm_slot_good(&slot, block, marks.seed));
    CHECK_INT(slot.hash, block * 3);
    CHECK_INT(slot.session, marks.session);
    CHECK_INT(slot.flags, PM_SLOT_HASHED);
}

static void check_syncs(int of_data, int of_journal)
{
    CHECK_INT(atomic_load(&data_syncs), of_data);
    CHECK_INT(atomic_load(&journal_syncs), of_journal);
}

static void syncs(void)
{
    static const int64_t blocks[] = {0, 1, 2, 7, 4095, 4096, 4097, 12288, MOST - 1};
    enum { COUNT = sizeof blocks / sizeof blocks[0] };
    begin(MOST, 2);
    start(MOST);
    CHECK_INT(pm_keeper_sync(&keeper), PARMAP_OK);
    check_syncs(0, 0); /* there is nothing to bring onto the disk */
    for (int i = 0; i < COUNT; i++)
        mark(blocks[i]);
    CHECK_INT(pm_keeper_sync(&keeper), PARMAP_OK);
    check_syncs(1, 1);
    for (int i = 0; i < COUNT; i++)
        check_state(blocks[i], PM_SLOT_SYNCED);
    check_state(3, PM_SLOT_EMPTY);
    check_state(4098, PM_SLOT_EMPTY);
    CHECK_INT(pm_keeper_sync(&keeper), PARMAP_OK);
    check_syncs(1, 1);
    CHECK_INT(pm_keeper_stop(&keeper, true), PARMAP_OK);
    end();
}

static void mark_more(void)
{
    mark(11);
    mark(5000);
}

static void check_before_data(void)
{
    check_state(10, PM_SLOT_WRITTEN);
}

static void check_before_journal(void)
{
    check_state(10, PM_SLOT_SYNCED);
    CHECK_INT(atomic_load(&data_syncs), 1);
}

/* A block that is marked while the data is being synced may not be covered by that. */
static void marked_meanwhile(void)
{
    begin(MOST, 1);
    start(MOST);
    mark(10);
    mark(12);
    during_data_sync = mark_more;
    CHECK_INT(pm_keeper_sync(&keeper), PARMAP_OK);
    during_data_sync = NULL;
    check_state(10, PM_SLOT_SYNCED);
    check_state(12, PM_SLOT_SYNCED);
    check_state(11, PM_SLOT_WRITTEN);
    check_state(5000, PM_SLOT_WRITTEN);
    CHECK_INT(pm_keeper_sync(&keeper), PARMAP_OK);
    check_state(11, PM_SLOT_SYNCED);
    check_state(5000, PM_SLOT_SYNCED);
    check_syncs(2, 2);
    end();
}

/* First the data, then the marks, then their journal. */
static void order(void)
{
    begin(100, 1);
    start(100);
    mark(10);
    during_data_sync = check_before_data;
    during_journal_sync = check_before_journal;
    CHECK_INT(pm_keeper_sync(&keeper), PARMAP_OK);
    check_syncs(1, 1);
    end();
}

/* Marks of earlier attempts, doubted and damaged ones are nobody's here to turn. */
static void others(void)
{
    begin(100, 3);
    start(100);
    put_slot(0, 1, slot_of(PM_SLOT_WRITTEN, 2, 3));
    put_slot(0, 2, slot_of(PM_SLOT_DOUBTED, 3, 6));
    put_slot(0, 3, slot_of(PM_SLOT_DOUBTED, 2, 9));
    mark(4);
    mark(5);
    damage(journal(0), pm_journal_place(5) + 8, 1);
    pm_slot before[6], after[6];
    for (int b = 0; b < 6; b++)
        before[b] = get_slot(0, b);
    CHECK_INT(pm_keeper_sync(&keeper), PARMAP_OK);
    for (int b = 0; b < 6; b++)
        after[b] = get_slot(0, b);
    check_state(4, PM_SLOT_SYNCED);
    after[4] = before[4];
    CHECK(memcmp(before, after, sizeof before) == 0);
    end();
}

/* Random marks between random syncs; nothing is left behind by what is taken for settled. */
static void random_marks(void)
{
    static bool marked[MOST], synced[MOST];
    memset(marked, 0, sizeof marked);
    memset(synced, 0, sizeof synced);
    begin(MOST, 1);
    start(MOST);
    for (int64_t left = MOST, front = 0; left > 0;) {
        for (int64_t n = draw_below(3000); n > 0 && left > 0; n--) {
            int64_t block = draw_below(4) ? front : draw_below(MOST); /* mostly in order */
            while (marked[block])
                block = (block + 1) % MOST;
            front = block;
            mark(block);
            marked[block] = true;
            left--;
        }
        CHECK_INT(pm_keeper_sync(&keeper), PARMAP_OK);
        int64_t wrong = 0;
        for (int64_t b = 0; b < MOST; b++)
            wrong += get_slot(0, b).state != (marked[b] ? PM_SLOT_SYNCED : PM_SLOT_EMPTY);
        CHECK_INT(wrong, 0);
    }
    CHECK_INT(pm_keeper_sync(&keeper), PARMAP_OK);
    CHECK_INT(keeper.settled, MOST);
    end();
}

/* Nothing that is marked as written there is trusted by the next run. */
static void check_disowned(void)
{
    pm_journal_head head;
    CHECK(pm_journal_head_read(marks.fd, &head));
    CHECK_INT(head.boot, 0);
}

/* What could not be brought onto the disk may be lost: the kernel drops it. */
static void failed_sync(void)
{
    begin(100, 1);
    start(100);
    mark(1);
    CHECK_INT(pm_keeper_sync(&keeper), PARMAP_OK);
    mark(2);
    mark(3);
    data_error = EIO;
    CHECK_INT(pm_keeper_sync(&keeper), PARMAP_WRITE_ERROR);
    CHECK_HOLDS(parmap_message(), "cannot bring result.h5 onto the disk: Input/output error");
    check_state(1, PM_SLOT_SYNCED);
    check_state(2, PM_SLOT_WRITTEN);
    check_disowned();
    data_error = 0; /* the system tells of an error once: a later sync proves nothing */
    CHECK_INT(pm_keeper_sync(&keeper), PARMAP_WRITE_ERROR);
    CHECK_HOLDS(parmap_message(), "Input/output error");
    check_state(2, PM_SLOT_WRITTEN);
    check_state(3, PM_SLOT_WRITTEN);
    end();
}

static void failed_journal(void)
{
    begin(100, 1);
    start(100);
    mark(2);
    journal_error = ENOSPC;
    CHECK_INT(pm_keeper_sync(&keeper), PARMAP_WRITE_ERROR);
    CHECK_HOLDS(parmap_message(), "result.h5.journal-0");
    CHECK_HOLDS(parmap_message(), "make room on the disk");
    end();
}

/* ---- the thread ------------------------------------------------------------------------------ */

static _Atomic int failures;
static parmap_status failed_with;

static void note_failure(void *context, parmap_status status)
{
    CHECK(context == &failures);
    failed_with = status;
    atomic_fetch_add(&failures, 1);
}

static void start_thread(double every_s)
{
    failures = 0;
    CHECK_INT(pm_keeper_start(&keeper, &data, &marks, 100, every_s, note_failure, &failures),
              PARMAP_OK);
}

static void await(_Atomic int *count, int least)
{
    for (int i = 0; i < 30000 && atomic_load(count) < least; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    CHECK(atomic_load(count) >= least);
}

static void thread(void)
{
    begin(100, 1);
    mark(0);
    start_thread(0.001);
    await(&journal_syncs, 1);
    mark(1);
    await(&journal_syncs, 2);
    CHECK_INT(pm_keeper_stop(&keeper, false), PARMAP_OK);
    check_state(0, PM_SLOT_SYNCED);
    check_state(1, PM_SLOT_SYNCED);
    CHECK_INT(atomic_load(&failures), 0);
    end();
}

/* The last sync comes only where it is asked for. */
static void last_sync(void)
{
    for (int last = 0; last < 2; last++) {
        begin(100, 1);
        start_thread(1000);
        mark(5);
        CHECK_INT(pm_keeper_stop(&keeper, last), PARMAP_OK);
        check_state(5, last ? PM_SLOT_SYNCED : PM_SLOT_WRITTEN);
        check_syncs(last, last);
        end();
    }
}

/* The run hears of a failure at once, and once; the keeper's end tells it again. */
static void failing_thread(void)
{
    begin(100, 1);
    data_error = EDQUOT;
    mark(5);
    start_thread(0.001);
    await(&failures, 1);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    data_error = 0;
    pm_message_clear();
    CHECK_INT(pm_keeper_stop(&keeper, true), PARMAP_WRITE_ERROR);
    CHECK_HOLDS(parmap_message(), "your quota is used up");
    CHECK_INT(atomic_load(&failures), 1);
    CHECK_INT(failed_with, PARMAP_WRITE_ERROR);
    CHECK_INT(atomic_load(&data_syncs), 1);
    check_state(5, PM_SLOT_WRITTEN);
    check_disowned();
    end();
}

/* A run without a journal has nothing to keep. */
static void no_journal(void)
{
    begin(0, 1);
    start_thread(0.001);
    mark(5);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    CHECK_INT(pm_keeper_stop(&keeper, true), PARMAP_OK);
    check_syncs(0, 0);
    end();
}

int main(void)
{
    static const check_case cases[] = {
        {"keeper: syncs", syncs},
        {"keeper: marked meanwhile", marked_meanwhile},
        {"keeper: order", order},
        {"keeper: others' marks", others},
        {"keeper: random marks", random_marks},
        {"keeper: failed sync", failed_sync},
        {"keeper: failed sync of the journal", failed_journal},
        {"keeper: thread", thread},
        {"keeper: last sync", last_sync},
        {"keeper: failing thread", failing_thread},
        {"keeper: no journal", no_journal},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
