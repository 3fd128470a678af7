/* Failed items: records in a journal, whole or torn; what many attempts come to; and the table and
 * the statuses in the result file, read back with HDF5 itself. */
#include "store/failed.h"

#include "check.h"
#include "store/file.h"

#include <fcntl.h>
#include <hdf5.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BEGIN = 4096, SEED = 77 };

static const char journal[] = "failed.journal";

/* An empty journal with room for slots. */
static void lay_out(void)
{
    const int fd = open(journal, O_RDWR | O_CREAT | O_TRUNC, 0666);
    CHECK(fd >= 0 && ftruncate(fd, BEGIN) == 0 && close(fd) == 0);
}

static pm_failed failed_of(int64_t item, int64_t session, const char *message)
{
    pm_failed failed = {.item = item, .attempts = 2, .session = session, .rank = item % 5};
    pm_failed_texts(&failed, "node-1", message);
    return failed;
}

static void add(pm_failed_log *log, int64_t item, int64_t session, const char *message)
{
    const pm_failed failed = failed_of(item, session, message);
    CHECK_INT(pm_failed_log_add(log, &failed), PARMAP_OK);
}

static pm_failed_list list_of(void)
{
    pm_failed_list list = {.count = 0};
    CHECK_INT(pm_failed_read(journal, BEGIN, SEED, &list), PARMAP_OK);
    return list;
}

static void there_and_back(void)
{
    pm_failed_log log;
    lay_out();
    CHECK_INT(pm_failed_log_open(&log, journal, SEED, 1), PARMAP_OK);
    add(&log, INT64_MAX, 1, "the last");
    add(&log, 12, 3, "");
    pm_failed_log_close(&log);
    pm_failed_list list = list_of();
    CHECK_INT(list.count, 2);
    CHECK_INT(list.items[0].item, INT64_MAX);
    CHECK_INT(list.items[0].rank, INT64_MAX % 5);
    CHECK_INT(list.items[0].attempts, 2);
    CHECK_TEXT(list.items[0].host, "node-1");
    CHECK_TEXT(list.items[0].message, "the last");
    CHECK_INT(list.items[1].session, 3);
    CHECK_TEXT(list.items[1].message, "");
    pm_failed_list_free(&list);
    CHECK_INT(pm_failed_read(journal, BEGIN, SEED + 1, &list), PARMAP_OK); /* another run's */
    CHECK_INT(list.count, 0);
    CHECK_INT(pm_failed_read("nowhere.journal", BEGIN, SEED, &list), PARMAP_OK);
    CHECK_INT(list.count, 0);
    CHECK_INT(pm_failed_log_open(&log, "nowhere.journal", SEED, 1), PARMAP_WRITE_ERROR);
    unlink(journal);
}

/* Every text is one line of valid UTF-8 that fits. */
static void texts(void)
{
    char text[600];
    pm_failed failed = failed_of(1, 1, "two\nlines,\ta tab and \x01\x7f.");
    CHECK_TEXT(failed.message, "two lines, a tab and   .");
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    failed = failed_of(1, 1, text);
    CHECK_INT(strlen(failed.message), PM_FAILED_MESSAGE - 1);
    for (size_t shift = 0; shift < 4; shift++) { /* of three bytes each, cut at every place */
        memset(text, 'x', shift);
        for (size_t i = shift; i + 4 < sizeof text; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4);
        failed = failed_of(1, 1, text);
        const size_t length = strlen(failed.message);
        CHECK(length > PM_FAILED_MESSAGE - 4 && length < PM_FAILED_MESSAGE);
        CHECK_INT((length - shift) % 3, 0);
        CHECK(memcmp(failed.message, text, length) == 0);
    }
    memset(text, '\x80', sizeof text - 1); /* not UTF-8 at all */
    failed = failed_of(1, 1, text);
    CHECK(strlen(failed.message) < PM_FAILED_MESSAGE);
}

