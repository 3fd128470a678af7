/* Types of HDF5 as fields of a layout. */
#ifndef PM_STORE_INPUT_TYPE_H
#define PM_STORE_INPUT_TYPE_H

#include "store/hdf5.h"
#include "store/input.h"

/* Fills row, stored, left_out and element_bytes of an input whose rank, extents and field are
 * known; *by_hdf5 when only HDF5 can convert one of the numbers.  PARMAP_BAD_DATA, listing the
 * fields, when there are no numbers in it, or no such field. */
parmap_status pm_input_describe(pm_input *input, hid_t type, bool *by_hdf5);

/* The type that HDF5 is to deliver an element in, with the offsets of `stored`; the caller closes
 * it.  Negative when the file's type is not as it was looked at. */
hid_t pm_input_memory_type(const pm_input *input, hid_t type);

/* For storage by HDF5: the offsets of an element that has no more than the fields that are read. */
void pm_input_pack(pm_input *input);

#endif
