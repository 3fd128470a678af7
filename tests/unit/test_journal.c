/* The journal beside an output: its lock between processes, its marks, what damage does to it. */
#include "store/journal.h"

#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEADER_BYTES = 4096, SLOT_BYTES = 16 }; /* docs/format.md */

static const char output[] = "result.h5";

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static pm_journal_head head_of(int64_t blocks)
{
    pm_journal_head head = {
        .blocks = blocks, .block_items = 4096, .pid = getpid(), .started = 1700000000};
    snprintf(head.identity, sizeof head.identity, "cube version 1, range 1..5");
    snprintf(head.host, sizeof head.host, "a-host");
    return head;
}

/* Locked, and with empty journals of some nodes; the lock's descriptor. */
static int begin(int nodes, int64_t blocks)
{
    int lock_fd = -1;
    bool had_journal;
    const pm_journal_head head = head_of(blocks);
    CHECK_INT(pm_journal_lock(output, &lock_fd, &had_journal), PARMAP_OK);
    CHECK_INT(pm_journal_create(output, nodes, &head), PARMAP_OK);
    return lock_fd;
}

static void end(int lock_fd)
{
    pm_journal_remove(output);
    CHECK(close(lock_fd) == 0);
}

static void mark(int node, int64_t block, uint64_t hash)
{
    pm_journal journal;
    CHECK_INT(pm_journal_open(&journal, output, node), PARMAP_OK);
    CHECK_INT(pm_journal_mark(&journal, block, hash), PARMAP_OK);
    pm_journal_close(&journal);
    pm_journal_close(&journal); /* closing twice is fine */
}

static void check_done(int64_t expected)
{
    pm_journal_head head;
    int64_t done = -1;
    CHECK_INT(pm_journal_read(output, &head, &done), PARMAP_OK);
    CHECK_INT(done, expected);
    CHECK_TEXT(head.identity, "cube version 1, range 1..5");
    CHECK_TEXT(head.host, "a-host");
    CHECK_INT(head.pid, getpid());
    CHECK_INT(head.block_items, 4096);
    CHECK_INT(head.started, 1700000000);
}

static void none(void)
{
    pm_journal_head head;
    pm_journal journal;
    int64_t done = -1;
    CHECK(!pm_journal_exists(output));
    CHECK(!pm_journal_is_locked(output));
    CHECK_INT(pm_journal_read(output, &head, &done), PARMAP_NO_INPUT);
    CHECK_HOLDS(parmap_message(), "result.h5 has no journal");
    CHECK_INT(pm_journal_open(&journal, output, 0), PARMAP_WRITE_ERROR);
    CHECK_HOLDS(parmap_message(), "result.h5.journal-0");
    pm_journal_close(&journal);
    pm_journal_remove(output);
    CHECK(!exists("result.h5.journal-0"));
}

static void lock_and_unlock(void)
{
    bool had_journal = true;
    int first = -1, second = -1;
    CHECK_INT(pm_journal_lock(output, &first, &had_journal), PARMAP_OK);
    CHECK(first >= 0);
    CHECK(!had_journal);
    CHECK(pm_journal_is_locked(output));
    CHECK(pm_journal_exists(output));
    CHECK_INT(pm_journal_lock(output, &second, &had_journal), PARMAP_CANNOT_CREATE);
    CHECK_HOLDS(parmap_message(), "result.h5 is being written by another run");
    CHECK(close(first) == 0);
    CHECK(!pm_journal_is_locked(output));
    CHECK(pm_journal_exists(output));
    CHECK_INT(pm_journal_lock(output, &second, &had_journal), PARMAP_OK);
    CHECK(had_journal);
    end(second);
    CHECK(!pm_journal_exists(output));
}

static void no_folder(void)
{
    int fd = -1;
    bool had_journal;
    CHECK_INT(pm_journal_lock("nowhere/x.h5", &fd, &had_journal), PARMAP_CANNOT_CREATE);
    CHECK_HOLDS(parmap_message(), "nowhere/x.h5.journal-0");
    CHECK_INT(fd, -1);
}

