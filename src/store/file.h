/* The HDF5 file of a run: created whole by one rank before the run, closed while it lasts, finished
 * by the same rank after it.  docs/format.md draws it.  All functions are local. */
#ifndef PM_STORE_FILE_H
#define PM_STORE_FILE_H

#include "base/layout.h"
#include "store/failed.h"
#include "store/record.h"

enum { PM_DATASET_NAME = 256, PM_STATUSES_NAME = PM_DATASET_NAME + 16 };

/* One result file: what the data is, how the run went, and where the data lies. */
typedef struct pm_file {
    char dataset[PM_DATASET_NAME]; /* without the leading slash */
    pm_layout item;                /* what an item is */
    int64_t items;
    int64_t offset;    /* of item 0, in bytes from the start of the file */
    bool has_statuses; /* one byte for each item says what became of it, in a data set beside */
    int64_t statuses_offset; /* of item 0's */
    bool complete;
    pm_record data; /* attributes of the data set: what the data is, the same for every layout */
    pm_record run;  /* attributes of the group /parmap: how this run went */
} pm_file;

/* The name of the data set of statuses.  Returns `name`. */
char *pm_file_statuses_name(char name[PM_STATUSES_NAME], const pm_file *file);

/* Bytes of the data sets. */
int64_t pm_file_bytes(const pm_file *file);

/* How many items of a complete file have failed. */
int64_t pm_file_failed(const pm_file *file);

/* Creates the file (an existing one is replaced) from all fields but the offsets, which it sets:
 * data sets, groups, every attribute at its final size, complete = 0; then closes it.
 * PARMAP_CANNOT_CREATE, or PARMAP_WRITE_ERROR when there is no room; nothing stays behind. */
parmap_status pm_file_create(const char *path, pm_file *file);

/* Rewrites the attributes with the values in `data` and `run`, syncs, sets complete = 1, syncs. */
parmap_status pm_file_finish(const char *path, pm_file *file);

/* Sets complete = 0 again, syncs. */
parmap_status pm_file_reopen(const char *path, pm_file *file);

/* The rows of the table of failed items become those of the list; for files with statuses. */
parmap_status pm_file_write_failed(const char *path, pm_failed_list *failed);

/* Appends these rows to the list.  PARMAP_BAD_DATA when there is no such table. */
parmap_status pm_file_read_failed(const char *path, pm_failed_list *failed);

/* Brings the whole file onto the disk. */
parmap_status pm_file_sync(const char *path);

/* Reads everything but the data.  PARMAP_NO_INPUT when it cannot be opened, PARMAP_BAD_DATA when it
 * is no HDF5 file, or none of parmap's. */
parmap_status pm_file_read(const char *path, pm_file *file);

/* Items of a block as the file says; 0 when it says nothing that could be. */
int64_t pm_file_block_items(const pm_file *file);

/* Certainly somebody else's: not empty, and neither HDF5 with the group /parmap nor the damaged
 * beginning of a file that could have become that. */
bool pm_file_is_foreign(const char *path);

/* "1.10.8" */
const char *pm_file_library(void);

#endif
