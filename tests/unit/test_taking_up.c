/* TEST seconds=120 */
/* Taking up what an earlier attempt left of an output: what is adopted, what is refused, and what
 * is read again.  Whatever happened before, a block that counts as done has its data in the file.
 */
#include "store/output.h"

#include "base/hash.h"
#include "base/stop.h"

#include "check.h"
#include "draw.h"
#include "unit/journals.h"
#include "unit/outputs.h"
#include "unit/pretend.h"

#include <stdlib.h>
#include <sys/wait.h>

enum { ITEMS = 1000, BLOCK = 128, BLOCKS = 8 };

static pm_file wanted;
static pm_output taken = {.lock.fd = -1};
static pm_todo todo;
static bool already;
static int64_t data_offset; /* in the file, the same for all attempts */
static pm_wish wish;

static void clear(void)
{
    pm_todo_free(&todo);
    unlink(output);
    pm_journal_remove(output);
    describe_wanted(&wanted);
    wish = (pm_wish){.nodes = 2, .journal = true};
}

static parmap_status begin(void)
{
    CHECK_INT(taken.lock.fd, -1);
    pm_output_abandon(&taken); /* after a check that failed */
    pm_todo_free(&todo);
    describe_wanted(&wanted);
    return pm_output_begin(&taken, output, &wanted, &wish, &todo, &already);
}

/* The results of a block. */
static void compute(int64_t block, int64_t items[BLOCK])
{
    for (int i = 0; i < BLOCK; i++)
        items[i] = (block * BLOCK + i) * 1000003 + 17;
}

static size_t bytes_of(int64_t block)
{
    return 8 * (size_t)(block < BLOCKS - 1 ? BLOCK : ITEMS - (BLOCKS - 1) * BLOCK);
}

static uint64_t hash_of(int64_t block)
{
    int64_t items[BLOCK];
    compute(block, items);
    return pm_hash_block(items, bytes_of(block), (uint64_t)block);
}

/* Does a block as a thread of a node does it. */
static void do_block(int node, int64_t block, bool hashed)
{
    pm_data data;
    pm_journal marks;
    int64_t items[BLOCK];
    compute(block, items);
    CHECK_INT(pm_data_open(&data, output, data_offset, 8, true), PARMAP_OK);
    CHECK_INT(pm_data_write(&data, block * BLOCK, items, bytes_of(block)), PARMAP_OK);
    pm_data_close(&data);
    CHECK_INT(pm_journal_open(&marks, output, node, true), PARMAP_OK);
    CHECK_INT(
        pm_journal_mark(&marks, block, hashed ? hash_of(block) : 0, hashed ? PM_SLOT_HASHED : 0),
        PARMAP_OK);
    pm_journal_close(&marks);
}

/* As the keeper says it. */
static void sync_block(int node, int64_t block)
{
    pm_journal marks;
    CHECK_INT(pm_journal_open(&marks, output, node, false), PARMAP_OK);
    pm_slot slot = get_slot(node, block);
    slot.state = PM_SLOT_SYNCED;
    pm_slot_seal(&slot, block, marks.seed);
    CHECK_INT(pm_journal_slots_write(marks.fd, marks.path, block, 1, &slot), PARMAP_OK);
    pm_journal_close(&marks);
}

static bool has_data(int64_t block)
{
    pm_data data;
    int64_t right[BLOCK], items[BLOCK];
    compute(block, right);
    if (pm_data_open(&data, output, data_offset, 8, false) != PARMAP_OK)
        return false;
    const bool read = pm_data_read(&data, block * BLOCK, items, bytes_of(block)) == PARMAP_OK;
    pm_data_close(&data);
    return read && memcmp(items, right, bytes_of(block)) == 0;
}

/* An attempt that does the blocks 1 and 6 on the first node and 3 and 7 on the second, and is
 * killed; the mark of 3 was synced. */
