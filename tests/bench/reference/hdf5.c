/* hdf5 N FILE collective|independent: the squares of 1..N by parallel HDF5, as its manual has it.
 * Beside `squares --output FILE` for the reader: what H5Pset_fapl_mpio and H5Dwrite would cost. */
#include "bench.h"
#include <hdf5.h>
#include <string.h>

#ifndef BLOCK_ITEMS
#define BLOCK_ITEMS (128 * 1024) /* by hand: the fastest of 64 Ki to 4 Mi */
#endif
#define ALIGNMENT (1024 * 1024)

static hid_t must(hid_t id)
{
    if (id < 0)
        MPI_Abort(MPI_COMM_WORLD, 74);
    return id;
}

static hid_t create_file(const char *name)
{
    const hid_t access = must(H5Pcreate(H5P_FILE_ACCESS));
    must(H5Pset_fapl_mpio(access, MPI_COMM_WORLD, MPI_INFO_NULL));
    must(H5Pset_alignment(access, 65536, ALIGNMENT));
    const hid_t file = must(H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, access));
    H5Pclose(access);
    return file;
}

static hid_t create_dataset(hid_t file, int64_t items)
{
    const hid_t layout = must(H5Pcreate(H5P_DATASET_CREATE));
    must(H5Pset_alloc_time(layout, H5D_ALLOC_TIME_EARLY));
    must(H5Pset_fill_time(layout, H5D_FILL_TIME_NEVER));
    const hid_t space = must(H5Screate_simple(1, (hsize_t[]){(hsize_t)items}, NULL));
    const hid_t data =
        must(H5Dcreate2(file, "squares", H5T_STD_I64LE, space, H5P_DEFAULT, layout, H5P_DEFAULT));
    H5Sclose(space);
    H5Pclose(layout);
    return data;
}

/* Of count 0 too: in a collective write every rank takes part in every round. */
static void write_block(hid_t data, hid_t space, hid_t transfer, const int64_t *block, int64_t at,
                        int64_t count)
{
    const hsize_t start = (hsize_t)at, size = (hsize_t)count, all = count ? size : 1;
    const hid_t memory = must(H5Screate_simple(1, &all, NULL));
    if (count) {
        must(H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &size, NULL));
    } else {
        must(H5Sselect_none(space));
        must(H5Sselect_none(memory));
    }
    must(H5Dwrite(data, H5T_NATIVE_INT64, memory, space, transfer, block));
    H5Sclose(memory);
}

/* All ranks go as many rounds as the one with the most blocks. */
static void write_share(hid_t data, hid_t transfer, share part)
{
    int64_t rounds = (part.end - part.first + BLOCK_ITEMS - 1) / BLOCK_ITEMS;
    MPI_Allreduce(MPI_IN_PLACE, &rounds, 1, MPI_INT64_T, MPI_MAX, MPI_COMM_WORLD);
    const hid_t space = must(H5Dget_space(data));
    int64_t *buffer = block_buffer(BLOCK_ITEMS);
    for (int64_t i = 0, at = part.first; i < rounds; i++, at += BLOCK_ITEMS) {
        const int64_t left = at < part.end ? part.end - at : 0;
        const int64_t count = smaller(BLOCK_ITEMS, left);
        squares(buffer, at + 1, count);
        write_block(data, space, transfer, buffer, at, count);
    }
    free(buffer);
    H5Sclose(space);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    if (argc != 4)
        MPI_Abort(MPI_COMM_WORLD, 64);
    const int64_t items = atoll(argv[1]);
    const int collective = strcmp(argv[3], "collective") == 0;
    const share part = share_of_rank(items, BLOCK_ITEMS);
    const double start = start_clock();
    const hid_t file = create_file(argv[2]), data = create_dataset(file, items);
    const hid_t transfer = must(H5Pcreate(H5P_DATASET_XFER));
    must(H5Pset_dxpl_mpio(transfer, collective ? H5FD_MPIO_COLLECTIVE : H5FD_MPIO_INDEPENDENT));
    write_share(data, transfer, part);
    H5Pclose(transfer);
    H5Dclose(data);
    must(H5Fclose(file));
    print_seconds(start);
    MPI_Finalize();
    return 0;
}
