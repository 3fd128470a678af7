/* The HDF5 file of a run: made, read and finished by parmap, and read back with HDF5 itself. */
#include "store/file.h"

#include "base/types.h"
#include "store/data.h"

#include "check.h"

#include <fcntl.h>
#include <hdf5.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char path[] = "file.h5";
static pm_file made, got;

/* A file with a field of every kind in both records. */
static void describe(pm_file *file, const char *dataset, parmap_type type, int64_t items)
{
    memset(file, 0, sizeof *file);
    snprintf(file->dataset, sizeof file->dataset, "%s", dataset);
    file->item = pm_layout_of_type(type);
    file->items = items;
    pm_record_text(&file->data, "type", pm_type_name(type));
    pm_record_int(&file->data, "count", items);
    pm_record_text(&file->data, "kernel", "cube");
    pm_record_int(&file->data, "negative", INT64_MIN);
    pm_record_uint(&file->data, "checksum", UINT64_MAX);
    pm_record_real(&file->data, "real", -0.1);
    pm_record_text(&file->data, "min", "");
    pm_record_room(&file->data, "min", 48);
    pm_record_text(&file->run, "host", "h\xc3\xb6st");
    pm_record_real(&file->run, "seconds", 0);
    pm_record_int(&file->run, "ranks", 7);
    pm_record_text(&file->run, "ended", "");
    pm_record_room(&file->run, "ended", 32);
}

static void create(const char *dataset, parmap_type type, int64_t items)
{
    describe(&made, dataset, type, items);
    CHECK_INT(pm_file_create(path, &made), PARMAP_OK);
}

static int64_t size_of(const char *name)
{
    struct stat info;
    return stat(name, &info) == 0 ? (int64_t)info.st_size : -1;
}

static void check_round_trip(const char *dataset, parmap_type type, int64_t items)
{
    const pm_layout item = pm_layout_of_type(type);
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
    CHECK_TEXT(got.dataset, dataset);
    CHECK(pm_layout_equal(&got.item, &item));
    CHECK_INT(got.items, items);
    CHECK_INT(got.offset, made.offset);
    CHECK_TEXT(pm_record_get_text(&got.data, "kernel", NULL), "cube");
    CHECK_INT(pm_record_get_int(&got.data, "negative", 0), INT64_MIN);
    CHECK_INT(pm_record_get_uint(&got.data, "checksum", 0), UINT64_MAX);
    CHECK(pm_record_get_real(&got.data, "real", 0) == -0.1);
    CHECK_TEXT(pm_record_get_text(&got.run, "host", NULL), "h\xc3\xb6st");
    CHECK_INT(pm_record_get_int(&got.run, "ranks", 0), 7);
    CHECK(pm_record_find(&got.run, "kernel") == NULL);
}

static void round_trip(void)
{
    create("cubes", PARMAP_INT64, 1000000);
    CHECK(!made.complete);
    CHECK_INT(made.offset % (1 << 20), 0);
    CHECK(made.offset > 0);
    check_round_trip("cubes", PARMAP_INT64, 1000000);
    CHECK(!got.complete);
    CHECK_TEXT(pm_record_get_text(&got.data, "min", NULL), "");
    pm_record_text(&got.data, "min", "-12345678901234567890123456789012345678");
    pm_record_uint(&got.data, "checksum", 0x8000000000000000u);
    pm_record_real(&got.run, "seconds", 12.5);
    pm_record_text(&got.run, "ended", "2026-01-31T23:59:59Z");
    const int64_t bytes = size_of(path);
    CHECK_INT(pm_file_finish(path, &got), PARMAP_OK);
    CHECK(got.complete);
    CHECK_INT(size_of(path), bytes); /* in place */
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
    CHECK(got.complete);
    CHECK_INT(got.offset, made.offset);
    CHECK_TEXT(pm_record_get_text(&got.data, "min", NULL),
               "-12345678901234567890123456789012345678");
    CHECK_INT(pm_record_get_uint(&got.data, "checksum", 0), 0x8000000000000000u);
    CHECK(pm_record_get_real(&got.run, "seconds", 0) == 12.5);
    CHECK_TEXT(pm_record_get_text(&got.run, "ended", NULL), "2026-01-31T23:59:59Z");
    CHECK_TEXT(pm_record_get_text(&got.run, "host", NULL), "h\xc3\xb6st");
}