/* What is cut off or changed is passed over, and only that. */
static void torn_records(void)
{
    pm_failed_log log;
    lay_out();
    CHECK_INT(pm_failed_log_open(&log, journal, SEED, 1), PARMAP_OK);
    for (int i = 0; i < 1000; i++)
        add(&log, i, 1, "message");
    pm_failed_log_close(&log);
    const int fd = open(journal, O_RDWR);
    const char wrong = '?';
    for (int i = 0; i < 1000; i += 100)
        CHECK(pwrite(fd, &wrong, 1, BEGIN + 256 * i + 8 + i % 248) == 1);
    CHECK(ftruncate(fd, BEGIN + 999 * 256 + 100) == 0);
    close(fd);
    pm_failed_list list = list_of();
    CHECK_INT(list.count, 989);
    for (int64_t i = 0; i < list.count; i++)
        CHECK(list.items[i].item % 100 != 0 && list.items[i].item < 999);
    pm_failed_list_free(&list);
    unlink(journal);
}

/* The last attempt's record counts, and the calls of all attempts. */
static void settled(void)
{
    pm_failed_list list = {.count = 0};
    static const int64_t items[] = {9, 3, 7, 3, 9, 3, 1, 3}, sessions[] = {1, 2, 1, 3, 1, 1, 4, 3};
    for (int i = 0; i < 8; i++) { /* two of them twice */
        char message[32];
        snprintf(message, sizeof message, "attempt %d", (int)sessions[i]);
        const pm_failed failed = failed_of(items[i], sessions[i], message);
        CHECK_INT(pm_failed_list_add(&list, &failed), PARMAP_OK);
    }
    pm_failed_list_settle(&list);
    CHECK_INT(list.count, 4);
    CHECK_INT(list.items[0].item, 1);
    CHECK_INT(list.items[1].item, 3);
    CHECK_INT(list.items[1].attempts, 6);
    CHECK_INT(list.items[1].session, 3);
    CHECK_TEXT(list.items[1].message, "attempt 3");
    CHECK_INT(list.items[2].attempts, 2);
    CHECK_INT(list.items[3].item, 9);
    CHECK_INT(list.items[3].attempts, 2);
    pm_failed_list_free(&list);
    pm_failed_list_settle(&list);
    CHECK_INT(list.count, 0);
}

/* The records of another journal, once or twice. */
static void brought(void)
{
    static const char other[] = "failed.other";
    pm_failed_log log;
    lay_out();
    CHECK(rename(journal, other) == 0);
    CHECK_INT(pm_failed_log_open(&log, other, SEED, 1), PARMAP_OK);
    for (int i = 0; i < 300; i++)
        add(&log, 2 * i, 1, "there");
    pm_failed_log_close(&log);
    lay_out();
    CHECK_INT(pm_failed_log_open(&log, journal, SEED, 1), PARMAP_OK);
    add(&log, 8, 2, "here");
    add(&log, 9, 2, "here");
    pm_failed_log_close(&log);
    for (int i = 0; i < 2; i++)
        CHECK_INT(pm_failed_bring(journal, other, BEGIN, SEED), PARMAP_OK);
    pm_failed_list list = list_of();
    CHECK_INT(list.count, 602);
    pm_failed_list_settle(&list);
    CHECK_INT(list.count, 301);
    CHECK_INT(list.items[3].attempts, 2);
    CHECK_INT(list.items[4].attempts, 4);
    CHECK_TEXT(list.items[4].message, "here");
    pm_failed_list_free(&list);
    unlink(other);
    unlink(journal);
}

static bool is_odd(void *context, const pm_failed *failed)
{
    ++*(int *)context;
    return failed->item % 2 != 0;
}

