/* The journals beside an output: their bytes, and what damage does to them. */
#include "store/journal.h"

#include "base/hash.h"

#include "check.h"
#include "draw.h"
#include "unit/journals.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/wait.h>

static void mark(int node, int64_t block, uint64_t hash)
{
    pm_journal j;
    CHECK_INT(pm_journal_open(&j, output, node, false), PARMAP_OK);
    CHECK_INT(pm_journal_mark(&j, block, hash, PM_SLOT_HASHED), PARMAP_OK);
    pm_journal_close(&j);
    pm_journal_close(&j); /* closing twice is fine */
}

static bool good_slot(int node, int64_t block)
{
    const pm_slot slot = get_slot(node, block);
    return pm_slot_good(&slot, block, pm_journal_seed(run_identity));
}

static int64_t count_slots(int node, int64_t blocks)
{
    int64_t count = 0;
    for (int64_t b = 0; b < blocks; b++)
        count += good_slot(node, b);
    return count;
}

static void none(void)
{
    pm_journal j;
    CHECK(!pm_journal_exists(output));
    CHECK_INT(pm_journal_open(&j, output, 0, true), PARMAP_WRITE_ERROR);
    CHECK_HOLDS(parmap_message(), "result.h5.journal-0");
    pm_journal_close(&j);
    pm_journal_remove(output);
    CHECK(!exists(journal(0)));
    const pm_journal_head head = head_of(1);
    CHECK_INT(pm_journal_head_write(output, 0, &head), PARMAP_WRITE_ERROR);
    CHECK(!exists(journal(0)));
    CHECK_INT(pm_journal_create("nowhere/x.h5", 0, 1, &head), PARMAP_WRITE_ERROR);
    CHECK_HOLDS(parmap_message(), "nowhere/x.h5.journal-0");
}

static void marks(void)
{
    enum { BLOCKS = 10000 };
    const pm_journal_head head = head_of(BLOCKS);
    create_journals(1, &head);
    const off_t length = length_of(journal(0));
    CHECK(length >= SLOTS_AT + BLOCKS * SLOT_BYTES); /* its room is there from the start */
    CHECK(length % 4096 == 0);
    CHECK_INT(length, pm_journal_end(BLOCKS));
    CHECK_INT(count_slots(0, BLOCKS), 0);
    mark(0, 0, 7);
    mark(0, BLOCKS - 1, 0);
    mark(0, 5000, UINT64_MAX);
    mark(0, 5000, 1);
    CHECK_INT(count_slots(0, BLOCKS), 3);
    CHECK_INT(get_slot(0, 5000).hash, 1);
    for (int64_t b = 0; b < BLOCKS; b += 2)
        mark(0, b, (uint64_t)b);
    CHECK_INT(count_slots(0, BLOCKS), BLOCKS / 2 + 1);
    CHECK_INT(length_of(journal(0)), length);
    pm_journal_remove(output);
    CHECK(!pm_journal_exists(output));
}

/* One copy of the header, as docs/format.md draws it. */
static void check_copy(const unsigned char *bytes, int node)
{
    uint32_t words[4];
    int64_t numbers[11];
    uint64_t check;
    CHECK(memcmp(bytes, "parmap journal\n", 16) == 0);
    memcpy(words, bytes + 16, sizeof words);
    CHECK_INT(words[0], 3);
    CHECK_INT(words[1], SLOTS_AT);
    CHECK_INT(words[2], SLOT_BYTES);
    CHECK_INT(words[3], node);
    memcpy(&check, bytes + 32, sizeof check);
    CHECK_INT(check, pm_hash_block(bytes + 40, PM_IDENTITY + 11 * 8, 0));
    CHECK_TEXT((const char *)bytes + 40, run_identity);
    memcpy(numbers, bytes + 40 + PM_IDENTITY, 11 * 8);
    CHECK_INT(numbers[0], 4);
    CHECK_INT(numbers[1], 4096);
    CHECK_INT(numbers[2], 1 << 20);
    CHECK_INT(numbers[3], 4 * 4096);
    CHECK_INT(numbers[4], 0);
    CHECK_INT(numbers[5], 0);
    CHECK_INT(numbers[6], 12345);
    CHECK_INT(numbers[7], 678);
    CHECK_INT(numbers[8], 4711);
    CHECK_INT(numbers[9], 3);
    CHECK_INT(numbers[10], 99);
}

