/* The files that parmap merge joins: what each holds, and whether they belong together. */
#ifndef PM_APP_PART_FILES_H
#define PM_APP_PART_FILES_H

#include "app/complaints.h"
#include "store/data.h"
#include "store/file.h"
#include "work/blocks.h"
#include "work/join.h"

typedef struct pm_part_file {
    const char *path;
    pm_data data; /* open */
    pm_range range;
    pm_range whole; /* that was divided; */
    pm_part part;   /* of = 0: it was not */
    pm_blocks blocks;
    double cost_s;
    bool has_checksum, has_stats;
    uint64_t checksum;
} pm_part_file;

typedef struct pm_part_files {
    pm_part_file *files;
    int count;
    const char *output;
    pm_file first; /* what the first says that could be read: all others say the same of the run */
    const char *first_path;
    pm_join join;
} pm_part_files;

/* Local.  Opens the files, checks all that can be checked without their data, and lays them over
 * the range that they form together.  A complaint for each thing that is wrong: a file is given
 * twice or is the output, missing, no result, unfinished, of another run, or items are missing.
 * A failure is returned when there is no memory.  The caller closes it, whatever came of it. */
parmap_status pm_part_files_open(pm_part_files *parts, const char *output, char *const *paths,
                                 int count, pm_complaints *complaints);
void pm_part_files_close(pm_part_files *parts);

/* Local.  Joins the files, which pm_part_files_open and pm_part_files_check found nothing wrong
 * with, into the output, and prints what came of it.  Continues an earlier attempt.  `command` is
 * the command line.  PARMAP_CANNOT_CREATE when the output holds something else (but for `force`
 * over a file of parmap), PARMAP_WRITE_ERROR, PARMAP_STOPPED when a signal came. */
parmap_status pm_part_files_write(const pm_part_files *parts, bool force, const char *command);

/* Local, on all cores.  Hashes the data of every file that has a checksum, and compares the items
 * that are in two files: a complaint for each file that is damaged, and for each two that differ.
 * PARMAP_STOPPED when a signal came. */
parmap_status pm_part_files_check(const pm_part_files *parts, pm_complaints *complaints);

#endif
