/* What a run may replace, and what it must leave alone. */
#include "store/output.h"

#include "base/stop.h"
#include "store/journal.h"

#include "check.h"
#include "unit/outputs.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char path[] = "output.h5", thesis[] = "my thesis, all of it\n";
static pm_file wanted, there;
static pm_output output;
static bool already;
static pm_todo todo;

/* The run that the cases below want. */
static void want(void)
{
    describe_wanted(&wanted);
}

static parmap_status begin_with(const pm_wish *wish)
{
    pm_todo_free(&todo);
    return pm_output_begin(&output, path, &wanted, wish, &todo, &already);
}

static parmap_status begin(bool force)
{
    return begin_with(&(pm_wish){.nodes = 1, .force = force, .journal = true});
}

static bool exists(const char *name)
{
    return access(name, F_OK) == 0;
}

static void clear(void)
{
    unlink(path);
    rmdir(path);
    pm_journal_remove(path);
    want();
}

/* Makes an incomplete file of the wanted run, or a complete one. */
static void have(bool complete)
{
    clear();
    CHECK_INT(begin(false), PARMAP_OK);
    pm_record_uint(&wanted.data, "checksum", 4711);
    if (complete)
        CHECK_INT(pm_output_finish(&output, &wanted, NULL), PARMAP_OK);
    else
        pm_output_abandon(&output);
    want();
}

static void have_text(const char *text)
{
    clear();
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void check_state(pm_output_state state)
{
    CHECK_TEXT(pm_output_state_word(pm_output_inspect(path, &there)), pm_output_state_word(state));
}

static void check_refused(bool force, const char *part)
{
    CHECK_INT(begin(force), PARMAP_CANNOT_CREATE);
    CHECK_HOLDS(parmap_message(), part);
    CHECK_INT(output.lock.fd, -1);
    CHECK(!already);
}

/* `session` 1 = afresh, more = an unfinished run is taken up. */
static void check_begins(bool force, int session)
{
    CHECK_INT(begin(force), PARMAP_OK);
    CHECK(!already);
    CHECK(output.lock.fd >= 0);
    CHECK_INT(output.past.session, session);
    CHECK_INT(pm_todo_blocks(&todo), 8);
    check_state(PM_OUTPUT_RUNNING);
    CHECK_INT(pm_output_finish(&output, &wanted, NULL), PARMAP_OK);
    CHECK_INT(output.lock.fd, -1);
    CHECK(!exists("output.h5.journal-0"));
    check_state(PM_OUTPUT_COMPLETE);
}

static void missing(void)
{
    clear();
    check_state(PM_OUTPUT_MISSING);
    check_begins(false, 1);
    clear();
    check_begins(true, 1);
}

static void empty_file(void)
{
    have_text("");
    check_begins(false, 1);
}

static void foreign_file(void)
{
    char text[64] = "";
    have_text(thesis);
    check_state(PM_OUTPUT_FOREIGN);
    check_refused(false, "output.h5 is not a result of parmap and would be lost");
    check_refused(true, "output.h5 is not a result of parmap and would be lost");
    CHECK(!exists("output.h5.journal-0"));
    FILE *file = fopen(path, "r");
    CHECK(file != NULL && fgets(text, sizeof text, file) != NULL && fclose(file) == 0);
    CHECK_TEXT(text, thesis);
}

/* Nor is it lost when a run that was killed left a journal beside it. */
static void check_thesis_stays(bool force)
{
    char text[64] = "";
    const parmap_status status = begin(force);
    CHECK_INT(status, PARMAP_CANNOT_CREATE);
    if (status == PARMAP_OK)
        pm_output_abandon(&output);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL && fgets(text, sizeof text, file) != NULL && fclose(file) == 0);
    CHECK_TEXT(text, thesis);
}

static void foreign_file_and_journal(void)
{
    for (int force = 0; force < 2; force++) {
        have_text(thesis); /* killed after it took the lock, before it looked */
        close(open("output.h5.journal-0", O_CREAT | O_RDWR, 0600));
        check_thesis_stays(force);
        have(false); /* killed; then the user moves a file to the name */
        FILE *file = fopen(path, "w");
        CHECK(file != NULL && fputs(thesis, file) >= 0 && fclose(file) == 0);
        check_thesis_stays(force);
    }
}

