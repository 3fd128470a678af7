/* TEST seconds=120 */
/* Metadata written again: whatever was damaged, the file is readable and its data as it was. */
#include "store/repair.h"

#include "base/types.h"
#include "store/data.h"

#include "check.h"
#include "draw.h"
#include "unit/pretend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char path[] = "result.h5", fresh[] = "result.h5.repair";

static pm_file made, got;
static pm_metadata laid_out;
static char *data; /* as it was written */
static size_t data_bytes;
static char *whole; /* the file, undamaged */
static off_t length;
static ino_t inode;

static void describe(parmap_type type, int64_t items)
{
    memset(&made, 0, sizeof made);
    strcpy(made.dataset, "group/cubes");
    made.item = pm_layout_of_type(type);
    made.items = items;
    pm_record_text(&made.data, "type", pm_type_name(type));
    pm_record_text(&made.data, "kernel", "cube");
    pm_record_int(&made.data, "count", items);
    pm_record_int(&made.data, "block_items", 64);
    pm_record_uint(&made.data, "checksum", UINT64_MAX);
    pm_record_text(&made.data, "min", "");
    pm_record_room(&made.data, "min", 48);
    pm_record_text(&made.run, "command", "./cubemap --output result.h5");
    pm_record_int(&made.run, "ranks", 4);
    pm_record_real(&made.run, "seconds", 0.25);
}

static char *read_all(const char *name, off_t bytes)
{
    char *content = malloc((size_t)bytes);
    const int fd = open(name, O_RDONLY);
    CHECK(pread(fd, content, (size_t)bytes, 0) == bytes);
    close(fd);
    return content;
}

static void begin(parmap_type type, int64_t items)
{
    pm_data out;
    struct stat info;
    describe(type, items);
    data_bytes = (size_t)items * pm_type_bytes(type);
    data = malloc(data_bytes);
    for (size_t i = 0; i < data_bytes; i++)
        data[i] = (char)draw();
    unlink(path);
    CHECK_INT(pm_file_create(path, &made), PARMAP_OK);
    CHECK_INT(pm_metadata_take(path, &made, &laid_out), PARMAP_OK);
    CHECK_INT(pm_data_open(&out, path, made.offset, 1, true), PARMAP_OK);
    CHECK_INT(pm_data_write(&out, 0, data, data_bytes), PARMAP_OK);
    pm_data_close(&out);
    CHECK(stat(path, &info) == 0);
    length = info.st_size;
    inode = info.st_ino;
    whole = read_all(path, length);
}

static void end(void)
{
    free(data);
    free(whole);
    CHECK(unlink(path) == 0);
}

static void restore(void)
{
    const int fd = open(path, O_WRONLY);
    CHECK(pwrite(fd, whole, (size_t)length, 0) == length);
    CHECK(ftruncate(fd, length) == 0);
    close(fd);
}

/* Random bytes from `at` on, but never in the data. */
static void damage(int64_t at, int64_t count)
{
    const int fd = open(path, O_WRONLY);
    const int64_t data_end = made.offset + (int64_t)data_bytes;
    for (int64_t i = at; i < at + count && i < length; i++) {
        const char byte = (char)draw();
        if (i < made.offset || i >= data_end)
            CHECK(pwrite(fd, &byte, 1, i) == 1);
    }
    close(fd);
}

static void check_same_record(const pm_record *is, const pm_record *was)
{
    CHECK_INT(is->count, was->count);
    for (int i = 0; i < was->count; i++) {
        const pm_field *a = &was->fields[i], *b = pm_record_find(is, a->name);
        CHECK(b != NULL);
        if (!b)
            continue;
        CHECK_INT(b->kind, a->kind);
        CHECK(memcmp(&b->number, &a->number, sizeof a->number) == 0);
        CHECK_TEXT(b->text, a->text);
        if (a->kind == PM_FIELD_TEXT_VALUE)
            CHECK_INT(b->room, a->room);
    }
}

static void check_readable(void)
{
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
    CHECK_TEXT(got.dataset, made.dataset);
    CHECK(pm_layout_equal(&got.item, &made.item));
    CHECK_INT(got.items, made.items);
    CHECK_INT(got.offset, made.offset);
    CHECK(!got.complete);
    check_same_record(&got.data, &made.data);
    check_same_record(&got.run, &made.run);
}

static void check_repaired(void)
{
    struct stat info;
    pm_file again = made;
    CHECK_INT(pm_file_repair(path, &again, &laid_out), PARMAP_OK);
    check_readable();
    CHECK(stat(path, &info) == 0);
    CHECK_INT(info.st_size, length);
    CHECK_INT(info.st_ino, inode);
    CHECK(access(fresh, F_OK) != 0);
    char *now = read_all(path, length);
    CHECK(memcmp(now + made.offset, data, data_bytes) == 0);
    free(now);
}

