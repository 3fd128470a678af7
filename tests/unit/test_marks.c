/* What all journals of an output say together. */
#include "store/marks.h"

#include "check.h"
#include "draw.h"
#include "unit/journals.h"
#include "unit/pretend.h"

#include <stdlib.h>

static pm_marks marks;
static pm_slot slots[PM_MARKS_WINDOW];

static uint64_t boot_here(void)
{
    return other_boot() - 1;
}

static void open_marks(int journals)
{
    CHECK_INT(pm_marks_open(&marks, output), PARMAP_OK);
    CHECK_INT(marks.count, journals);
}

/* The slot that counts of one block. */
static pm_slot best(int64_t block)
{
    pm_slot slot;
    CHECK_INT(pm_marks_read(&marks, block, 1, &slot), PARMAP_OK);
    return slot;
}

static void check_best(int64_t block, pm_slot_state state, int64_t session, uint64_t hash)
{
    const pm_slot slot = best(block);
    CHECK_INT(slot.state, state);
    CHECK_INT(slot.session, session);
    CHECK_INT(slot.hash, hash);
    CHECK_INT(slot.flags, state == PM_SLOT_EMPTY ? 0 : PM_SLOT_HASHED);
    if (state == PM_SLOT_EMPTY)
        CHECK(pm_slot_blank(&slot));
    else
        CHECK(pm_slot_good(&slot, block, pm_journal_seed(run_identity)));
}

static void end(void)
{
    pm_marks_close(&marks);
    pm_marks_close(&marks); /* closing twice is fine */
    pm_journal_remove(output);
}

static void none(void)
{
    pm_journal_head head;
    int64_t done = -1;
    open_marks(0);
    CHECK(!marks.known && !marks.damaged);
    check_best(5, PM_SLOT_EMPTY, 0, 0);
    end();
    CHECK_INT(pm_marks_count(output, &head, &done), PARMAP_NO_INPUT);
    CHECK_HOLDS(parmap_message(), "result.h5 has no journal");
    CHECK_INT(done, 0);
}

/* Which nodes are still to be trusted, and whose header counts. */
static void headers(void)
{
    pm_journal_head head = head_of(10);
    create_journals(12, &head);
    sign_journal(0, 3, boot_here());
    sign_journal(1, 3, other_boot());
    sign_journal(2, 2, 0);
    sign_journal(11, 9, boot_here());
    open_marks(12);
    CHECK(marks.known && !marks.damaged);
    CHECK_INT(marks.head.session, 3); /* the first node's is always written first */
    CHECK_INT(marks.last_session, 3);
    CHECK_INT(marks.seed, pm_journal_seed(run_identity));
    for (int i = 0; i < 12; i++) {
        CHECK_INT(marks.files[i].node, i);
        CHECK(marks.files[i].trusted == (i == 0 || i == 11));
    }
    pm_marks_close(&marks);
    damage_headers(0); /* then the newest */
    open_marks(12);
    CHECK(marks.known && marks.damaged);
    CHECK_INT(marks.head.session, 9);
    CHECK(!marks.files[0].trusted);
    CHECK(marks.files[11].trusted);
    end();
}

/* On a network file system the page cache of this machine says nothing. */
static void network(void)
{
    const pm_journal_head head = head_of(10);
    create_journals(2, &head);
    sign_journal(0, 1, boot_here());
    sign_journal(1, 1, boot_here());
    put_slot(0, 1, slot_of(PM_SLOT_WRITTEN, 1, 11));
    put_slot(1, 2, slot_of(PM_SLOT_SYNCED, 1, 12));
    open_marks(2);
    CHECK_INT(marks.boot, boot_here());
    check_best(1, PM_SLOT_WRITTEN, 1, 11);
    pm_marks_close(&marks);
    pretend.network = true;
    open_marks(2);
    CHECK_INT(marks.boot, 0);
    check_best(1, PM_SLOT_DOUBTED, 1, 11);
    check_best(2, PM_SLOT_SYNCED, 1, 12);
    pretend.network = false;
    end();
}

/* Of several marks of a block the highest session counts, then the first node. */
static void which_counts(void)
{
    const pm_journal_head head = head_of(100);
    create_journals(3, &head);
    sign_journal(0, 5, boot_here());
    sign_journal(1, 5, other_boot());
    sign_journal(2, 5, boot_here());
    put_slot(0, 1, slot_of(PM_SLOT_SYNCED, 3, 10)); /* an older one */
    put_slot(2, 1, slot_of(PM_SLOT_WRITTEN, 4, 12));
    put_slot(0, 2, slot_of(PM_SLOT_DOUBTED, 4, 20)); /* of one session */
    put_slot(1, 2, slot_of(PM_SLOT_SYNCED, 4, 21));
    put_slot(1, 3, slot_of(PM_SLOT_WRITTEN, 4, 31)); /* of a node that was started anew */
    put_slot(2, 3, slot_of(PM_SLOT_WRITTEN, 2, 32));
    put_slot(1, 4, slot_of(PM_SLOT_SYNCED, 4, 41)); /* which does not matter for this */
    put_slot(0, 5, slot_of(PM_SLOT_SYNCED, 2, 50)); /* a torn one does not count */
    put_slot(1, 5, slot_of(PM_SLOT_SYNCED, 9, 51));
    damage(journal(1), pm_journal_place(5) + 9, 1);
    put_slot(2, 99, slot_of(PM_SLOT_SYNCED, 65535, 99));
    open_marks(3);
    check_best(0, PM_SLOT_EMPTY, 0, 0);
    check_best(1, PM_SLOT_WRITTEN, 4, 12);
    check_best(2, PM_SLOT_DOUBTED, 4, 20);
    check_best(3, PM_SLOT_DOUBTED, 4, 31);
    check_best(4, PM_SLOT_SYNCED, 4, 41);
    CHECK_INT(marks.torn, 0);
    CHECK_INT(marks.last_session, 5);
    check_best(5, PM_SLOT_SYNCED, 2, 50);
    CHECK_INT(marks.torn, 1);
    check_best(99, PM_SLOT_SYNCED, 65535, 99);
    CHECK_INT(marks.last_session, 65535);
    end();
}