static void attempt(void)
{
    clear();
    CHECK_INT(begin(), PARMAP_OK);
    data_offset = wanted.offset;
    do_block(0, 1, true);
    do_block(0, 6, true);
    do_block(1, 3, true);
    do_block(1, 7, true);
    sync_block(1, 3);
    pm_output_abandon(&taken);
}

static bool was_done(int64_t block)
{
    return block == 1 || block == 3 || block == 6 || block == 7;
}

/* The four blocks have this task, the others are to be computed. */
static void check_todo(pm_task task)
{
    for (int64_t b = 0; b < BLOCKS; b++) {
        CHECK_INT(pm_todo_task(&todo, b), was_done(b) ? task : PM_TASK_COMPUTE);
        if (pm_todo_task(&todo, b) == PM_TASK_NONE)
            CHECK(has_data(b));
    }
}

static void check_taken_up(pm_task task, int64_t session, const char *note)
{
    CHECK_INT(begin(), PARMAP_OK);
    CHECK(!already);
    CHECK_INT(taken.past.session, session);
    check_todo(task);
    if (*note)
        CHECK_HOLDS(taken.note, note);
    else
        CHECK_TEXT(taken.note, "");
    pm_output_abandon(&taken);
}

/* Computed from the start: told why, and refused to those who want to resume. */
static void check_afresh(const char *why)
{
    struct stat before, after;
    wish.resume = true;
    const bool present = stat(output, &before) == 0;
    const bool had_journal = exists(journal(0));
    CHECK_INT(begin(), PARMAP_CANNOT_CREATE);
    CHECK_HOLDS(parmap_message(), "there is nothing to resume in result.h5: ");
    CHECK_HOLDS(parmap_message(), *why ? why : "it was not begun");
    CHECK_INT(taken.lock.fd, -1);
    CHECK(exists(journal(0)) == had_journal);
    CHECK((stat(output, &after) == 0) == present);
    if (present)
        CHECK(before.st_mtim.tv_nsec == after.st_mtim.tv_nsec && before.st_size == after.st_size);
    wish.resume = false;
    CHECK_INT(begin(), PARMAP_OK);
    CHECK(!already);
    CHECK_INT(taken.past.session, 1);
    CHECK_INT(taken.past.blocks, 0);
    CHECK_INT(pm_todo_blocks(&todo), BLOCKS);
    CHECK_INT(pm_todo_task(&todo, 1), PM_TASK_COMPUTE);
    if (*why)
        CHECK_HOLDS(taken.note, why);
    else
        CHECK_TEXT(taken.note, "");
    pm_output_abandon(&taken);
}

/* ---- what is taken up ------------------------------------------------------------------------ */

static void taken_up(void)
{
    attempt();
    check_taken_up(PM_TASK_NONE, 2, "");
    CHECK_INT(taken.past.blocks, 4);
    CHECK_INT(taken.past.items, 3 * BLOCK + 104);
    CHECK_INT(taken.past.checksum, hash_of(1) + hash_of(3) + hash_of(6) + hash_of(7));
    wish.resume = true;
    wish.nodes = 1;
    check_taken_up(PM_TASK_NONE, 3, "");
    CHECK(!exists(journal(1)));
    wish.recheck = PM_RECHECK_ALL;
    check_taken_up(PM_TASK_RECHECK, 4, "");
    CHECK_INT(taken.past.blocks, 0);
    CHECK_INT(taken.past.rechecks, 4);
}