/* A journal alone: killed before the file was made, or the file was removed. */
static void journal_alone(void)
{
    clear();
    close(open("output.h5.journal-0", O_CREAT | O_RDWR, 0600));
    check_state(PM_OUTPUT_INCOMPLETE);
    check_begins(false, 1);
    have(false);
    CHECK(unlink(path) == 0);
    check_begins(false, 1);
}

static void complete_identical(void)
{
    struct stat before, after;
    have(true);
    CHECK(stat(path, &before) == 0);
    CHECK_INT(begin(false), PARMAP_OK);
    CHECK(already);
    CHECK_INT(output.lock.fd, -1);
    CHECK(wanted.complete);
    CHECK_INT(pm_record_get_uint(&wanted.data, "checksum", 0), 4711);
    CHECK(stat(path, &after) == 0);
    CHECK(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
          before.st_mtim.tv_nsec == after.st_mtim.tv_nsec && before.st_ino == after.st_ino);
    CHECK(!exists("output.h5.journal-0"));
    want();
    check_begins(true, 1); /* --force computes it again */
}

/* Changes one thing that tells runs apart; false when there are no more. */
static bool change(int number)
{
    switch (number) {
    case 0:
        pm_record_text(&wanted.data, "kernel", "square");
        return true;
    case 1:
        pm_record_int(&wanted.data, "kernel_version", 2);
        return true;
    case 2:
        pm_record_text(&wanted.data, "range", "1..1000:2");
        return true;
    case 3:
        pm_record_text(&wanted.data, "type", "uint64");
        wanted.item = pm_layout_of_type(PARMAP_UINT64);
        return true;
    case 4:
        pm_record_int(&wanted.data, "rounding", 1);
        return true;
    case 5:
        strcpy(wanted.dataset, "others");
        return true;
    case 6:
        pm_record_uint(&wanted.data, "probe", 78);
        return true;
    default:
        return false;
    }
}

static void other_run(bool complete)
{
    static const char *const differences[] = {
        ": kernel cube version 1, not kernel square version 1; choose",
        ": kernel cube version 1, not kernel cube version 2; choose",
        ": range 1..1000, not range 1..1000:2; choose",
        ": type int64, not type uint64; choose",
        ": type int64, not type int64 with rounding; choose",
        ": data set cubes, not data set others; choose",
        ": the same, but its kernel computes different results; choose"};
    have(complete);
    for (int i = 0; want(), change(i); i++) {
        check_refused(false, "output.h5 holds another run");
        CHECK_HOLDS(parmap_message(), differences[i]);
        CHECK_HOLDS(parmap_message(), "--force");
        CHECK_HOLDS(parmap_message(), "--output");
        check_state(complete ? PM_OUTPUT_COMPLETE : PM_OUTPUT_INCOMPLETE);
        CHECK(exists("output.h5.journal-0") == !complete);
    }
    CHECK_HOLDS(parmap_message(), "its kernel computes different results");
    for (int i = 0; want(), change(i); i++) {
        have(complete);
        change(i);
        check_begins(true, 1);
    }
}

static void complete_other(void)
{
    other_run(true);
}

static void incomplete_other(void)
{
    other_run(false);
}

static void incomplete_identical(void)
{
    have(false);
    check_state(PM_OUTPUT_INCOMPLETE);
    check_begins(false, 2);
    have(false);
    CHECK(unlink("output.h5.journal-0") == 0); /* by a user who tidies up */
    check_state(PM_OUTPUT_INCOMPLETE);
    check_begins(false, 1);
}

static void running(void)
{
    int ready[2];
    char byte, process[64];
    have(false);
    CHECK(pipe(ready) == 0);
    const pid_t child = fork();
    if (child == 0) {
        const bool good = begin(false) == PARMAP_OK;
        if (write(ready[1], good ? "y" : "n", 1) != 1)
            _exit(1);
        alarm(60);
        for (;;)
            pause();
    }
    CHECK(read(ready[0], &byte, 1) == 1 && byte == 'y');
    snprintf(process, sizeof process, "process %d)", (int)child);
    check_state(PM_OUTPUT_RUNNING);
    check_refused(false, process);
    CHECK_HOLDS(parmap_message(), "is being written by another run");
    check_refused(true, process);
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
    close(ready[0]);
    close(ready[1]);
    check_state(PM_OUTPUT_INCOMPLETE);
    check_begins(false, 3);
}

