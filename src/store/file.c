/* Creating, finishing and reading the HDF5 file. */
#include "store/file.h"

#include "store/attributes.h"
#include "store/data.h"
#include "store/failed_table.h"
#include "store/hdf5.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALIGNMENT = 1 << 20, ALIGN_FROM = 1 << 16, LARGEST_BLOCK = 1 << 20 };

static const char run_group[] = "parmap";
static const char meaning_of_statuses[] = "0 not computed yet, 1 good, 2 failed";

char *pm_file_statuses_name(char name[PM_STATUSES_NAME], const pm_file *file)
{
    snprintf(name, PM_STATUSES_NAME, "%s_status", file->dataset);
    return name;
}

int64_t pm_file_bytes(const pm_file *file)
{
    const int64_t item = (int64_t)file->item.bytes + (file->has_statuses ? 1 : 0);
    return file->items * item;
}

int64_t pm_file_failed(const pm_file *file)
{
    return file->has_statuses ? pm_record_get_int(&file->data, "failed", 0) : 0;
}

/* HDF5's own locks are off: they fail on many NFS and Lustre mounts, and the journal holds one. */
static hid_t access_list(void)
{
    const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_alignment(list, ALIGN_FROM, ALIGNMENT);
    H5Pset_fclose_degree(list, H5F_CLOSE_STRONG);
#if H5_VERSION_GE(1, 10, 7)
    H5Pset_file_locking(list, false, true);
#endif
    return list;
}

/* These leave the reason of a failure on HDF5's stack: its next successful call would clear it. */
static hid_t create_root(const char *path)
{
    const hid_t access = access_list();
    const hid_t root = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (root >= 0)
        H5Pclose(access);
    return root;
}

static hid_t open_root(const char *path, unsigned mode)
{
    const hid_t access = access_list();
    const hid_t root = H5Fopen(path, mode, access);
    if (root >= 0)
        H5Pclose(access);
    return root;
}

/* One contiguous piece of the file, there from the start and not filled: the ranks write raw bytes.
 * Items that are plain arrays make further dimensions. */
static hid_t create_dataset(hid_t root, const char *name, const pm_layout *item, int64_t items)
{
    const hid_t type = pm_hdf5_type(item), space = pm_hdf5_space(item, items);
    const hid_t create = H5Pcreate(H5P_DATASET_CREATE), link = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_layout(create, H5D_CONTIGUOUS);
    H5Pset_alloc_time(create, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(create, H5D_FILL_TIME_NEVER);
    H5Pset_create_intermediate_group(link, 1);
    const hid_t dataset = H5Dcreate2(root, name, type, space, link, create, H5P_DEFAULT);
    H5Pclose(link);
    H5Pclose(create);
    H5Sclose(space);
    H5Tclose(type);
    return dataset;
}

/* Closes a data set, and says where it lies. */
static bool place(hid_t dataset, int64_t *offset)
{
    const haddr_t at = H5Dget_offset(dataset);
    const hid_t space = H5Dget_space(dataset);
    const bool empty = H5Sget_simple_extent_npoints(space) == 0; /* it lies nowhere */
    H5Sclose(space);
    *offset = empty ? 0 : (int64_t)at;
    return H5Dclose(dataset) >= 0 && (at != HADDR_UNDEF || empty);
}

/* With a table of what failed, empty at first, where items can. */
static bool create_run_group(hid_t root, const pm_file *file)
{
    const hid_t group = H5Gcreate2(root, run_group, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (group < 0)
        return false;
    const bool good = pm_attributes_create(group, &file->run) &&
                      (!file->has_statuses || pm_failed_table_create(group));
    return H5Gclose(group) >= 0 && good;
}

/* A file that is new has zeros where nothing was written: not computed yet. */
static bool create_statuses(hid_t root, pm_file *file)
{
    char name[PM_STATUSES_NAME];
    pm_record about = {.count = 0};
    const pm_layout status = pm_layout_of_type(PARMAP_UINT8);
    const hid_t dataset =
        create_dataset(root, pm_file_statuses_name(name, file), &status, file->items);
    if (dataset < 0)
        return false;
    pm_record_text(&about, "meaning", meaning_of_statuses);
    const bool good = pm_attributes_create(dataset, &about);
    return place(dataset, &file->statuses_offset) && good;
}

static bool fill(hid_t root, pm_file *file)
{
    const hid_t dataset = create_dataset(root, file->dataset, &file->item, file->items);
    if (dataset < 0)
        return false;
    const bool good = pm_attributes_create(dataset, &file->data);
    return place(dataset, &file->offset) && good && create_run_group(root, file) &&
           (!file->has_statuses || create_statuses(root, file));
}

/* HDF5 notices a full disk or a file size limit only when it closes the file, and is left in
 * disorder then; so the room is tried for first. */
static parmap_status try_room(const char *path, const pm_file *file)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return pm_fail(PARMAP_CANNOT_CREATE, "cannot create %s: %s; choose another --output", path,
                       strerror(errno));
    const off_t bytes = pm_file_bytes(file) + (file->has_statuses ? 2 : 1) * ALIGNMENT;
    int error = posix_fallocate(fd, 0, ALIGN_FROM);
    if (error == 0 && ftruncate(fd, bytes) != 0)
        error = errno;
    close(fd);
    if (error == 0)
        return PARMAP_OK;
    unlink(path);
    return pm_fail(PARMAP_WRITE_ERROR,
                   "cannot lay out %s: %s; make room, or choose another --output", path,
                   strerror(error));
}

static parmap_status lay_out(const char *path, pm_file *file)
{
    const hid_t root = create_root(path);
    if (root < 0) {
        const parmap_status status =
            pm_fail(PARMAP_CANNOT_CREATE, "cannot create %s: %s; choose another --output", path,
                    pm_hdf5_reason());
        unlink(path);
        return status;
    }
    const bool good = fill(root, file);
    char why[256] = "";
    if (!good)
        snprintf(why, sizeof why, "%s", pm_hdf5_reason());
    if (H5Fclose(root) >= 0 && good)
        return PARMAP_OK;
    if (good)
        snprintf(why, sizeof why, "%s", pm_hdf5_reason());
    unlink(path);
    return pm_fail(PARMAP_WRITE_ERROR,
                   "cannot lay out %s (data set %s): %s; make room, or choose another "
                   "--output or --dataset",
                   path, file->dataset, why);
}

parmap_status pm_file_create(const char *path, pm_file *file)
{
    pm_hdf5_begin();
    file->complete = false;
    pm_record_text(&file->run, "dataset", file->dataset); /* where pm_file_read looks */
    pm_record_int(&file->data, "complete", 0);
    if (file->has_statuses)
        pm_record_int(&file->data, "failed", 0);
    PM_TRY(try_room(path, file));
    return lay_out(path, file);
}

static bool sync_file(const char *path)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool good = fsync(fd) == 0;
    return close(fd) == 0 && good;
}