/* A child that holds the lock until it is killed; its process id. */
static pid_t start_holder(void)
{
    int ready[2];
    char byte = 0;
    CHECK(pipe(ready) == 0);
    const pid_t child = fork();
    if (child == 0) {
        int fd;
        bool had_journal;
        pm_journal_head head = head_of(3);
        const bool good = pm_journal_lock(output, &fd, &had_journal) == PARMAP_OK &&
                          pm_journal_create(output, 1, &head) == PARMAP_OK;
        if (write(ready[1], good ? "y" : "n", 1) != 1)
            _exit(1);
        alarm(60);
        for (;;)
            pause();
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    CHECK(byte == 'y');
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void lock_of_another_process(void)
{
    int fd = -1;
    bool had_journal;
    char process[64];
    const pid_t child = start_holder();
    snprintf(process, sizeof process, "(host a-host, process %d)", (int)child);
    CHECK(pm_journal_is_locked(output));
    CHECK_INT(pm_journal_lock(output, &fd, &had_journal), PARMAP_CANNOT_CREATE);
    CHECK_HOLDS(parmap_message(), process);
    CHECK_INT(fd, -1);
    CHECK(kill(child, SIGKILL) == 0);
    CHECK(waitpid(child, NULL, 0) == child);
    CHECK(!pm_journal_is_locked(output));
    CHECK(pm_journal_exists(output));
    CHECK_INT(pm_journal_lock(output, &fd, &had_journal), PARMAP_OK);
    CHECK(had_journal);
    end(fd);
}

/* Asking who runs, opening for marks and reading must not drop the lock, as closing a file that is
 * locked in the older way would. */
static void lock_outlives_other_descriptors(void)
{
    const int fd = begin(1, 10);
    mark(0, 3, 1);
    check_done(1);
    CHECK(pm_journal_is_locked(output));
    CHECK(pm_journal_is_locked(output));
    int second = -1;
    bool had_journal;
    CHECK_INT(pm_journal_lock(output, &second, &had_journal), PARMAP_CANNOT_CREATE);
    end(fd);
}

/* Of many processes that start at once and end by removing the journal, one at a time gets it. */
static void race(void)
{
    enum { RACERS = 8, ROUNDS = 40 };
    pid_t children[RACERS];
    for (int c = 0; c < RACERS; c++) {
        children[c] = fork();
        for (int round = 0; children[c] == 0 && round < ROUNDS;) {
            int fd;
            bool had_journal;
            if (pm_journal_lock(output, &fd, &had_journal) != PARMAP_OK)
                continue;
            const int alone = open("alone", O_CREAT | O_EXCL | O_RDWR, 0600);
            if (alone < 0 || unlink("alone") != 0)
                _exit(1);
            close(alone);
            pm_journal_remove(output);
            close(fd);
            round++;
        }
        if (children[c] == 0)
            _exit(0);
    }
    for (int c = 0; c < RACERS; c++) {
        int status = -1;
        CHECK(waitpid(children[c], &status, 0) == children[c]);
        CHECK_INT(status, 0);
    }
    CHECK(!pm_journal_exists(output));
}

static void marks(void)
{
    enum { BLOCKS = 10000 };
    const int fd = begin(1, BLOCKS);
    struct stat info;
    check_done(0);
    CHECK(stat("result.h5.journal-0", &info) == 0);
    CHECK_INT(info.st_size, HEADER_BYTES + BLOCKS * SLOT_BYTES);
    mark(0, 0, 7);
    mark(0, BLOCKS - 1, 0);
    mark(0, 5000, UINT64_MAX);
    mark(0, 5000, 1); /* a block that is done twice counts once */
    check_done(3);
    for (int64_t b = 0; b < BLOCKS; b += 2)
        mark(0, b, (uint64_t)b);
    check_done(BLOCKS / 2 + 1);
    CHECK(stat("result.h5.journal-0", &info) == 0);
    CHECK_INT(info.st_size, HEADER_BYTES + BLOCKS * SLOT_BYTES);
    end(fd);
}

/* The bytes of a slot, as docs/format.md draws them. */
static void layout(void)
{
    const int lock_fd = begin(2, 4);
    unsigned char bytes[HEADER_BYTES + 4 * SLOT_BYTES] = {0};
    uint32_t words[6];
    uint64_t hash;
    mark(1, 2, 0x1122334455667788);
    const int fd = open("result.h5.journal-1", O_RDONLY);
    CHECK(read(fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes);
    close(fd);
    CHECK(memcmp(bytes, "parmap journal\n", 16) == 0);
    memcpy(words, bytes + 16, 4 * sizeof words[0]);
    CHECK_INT(words[0], 1);
    CHECK_INT(words[1], HEADER_BYTES);
    CHECK_INT(words[2], SLOT_BYTES);
    CHECK_INT(words[3], 1); /* node */
    CHECK_TEXT((char *)bytes + 32, "cube version 1, range 1..5");
    memcpy(words, bytes + HEADER_BYTES + 2 * SLOT_BYTES, sizeof words[0]);
    memcpy(&hash, bytes + HEADER_BYTES + 2 * SLOT_BYTES + 8, sizeof hash);
    CHECK_INT(words[0], 1);
    CHECK_INT(hash, 0x1122334455667788);
    for (int i = 0; i < 2 * SLOT_BYTES; i++)
        CHECK_INT(bytes[HEADER_BYTES + i], 0);
    end(lock_fd);
}

static void far_block(void)
{
    const int64_t far = INT64_C(1) << 33;
    const int fd = begin(1, 1);
    struct stat info;
    mark(0, far, 5);
    CHECK(stat("result.h5.journal-0", &info) == 0);
    CHECK_INT(info.st_size, HEADER_BYTES + (far + 1) * SLOT_BYTES);
    end(fd);
}

static void several_nodes(void)
{
    int fd = begin(12, 100);
    for (int node = 0; node < 12; node++)
        for (int64_t b = node * 8; b < node * 8 + node; b++)
            mark(node, b, 1);
    check_done(11 * 12 / 2);
    CHECK(exists("result.h5.journal-11"));
    close(fd);
    fd = begin(2, 100); /* a new run on fewer nodes: nothing of the old one stays */
    CHECK(exists("result.h5.journal-1"));
    CHECK(!exists("result.h5.journal-2"));
    CHECK(!exists("result.h5.journal-11"));
    CHECK(pm_journal_is_locked(output));
    check_done(0);
    end(fd);
    CHECK(!exists("result.h5.journal-0"));
    CHECK(!exists("result.h5.journal-1"));
}

/* Files with names like a journal's belong to others. */
static void neighbours(void)
{
    static const char *const others[] = {"result.h5.journal-x",  "result.h5.journal-1x",
                                         "result.h5.journal-",   "result.h5.journal",
                                         "result.h5x.journal-0", "xresult.h5.journal-0"};
    const int fd = begin(3, 5);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        close(open(others[i], O_CREAT | O_RDWR, 0600));
    check_done(0);
    end(fd);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        CHECK(unlink(others[i]) == 0);
}

/* Overwrites one byte, or cuts the file. */
static void damage(const char *path, off_t at, off_t length)
{
    const int fd = open(path, O_RDWR);
    CHECK(fd >= 0);
    if (length >= 0)
        CHECK(ftruncate(fd, length) == 0);
    else
        CHECK(pwrite(fd, "\xff", 1, at) == 1);
    close(fd);
}

static void check_damaged(void)
{
    pm_journal_head head;
    int64_t done;
    CHECK_INT(pm_journal_read(output, &head, &done), PARMAP_BAD_DATA);
    CHECK_HOLDS(parmap_message(), "the journal of result.h5 is damaged");
}

static void damaged_headers(void)
{
    static const struct {
        off_t at, length;
    } cases[] = {{0, -1}, {16, -1}, {28, -1}, {0, 0}, {0, 10}, {0, 500}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int fd = begin(1, 5);
        damage("result.h5.journal-0", cases[i].at, cases[i].length);
        check_damaged();
        int second;
        bool had_journal;
        CHECK_INT(pm_journal_lock(output, &second, &had_journal), PARMAP_CANNOT_CREATE);
        CHECK_HOLDS(parmap_message(), "is being written by another run");
        end(fd);
    }
}

/* The first journal says what the run is; the others cannot stand in for it. */
static void damaged_first_of_two(void)
{
    int fd = begin(2, 5);
    damage("result.h5.journal-0", 0, -1);
    check_damaged();
    end(fd);
    fd = begin(2, 5);
    CHECK(unlink("result.h5.journal-0") == 0);
    pm_journal_head head;
    int64_t done;
    CHECK(pm_journal_read(output, &head, &done) != PARMAP_OK);
    end(fd);
}

static void cut_slots(void)
{
    const int fd = begin(1, 5);
    mark(0, 0, 1);
    mark(0, 4, 1);
    damage("result.h5.journal-0", 0, HEADER_BYTES + 4 * SLOT_BYTES + 7);
    check_done(1);
    end(fd);
}

int main(void)
{
    static const check_case cases[] = {
        {"journal: none", none},
        {"journal: lock and unlock", lock_and_unlock},
        {"journal: no folder", no_folder},
        {"journal: lock of another process", lock_of_another_process},
        {"journal: lock outlives other descriptors", lock_outlives_other_descriptors},
        {"journal: race for the lock", race},
        {"journal: marks", marks},
        {"journal: layout", layout},
        {"journal: a block far away", far_block},
        {"journal: several nodes", several_nodes},
        {"journal: neighbours", neighbours},
        {"journal: damaged headers", damaged_headers},
        {"journal: damaged first of two", damaged_first_of_two},
        {"journal: cut slots", cut_slots},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
