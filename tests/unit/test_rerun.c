/* Outputs with failed items: what is taken up again, what counts, and what of it survives. */
#include "base/hash.h"
#include "base/types.h"
#include "store/failed_collect.h"
#include "store/output.h"
#include "store/repair.h"

#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ITEMS = 1000, BLOCK = 64, BLOCKS = 16 };

static const char path[] = "rerun.h5";
static pm_file wanted, there;
static pm_output output;
static pm_todo todo;
static bool already;

static void want(const char *probe)
{
    memset(&wanted, 0, sizeof wanted);
    strcpy(wanted.dataset, "halves");
    wanted.item = pm_layout_of_type(PARMAP_INT64);
    wanted.items = ITEMS;
    wanted.has_statuses = true;
    pm_record_text(&wanted.data, "kernel", "half");
    pm_record_int(&wanted.data, "kernel_version", 1);
    pm_record_text(&wanted.data, "type", "int64");
    pm_record_text(&wanted.data, "range", "1..1000");
    pm_record_int(&wanted.data, "count", ITEMS);
    pm_record_int(&wanted.data, "block_items", BLOCK);
    pm_record_text(&wanted.data, "probe", probe);
    pm_record_uint(&wanted.data, "checksum", 0);
}

static parmap_status begin(bool rerun)
{
    pm_todo_free(&todo);
    const pm_wish wish = {.nodes = 1, .journal = true, .rerun = rerun};
    return pm_output_begin(&output, path, &wanted, &wish, &todo, &already);
}

static bool exists(const char *name)
{
    return access(name, F_OK) == 0;
}

static void clear(void)
{
    pm_todo_free(&todo);
    unlink(path);
    unlink("rerun.h5.journal-0");
    unlink("rerun.h5.journal-1");
}

static int64_t tasks(pm_task task)
{
    int64_t count = 0;
    if (!todo.spans)
        CHECK_INT(pm_todo_seal(&todo, 1, BLOCKS), PARMAP_OK);
    for (int64_t block = 0; block < BLOCKS; block++)
        count += pm_todo_task(&todo, block) == task;
    return count;
}

static pm_failed failed_of(int64_t item, int64_t session)
{
    pm_failed failed = {.item = item, .attempts = 1, .session = session};
    pm_failed_texts(&failed, "here", "failed");
    return failed;
}

/* Writes, as a rank of the node does, blocks `first` up to `end`: in block b the first b items
 * fail, as far as `fails`. */
static void write_blocks(int node, int64_t first, int64_t end, bool fails)
{
    pm_data statuses, data;
    pm_journal journal;
    pm_failed_log log;
    CHECK_INT(pm_data_open(&statuses, path, wanted.statuses_offset, 1, true), PARMAP_OK);
    CHECK_INT(pm_data_open(&data, path, wanted.offset, 8, true), PARMAP_OK);
    CHECK_INT(pm_journal_open(&journal, path, node, true), PARMAP_OK);
    CHECK_INT(pm_failed_log_open(&log, journal.path, journal.seed, 1), PARMAP_OK);
    for (int64_t block = first; block < end; block++) {
        const int64_t item = block * BLOCK;
        const size_t count = item + BLOCK < ITEMS ? BLOCK : (size_t)(ITEMS - item);
        uint8_t bytes[BLOCK];
        int64_t values[BLOCK] = {0};
        memset(bytes, PM_ITEM_GOOD, sizeof bytes);
        for (int64_t i = 0; i < block && fails; i++) {
            const pm_failed failed = failed_of(item + i, output.past.session);
            bytes[i] = PM_ITEM_FAILED;
            CHECK_INT(pm_failed_log_add(&log, &failed), PARMAP_OK);
        }
        CHECK_INT(pm_data_write(&statuses, item, bytes, count), PARMAP_OK);
        CHECK_INT(pm_data_write(&data, item, values, 8 * count), PARMAP_OK);
        const uint64_t hash = pm_hash_block(values, 8 * count, (uint64_t)block) +
                              pm_hash_block(bytes, count, (uint64_t)block);
        const int flags = PM_SLOT_HASHED | (fails && block > 0 ? PM_SLOT_FAILED : 0);
        CHECK_INT(pm_journal_mark(&journal, block, hash, (uint8_t)flags), PARMAP_OK);
    }
    pm_failed_log_close(&log);
    pm_journal_close(&journal);
    pm_data_close(&data);
    pm_data_close(&statuses);
}

