/* One compound per row, in chunks, so that its length can change. */
#include "store/failed_table.h"

#include <stdlib.h>
#include <string.h>

static const char table[] = "failed";

enum { CHUNK_ROWS = 64 };

static hid_t text_type(size_t room)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, room);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

static void insert(hid_t row, const char *name, size_t at, hid_t type)
{
    H5Tinsert(row, name, at, type);
    H5Tclose(type);
}

/* As in memory, so with the session too, which says nothing to users; the file's is packed. */
static hid_t row_type(void)
{
    const hid_t row = H5Tcreate(H5T_COMPOUND, sizeof(pm_failed));
    insert(row, "index", offsetof(pm_failed, item), H5Tcopy(H5T_STD_I64LE));
    insert(row, "x", offsetof(pm_failed, x), text_type(PM_FAILED_X));
    insert(row, "attempts", offsetof(pm_failed, attempts), H5Tcopy(H5T_STD_I64LE));
    insert(row, "rank", offsetof(pm_failed, rank), H5Tcopy(H5T_STD_I64LE));
    insert(row, "host", offsetof(pm_failed, host), text_type(PM_FAILED_HOST));
    insert(row, "message", offsetof(pm_failed, message), text_type(PM_FAILED_MESSAGE));
    return row;
}

bool pm_failed_table_create(hid_t group)
{
    const hsize_t none = 0, any = H5S_UNLIMITED, chunk = CHUNK_ROWS;
    const hid_t row = row_type(), space = H5Screate_simple(1, &none, &any);
    const hid_t create = H5Pcreate(H5P_DATASET_CREATE);
    H5Tpack(row);
    H5Pset_chunk(create, 1, &chunk);
    const hid_t dataset = H5Dcreate2(group, table, row, space, H5P_DEFAULT, create, H5P_DEFAULT);
    H5Pclose(create);
    H5Sclose(space);
    H5Tclose(row);
    return dataset >= 0 && H5Dclose(dataset) >= 0;
}

bool pm_failed_table_write(hid_t group, pm_failed_list *list)
{
    const hsize_t none = 0, rows = (hsize_t)list->count;
    const hid_t dataset = H5Dopen2(group, table, H5P_DEFAULT);
    if (dataset < 0)
        return false;
    const hid_t row = row_type();
    const bool good =
        H5Dset_extent(dataset, &none) >= 0 && H5Dset_extent(dataset, &rows) >= 0 &&
        (rows == 0 || H5Dwrite(dataset, row, H5S_ALL, H5S_ALL, H5P_DEFAULT, list->items) >= 0);
    H5Tclose(row);
    return H5Dclose(dataset) >= 0 && good;
}

static bool read_rows(hid_t dataset, int64_t rows, pm_failed_list *list)
{
    const hid_t row = row_type();
    pm_failed *read = calloc((size_t)rows, sizeof *read);
    bool good = read != NULL && H5Dread(dataset, row, H5S_ALL, H5S_ALL, H5P_DEFAULT, read) >= 0;
    for (int64_t i = 0; i < rows && good; i++)
        good = pm_failed_list_add(list, &read[i]) == PARMAP_OK;
    free(read);
    H5Tclose(row);
    return good;
}

bool pm_failed_table_read(hid_t group, pm_failed_list *list)
{
    const hid_t dataset = H5Dopen2(group, table, H5P_DEFAULT);
    if (dataset < 0)
        return false;
    const hid_t space = H5Dget_space(dataset);
    const int64_t rows = H5Sget_simple_extent_npoints(space);
    const bool good = rows == 0 || (rows > 0 && read_rows(dataset, rows, list));
    H5Sclose(space);
    return H5Dclose(dataset) >= 0 && good;
}