/* What the file says of its data holds; of the run what this attempt says, where it was. */
static void adopted(void)
{
    clear();
    pm_record_text(&wanted.run, "started", "first");
    pm_record_int(&wanted.run, "ranks", 4);
    CHECK_INT(pm_output_begin(&taken, output, &wanted, &wish, &todo, &already), PARMAP_OK);
    const int64_t offset = wanted.offset;
    pm_output_abandon(&taken);
    pm_todo_free(&todo);
    describe_wanted(&wanted);
    pm_record_int(&wanted.data, "block_items", 64);
    pm_record_text(&wanted.data, "more", "x");
    pm_record_text(&wanted.run, "started", "second");
    pm_record_int(&wanted.run, "ranks", 7);
    pm_record_int(&wanted.run, "more", 1);
    CHECK_INT(pm_output_begin(&taken, output, &wanted, &wish, &todo, &already), PARMAP_OK);
    CHECK_INT(pm_record_get_int(&wanted.data, "block_items", 0), BLOCK);
    CHECK_INT(pm_todo_blocks(&todo), BLOCKS);
    CHECK_INT(wanted.offset, offset);
    CHECK(pm_record_find(&wanted.data, "more") == NULL);
    CHECK_TEXT(pm_record_get_text(&wanted.run, "started", NULL), "first");
    CHECK_INT(pm_record_get_int(&wanted.run, "ranks", 0), 7);
    CHECK(pm_record_find(&wanted.run, "more") == NULL);
    CHECK_INT(pm_output_finish(&taken, &wanted, NULL), PARMAP_OK);
    CHECK(!exists(journal(0)) && !exists(journal(1)));
}

/* Minimum, maximum and sum need all values, whether this attempt asks for them or not. */
static void statistics(void)
{
    clear();
    pm_record_text(&wanted.data, "min", "");
    CHECK_INT(pm_output_begin(&taken, output, &wanted, &wish, &todo, &already), PARMAP_OK);
    do_block(0, 1, true);
    pm_output_abandon(&taken);
    CHECK_INT(begin(), PARMAP_OK);
    CHECK_INT(pm_todo_task(&todo, 1), PM_TASK_RECHECK);
    CHECK_TEXT(taken.note, "");
    pm_output_abandon(&taken);
}

static void headers_damaged(void)
{
    attempt();
    damage_headers(1);
    CHECK_INT(begin(), PARMAP_OK);
    CHECK_TEXT(taken.note, "the header of a journal was damaged");
    CHECK_INT(pm_todo_task(&todo, 1), PM_TASK_NONE);
    CHECK_INT(pm_todo_task(&todo, 3), PM_TASK_NONE);
    CHECK_INT(pm_todo_task(&todo, 7), PM_TASK_RECHECK); /* nobody knows when its node was started */
    pm_output_abandon(&taken);
    attempt();
    damage_headers(0);
    damage_headers(1);
    CHECK_INT(begin(), PARMAP_OK);
    CHECK_INT(taken.past.session, 2);
    CHECK_INT(pm_todo_task(&todo, 0), PM_TASK_COMPUTE);
    CHECK_INT(pm_todo_task(&todo, 1), PM_TASK_RECHECK);
    CHECK_INT(pm_todo_task(&todo, 3), PM_TASK_NONE);
    pm_output_abandon(&taken);
}

static void torn_marks(void)
{
    attempt();
    damage(journal(0), pm_journal_place(6) + 10, 3);
    CHECK_INT(begin(), PARMAP_OK);
    CHECK_TEXT(taken.note, "1 of its marks were torn or damaged");
    CHECK_INT(pm_todo_task(&todo, 6), PM_TASK_COMPUTE);
    CHECK_INT(pm_todo_task(&todo, 7), PM_TASK_NONE);
    pm_output_abandon(&taken);
}

/* ---- what is suspect ------------------------------------------------------------------------- */

/* Read again by this attempt, and by the next, as long as nobody has. */
static void check_suspect(const char *note)
{
    check_taken_up(PM_TASK_RECHECK, 2, note);
    CHECK_INT(taken.past.blocks, 0);
    check_taken_up(PM_TASK_RECHECK, 3, "");
    do_block(0, 3, true);
    CHECK_INT(begin(), PARMAP_OK);
    CHECK_INT(pm_todo_task(&todo, 3), PM_TASK_NONE);
    CHECK_INT(pm_todo_task(&todo, 1), PM_TASK_RECHECK);
    CHECK_INT(pm_output_finish(&taken, &wanted, NULL), PARMAP_OK);
    CHECK_INT(begin(), PARMAP_OK);
    CHECK(already);
}

