/* Error texts and types of HDF5. */
#include "store/hdf5.h"

#include <stdio.h>
#include <string.h>

static _Thread_local char reason[256];

void pm_hdf5_begin(void)
{
    H5dont_atexit();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static herr_t keep_innermost(unsigned n, const H5E_error2_t *error, void *unused)
{
    (void)n;
    (void)unused;
    if (!error->desc)
        return 0;
    const char *message = strstr(error->desc, "error message = '");
    if (message) {
        message += strlen("error message = '");
        snprintf(reason, sizeof reason, "%.*s", (int)strcspn(message, "'"), message);
    } else {
        snprintf(reason, sizeof reason, "%s", error->desc);
    }
    return 1; /* the walk begins with the innermost */
}

const char *pm_hdf5_reason(void)
{
    strcpy(reason, "HDF5 does not say why");
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, NULL);
    return reason;
}

/* value = hi * 2^64 + lo, in the byte order of a 128-bit integer in memory */
static hid_t int128_type(void)
{
    const hid_t type = H5Tcreate(H5T_COMPOUND, 16);
    H5Tinsert(type, "lo", 0, H5T_STD_U64LE);
    H5Tinsert(type, "hi", 8, H5T_STD_I64LE);
    return type;
}

static hid_t number_type(parmap_type type)
{
    switch (type) {
    case PARMAP_INT8:
        return H5Tcopy(H5T_STD_I8LE);
    case PARMAP_UINT8:
        return H5Tcopy(H5T_STD_U8LE);
    case PARMAP_INT16:
        return H5Tcopy(H5T_STD_I16LE);
    case PARMAP_UINT16:
        return H5Tcopy(H5T_STD_U16LE);
    case PARMAP_INT32:
        return H5Tcopy(H5T_STD_I32LE);
    case PARMAP_UINT32:
        return H5Tcopy(H5T_STD_U32LE);
    case PARMAP_INT64:
        return H5Tcopy(H5T_STD_I64LE);
    case PARMAP_UINT64:
        return H5Tcopy(H5T_STD_U64LE);
    case PARMAP_FLOAT32:
        return H5Tcopy(H5T_IEEE_F32LE);
    case PARMAP_FLOAT64:
        return H5Tcopy(H5T_IEEE_F64LE);
    case PARMAP_INT128:
    case PARMAP_TYPES:
        break;
    }
    return int128_type();
}

/* The extents of an array, slowest first, behind those that are there. */
static int add_extents(const pm_layout_field *field, hsize_t *extents, int count)
{
    for (int d = 0; d < field->rank; d++)
        extents[count++] = (hsize_t)field->extent[d];
    return count;
}

static hid_t field_type(const pm_layout_field *field)
{
    hsize_t extents[PARMAP_RANK];
    const hid_t number = number_type(field->type);
    const int rank = add_extents(field, extents, 0);
    if (rank == 0)
        return number;
    const hid_t array = H5Tarray_create2(number, (unsigned)rank, extents);
    H5Tclose(number);
    return array;
}

hid_t pm_hdf5_type(const pm_layout *item)
{
    if (pm_layout_is_plain(item))
        return number_type(item->fields[0].type);
    const hid_t record = H5Tcreate(H5T_COMPOUND, item->bytes);
    for (int i = 0; i < item->count; i++) {
        const hid_t type = field_type(&item->fields[i]);
        H5Tinsert(record, item->fields[i].name, item->fields[i].offset, type);
        H5Tclose(type);
    }
    return record;
}

/* Returns how many dimensions they are. */
static int extents_of(const pm_layout *item, int64_t items, hsize_t extents[1 + PARMAP_RANK])
{
    extents[0] = (hsize_t)items;
    return pm_layout_is_plain(item) ? add_extents(&item->fields[0], extents, 1) : 1;
}

hid_t pm_hdf5_space(const pm_layout *item, int64_t items)
{
    hsize_t extents[1 + PARMAP_RANK];
    const int rank = extents_of(item, items, extents);
    return H5Screate_simple(rank, extents, NULL);
}

bool pm_hdf5_is(hid_t type, hid_t space, const pm_layout *item, int64_t *items)
{
    hsize_t there[H5S_MAX_RANK], wanted[1 + PARMAP_RANK];
    const hid_t candidate = pm_hdf5_type(item);
    const bool equal = H5Tequal(type, candidate) > 0;
    H5Tclose(candidate);
    const int rank = extents_of(item, 0, wanted);
    if (!equal || H5Sget_simple_extent_ndims(space) != rank ||
        H5Sget_simple_extent_dims(space, there, NULL) != rank)
        return false;
    *items = (int64_t)there[0];
    for (int d = 1; d < rank; d++)
        if (there[d] != wanted[d])
            return false;
    return true;
}