static void replaces(void)
{
    create("cubes", PARMAP_INT64, 1000000);
    create("other", PARMAP_FLOAT64, 5);
    check_round_trip("other", PARMAP_FLOAT64, 5);
    CHECK(size_of(path) < 1000000);
}

/* The type of HDF5's own that stands for a type; int128 is a compound. */
static hid_t type_of_hdf5(parmap_type type)
{
    const hid_t types[PARMAP_TYPES] = {
        [PARMAP_INT64] = H5T_STD_I64LE,    [PARMAP_UINT64] = H5T_STD_U64LE,
        [PARMAP_INT128] = H5I_INVALID_HID, [PARMAP_FLOAT64] = H5T_IEEE_F64LE,
        [PARMAP_INT8] = H5T_STD_I8LE,      [PARMAP_UINT8] = H5T_STD_U8LE,
        [PARMAP_INT16] = H5T_STD_I16LE,    [PARMAP_UINT16] = H5T_STD_U16LE,
        [PARMAP_INT32] = H5T_STD_I32LE,    [PARMAP_UINT32] = H5T_STD_U32LE,
        [PARMAP_FLOAT32] = H5T_IEEE_F32LE,
    };
    return types[type];
}

/* What HDF5 itself says of the data set: 1-D, contiguous, of this type, at this place. */
static void check_dataset(hid_t file, const char *name, parmap_type type, hsize_t items)
{
    const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    const hid_t space = H5Dget_space(dataset), is = H5Dget_type(dataset);
    const hid_t list = H5Dget_create_plist(dataset);
    hsize_t length = 0;
    CHECK_INT(H5Sget_simple_extent_ndims(space), 1);
    H5Sget_simple_extent_dims(space, &length, NULL);
    CHECK_INT(length, items);
    CHECK_INT(H5Pget_layout(list), H5D_CONTIGUOUS);
    CHECK_INT(H5Dget_offset(dataset), made.offset);
    CHECK_INT(H5Tget_size(is), type == PARMAP_INT128 ? 16 : H5Tget_size(type_of_hdf5(type)));
    if (type == PARMAP_INT128) {
        CHECK_INT(H5Tget_class(is), H5T_COMPOUND);
        CHECK_INT(H5Tget_nmembers(is), 2);
        CHECK_INT(H5Tget_member_offset(is, (unsigned)H5Tget_member_index(is, "lo")), 0);
        CHECK_INT(H5Tget_member_offset(is, (unsigned)H5Tget_member_index(is, "hi")), 8);
    } else {
        CHECK(H5Tequal(is, type_of_hdf5(type)) > 0);
    }
    H5Pclose(list);
    H5Tclose(is);
    H5Sclose(space);
    H5Dclose(dataset);
}

static void every_type(void)
{
    static const int64_t items[] = {1, 2, 4095, 8192, 100000};
    for (parmap_type type = PARMAP_INT64; type < PARMAP_TYPES; type++) {
        for (int i = 0; i < 5; i++) {
            create("cubes", type, items[i]);
            check_round_trip("cubes", type, items[i]);
            CHECK(made.offset + items[i] * (int64_t)pm_type_bytes(type) <= size_of(path));
            const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
            check_dataset(file, "cubes", type, (hsize_t)items[i]);
            CHECK(H5Fclose(file) >= 0);
        }
    }
}

/* ---- records and arrays ---------------------------------------------------------------------- */

#define PARTS(FIELD)                                                                               \
    FIELD(int8_t, tiny)                                                                            \
    FIELD(double, real)                                                                            \
    FIELD(uint16_t, row, 3)                                                                        \
    FIELD(parmap_int128, wide) FIELD(float, table, 2, 3) FIELD(uint8_t, last)
PARMAP_RECORD(parts, PARTS);

