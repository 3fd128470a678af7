/* Files that are not parmap's, or are damaged: refused in words, never changed, no crash. */
#include "store/data.h"
#include "store/file.h"

#include "check.h"

#include <hdf5.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char path[] = "foreign.h5";
static pm_file got;

static void check_refused(void)
{
    CHECK_INT(pm_file_read(path, &got), PARMAP_BAD_DATA);
    CHECK_HOLDS(parmap_message(), "foreign.h5 is not a result of parmap, or is damaged");
}

static void missing(void)
{
    CHECK_INT(pm_file_read("nowhere.h5", &got), PARMAP_NO_INPUT);
    CHECK_HOLDS(parmap_message(), "cannot open nowhere.h5: No such file or directory");
    CHECK_INT(pm_file_read("nowhere/x.h5", &got), PARMAP_NO_INPUT);
}

static void not_hdf5(void)
{
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fclose(file) == 0);
    check_refused();
    file = fopen(path, "w");
    CHECK(file != NULL && fputs("my thesis", file) > 0 && fclose(file) == 0);
    check_refused();
    file = fopen(path, "w");
    CHECK(file != NULL && fputs("\x89HDF\r\n\x1a\n and no more", file) > 0 && fclose(file) == 0);
    check_refused();
    unlink(path);
    CHECK(mkdir(path, 0700) == 0);
    check_refused();
    CHECK(rmdir(path) == 0);
}

/* How a file differs from one of parmap's. */
typedef struct oddity {
    const char *run_dataset; /* the attribute of /parmap; NULL = no group, "" = no attribute */
    bool group, chunked, small, no_count;
    const char *type; /* the attribute of the data set; NULL = int64, "" = no attribute */
} oddity;

static void put_text(hid_t object, const char *name, const char *text)
{
    const hid_t type = H5Tcopy(H5T_C_S1), scalar = H5Screate(H5S_SCALAR);
    H5Tset_size(type, strlen(text) + 1);
    H5Tset_cset(type, H5T_CSET_UTF8);
    const hid_t attribute = H5Acreate2(object, name, type, scalar, H5P_DEFAULT, H5P_DEFAULT);
    CHECK(H5Awrite(attribute, type, text) >= 0);
    H5Aclose(attribute);
    H5Sclose(scalar);
    H5Tclose(type);
}

static void put_count(hid_t object, int64_t count)
{
    const hid_t scalar = H5Screate(H5S_SCALAR);
    const hid_t attribute =
        H5Acreate2(object, "count", H5T_STD_I64LE, scalar, H5P_DEFAULT, H5P_DEFAULT);
    CHECK(H5Awrite(attribute, H5T_NATIVE_INT64, &count) >= 0);
    H5Aclose(attribute);
    H5Sclose(scalar);
}

static void put_dataset(hid_t file, const oddity *o)
{
    const hsize_t length = 10;
    const hid_t space = H5Screate_simple(1, &length, NULL);
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    if (o->chunked)
        H5Pset_chunk(list, 1, &length);
    else
        H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY);
    const hid_t dataset = H5Dcreate2(file, "cubes", o->small ? H5T_STD_I32LE : H5T_STD_I64LE, space,
                                     H5P_DEFAULT, list, H5P_DEFAULT);
    if (!o->no_count)
        put_count(dataset, 10);
    if (!o->type || o->type[0])
        put_text(dataset, "type", o->type ? o->type : "int64");
    H5Pclose(list);
    H5Sclose(space);
    H5Dclose(dataset);
}

static void make(const oddity *o)
{
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (!o->group)
        put_dataset(file, o);
    else
        H5Gclose(H5Gcreate2(file, "cubes", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    if (o->run_dataset) {
        const hid_t group = H5Gcreate2(file, "parmap", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        if (o->run_dataset[0])
            put_text(group, "dataset", o->run_dataset);
        H5Gclose(group);
    }
    CHECK(H5Fclose(file) >= 0);
}

static void hdf5_of_others(void)
{
    static const oddity wrong[] = {
        {.run_dataset = NULL},
        {.run_dataset = ""},
        {.run_dataset = "nowhere"},
        {.run_dataset = "parmap"},
        {.run_dataset = "cubes", .group = true},
        {.run_dataset = "cubes", .chunked = true},
        {.run_dataset = "cubes", .small = true},
        {.run_dataset = "cubes", .no_count = true},
        {.run_dataset = "cubes", .type = ""},
        {.run_dataset = "cubes", .type = "elephants"},
        {.run_dataset = "cubes", .type = "uint64"},
        {.run_dataset = "cubes", .type = "int64[1]"},
        {.run_dataset = "cubes", .type = "{x: int64}"},
    };
    make(&(oddity){.run_dataset = "cubes"});
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK); /* so that each oddity is what refuses */
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        make(&wrong[i]);
        check_refused();
    }
}

/* Ours, cut at many places: what has lost its metadata or its end is refused. */
static void cut_files(void)
{
    static pm_file made;
    struct stat info;
    for (int64_t cut = 1;; cut = cut * 3 / 2 + 1) {
        memset(&made, 0, sizeof made);
        strcpy(made.dataset, "cubes");
        made.item = pm_layout_of_type(PARMAP_INT64);
        made.items = 100000;
        pm_record_text(&made.data, "type", "int64");
        pm_record_int(&made.data, "count", made.items);
        CHECK_INT(pm_file_create(path, &made), PARMAP_OK);
        if (stat(path, &info) != 0 || cut >= info.st_size)
            break;
        CHECK(truncate(path, info.st_size - cut) == 0);
        check_refused();
    }
    CHECK_INT(pm_file_read(path, &got), PARMAP_OK);
}

static void data_of_others(void)
{
    pm_data data;
    CHECK_INT(pm_data_open(&data, "nowhere.h5", 0, 8, true), PARMAP_WRITE_ERROR);
    CHECK_HOLDS(parmap_message(), "cannot open nowhere.h5: No such file or directory");
    pm_data_close(&data);
    CHECK_INT(pm_data_open(&data, "nowhere.h5", 0, 8, false), PARMAP_NO_INPUT);
    pm_data_close(&data);
    pm_data_close(&data);
    if (access("/dev/full", W_OK) == 0) {
        CHECK_INT(pm_data_open(&data, "/dev/full", 0, 8, true), PARMAP_OK);
        CHECK_INT(pm_data_write(&data, 5, "12345678", 8), PARMAP_WRITE_ERROR);
        CHECK_HOLDS(parmap_message(), "cannot write /dev/full at item 5: No space left on device");
        pm_data_close(&data);
    }
}

int main(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    static const check_case cases[] = {
        {"foreign: missing", missing},
        {"foreign: not HDF5", not_hdf5},
        {"foreign: HDF5 of others", hdf5_of_others},
        {"foreign: cut files", cut_files},
        {"foreign: data", data_of_others},
    };
    return check_main(cases, sizeof cases / sizeof cases[0]);
}