static void cut_short(void)
{
    attempt();
    const off_t length = length_of(output);
    CHECK(truncate(output, data_offset + 3 * BLOCK * 8) == 0);
    CHECK(!has_data(3));
    check_taken_up(PM_TASK_RECHECK, 2, "every block is read again");
    CHECK_INT(length_of(output), length);
    attempt();
    CHECK(truncate(output, length_of(output) - 1) == 0);
    check_suspect("every block is read again");
}

static void replaced(void)
{
    attempt();
    CHECK(system("cp result.h5 other.h5 && mv other.h5 result.h5") == 0);
    check_suspect("it was replaced since, so every block is read again");
}

static void metadata_damaged(void)
{
    attempt();
    damage(output, 8, (int)data_offset - 8); /* all but the first bytes, which say HDF5 */
    check_suspect("its metadata was damaged and is written again, and every block is read again");
}

/* What is written again says how long the blocks are that were marked. */
static void block_items_kept(void)
{
    attempt();
    damage(output, 8, (int)data_offset - 8);
    pm_todo_free(&todo);
    describe_wanted(&wanted);
    pm_record_int(&wanted.data, "block_items", 64);
    CHECK_INT(pm_output_begin(&taken, output, &wanted, &wish, &todo, &already), PARMAP_OK);
    CHECK_INT(pm_record_get_int(&wanted.data, "block_items", 0), BLOCK);
    check_todo(PM_TASK_RECHECK);
    pm_output_abandon(&taken);
}

/* As a page that was never written; whether that changes it. */
static bool wipe(const char *name, off_t at, int count)
{
    static const char zeros[4096];
    char before[4096];
    const int fd = open(name, O_RDWR);
    CHECK(pread(fd, before, (size_t)count, at) == count);
    CHECK(pwrite(fd, zeros, (size_t)count, at) == count);
    close(fd);
    return memcmp(before, zeros, (size_t)count) != 0;
}

/* Places all over, also those that leave a file which opens, but has lost what was in it. */
static void groups_damaged(void)
{
    int repaired = 0;
    for (int at = 96; at < 2048; at += 64) {
        attempt();
        const bool changed = wipe(output, at, 64);
        CHECK_INT(begin(), PARMAP_OK);
        check_todo(changed ? PM_TASK_RECHECK : PM_TASK_NONE);
        CHECK_INT(pm_output_finish(&taken, &wanted, NULL), PARMAP_OK);
        repaired += changed;
    }
    CHECK(repaired > 10);
}

/* ---- what cannot be taken up ----------------------------------------------------------------- */

static void not_begun(void)
{
    clear();
    check_afresh("");
    clear();
    close(open(journal(0), O_CREAT | O_RDWR, 0600)); /* killed with the lock alone */
    check_afresh("");
    attempt();
    CHECK(unlink(output) == 0);
    check_afresh("it was removed");
    attempt();
    CHECK(truncate(output, 0) == 0);
    check_afresh("it was removed");
    attempt();
    pm_journal_remove(output);
    check_afresh("its journal is gone");
    attempt();
    CHECK(truncate(journal(0), 0) == 0 && truncate(journal(1), 0) == 0);
    check_afresh("its journal is gone");
}

static void journal_off(void)
{
    clear();
    wish.journal = false;
    CHECK_INT(begin(), PARMAP_OK);
    CHECK_INT(pm_todo_blocks(&todo), BLOCKS);
    pm_output_abandon(&taken);
    wish.journal = true;
    check_afresh("it was begun with --journal off");
    check_taken_up(PM_TASK_COMPUTE, 2, ""); /* and from then on it has one */
}

