/* Records to and from the attributes of an HDF5 object. */
#ifndef PM_STORE_ATTRIBUTES_H
#define PM_STORE_ATTRIBUTES_H

#include "store/hdf5.h"
#include "store/record.h"

/* A failure (false) leaves its reason on HDF5's error stack. */
bool pm_attributes_create(hid_t object, const pm_record *record);
bool pm_attributes_write(hid_t object, const pm_record *record);

/* Reads the attributes of the kinds that a record can hold; passes over others. */
bool pm_attributes_read(hid_t object, pm_record *record);

#endif