static bool write_group(hid_t root, const pm_file *file)
{
    const hid_t group = H5Gopen2(root, run_group, H5P_DEFAULT);
    if (group < 0)
        return false;
    const bool good = pm_attributes_write(group, &file->run);
    return H5Gclose(group) >= 0 && good;
}

static bool set_complete(hid_t root, pm_file *file, bool complete)
{
    const hid_t dataset = H5Dopen2(root, file->dataset, H5P_DEFAULT);
    if (dataset < 0)
        return false;
    pm_record_int(&file->data, "complete", complete);
    const bool good = pm_attributes_write(dataset, &file->data);
    return H5Dclose(dataset) >= 0 && good;
}

/* complete = 1 must not be on disk before everything else is. */
static bool rewrite(hid_t root, const char *path, pm_file *file)
{
    return set_complete(root, file, false) && write_group(root, file) &&
           H5Fflush(root, H5F_SCOPE_GLOBAL) >= 0 && sync_file(path) &&
           set_complete(root, file, true);
}

/* Closes the file after a change, and brings it onto the disk. */
static parmap_status close_changed(const char *path, hid_t root, bool good)
{
    char why[256];
    snprintf(why, sizeof why, "%s", good ? "" : pm_hdf5_reason());
    if (root >= 0)
        good = H5Fclose(root) >= 0 && good;
    if (good && sync_file(path))
        return PARMAP_OK;
    return pm_fail(PARMAP_WRITE_ERROR, "cannot finish %s: %s; run the same command again", path,
                   why[0] ? why : strerror(errno));
}

parmap_status pm_file_sync(const char *path)
{
    return sync_file(path) ? PARMAP_OK
                           : pm_fail(PARMAP_WRITE_ERROR, "cannot bring %s onto the disk: %s; %s",
                                     path, strerror(errno), pm_data_way_out(errno));
}

parmap_status pm_file_finish(const char *path, pm_file *file)
{
    pm_hdf5_begin();
    const hid_t root = open_root(path, H5F_ACC_RDWR);
    const bool good = root >= 0 && rewrite(root, path, file);
    const parmap_status status = close_changed(path, root, good);
    file->complete = status == PARMAP_OK;
    return status;
}

parmap_status pm_file_reopen(const char *path, pm_file *file)
{
    pm_hdf5_begin();
    const hid_t root = open_root(path, H5F_ACC_RDWR);
    file->complete = false;
    return close_changed(path, root, root >= 0 && set_complete(root, file, false));
}