/* The same record as HDF5 itself describes it. */
static hid_t type_of_parts(void)
{
    const hid_t record = H5Tcreate(H5T_COMPOUND, sizeof(parts)), wide = H5Tcreate(H5T_COMPOUND, 16);
    const hid_t row = H5Tarray_create2(H5T_STD_U16LE, 1, (const hsize_t[]){3}),
                table = H5Tarray_create2(H5T_IEEE_F32LE, 2, (const hsize_t[]){2, 3});
    H5Tinsert(wide, "lo", 0, H5T_STD_U64LE);
    H5Tinsert(wide, "hi", 8, H5T_STD_I64LE);
    H5Tinsert(record, "tiny", HOFFSET(parts, tiny), H5T_STD_I8LE);
    H5Tinsert(record, "real", HOFFSET(parts, real), H5T_IEEE_F64LE);
    H5Tinsert(record, "row", HOFFSET(parts, row), row);
    H5Tinsert(record, "wide", HOFFSET(parts, wide), wide);
    H5Tinsert(record, "table", HOFFSET(parts, table), table);
    H5Tinsert(record, "last", HOFFSET(parts, last), H5T_STD_U8LE);
    return record;
}

static void create_items(const pm_layout *item, int64_t items)
{
    char text[PM_LAYOUT_TEXT];
    describe(&made, "items", PARMAP_INT64, items);
    made.item = *item;
    pm_record_text(&made.data, "type", pm_layout_format(text, item));
    CHECK_INT(pm_file_create(path, &made), PARMAP_OK);
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
    CHECK(pm_layout_equal(&got.item, item));
    CHECK_INT(got.items, items);
    CHECK_INT(got.offset, made.offset);
    CHECK_INT(pm_file_bytes(&got), items * (int64_t)item->bytes);
}

/* Type, extents and bytes of the data set by HDF5, against what was written past it. */
static void check_items(hid_t expected_type, int rank, const hsize_t *extents, const void *bytes,
                        size_t count)
{
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t dataset = H5Dopen2(file, "items", H5P_DEFAULT), type = H5Dget_type(dataset),
                space = H5Dget_space(dataset);
    hsize_t there[8] = {0};
    void *back = calloc(1, count + 1);
    CHECK(H5Tequal(type, expected_type) > 0);
    CHECK_INT(H5Sget_simple_extent_ndims(space), rank);
    H5Sget_simple_extent_dims(space, there, NULL);
    CHECK(memcmp(there, extents, (size_t)rank * sizeof *extents) == 0);
    CHECK_INT((size_t)H5Sget_simple_extent_npoints(space) * H5Tget_size(type), count);
    CHECK(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, back) >= 0);
    CHECK(count == 0 || memcmp(back, bytes, count) == 0);
    free(back);
    H5Sclose(space);
    H5Tclose(type);
    H5Dclose(dataset);
    CHECK(H5Fclose(file) >= 0);
}

static void write_items(const pm_layout *item, const void *bytes, int64_t items)
{
    pm_data data;
    CHECK_INT(pm_data_open(&data, path, made.offset, item->bytes, true), PARMAP_OK);
    CHECK_INT(pm_data_write(&data, 0, bytes, (size_t)items * item->bytes), PARMAP_OK);
    pm_data_close(&data);
    CHECK_INT(pm_file_finish(path, &made), PARMAP_OK);
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
    CHECK(got.complete && pm_layout_equal(&got.item, item));
}

static void records(void)
{
    enum { ITEMS = 10007 };
    static parts items[ITEMS];
    pm_layout item;
    const hid_t type = type_of_parts();
    for (int i = 0; i < ITEMS; i++) {
        items[i].tiny = (int8_t)i;
        items[i].real = i / 8.0;
        items[i].row[2] = (uint16_t)i;
        items[i].wide = -((parmap_int128)i << 70);
        items[i].table[1][2] = (float)i;
        items[i].last = (uint8_t)(i >> 3);
    }
    CHECK_INT(pm_layout_read(PARMAP_RECORD, PM_LAYOUT_parts, &item), PARMAP_OK);
    create_items(&item, ITEMS);
    write_items(&item, items, ITEMS);
    check_items(type, 1, (const hsize_t[]){ITEMS}, items, sizeof items);
    create_items(&item, 1);
    write_items(&item, items + 5, 1);
    check_items(type, 1, (const hsize_t[]){1}, items + 5, sizeof *items);
    create_items(&item, 0);
    write_items(&item, items, 0);
    check_items(type, 1, (const hsize_t[]){0}, NULL, 0);
    H5Tclose(type);
}

