/* The plan of a run: made by rank 0 from the settings, sent to all ranks as it is. */
#ifndef PM_APP_PLAN_H
#define PM_APP_PLAN_H

#include "app/mapping.h"
#include "app/settings.h"
#include "base/text.h"
#include "comm/topology.h"
#include "store/output.h"
#include "work/blocks.h"
#include "work/compute.h"
#include "work/range.h"
#include "work/stats.h"

enum { PM_MESSAGE_BYTES = 1024 };

typedef enum pm_goal { PM_GOAL_COMPUTE, PM_GOAL_WRITE, PM_GOAL_VERIFY } pm_goal;

/* Plain data, so that it can travel: no pointers. */
typedef struct pm_plan {
    pm_range range; /* of the run */
    pm_range whole; /* that it is a part of, */
    pm_part part;   /* and which */
    pm_blocks blocks;
    parmap_type type; /* of the inputs */
    pm_layout input;  /* what an input is, */
    pm_layout result; /* and a result */
    pm_goal goal;
    pm_nan nan;              /* what is done with NaN and infinities among inputs that are read */
    pm_mapping_head mapping; /* what else has to be sent */
    pm_schedule_kind schedule;
    int vector;  /* a parmap_vector, or -1 = the best of each rank's processor */
    int threads; /* of each rank; 0 = auto */
    bool checksum;
    bool stats;
    bool reporting; /* ranks tell rank 0 how far they are */
    bool finished;  /* there is nothing to do: the file is complete already */
    bool allow_rounding;
    bool can_fail;           /* items can: */
    int64_t retries;         /* of each that fails */
    int64_t failed_limit;    /* so many failed items stop the run; INT64_MAX = they do not */
    int64_t failed_before;   /* in earlier attempts, of blocks that are not looked at again */
    int64_t statuses_offset; /* of item 0's status in the file */
    double sync_s;           /* how often data is brought onto the disk; 0 = at the end only */
    int64_t session;         /* which attempt this is, from 1 */
    int64_t todo_runs;       /* how many runs of blocks are left; their list travels by itself */
    double left_s;      /* until all have to have stopped, when it is sent; INFINITY = no limit */
    double until;       /* the same by each rank's own pm_now(), after it has come; 0 = no limit */
    int64_t samples;    /* when verifying; 0 = all items */
    int64_t offset;     /* of item 0 in the file, when writing or verifying */
    char path[PM_PATH]; /* of that file, absolute; "" = none */
    parmap_status status; /* why there is no run, with the message */
    char message[PM_MESSAGE_BYTES];
} pm_plan;

/* Local, rank 0.  Everything but path and offset of an output, which pm_output_begin makes later.
 * For PM_GOAL_VERIFY `file` is read, and says what was computed. */
parmap_status pm_plan_make(pm_plan *plan, pm_mapping *mapping, const pm_settings *settings,
                           pm_file *file);

/* Local, rank 0.  What the file will say of the data and of the run, before it has begun.
 * `command` is the command line. */
parmap_status pm_plan_describe(const pm_plan *plan, const pm_mapping *mapping,
                               const pm_settings *settings, const pm_topology *topology,
                               const char *command, pm_file *file);

/* Local.  The same of results that are there already: of the kernel, only name, version and cost
 * are known, and the probe; `known` are the
 * attributes of a part. */
void pm_plan_describe_known(const pm_plan *plan, const pm_mapping *mapping, const pm_record *known,
                            uint64_t probed, const char *dataset, const pm_topology *topology,
                            const char *command, pm_file *file);

/* Local, rank 0.  An earlier attempt has decided what the file says of its data, and how long
 * blocks are. */
void pm_plan_adopt(pm_plan *plan, const pm_file *file);

/* Local, rank 0.  What the file will say at the end. */
void pm_plan_conclude(const pm_plan *plan, uint64_t checksum, const pm_stats *stats, double seconds,
                      pm_file *file);

/* Local.  The plan as lines "name = value" on stdout. */
void pm_plan_print(const pm_plan *plan, const pm_settings *settings);

/* Local.  The range that an attribute of a file holds; PARMAP_USAGE when it holds none. */
parmap_status pm_plan_read_range(const pm_record *record, const char *name, pm_range *range);

/* Seconds that an item takes, roughly; 0 = the kernel does not say. */
double pm_plan_cost(const pm_plan *plan, const parmap_kernel *kernel);

/* Bytes of an item's input, if that is read, and its result: blocks go by it, since both stay in
 * cache. */
size_t pm_plan_item_bytes(const pm_plan *plan);

/* Local.  The kernel as this rank computes it. */
parmap_status pm_plan_computer(const pm_plan *plan, const pm_mapping *mapping,
                               pm_computer *computer);

/* The vector unit that this rank uses: never one that its processor lacks. */
parmap_vector pm_plan_vector(const pm_plan *plan);

/* "static", "dynamic". */
const char *pm_schedule_name(pm_schedule_kind kind);

/* Now, as ISO 8601 in UTC, in at least 32 bytes.  Returns `text`. */
char *pm_format_now(char text[32]);

#endif
