/* Opening files to read, and the one lock. */
#include "store/input_hdf5.h"

#include <pthread.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

void pm_hdf5_enter(void)
{
    pthread_mutex_lock(&one_at_a_time);
    pm_hdf5_begin();
}

void pm_hdf5_leave(void)
{
    pthread_mutex_unlock(&one_at_a_time);
}

/* The reason of a failure stays on HDF5's stack: its next successful call would clear it. */
hid_t pm_hdf5_open(const char *path)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
#if H5_VERSION_GE(1, 10, 7)
    H5Pset_file_locking(access, false, true);
#endif
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
    if (file >= 0)
        H5Pclose(access);
    return file;
}