static void arrays(void)
{
    static float numbers[1009][2][3][4];
    static const char *const texts[] = {"float32[24]", "float32[6][4]", "float32[2][3][4]"};
    static const hsize_t extents[3][4] = {{1009, 24}, {1009, 6, 4}, {1009, 2, 3, 4}};
    for (int i = 0; i < 1009 * 24; i++)
        (&numbers[0][0][0][0])[i] = (float)i / 4;
    for (int rank = 1; rank <= 3; rank++) {
        pm_layout item;
        hsize_t none[4];
        CHECK_INT(pm_layout_parse(texts[rank - 1], &item), PARMAP_OK);
        create_items(&item, 1009);
        write_items(&item, numbers, 1009);
        check_items(H5T_IEEE_F32LE, 1 + rank, extents[rank - 1], numbers, sizeof numbers);
        memcpy(none, extents[rank - 1], sizeof none);
        none[0] = 0;
        create_items(&item, 0);
        write_items(&item, numbers, 0);
        check_items(H5T_IEEE_F32LE, 1 + rank, none, NULL, 0);
    }
}

/* A file whose text says something else than HDF5 is not believed. */
static void other_items(void)
{
    static const char *const texts[] = {"float32[2][2]",  "float32[4][1]", "float32[5]",
                                        "float32",        "float64[4]",    "int32[4]",
                                        "{x: float32[4]}"};
    pm_layout item;
    CHECK_INT(pm_layout_parse("float32[4]", &item), PARMAP_OK);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        create_items(&item, 10);
        pm_record_text(&made.data, "type", texts[i]);
        pm_record_room(&made.data, "type", 64);
        CHECK_INT(pm_file_create(path, &made), PARMAP_OK);
        CHECK_INT(pm_file_read(path, &got), PARMAP_BAD_DATA);
    }
}

static void nested_dataset(void)
{
    create("a/b c/d\xc3\xa9", PARMAP_UINT64, 10);
    check_round_trip("a/b c/d\xc3\xa9", PARMAP_UINT64, 10);
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    check_dataset(file, "/a/b c/d\xc3\xa9", PARMAP_UINT64, 10);
    CHECK(H5Fclose(file) >= 0);
    CHECK_INT(pm_file_finish(path, &made), PARMAP_OK);
    check_round_trip("a/b c/d\xc3\xa9", PARMAP_UINT64, 10);
}

/* Items written past HDF5, before and after the attributes are rewritten, read back through it. */
static void data_through_hdf5(void)
{
    enum { ITEMS = 3000 };
    static parmap_int128 out[ITEMS], in[ITEMS];
    pm_data data;
    create("cubes", PARMAP_INT128, ITEMS);
    for (int i = 0; i < ITEMS; i++)
        out[i] = (parmap_int128)(i - 1500) * INT64_MAX * 1000003;
    CHECK_INT(pm_data_open(&data, path, made.offset, 16, true), PARMAP_OK);
    CHECK_INT(pm_data_write(&data, 1000, out + 1000, 2000 * 16), PARMAP_OK);
    CHECK_INT(pm_data_write(&data, 0, out, 1000 * 16), PARMAP_OK);
    CHECK_INT(pm_data_sync(&data), PARMAP_OK);
    CHECK_INT(pm_file_finish(path, &made), PARMAP_OK);
    CHECK_INT(pm_data_read(&data, 0, in, sizeof in), PARMAP_OK);
    CHECK(memcmp(in, out, sizeof in) == 0);
    CHECK_INT(pm_data_read(&data, ITEMS + (1 << 20), in, 16), PARMAP_BAD_DATA);
    pm_data_close(&data);
    memset(in, 0, sizeof in);
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t dataset = H5Dopen2(file, "cubes", H5P_DEFAULT), type = H5Dget_type(dataset);
    CHECK(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, in) >= 0);
    CHECK(memcmp(in, out, sizeof in) == 0);
    H5Tclose(type);
    H5Dclose(dataset);
    H5Fclose(file);
}

static void check_item(hid_t dataset, hsize_t item, int64_t expected)
{
    const hsize_t one = 1;
    int64_t value = 0;
    const hid_t memory = H5Screate_simple(1, &one, NULL), space = H5Dget_space(dataset);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, &item, NULL, &one, NULL);
    CHECK(H5Dread(dataset, H5T_NATIVE_INT64, memory, space, H5P_DEFAULT, &value) >= 0);
    CHECK_INT(value, expected);
    H5Sclose(space);
    H5Sclose(memory);
}

