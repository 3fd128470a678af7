/* Files with data sets, made through HDF5 itself. */
#ifndef INPUTS_H
#define INPUTS_H

#include "check.h"

#include <hdf5.h>

#include <stdlib.h>
#include <string.h>

/* A set of `rank` dimensions; chunks of `chunk` rows, 0 = contiguous; deflated when level > 0. */
static inline void put_set(hid_t file, const char *name, hid_t type, hid_t memory, int rank,
                           const hsize_t *extents, const void *data, hsize_t chunk, unsigned level)
{
    hsize_t chunks[8];
    const hid_t space = H5Screate_simple(rank, extents, NULL);
    const hid_t create = H5Pcreate(H5P_DATASET_CREATE), link = H5Pcreate(H5P_LINK_CREATE);
    memcpy(chunks, extents, (size_t)rank * sizeof *extents);
    chunks[0] = chunk;
    H5Pset_create_intermediate_group(link, 1);
    if (chunk > 0)
        H5Pset_chunk(create, rank, chunks);
    if (level > 0) {
        H5Pset_shuffle(create);
        H5Pset_deflate(create, level);
    }
    const hid_t set = H5Dcreate2(file, name, type, space, link, create, H5P_DEFAULT);
    CHECK(set >= 0);
    CHECK(H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Dclose(set);
    H5Pclose(link);
    H5Pclose(create);
    H5Sclose(space);
}

/* One dimension of doubles 0.5, 1.5 ... */
static inline void put_reals(hid_t file, const char *name, hsize_t count, hsize_t chunk)
{
    double *data = malloc((count + 1) * sizeof *data);
    CHECK(data != NULL);
    for (hsize_t i = 0; data && i < count; i++)
        data[i] = (double)i + 0.5;
    put_set(file, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 1, &count, data, chunk, 0);
    free(data);
}

/* One dimension of whole numbers 0, -1, -2 ... */
static inline void put_whole(hid_t file, const char *name, hid_t type, hsize_t count)
{
    int64_t *data = malloc((count + 1) * sizeof *data);
    CHECK(data != NULL);
    for (hsize_t i = 0; data && i < count; i++)
        data[i] = -(int64_t)i;
    put_set(file, name, type, H5T_NATIVE_INT64, 1, &count, data, 0, 0);
    free(data);
}

static inline hid_t new_file(const char *path)
{
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    CHECK(file >= 0);
    return file;
}

#endif