/* All places, one after the other, and many at once. */
static void damaged(parmap_type type, int64_t items)
{
    enum { PIECES = 20 };
    begin(type, items);
    const int64_t head = made.offset < 8192 ? made.offset : 8192; /* the rest is empty */
    const int64_t tail = made.offset + (int64_t)data_bytes;
    for (int i = 0; i < PIECES; i++) {
        damage(head * i / PIECES, head / PIECES);
        check_repaired();
        restore();
    }
    for (int i = 0; i < 8 && tail < length; i++) {
        damage(tail + (length - tail) * i / 8, (length - tail) / 8 + 1);
        check_repaired();
        restore();
    }
    damage(0, length);
    CHECK(pm_file_read(path, &got) != PARMAP_OK);
    check_repaired();
    check_repaired(); /* what is whole already stays so */
    CHECK_INT(pm_file_finish(path, &made), PARMAP_OK);
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
    CHECK(got.complete);
    end();
}

static void small_file(void)
{
    damaged(PARMAP_INT64, 100);
    damaged(PARMAP_FLOAT64, 1);
}

static void large_file(void)
{
    damaged(PARMAP_INT64, 100000);
    damaged(PARMAP_INT128, 12345);
    damaged(PARMAP_UINT64, 8192);
}

/* The length is made right as well; what of the data is gone reads as zeros. */
static void cut_short(void)
{
    begin(PARMAP_INT64, 100000);
    const int64_t cuts[] = {1, 100, made.offset, made.offset + 1000, length - 1, length + 5000};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        CHECK(truncate(path, cuts[i]) == 0);
        for (int64_t k = cuts[i] - made.offset; k < (int64_t)data_bytes; k++)
            if (k >= 0)
                data[k] = 0;
        check_repaired();
        memcpy(data, whole + made.offset, data_bytes);
        restore();
    }
    end();
}

/* A run that another HDF5 library has laid out. */
static void laid_out_otherwise(void)
{
    begin(PARMAP_INT64, 1000);
    pm_file again = made;
    damage(0, made.offset);
    char *before = read_all(path, length);
    pm_metadata other = laid_out;
    other.data.begin += 8;
    CHECK_INT(pm_file_repair(path, &again, &other), PARMAP_BAD_DATA);
    CHECK_HOLDS(parmap_message(), "the metadata of result.h5 is damaged");
    CHECK_HOLDS(parmap_message(), pm_file_library());
    CHECK_HOLDS(parmap_message(), "--force");
    char *after = read_all(path, length);
    CHECK(memcmp(before, after, (size_t)length) == 0);
    CHECK(access(fresh, F_OK) != 0);
    free(before);
    free(after);
    end();
}

static void refused(void)
{
    begin(PARMAP_INT64, 10);
    CHECK(mkdir(fresh, 0700) == 0);
    CHECK_INT(pm_file_repair(path, &made, &laid_out), PARMAP_CANNOT_CREATE);
    CHECK_HOLDS(parmap_message(), fresh);
    CHECK(rmdir(fresh) == 0);
    check_readable();
    CHECK_INT(pm_file_repair("nowhere/x.h5", &made, &laid_out), PARMAP_CANNOT_CREATE);
    end();
}

/* Killed before, or within, any of its steps: called again it brings everything in order. */
static void killed(void)
{
    int kills = 0;
    begin(PARMAP_INT64, 10000);
    for (int64_t step = 1, ended = 0; !ended; step++) {
        for (int torn = 0; torn < 2; torn++) {
            int status = -1;
            damage(0, 4096);
            const pid_t child = fork();
            if (child == 0) {
                pretend.steps = 0;
                pretend.killed_at = step;
                pretend.torn = torn;
                _exit(pm_file_repair(path, &made, &laid_out) == PARMAP_OK ? 0 : 1);
            }
            CHECK(waitpid(child, &status, 0) == child);
            CHECK(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == KILLED));
            ended = WEXITSTATUS(status) != KILLED;
            kills += !ended;
            check_repaired();
            restore();
        }
    }
    CHECK(kills > 10);
    end();
}

int main(void)
{
    static const check_case cases[] = {
        {"repair: a small file", small_file}, {"repair: a large file", large_file},
        {"repair: cut short", cut_short},     {"repair: laid out otherwise", laid_out_otherwise},
        {"repair: refused", refused},         {"repair: killed", killed},
    };
    pretend.no_sync = true;
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