static void kept(void)
{
    pm_failed_list list = {.count = 0};
    int asked = 0;
    for (int i = 0; i < 100; i++) {
        const pm_failed failed = failed_of(i, 1, "");
        CHECK_INT(pm_failed_list_add(&list, &failed), PARMAP_OK);
    }
    pm_failed_list_keep(&list, is_odd, &asked);
    CHECK_INT(asked, 100);
    CHECK_INT(list.count, 50);
    CHECK_INT(list.items[49].item, 99);
    pm_failed_list_free(&list);
}

/* ---- several writers ------------------------------------------------------------------------- */

enum { WRITERS = 4, EACH = 500 };

static pm_failed_log shared;

static void *write_many(void *context)
{
    const int64_t writer = *(const int *)context;
    for (int64_t i = 0; i < EACH; i++)
        add(&shared, writer * EACH + i, 1, "one of many");
    return NULL;
}

static void writers(void)
{
    pthread_t threads[WRITERS];
    int numbers[WRITERS];
    pm_failed_log other; /* another rank's, of the same node */
    lay_out();
    CHECK_INT(pm_failed_log_open(&shared, journal, SEED, 2), PARMAP_OK);
    CHECK_INT(pm_failed_log_open(&other, journal, SEED, 2), PARMAP_OK);
    for (int i = 0; i < WRITERS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, write_many, &numbers[i]) == 0);
    }
    for (int i = 0; i < EACH; i++)
        add(&other, WRITERS * EACH + i, 1, "another rank's");
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    pm_failed_log_close(&shared);
    pm_failed_log_close(&other);
    pm_failed_list list = list_of();
    pm_failed_list_settle(&list);
    CHECK_INT(list.count, (WRITERS + 1) * EACH);
    pm_failed_list_free(&list);
    unlink(journal);
}

static int64_t records_of(int ranks)
{
    pm_failed_log log;
    lay_out();
    CHECK_INT(pm_failed_log_open(&log, journal, SEED, ranks), PARMAP_OK);
    for (int i = 0; i < PM_FAILED_RECORDS + 10; i++)
        add(&log, i, 1, "too many");
    pm_failed_log_close(&log);
    pm_failed_list list = list_of();
    const int64_t records = list.count;
    pm_failed_list_free(&list);
    unlink(journal);
    return records;
}

static void bounded(void)
{
    CHECK_INT(records_of(1), 10000);
    CHECK_INT(records_of(100), 10000);
    CHECK_INT(records_of(1000), 1000);
    CHECK_INT(records_of(1000000), 100);
}

/* ---- the file -------------------------------------------------------------------------------- */

static const char path[] = "failed.h5";

static pm_file create(const char *dataset, parmap_type type, int64_t items)
{
    pm_file file = {.item = pm_layout_of_type(type), .items = items, .has_statuses = true};
    snprintf(file.dataset, sizeof file.dataset, "%s", dataset);
    pm_record_text(&file.data, "type", pm_type_name(type));
    pm_record_int(&file.data, "count", items);
    CHECK_INT(pm_file_create(path, &file), PARMAP_OK);
    return file;
}

static void write_byte(int64_t at, uint8_t value)
{
    const int fd = open(path, O_RDWR);
    CHECK(pwrite(fd, &value, 1, at) == 1 && close(fd) == 0);
}

