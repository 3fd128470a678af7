/* Versions of HDF5. */
#include "store/library.h"

#include <hdf5.h>

#include <stdio.h>

void pm_store_library_describe(pm_store_library *library)
{
    unsigned major = 0, minor = 0, release = 0;
    H5get_libversion(&major, &minor, &release);
    snprintf(library->loaded, sizeof library->loaded, "%u.%u.%u", major, minor, release);
    snprintf(library->built, sizeof library->built, "%d.%d.%d", H5_VERS_MAJOR, H5_VERS_MINOR,
             H5_VERS_RELEASE);
#ifdef H5_HAVE_PARALLEL
    library->parallel = true;
#else
    library->parallel = false;
#endif
}