/* 24 GB, of which next to nothing is on the disk. */
static void past_32_bits(void)
{
    const int64_t items = 3000000000;
    const int64_t value = -81;
    pm_data data;
    struct stat info;
    create("cubes", PARMAP_INT64, items);
    check_round_trip("cubes", PARMAP_INT64, items);
    CHECK_INT(pm_data_open(&data, path, made.offset, 8, true), PARMAP_OK);
    CHECK_INT(pm_data_write(&data, items - 1, &value, sizeof value), PARMAP_OK);
    pm_data_close(&data);
    CHECK_INT(pm_file_finish(path, &made), PARMAP_OK);
    CHECK(size_of(path) >= made.offset + items * 8);
    CHECK(stat(path, &info) == 0 && info.st_blocks < 100000);
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t dataset = H5Dopen2(file, "cubes", H5P_DEFAULT);
    check_item(dataset, (hsize_t)items - 1, value);
    check_item(dataset, (hsize_t)items - 2, 0);
    check_item(dataset, 0, 0);
    H5Dclose(dataset);
    H5Fclose(file);
    CHECK(unlink(path) == 0);
}

static void failed_creates(void)
{
    describe(&made, "cubes", PARMAP_INT64, 10);
    CHECK_INT(pm_file_create("nowhere/file.h5", &made), PARMAP_CANNOT_CREATE);
    CHECK_HOLDS(parmap_message(), "nowhere/file.h5");
    CHECK_HOLDS(parmap_message(), "No such file or directory");
    describe(&made, "parmap", PARMAP_INT64, 10); /* where the group of the run goes */
    unlink(path);
    CHECK(pm_file_create(path, &made) != PARMAP_OK);
    CHECK_INT(size_of(path), -1);
}

/* In a process of its own, which must also end in order: HDF5 remembers a file that it could not
 * close.  After a failed create it is fit for the next. */
static int create_over_the_limit(void)
{
    struct rlimit limit, tight;
    signal(SIGXFSZ, SIG_IGN);
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 2;
    tight = limit;
    tight.rlim_cur = 1000;
    setrlimit(RLIMIT_FSIZE, &tight);
    describe(&made, "cubes", PARMAP_INT64, 1000000);
    const parmap_status status = pm_file_create(path, &made);
    setrlimit(RLIMIT_FSIZE, &limit);
    if (status != PARMAP_WRITE_ERROR)
        return 3;
    if (!strstr(parmap_message(), "File too large"))
        return 4;
    if (size_of(path) != -1)
        return 5;
    describe(&made, "cubes", PARMAP_INT64, 10);
    return pm_file_create(path, &made) == PARMAP_OK ? 0 : 6;
}

static void no_room(void)
{
    int status = -1;
    unlink(path);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0)
        exit(create_over_the_limit());
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status)); /* not by a signal */
    CHECK_INT(WEXITSTATUS(status), 0);
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
}

static void failed_finishes(void)
{
    create("cubes", PARMAP_INT64, 10);
    CHECK(unlink(path) == 0);
    CHECK_INT(pm_file_finish(path, &made), PARMAP_WRITE_ERROR);
    CHECK_HOLDS(parmap_message(), "cannot finish file.h5");
    CHECK(!made.complete);
    CHECK_INT(size_of(path), -1);
    create("cubes", PARMAP_INT64, 10);
    pm_record_int(&made.run, "unforeseen", 1); /* an attribute that is not there */
    CHECK_INT(pm_file_finish(path, &made), PARMAP_WRITE_ERROR);
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
    CHECK(!got.complete);
}

static void library(void)
{
    unsigned major, minor, release;
    char text[64];
    H5get_libversion(&major, &minor, &release);
    snprintf(text, sizeof text, "%u.%u.%u", major, minor, release);
    CHECK_TEXT(pm_file_library(), text);
}

int main(void)
{
    static const check_case cases[] = {
        {"file: create, read, finish", round_trip},
        {"file: replaces", replaces},
        {"file: every type", every_type},
        {"file: records", records},
        {"file: arrays", arrays},
        {"file: other items than it says", other_items},
        {"file: data set in groups", nested_dataset},
        {"file: data through HDF5", data_through_hdf5},
        {"file: 3e9 items", past_32_bits},
        {"file: failed creates", failed_creates},
        {"file: no room", no_room},
        {"file: failed finishes", failed_finishes},
        {"file: version of the library", library},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
