/* The two ends of the pipeline: where results come from, and where they go. */
#ifndef PM_MAP_ENDS_H
#define PM_MAP_ENDS_H

#include "map/pipeline.h"
#include "store/data.h"
#include "store/journal.h"
#include "work/compute.h"
#include "work/items.h"

/* Inputs that are read: rows first .. first + count - 1 of data sets, as items in memory.  Called
 * by several threads at once. */
typedef parmap_status pm_read_rows(void *rows, int64_t first, int64_t count, void *items);

/* A kernel over a range, whose inputs are made in registers, or over rows, which are read block by
 * block. */
typedef struct pm_kernel_source {
    const pm_computer *computer;
    pm_range range;        /* its inputs, or which rows */
    const pm_items *items; /* in place of the kernel's loops, where items can fail */
    pm_read_rows *read;    /* NULL: inputs are the range's numbers */
    void *rows;
    bool no_nan;            /* a NaN or an infinity among the inputs ends the run */
    _Atomic int64_t others; /* items that had one */
} pm_kernel_source;
extern const pm_source pm_source_kernel;

/* Whether a block's inputs are in memory while it is computed. */
bool pm_kernel_source_loads(const pm_kernel_source *source);

/* The items of an existing file, as they are. */
typedef struct pm_file_source {
    pm_data data;
    pm_data statuses; /* where items can fail */
} pm_file_source;
extern const pm_source pm_source_file;

/* Some items of a kernel, one to a block, spread evenly with a jitter: `items` of the
 * flow are the samples.  The jitter depends on the range's length alone, so a repeated check checks
 * the same. */
typedef struct pm_sample_source {
    pm_kernel_source kernel;
    int64_t samples;
} pm_sample_source;
extern const pm_source pm_source_sample;

/* Computed and dropped. */
extern const pm_sink pm_sink_none;

/* Written to the file, then marked in the journal. */
typedef struct pm_file_sink {
    pm_data data;
    pm_data statuses; /* where items can fail */
    pm_journal journal;
    bool checksum; /* blocks are hashed */
} pm_file_sink;
extern const pm_sink pm_sink_file;

/* Compared with the file, but for items that failed there.  Differences are counted, not failures.
 */
typedef struct pm_compare_sink {
    pm_data data;
    pm_data statuses; /* where items can fail */
    _Atomic int64_t differences;
    _Atomic int64_t first; /* lowest item that differs; INT64_MAX = none */
} pm_compare_sink;
extern const pm_sink pm_sink_compare;

#endif
