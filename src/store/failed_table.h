/* The table of failed items in the result file, /parmap/failed, which stock tools read. */
#ifndef PM_STORE_FAILED_TABLE_H
#define PM_STORE_FAILED_TABLE_H

#include "store/failed.h"
#include "store/hdf5.h"

/* Local.  An empty table in the group.  False with the reason on HDF5's stack. */
bool pm_failed_table_create(hid_t group);

/* Local.  Its rows become those of the list. */
bool pm_failed_table_write(hid_t group, pm_failed_list *list);

/* Local.  Appends the rows to the list. */
bool pm_failed_table_read(hid_t group, pm_failed_list *list);

#endif