static void journal_of_another_run(void)
{
    attempt();
    for (int node = 0; node < 2; node++) {
        pm_journal_head head;
        const int fd = open(journal(node), O_RDONLY);
        CHECK(pm_journal_head_read(fd, &head));
        close(fd);
        head.identity[0] ^= 1;
        CHECK_INT(pm_journal_head_write(output, node, &head), PARMAP_OK);
    }
    check_afresh("its journal is another run's");
}

/* A file that cannot be read, and whose journal does not say what it is: whose it is nobody knows.
 */
static void unknown_file(void)
{
    for (int force = 0; force < 2; force++) {
        attempt();
        damage(output, 8, (int)data_offset - 8);
        const off_t length = length_of(output);
        CHECK(truncate(journal(0), 0) == 0 && unlink(journal(1)) == 0);
        wish.force = force;
        CHECK_INT(begin(), PARMAP_CANNOT_CREATE);
        CHECK_HOLDS(parmap_message(), "result.h5 is not a result of parmap and would be lost");
        CHECK_INT(length_of(output), length);
        CHECK(has_data(3));
    }
}

static void laid_out_otherwise(void)
{
    attempt();
    damage(output, 8, (int)data_offset - 8);
    pm_journal_head head;
    const int fd = open(journal(0), O_RDONLY);
    CHECK(pm_journal_head_read(fd, &head));
    close(fd);
    head.layout.data.begin -= 8;
    CHECK_INT(pm_journal_head_write(output, 0, &head), PARMAP_OK);
    CHECK_INT(begin(), PARMAP_BAD_DATA);
    CHECK_HOLDS(parmap_message(), "the metadata of result.h5 is damaged");
    CHECK_INT(taken.lock.fd, -1);
    CHECK(has_data(3));
    CHECK(exists(journal(0)));
    wish.force = true;
    CHECK_INT(begin(), PARMAP_OK);
    CHECK_INT(pm_todo_task(&todo, 3), PM_TASK_COMPUTE);
    pm_output_abandon(&taken);
}

/* The attribute could be changed by hand. */
static void block_items_wrong(void)
{
    static const int64_t wrong[] = {0, -128, 100, INT64_C(1) << 40};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        clear();
        pm_record_int(&wanted.data, "block_items", wrong[i] != 0 ? wrong[i] : 128);
        CHECK_INT(pm_file_create(output, &wanted), PARMAP_OK);
        const pm_journal_head head = head_of(8);
        CHECK_INT(pm_journal_create(output, 0, 1, &head), PARMAP_OK);
        damage_headers(0);
        CHECK_INT(begin(), wrong[i] == 0 ? PARMAP_OK : PARMAP_BAD_DATA);
        if (wrong[i] != 0)
            CHECK_HOLDS(parmap_message(), "does not say rightly how long its blocks are");
        pm_output_abandon(&taken);
        CHECK(exists(journal(0)));
    }
}

static void finished(void)
{
    attempt();
    CHECK_INT(begin(), PARMAP_OK);
    pm_record_uint(&wanted.data, "checksum", 4711);
    pm_journal_head head;
    const int fd = open(journal(0), O_RDONLY);
    CHECK(pm_journal_head_read(fd, &head));
    close(fd);
    head.layout.fingerprint = 0; /* as a run that ends does it, */
    CHECK_INT(pm_journal_head_write(output, 0, &head), PARMAP_OK);
    CHECK_INT(pm_file_finish(output, &wanted), PARMAP_OK); /* and killed before its last step */
    pm_output_abandon(&taken);
    wish.resume = true;
    CHECK_INT(begin(), PARMAP_OK);
    CHECK(already);
    CHECK_INT(pm_record_get_uint(&wanted.data, "checksum", 0), 4711);
    CHECK(!exists(journal(0)) && !exists(journal(1)));
    CHECK_INT(taken.lock.fd, -1);
}