static int64_t collected(void)
{
    pm_failed_list list = {.count = 0};
    int64_t counted = -1;
    CHECK_INT(pm_failed_collect(path, &wanted, &list), PARMAP_OK);
    CHECK_INT(pm_failed_count(path, &wanted, &counted, NULL, NULL), PARMAP_OK);
    CHECK_INT(counted, list.count);
    for (int64_t i = 1; i < list.count; i++)
        CHECK(list.items[i].item > list.items[i - 1].item);
    const int64_t count = list.count;
    pm_failed_list_free(&list);
    return count;
}

static parmap_status finish(int64_t failed)
{
    pm_failed_list list = {.count = 0};
    CHECK_INT(pm_failed_collect(path, &wanted, &list), PARMAP_OK);
    CHECK_INT(list.count, failed);
    pm_record_int(&wanted.data, "failed", failed);
    const parmap_status status = pm_output_finish(&output, &wanted, &list);
    pm_failed_list_free(&list);
    return status;
}

/* Blocks 1 to 15 have 1 to 15 failed items, 120 in all. */
static void make_complete(void)
{
    clear();
    want("12ab");
    CHECK_INT(begin(false), PARMAP_OK);
    CHECK_INT(tasks(PM_TASK_COMPUTE), BLOCKS);
    write_blocks(0, 0, BLOCKS, true);
    CHECK_INT(finish(120), PARMAP_OK);
}

static void complete_with_failed(void)
{
    make_complete();
    CHECK(exists("rerun.h5.journal-0"));
    want("----");
    CHECK_INT(begin(false), PARMAP_OK);
    CHECK(already);
    CHECK_INT(pm_file_failed(&wanted), 120);
    CHECK(exists("rerun.h5.journal-0"));
    CHECK_INT(pm_output_inspect(path, &there), PM_OUTPUT_COMPLETE);
    clear();
}

static void rerun(void)
{
    make_complete();
    want("----"); /* another probe failed */
    CHECK_INT(begin(true), PARMAP_OK);
    CHECK(!already);
    CHECK_INT(tasks(PM_TASK_RERUN), BLOCKS - 1);
    CHECK_INT(tasks(PM_TASK_COMPUTE) + tasks(PM_TASK_RECHECK), 0);
    CHECK_INT(output.past.failed, 0);
    CHECK_INT(output.past.reruns, BLOCKS - 1);
    CHECK_TEXT(pm_record_get_text(&wanted.data, "probe", ""), "12ab");
    CHECK_INT(pm_file_read(path, &there), PARMAP_OK);
    CHECK(!there.complete);
    write_blocks(0, 1, BLOCKS, false);
    CHECK_INT(finish(0), PARMAP_OK);
    CHECK(!exists("rerun.h5.journal-0"));
    want("12ab");
    CHECK_INT(begin(true), PARMAP_OK);
    CHECK(already);
    clear();
}

/* A plain start goes on with what a rerun that was killed left, and counts what it does not look
 * at again. */
static void killed_rerun(void)
{
    make_complete();
    want("12ab");
    CHECK_INT(begin(true), PARMAP_OK);
    write_blocks(0, 1, 6, false); /* 15 failed items less */
    pm_output_abandon(&output);
    want("12ab");
    CHECK_INT(begin(false), PARMAP_OK);
    CHECK(!already);
    CHECK_INT(tasks(PM_TASK_RECHECK), 10); /* their hashes are doubted */
    CHECK_INT(tasks(PM_TASK_NONE), 6);
    CHECK_INT(output.past.failed, 0);
    CHECK_INT(collected(), 105);
    write_blocks(0, 6, BLOCKS, true);
    pm_output_abandon(&output);
    want("12ab");
    CHECK_INT(begin(false), PARMAP_OK);
    CHECK_INT(tasks(PM_TASK_NONE), BLOCKS);
    CHECK_INT(output.past.failed, 105);
    CHECK_INT(finish(105), PARMAP_OK);
    clear();
}