static void layout(void)
{
    pm_journal_head head = head_of(4);
    unsigned char bytes[SLOTS_AT + 4 * SLOT_BYTES] = {0}, zeros[2 * SLOT_BYTES] = {0};
    uint32_t check;
    uint64_t hash;
    head.session = 3;
    head.boot = 99;
    create_journals(2, &head);
    mark(1, 2, 0x1122334455667788);
    const int fd = open(journal(1), O_RDONLY);
    CHECK(read(fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes);
    close(fd);
    check_copy(bytes, 1);
    check_copy(bytes + SECOND_COPY, 1);
    const unsigned char *slot = bytes + SLOTS_AT + 2 * SLOT_BYTES;
    memcpy(&check, slot, sizeof check);
    memcpy(&hash, slot + 8, sizeof hash);
    CHECK_INT(check, (uint32_t)pm_hash_block(
                         slot + 4, 12, pm_hash_block(run_identity, strlen(run_identity), 0) + 2));
    CHECK_INT(slot[4], 1); /* written */
    CHECK_INT(slot[5], 1); /* hashed */
    CHECK_INT(slot[6], 3); /* session */
    CHECK_INT(slot[7], 0);
    CHECK_INT(hash, 0x1122334455667788);
    CHECK(memcmp(bytes + SLOTS_AT, zeros, sizeof zeros) == 0);
    CHECK_INT(pm_journal_place(2), SLOTS_AT + 2 * SLOT_BYTES);
    pm_journal_remove(output);
}

static void far_block(void)
{
    const int64_t far = INT64_C(1) << 33;
    const pm_journal_head head = head_of(1);
    create_journals(1, &head);
    mark(0, far, 5);
    CHECK_INT(length_of(journal(0)), SLOTS_AT + (far + 1) * SLOT_BYTES);
    CHECK(good_slot(0, far));
    pm_journal_remove(output);
}

static void several_nodes(void)
{
    pm_journal_head head = head_of(100);
    create_journals(12, &head);
    for (int node = 0; node < 12; node++)
        for (int64_t b = node * 8; b < node * 8 + node; b++)
            mark(node, b, 1);
    for (int node = 0; node < 12; node++)
        CHECK_INT(count_slots(node, 100), node);
    CHECK_INT(pm_journal_create(output, 1, 2, &head), PARMAP_OK); /* the first one stays */
    CHECK(exists("result.h5.journal-0"));
    CHECK(exists("result.h5.journal-1"));
    CHECK(!exists("result.h5.journal-2"));
    CHECK(!exists("result.h5.journal-11"));
    CHECK_INT(count_slots(1, 100), 0);
    mark(0, 99, 1);
    CHECK_INT(pm_journal_create(output, 0, 3, &head), PARMAP_OK);
    for (int node = 0; node < 3; node++)
        CHECK_INT(count_slots(node, 100), 0);
    pm_journal_remove(output);
    for (int node = 0; node < 3; node++)
        CHECK(!exists(journal(node)));
}

/* What is made anew keeps its inode, which carries the lock, and the place of the lease. */
static void made_anew(void)
{
    struct stat before, after;
    char lease[256];
    const pm_journal_head head = head_of(100), smaller = head_of(0);
    create_journals(1, &head);
    CHECK(stat(journal(0), &before) == 0);
    memset(lease, 'L', sizeof lease);
    const int fd = open(journal(0), O_RDWR);
    CHECK(pwrite(fd, lease, sizeof lease, LEASE_AT) == (ssize_t)sizeof lease);
    mark(0, 4, 1);
    CHECK_INT(pm_journal_create(output, 0, 1, &head), PARMAP_OK);
    CHECK_INT(pm_journal_create(output, 0, 1, &smaller), PARMAP_OK);
    CHECK_INT(pm_journal_head_write(output, 0, &head), PARMAP_OK);
    CHECK(stat(journal(0), &after) == 0);
    CHECK(before.st_ino == after.st_ino);
    CHECK(pread(fd, lease, sizeof lease, LEASE_AT) == (ssize_t)sizeof lease);
    for (size_t i = 0; i < sizeof lease; i++)
        CHECK_INT(lease[i], 'L');
    close(fd);
    CHECK(!good_slot(0, 4));
    pm_journal_remove(output);
}

/* --journal off: there is nothing but the header. */
static void off(void)
{
    const pm_journal_head head = head_of(0);
    pm_journal j;
    create_journals(1, &head);
    const off_t length = length_of(journal(0));
    CHECK_INT(pm_journal_open(&j, output, 0, true), PARMAP_OK);
    CHECK(!j.keeps);
    CHECK_INT(pm_journal_mark(&j, 5, 1, 0), PARMAP_OK);
    pm_journal_close(&j);
    CHECK_INT(length_of(journal(0)), length);
    pm_journal_remove(output);
}

/* Opened by the node's first rank it says when the node was started; all find the first one's
 * marks through it. */
static void opened(void)
{
    pm_journal_head head = head_of(10);
    pm_journal j;
    pm_slot slot;
    pm_host here;
    pm_host_describe(&here);
    head.session = 7;
    create_journals(2, &head);
    put_slot(0, 3, slot_of(PM_SLOT_SYNCED, 6, 33));
    for (int leader = 0; leader < 2; leader++)
        for (int node = 0; node < 2; node++) {
            CHECK_INT(pm_journal_open(&j, output, node, leader), PARMAP_OK);
            CHECK(j.keeps);
            CHECK_INT(j.session, 7);
            CHECK_INT(j.seed, pm_journal_seed(run_identity));
            CHECK(pm_journal_head_read(j.fd, &head));
            CHECK_INT(head.boot, leader ? here.boot : 0);
            CHECK_INT(head.session, 7);
            CHECK(pm_journal_slots_read(j.marks, 3, 1, &slot));
            CHECK_INT(slot.hash, 33);
            CHECK_INT(pm_journal_mark(&j, 4 + node, 1, 0), PARMAP_OK);
            pm_journal_close(&j);
            CHECK(good_slot(node, 4 + node));
            CHECK_INT(get_slot(node, 4 + node).session, 7);
            CHECK_INT(get_slot(node, 4 + node).state, PM_SLOT_WRITTEN);
        }
    CHECK(unlink("result.h5.journal-0") == 0);
    CHECK_INT(pm_journal_open(&j, output, 1, false), PARMAP_WRITE_ERROR);
    CHECK_HOLDS(parmap_message(), "result.h5.journal-0");
    pm_journal_close(&j);
    pm_journal_remove(output);
}

/* Runs of slots, also over the end of the file and over holes. */
static void slots(void)
{
    enum { COUNT = 3000 };
    static pm_slot written[COUNT], got[2 * COUNT];
    const pm_journal_head head = head_of(1);
    create_journals(1, &head);
    const int fd = open(journal(0), O_RDWR);
    for (size_t i = 0; i < sizeof written; i++)
        ((unsigned char *)written)[i] = (unsigned char)draw();
    CHECK_INT(pm_journal_slots_write(fd, "x", 1000, COUNT, written), PARMAP_OK);
    memset(got, 0xff, sizeof got);
    CHECK(pm_journal_slots_read(fd, 0, 2 * COUNT, got));
    for (int64_t i = 0; i < 2 * COUNT; i++)
        CHECK(i >= 1000 && i < 1000 + COUNT
                  ? memcmp(&got[i], &written[i - 1000], sizeof got[i]) == 0
                  : pm_slot_blank(&got[i]));
    CHECK(ftruncate(fd, SLOTS_AT + 2000 * SLOT_BYTES + 7) == 0); /* in the middle of a slot */
    memset(got, 0xff, sizeof got);
    CHECK(pm_journal_slots_read(fd, 1990, 20, got));
    CHECK(memcmp(got, &written[990], 10 * sizeof got[0]) == 0);
    CHECK(memcmp(&got[10], &written[1000], 7) == 0);
    for (int i = 11; i < 20; i++)
        CHECK(pm_slot_blank(&got[i]));
    CHECK(pm_journal_slots_read(fd, INT64_C(1) << 40, 20, got));
    CHECK(pm_slot_blank(&got[0]) && pm_slot_blank(&got[19]));
    close(fd);
    const int folder = open(".", O_RDONLY);
    CHECK(!pm_journal_slots_read(folder, 0, 1, got));
    close(folder);
    pm_journal_remove(output);
}

static int64_t visited_nodes;
static int visits;

static void visit(const char *path, int node, void *context)
{
    CHECK(context == &visits);
    CHECK_TEXT(path, journal(node));
    visited_nodes |= INT64_C(1) << node;
    visits++;
}

/* Files with names like a journal's belong to others. */
static void neighbours(void)
{
    static const char *const others[] = {
        "result.h5.journal-x",        "result.h5.journal-1x",
        "result.h5.journal-",         "result.h5.journal",
        "result.h5x.journal-0",       "xresult.h5.journal-0",
        "result.h5.journal-02",       "result.h5.journal- 2",
        "result.h5.journal-+2",       "result.h5.journal--1",
        "result.h5.journal-0.taking", "result.h5.journal-99999999999999999999"};
    enum { OTHERS = sizeof others / sizeof others[0] };
    const pm_journal_head head = head_of(5);
    create_journals(3, &head);
    for (size_t i = 0; i < OTHERS; i++)
        close(open(others[i], O_CREAT | O_RDWR, 0600));
    visited_nodes = visits = 0;
    pm_journal_each(output, visit, &visits);
    CHECK_INT(visits, 3);
    CHECK_INT(visited_nodes, 7);
    pm_journal_remove(output);
    visits = 0;
    pm_journal_each(output, visit, &visits);
    CHECK_INT(visits, 0);
    for (size_t i = 0; i < OTHERS; i++)
        CHECK(unlink(others[i]) == 0);
    CHECK(rmdir("folder") != 0);
}

static void other_folder(void)
{
    char path[PM_JOURNAL_PATH], absolute[PM_PATH - 64];
    const pm_journal_head head = head_of(5);
    CHECK(mkdir("folder", 0700) == 0);
    CHECK(getcwd(absolute, sizeof absolute) != NULL);
    snprintf(path, sizeof path, "%s/folder/y.h5", absolute);
    CHECK_INT(pm_journal_create(path, 0, 2, &head), PARMAP_OK);
    CHECK(exists("folder/y.h5.journal-1"));
    CHECK(pm_journal_exists(path));
    pm_journal_remove("folder/y.h5");
    CHECK(rmdir("folder") == 0);
}

static bool head_is(const char *path, int64_t session)
{
    pm_journal_head head;
    const int fd = open(path, O_RDONLY);
    const bool read = pm_journal_head_read(fd, &head);
    close(fd);
    if (read)
        CHECK_INT(head.session, session);
    return read;
}

/* Every byte of a header that counts, in one copy and in both; and files that end too soon. */
static void damaged_headers(void)
{
    const pm_journal_head head = head_of(5);
    for (off_t at = 0; at < 40 + (off_t)sizeof(pm_journal_head); at += at < 1000 ? 13 : 1) {
        if (at >= 20 && at < 32)
            continue; /* says how long the parts are, and is not read */
        create_journals(1, &head);
        damage(journal(0), at, 1);
        CHECK(head_is(journal(0), 1));
        damage(journal(0), SECOND_COPY + at, 1);
        CHECK(!head_is(journal(0), 1));
        CHECK_INT(pm_journal_head_write(output, 0, &head), PARMAP_OK);
        damage(journal(0), SECOND_COPY + at, 1);
        CHECK(head_is(journal(0), 1));
    }
    for (off_t length = SLOTS_AT; length >= 0; length -= 512) {
        create_journals(1, &head);
        CHECK(truncate(journal(0), length) == 0);
        CHECK(head_is(journal(0), 1) == (length >= 1536));
        pm_journal j;
        CHECK_INT(pm_journal_open(&j, output, 0, false),
                  length >= 1536 ? PARMAP_OK : PARMAP_WRITE_ERROR);
        pm_journal_close(&j);
    }
    pm_journal_remove(output);
}

/* Killed between the two copies, or within one: the header of before, or the new one. */
static void torn_headers(void)
{
    char older[SECOND_COPY], newer[SECOND_COPY];
    pm_journal_head head = head_of(5);
    const size_t used = 40 + PM_IDENTITY + 10 * 8; /* up to the session */
    create_journals(1, &head);
    int fd = open(journal(0), O_RDWR);
    CHECK(pread(fd, older, sizeof older, 0) == (ssize_t)sizeof older);
    head.session = 2;
    CHECK_INT(pm_journal_head_write(output, 0, &head), PARMAP_OK);
    CHECK(pread(fd, newer, sizeof newer, 0) == (ssize_t)sizeof newer);
    for (size_t cut = 0; cut <= 2 * used; cut += 17) {
        const size_t first = cut < used ? cut : used, second = cut - first;
        CHECK(pwrite(fd, older, used, 0) == (ssize_t)used);
        CHECK(pwrite(fd, older, used, SECOND_COPY) == (ssize_t)used);
        CHECK(pwrite(fd, newer, first, 0) == (ssize_t)first);
        CHECK(pwrite(fd, newer, second, SECOND_COPY) == (ssize_t)second);
        pm_journal_head got;
        CHECK(pm_journal_head_read(fd, &got));
        /* its lowest byte is all that changes of the last number */
        CHECK_INT(got.session, first <= used - 8 ? 1 : 2);
    }
    close(fd);
    pm_journal_remove(output);
}

/* Ranks open the journal while their node's first rank signs it. */
static void signed_meanwhile(void)
{
    const pm_journal_head head = head_of(5);
    create_journals(1, &head);
    const pid_t child = fork();
    for (int round = 0; round < 20000; round++) {
        pm_journal j;
        if (child == 0) {
            if (pm_journal_head_write(output, 0, &head) != PARMAP_OK)
                _exit(1);
            continue;
        }
        CHECK_INT(pm_journal_open(&j, output, 0, false), PARMAP_OK);
        pm_journal_close(&j);
    }
    if (child == 0)
        _exit(0);
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
    pm_journal_remove(output);
}

int main(void)
{
    static const check_case cases[] = {
        {"journal: none", none},
        {"journal: marks", marks},
        {"journal: layout", layout},
        {"journal: a block far away", far_block},
        {"journal: several nodes", several_nodes},
        {"journal: made anew", made_anew},
        {"journal: off", off},
        {"journal: opened", opened},
        {"journal: slots", slots},
        {"journal: neighbours", neighbours},
        {"journal: another folder", other_folder},
        {"journal: damaged headers", damaged_headers},
        {"journal: torn headers", torn_headers},
        {"journal: signed meanwhile", signed_meanwhile},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