/* ---- killed ---------------------------------------------------------------------------------- */

static void begin_in_child(void)
{
    if (begin() != PARMAP_OK)
        _exit(1);
}

static void finish_in_child(void)
{
    if (begin() != PARMAP_OK)
        _exit(1);
    pretend.steps = 0;
    if (pm_output_finish(&taken, &wanted, NULL) != PARMAP_OK)
        _exit(1);
}

/* Does it in a child that ends before, or within, its n-th change of a file; whether it did. */
static bool killed_in(void (*what)(void), int64_t step, bool torn)
{
    int status = -1;
    const pid_t child = fork();
    if (child == 0) {
        pretend.steps = what == finish_in_child ? INT64_MIN : 0;
        pretend.killed_at = step;
        pretend.torn = torn;
        what();
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == KILLED));
    return WEXITSTATUS(status) == KILLED;
}

/* The same command again, without --force: nothing is refused, and nothing counts as done that is
 * not there.  Then it is finished. */
static void check_goes_on(void)
{
    wish = (pm_wish){.nodes = 2, .journal = true};
    CHECK_INT(begin(), PARMAP_OK);
    if (already)
        return;
    for (int64_t b = 0; b < BLOCKS; b++)
        if (pm_todo_task(&todo, b) == PM_TASK_NONE)
            CHECK(has_data(b));
        else
            do_block((int)(b % 2), b, true);
    CHECK_INT(pm_output_finish(&taken, &wanted, NULL), PARMAP_OK);
    CHECK_INT(begin(), PARMAP_OK);
    CHECK(already);
    for (int64_t b = 0; b < BLOCKS; b++)
        CHECK(has_data(b));
}

/* Prepares, and is killed at every step of what comes then: before the one, within the next. */
static void check_killed(void (*prepare)(void), void (*what)(void), int least)
{
    int kills = 0;
    for (int64_t step = 1; step == kills + 1; step++) {
        prepare();
        kills += killed_in(what, step, step % 2);
        check_goes_on();
    }
    CHECK(kills >= least);
}

static void prepare_forced(void)
{
    attempt();
    wish.force = true;
}

static void prepare_damaged(void)
{
    attempt();
    CHECK(truncate(output, data_offset + 3 * BLOCK * 8) == 0);
}

static void prepare_all(void)
{
    attempt();
    CHECK_INT(begin(), PARMAP_OK);
    for (int64_t b = 0; b < BLOCKS; b++)
        do_block(0, b, true);
    pm_output_abandon(&taken);
}

static void killed(void)
{
    check_killed(clear, begin_in_child, 10);
    check_killed(attempt, begin_in_child, 5);
    check_killed(prepare_forced, begin_in_child, 10);
    check_killed(prepare_damaged, begin_in_child, 15);
    check_killed(prepare_all, finish_in_child, 5);
}

int main(void)
{
    static const check_case cases[] = {
        {"taking up: marks", taken_up},
        {"taking up: what is adopted", adopted},
        {"taking up: statistics", statistics},
        {"taking up: damaged headers", headers_damaged},
        {"taking up: torn marks", torn_marks},
        {"taking up: a file cut short", cut_short},
        {"taking up: a file replaced", replaced},
        {"taking up: metadata damaged", metadata_damaged},
        {"taking up: block_items kept", block_items_kept},
        {"taking up: groups damaged", groups_damaged},
        {"taking up: not begun", not_begun},
        {"taking up: journal off", journal_off},
        {"taking up: another run's journal", journal_of_another_run},
        {"taking up: an unknown file", unknown_file},
        {"taking up: laid out otherwise", laid_out_otherwise},
        {"taking up: wrong block_items", block_items_wrong},
        {"taking up: finished", finished},
        {"taking up: killed", killed},
    };
    pretend.no_sync = true;
    pm_stop_install();
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