/* Without any header that is whole the slots say whether they are this run's. */
static void assumed(void)
{
    const pm_journal_head head = head_of(10);
    create_journals(2, &head);
    put_slot(0, 1, slot_of(PM_SLOT_SYNCED, 1, 11));
    put_slot(1, 2, slot_of(PM_SLOT_WRITTEN, 1, 12));
    sign_journal(1, 1, boot_here());
    damage_headers(0);
    damage_headers(1);
    pm_journal_head other = head_of(10), got;
    int64_t done;
    CHECK_INT(pm_marks_count(output, &got, &done), PARMAP_BAD_DATA);
    CHECK_HOLDS(parmap_message(), "the journal of result.h5 is damaged");
    open_marks(2);
    CHECK(!marks.known && marks.damaged);
    pm_marks_assume(&marks, &head);
    check_best(1, PM_SLOT_SYNCED, 1, 11);
    check_best(2, PM_SLOT_DOUBTED, 1, 12);
    snprintf(other.identity, sizeof other.identity, "cube version 2, range 1..5");
    pm_marks_assume(&marks, &other);
    check_best(1, PM_SLOT_EMPTY, 0, 0);
    CHECK_INT(marks.torn, 1);
    end();
}

/* A journal of another run beside those of this one. */
static void other_run(void)
{
    pm_journal_head head = head_of(10);
    create_journals(2, &head);
    put_slot(0, 1, slot_of(PM_SLOT_SYNCED, 1, 11));
    put_slot(1, 2, slot_of(PM_SLOT_SYNCED, 1, 12));
    snprintf(head.identity, sizeof head.identity, "square version 1, range 1..5");
    head.session = 9;
    CHECK_INT(pm_journal_head_write(output, 1, &head), PARMAP_OK);
    open_marks(1);
    CHECK_TEXT(marks.head.identity, run_identity);
    check_best(1, PM_SLOT_SYNCED, 1, 11);
    check_best(2, PM_SLOT_EMPTY, 0, 0);
    CHECK_INT(marks.torn, 0);
    end();
}

/* Blocks of several windows, counted. */
static void many(void)
{
    enum { BLOCKS = 3 * PM_MARKS_WINDOW + 17 };
    pm_journal_head head = head_of(BLOCKS), got;
    int64_t done = 0, wanted = 0;
    create_journals(2, &head);
    for (int64_t first = 0; first < BLOCKS; first += PM_MARKS_WINDOW)
        for (int node = 0; node < 2; node++) {
            const int64_t rest = BLOCKS - first;
            const int64_t count = rest < PM_MARKS_WINDOW ? rest : PM_MARKS_WINDOW;
            memset(slots, 0, sizeof slots);
            for (int64_t k = 0; k < count; k++) {
                if ((first + k) % 5 != node)
                    continue;
                slots[k] = slot_of(PM_SLOT_SYNCED, 1, (uint64_t)(first + k));
                pm_slot_seal(&slots[k], first + k, pm_journal_seed(run_identity));
                wanted++;
            }
            const int fd = open(journal(node), O_RDWR);
            CHECK_INT(pm_journal_slots_write(fd, "x", first, count, slots), PARMAP_OK);
            close(fd);
        }
    CHECK_INT(pm_marks_count(output, &got, &done), PARMAP_OK);
    CHECK_INT(done, wanted);
    CHECK_INT(got.blocks, BLOCKS);
    CHECK_TEXT(got.identity, run_identity);
    open_marks(2);
    CHECK_INT(pm_marks_read(&marks, 12345, PM_MARKS_WINDOW, slots), PARMAP_OK);
    int64_t wrong = 0;
    for (int64_t k = 0; k < PM_MARKS_WINDOW; k++) {
        const int64_t block = 12345 + k;
        wrong += block % 5 > 1 ? !pm_slot_blank(&slots[k])
                               : slots[k].hash != (uint64_t)block ||
                                     !pm_slot_good(&slots[k], block, marks.seed);
    }
    CHECK_INT(wrong, 0);
    CHECK(truncate(journal(1), SLOTS_AT + 100 * SLOT_BYTES + 5) == 0); /* blocks past its end */
    check_best(100, PM_SLOT_SYNCED, 1, 100);
    check_best(101, PM_SLOT_EMPTY, 0, 0);
    CHECK_INT(marks.torn, 0);
    end();
}

/* One that goes away between the two looks. */
static void lost(void)
{
    const pm_journal_head head = head_of(10);
    create_journals(2, &head);
    open_marks(2);
    CHECK(unlink(journal(1)) == 0);
    CHECK_INT(pm_marks_read(&marks, 0, 1, slots), PARMAP_BAD_DATA);
    CHECK_HOLDS(parmap_message(), "result.h5.journal-1");
    end();
}

int main(void)
{
    static const check_case cases[] = {
        {"marks: none", none},
        {"marks: headers", headers},
        {"marks: network file system", network},
        {"marks: which counts", which_counts},
        {"marks: headers assumed", assumed},
        {"marks: another run's", other_run},
        {"marks: many blocks", many},
        {"marks: lost", lost},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
