/* The two ends of the pipeline: where results come from, and where they go. */
#ifndef PM_MAP_ENDS_H
#define PM_MAP_ENDS_H

#include "map/pipeline.h"
#include "store/data.h"
#include "store/journal.h"
#include "work/items.h"
#include "work/range.h"

/* A kernel over a range: nothing is loaded, inputs are made in registers. */
typedef struct pm_range_source {
    pm_range range;
    parmap_loop *loop;
    const pm_items *items; /* in its place, where items can fail */
} pm_range_source;
extern const pm_source pm_source_range;

/* The items of an existing file, as they are. */
typedef struct pm_file_source {
    pm_data data;
    pm_data statuses; /* where items can fail */
} pm_file_source;
extern const pm_source pm_source_file;

/* Some items of a kernel over a range, one to a block, spread evenly with a jitter: `items` of the
 * flow are the samples.  The jitter depends on the range's length alone, so a repeated check checks
 * the same. */
typedef struct pm_sample_source {
    pm_range_source kernel;
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
