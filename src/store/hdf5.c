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

hid_t pm_hdf5_type(parmap_type type)
{
    switch (type) {
    case PARMAP_INT64:
        return H5Tcopy(H5T_STD_I64LE);
    case PARMAP_UINT64:
        return H5Tcopy(H5T_STD_U64LE);
    case PARMAP_FLOAT64:
        return H5Tcopy(H5T_IEEE_F64LE);
    case PARMAP_INT128:
    case PARMAP_TYPES:
        break;
    }
    return int128_type();
}

bool pm_hdf5_type_known(hid_t type, parmap_type *known)
{
    bool equal = false;
    for (parmap_type t = PARMAP_INT64; t < PARMAP_TYPES && !equal; t++) {
        const hid_t candidate = pm_hdf5_type(t);
        equal = H5Tequal(type, candidate) > 0;
        H5Tclose(candidate);
        *known = t;
    }
    return equal;
}