/* Both data sets are contiguous and do not overlap; statuses are 0 until they are written. */
static void statuses(void)
{
    static const int64_t counts[] = {1, 100, 65536, 3000000};
    static uint8_t in[3000000];
    static pm_file got;
    for (int i = 0; i < 4; i++) {
        const int64_t items = counts[i];
        const pm_file made = create("a/results", PARMAP_INT128, items);
        CHECK_INT(pm_file_bytes(&made), 17 * items);
        CHECK(made.offset + 16 * items <= made.statuses_offset ||
              made.statuses_offset + items <= made.offset);
        CHECK(items < 65536 || made.statuses_offset % (1 << 20) == 0);
        write_byte(made.statuses_offset + items - 1, 2);
        CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
        CHECK(got.has_statuses);
        CHECK_INT(got.offset, made.offset);
        CHECK_INT(got.statuses_offset, made.statuses_offset);
        const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
        const hid_t dataset = H5Dopen2(file, "a/results_status", H5P_DEFAULT);
        const hid_t type = H5Dget_type(dataset);
        CHECK(H5Tequal(type, H5T_STD_U8LE) > 0);
        memset(in, 9, sizeof in);
        CHECK(H5Dread(dataset, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, in) >= 0);
        CHECK_INT(in[items - 1], 2);
        int64_t others = 0;
        for (int64_t k = 0; k < items - 1; k++)
            others += in[k] != 0;
        CHECK_INT(others, 0);
        H5Tclose(type);
        H5Dclose(dataset);
        H5Fclose(file);
    }
    unlink(path);
}

static void table(void)
{
    static pm_file file, got;
    pm_failed_list list = {.count = 0}, back = {.count = 0};
    file = create("results", PARMAP_FLOAT64, 1000);
    CHECK_INT(pm_file_read_failed(path, &back), PARMAP_OK);
    CHECK_INT(back.count, 0);
    static const int64_t counts[] = {1, 500, 3, 0}; /* it grows and shrinks */
    for (int n = 0; n < 4; n++) {
        list.count = back.count = 0;
        for (int64_t i = 0; i < counts[n]; i++) {
            pm_failed failed = failed_of(2 * i + 1, 1, "no root of \xe2\x82\xac");
            snprintf(failed.x, sizeof failed.x, "-%lld", (long long)i);
            CHECK_INT(pm_failed_list_add(&list, &failed), PARMAP_OK);
        }
        CHECK_INT(pm_file_write_failed(path, &list), PARMAP_OK);
        CHECK_INT(pm_file_finish(path, &file), PARMAP_OK);
        CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
        CHECK(got.complete);
        CHECK_INT(got.offset, file.offset);
        CHECK_INT(pm_file_read_failed(path, &back), PARMAP_OK);
        CHECK_INT(back.count, counts[n]);
        for (int64_t i = 0; i < back.count; i++) {
            CHECK_INT(back.items[i].item, list.items[i].item);
            CHECK_INT(back.items[i].attempts, list.items[i].attempts);
            CHECK_INT(back.items[i].rank, list.items[i].rank);
            CHECK_TEXT(back.items[i].x, list.items[i].x);
            CHECK_TEXT(back.items[i].host, list.items[i].host);
            CHECK_TEXT(back.items[i].message, list.items[i].message);
        }
        CHECK_INT(pm_file_reopen(path, &file), PARMAP_OK);
        CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
        CHECK(!got.complete);
    }
    pm_failed_list_free(&list);
    pm_failed_list_free(&back);
    unlink(path);
}

static void without(void)
{
    static pm_file file, got;
    pm_failed_list list = {.count = 0};
    file = (pm_file){.item = pm_layout_of_type(PARMAP_INT64), .items = 10, .dataset = "results"};
    pm_record_text(&file.data, "type", "int64");
    pm_record_int(&file.data, "count", 10);
    CHECK_INT(pm_file_create(path, &file), PARMAP_OK);
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
    CHECK(!got.has_statuses);
    CHECK_INT(pm_file_bytes(&got), 80);
    CHECK_INT(pm_file_read_failed(path, &list), PARMAP_BAD_DATA);
    unlink(path);
}

int main(void)
{
    static const check_case cases[] = {
        {"failed: there and back", there_and_back},
        {"failed: texts", texts},
        {"failed: torn records", torn_records},
        {"failed: several attempts", settled},
        {"failed: brought from another journal", brought},
        {"failed: some left out", kept},
        {"failed: several writers", writers},
        {"failed: bounded", bounded},
        {"failed: statuses in the file", statuses},
        {"failed: the table in the file", table},
        {"failed: files without", without},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