static void folders_and_devices(void)
{
    clear();
    CHECK(mkdir(path, 0700) == 0);
    check_refused(false, "it is a folder");
    check_refused(true, "it is a folder");
    clear();
    CHECK(mkfifo(path, 0600) == 0);
    check_refused(true, "it is a device or pipe");
    clear();
    CHECK_INT(pm_output_begin(&output, "/dev/null", &wanted, &(pm_wish){.nodes = 1, .force = true},
                              &todo, &already),
              PARMAP_CANNOT_CREATE);
    CHECK_HOLDS(parmap_message(), "--output none");
    CHECK(!exists("output.h5.journal-0"));
    CHECK(!exists("/dev/null.journal-0"));
}

static void too_large(int64_t items, const char *part)
{
    wanted.items = items;
    pm_record_int(&wanted.data, "count", items);
    CHECK_INT(begin(false), PARMAP_WRITE_ERROR);
    CHECK_HOLDS(parmap_message(), part);
    CHECK_INT(output.lock.fd, -1);
}

static void too_little_room(void)
{
    struct rlimit limit, tight;
    CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    tight = limit;
    tight.rlim_cur = 10 << 20;
    for (int present = 0; present < 2; present++) {
        if (present)
            have(false);
        else
            clear();
        CHECK(setrlimit(RLIMIT_FSIZE, &tight) == 0);
        too_large(2000000,
                  "needs 18.1 MB, but the file size limit is 10.5 MB; raise it (ulimit -f");
        CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        CHECK(exists(path) == (bool)present);
        CHECK(exists("output.h5.journal-0") == (bool)present);
        too_large(INT64_C(1) << 57, "needs 1.15 EB, but ");
        CHECK_HOLDS(parmap_message(), " free; make room, or choose another --output");
        CHECK(exists(path) == (bool)present);
        CHECK(exists("output.h5.journal-0") == (bool)present);
    }
    want();
    check_begins(false, 2); /* and the one that was there is as it was */
}

static void failed_creation(void)
{
    clear();
    strcpy(wanted.dataset, "parmap"); /* the group of the run has that name */
    CHECK(begin(false) != PARMAP_OK);
    CHECK(!exists(path));
    CHECK(!exists("output.h5.journal-0"));
    CHECK_INT(output.lock.fd, -1);
}

static void several_nodes(void)
{
    pm_journal_head head;
    int64_t done;
    clear();
    CHECK_INT(begin_with(&(pm_wish){.nodes = 3, .journal = true}), PARMAP_OK);
    CHECK(exists("output.h5.journal-2"));
    CHECK(!exists("output.h5.journal-3"));
    CHECK_INT(pm_marks_count(path, &head, &done), PARMAP_OK);
    CHECK_INT(head.blocks, 8);
    CHECK_INT(head.block_items, 128);
    pm_output_abandon(&output);
    pm_output_abandon(&output);
    check_begins(false, 2);
    CHECK(!exists("output.h5.journal-2"));
}

int main(void)
{
    static const check_case cases[] = {
        {"output: missing", missing},
        {"output: empty file", empty_file},
        {"output: foreign file", foreign_file},
        {"output: foreign file and journal", foreign_file_and_journal},
        {"output: journal alone", journal_alone},
        {"output: complete, identical", complete_identical},
        {"output: complete, another run", complete_other},
        {"output: incomplete, identical", incomplete_identical},
        {"output: incomplete, another run", incomplete_other},
        {"output: running", running},
        {"output: folders and devices", folders_and_devices},
        {"output: too little room", too_little_room},
        {"output: failed creation", failed_creation},
        {"output: several nodes", several_nodes},
    };
    pm_stop_install(); /* a file size limit is an error of the write, not a signal */
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