static bool read_dataset(hid_t root, pm_file *file)
{
    const hid_t dataset = H5Dopen2(root, file->dataset, H5P_DEFAULT);
    if (dataset < 0)
        return false;
    const hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    const haddr_t offset = H5Dget_offset(dataset);
    const bool good =
        pm_attributes_read(dataset, &file->data) &&
        pm_layout_parse(pm_record_get_text(&file->data, "type", ""), &file->item) == PARMAP_OK &&
        pm_hdf5_is(type, space, &file->item, &file->items) &&
        (offset != HADDR_UNDEF || file->items == 0);
    file->offset = file->items == 0 ? 0 : (int64_t)offset;
    file->complete = pm_record_get_int(&file->data, "complete", 0) == 1;
    H5Sclose(space);
    H5Tclose(type);
    H5Dclose(dataset);
    return good && file->items == pm_record_get_int(&file->data, "count", -1);
}

static bool read_statuses(hid_t root, pm_file *file)
{
    char name[PM_STATUSES_NAME];
    file->has_statuses = pm_record_find(&file->data, "failed") != NULL;
    if (!file->has_statuses)
        return true;
    const hid_t dataset = H5Dopen2(root, pm_file_statuses_name(name, file), H5P_DEFAULT);
    if (dataset < 0)
        return false;
    const hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    const bool good =
        H5Tequal(type, H5T_STD_U8LE) > 0 && H5Sget_simple_extent_npoints(space) == file->items;
    H5Sclose(space);
    H5Tclose(type);
    return place(dataset, &file->statuses_offset) && good;
}

static bool read_run(hid_t root, pm_file *file)
{
    if (H5Lexists(root, run_group, H5P_DEFAULT) <= 0)
        return false;
    const hid_t group = H5Gopen2(root, run_group, H5P_DEFAULT);
    const bool good = group >= 0 && pm_attributes_read(group, &file->run);
    if (group >= 0)
        H5Gclose(group);
    snprintf(file->dataset, sizeof file->dataset, "%s",
             pm_record_get_text(&file->run, "dataset", ""));
    return good && file->dataset[0];
}

parmap_status pm_file_read(const char *path, pm_file *file)
{
    pm_data probe;
    PM_TRY(pm_data_open(&probe, path, 0, 1, false)); /* names the reason better than HDF5 does */
    pm_data_close(&probe);
    pm_hdf5_begin();
    *file = (pm_file){0};
    const hid_t root = open_root(path, H5F_ACC_RDONLY);
    const bool good =
        root >= 0 && read_run(root, file) && read_dataset(root, file) && read_statuses(root, file);
    if (root >= 0)
        H5Fclose(root);
    if (!good)
        return pm_fail(PARMAP_BAD_DATA,
                       "%s is not a result of parmap, or is damaged; give a file that a "
                       "parmap program wrote",
                       path);
    return PARMAP_OK;
}

static bool with_group(hid_t root, bool (*use)(hid_t group, pm_failed_list *failed),
                       pm_failed_list *failed)
{
    const hid_t group = root >= 0 ? H5Gopen2(root, run_group, H5P_DEFAULT) : -1;
    if (group < 0)
        return false;
    const bool good = use(group, failed);
    return H5Gclose(group) >= 0 && good;
}

parmap_status pm_file_write_failed(const char *path, pm_failed_list *failed)
{
    pm_hdf5_begin();
    const hid_t root = open_root(path, H5F_ACC_RDWR);
    return close_changed(path, root, with_group(root, pm_failed_table_write, failed));
}

parmap_status pm_file_read_failed(const char *path, pm_failed_list *failed)
{
    pm_hdf5_begin();
    const hid_t root = open_root(path, H5F_ACC_RDONLY);
    const bool good = with_group(root, pm_failed_table_read, failed);
    if (root >= 0)
        H5Fclose(root);
    return good ? PARMAP_OK
                : pm_fail(PARMAP_BAD_DATA,
                          "%s has no table of failed items: it is damaged; compute it again with "
                          "--force",
                          path);
}

int64_t pm_file_block_items(const pm_file *file)
{
    const int64_t items = pm_record_get_int(&file->data, "block_items", 0);
    return items >= 1 && items <= LARGEST_BLOCK && (items & (items - 1)) == 0 ? items : 0;
}

bool pm_file_is_foreign(const char *path)
{
    static const unsigned char signature[8] = "\211HDF\r\n\032\n", zeros[8];
    unsigned char start[8];
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno != ENOENT;
    const ssize_t got = read(fd, start, sizeof start);
    close(fd);
    if (got == 0)
        return false;
    if (got != (ssize_t)sizeof start || (memcmp(start, signature, 8) && memcmp(start, zeros, 8)))
        return true;
    pm_hdf5_begin();
    const hid_t root = open_root(path, H5F_ACC_RDONLY);
    if (root < 0)
        return false; /* cut short while it was laid out */
    const bool foreign = H5Lexists(root, run_group, H5P_DEFAULT) == 0; /* < 0: damaged */
    H5Fclose(root);
    return foreign;
}

const char *pm_file_library(void)
{
    static char text[32];
    unsigned major = 0, minor = 0, release = 0;
    pm_hdf5_begin();
    H5get_libversion(&major, &minor, &release);
    snprintf(text, sizeof text, "%u.%u.%u", major, minor, release);
    return text;
}