/* The records of other nodes' journals are brought into the first. */
static void several_nodes(void)
{
    clear();
    want("12ab");
    const pm_wish two = {.nodes = 2, .journal = true};
    CHECK_INT(pm_output_begin(&output, path, &wanted, &two, &todo, &already), PARMAP_OK);
    write_blocks(0, 0, 5, true);
    write_blocks(1, 5, 9, true);
    CHECK_INT(collected(), 36);
    pm_output_abandon(&output);
    want("12ab");
    CHECK_INT(begin(false), PARMAP_OK);
    CHECK(!exists("rerun.h5.journal-1"));
    CHECK_INT(tasks(PM_TASK_COMPUTE), 7);
    CHECK_INT(output.past.failed, 36);
    CHECK_INT(collected(), 36);
    pm_output_abandon(&output);
    clear();
}

static void lost_journal(void)
{
    make_complete();
    CHECK(unlink("rerun.h5.journal-0") == 0);
    want("12ab");
    CHECK_INT(begin(true), PARMAP_CANNOT_CREATE);
    CHECK_HOLDS(parmap_message(), "its journal is gone");
    CHECK_INT(pm_file_read(path, &there), PARMAP_OK);
    CHECK(there.complete);
    CHECK(!exists("rerun.h5.journal-0"));
    clear();
    want("12ab");
    CHECK_INT(begin(true), PARMAP_CANNOT_CREATE);
    CHECK_HOLDS(parmap_message(), "it was not begun");
    CHECK(!exists(path) && !exists("rerun.h5.journal-0"));
}

static void other_results(void)
{
    make_complete();
    want("12ac");
    CHECK_INT(begin(true), PARMAP_CANNOT_CREATE);
    CHECK_HOLDS(parmap_message(), "computes different results");
    clear();
}

static void read_statuses(uint8_t bytes[ITEMS], int64_t offset)
{
    const int fd = open(path, O_RDONLY);
    CHECK(pread(fd, bytes, ITEMS, offset) == ITEMS);
    close(fd);
}

/* Neither data set is touched when the metadata is written again; whoever asks with another probe
 * gets the marks of the first. */
static void repaired(void)
{
    uint8_t before[ITEMS], after[ITEMS];
    clear();
    want("12ab");
    CHECK_INT(begin(false), PARMAP_OK);
    const int64_t offset = wanted.statuses_offset;
    write_blocks(0, 0, BLOCKS, true);
    pm_output_abandon(&output);
    read_statuses(before, offset);
    const int fd = open(path, O_RDWR);
    CHECK(pwrite(fd, "damaged", 7, 96) == 7 && pwrite(fd, "damaged", 7, 600) == 7);
    close(fd);
    CHECK_INT(pm_file_read(path, &there), PARMAP_BAD_DATA);
    want("----");
    CHECK_INT(begin(false), PARMAP_OK);
    CHECK_INT(tasks(PM_TASK_RECHECK), BLOCKS);
    CHECK_INT(wanted.statuses_offset, offset);
    read_statuses(after, offset);
    CHECK(memcmp(before, after, ITEMS) == 0);
    CHECK_INT(collected(), 120);
    CHECK_TEXT(pm_record_get_text(&wanted.data, "probe", ""), "12ab");
    pm_output_abandon(&output);
    clear();
}

int main(void)
{
    static const check_case cases[] = {
        {"rerun: complete with failed items", complete_with_failed},
        {"rerun: failed blocks again", rerun},
        {"rerun: killed", killed_rerun},
        {"rerun: several nodes", several_nodes},
        {"rerun: a lost journal", lost_journal},
        {"rerun: other results", other_results},
        {"rerun: metadata written again", repaired},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
