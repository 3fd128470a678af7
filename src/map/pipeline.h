/* The life of a block: claim -> load -> compute -> emit -> mark; one that an earlier attempt may
 * have done is read and compared first.  One parallel region per rank;
 * each thread carries one block at a time through all stages in a buffer of its own, which stays in
 * its cache. */
#ifndef PM_MAP_PIPELINE_H
#define PM_MAP_PIPELINE_H

#include "base/layout.h"
#include "base/todo.h"
#include "map/claim.h"
#include "map/hub.h"
#include "map/limit.h"
#include "map/pieces.h"
#include "work/blocks.h"
#include "work/stats.h"

/* A block on its way. */
typedef struct pm_piece {
    int64_t block;
    int64_t item;      /* its first, in the run */
    int64_t count;     /* of items */
    void *inputs;      /* of the thread, page-aligned; NULL where none are in memory */
    void *results;     /* the same */
    uint8_t *statuses; /* of the items (base/types.h); NULL where none can fail */
    size_t bytes;
    uint64_t hash; /* after compute, when the run has a checksum */
    bool marked;   /* it is marked for good already: an earlier attempt's, and right */
    pm_pace pace;  /* of the thread */
    pm_limit *limit;
    pm_hub *hub;
} pm_piece;

/* Local.  Asked within a long block, of a pm_piece: is it to be left?  When the time limit stops
 * the run, blocks that were begun in time may end, unless they take longer than was thought; when
 * failed items do, they may end too, so that what failed is on file. */
bool pm_piece_given_up(void *piece);

/* Where results come from: loads what the block needs, and computes; where items can fail, those
 * that are not good yet by their statuses.  PARMAP_STOPPED when it was given up. */
typedef struct pm_source {
    const char *name;
    parmap_status (*produce)(void *self, pm_piece *piece);
} pm_source;

/* Of a block that was marked. */
typedef enum pm_worth {
    PM_WORTH_RIGHT,   /* what was marked is there */
    PM_WORTH_LOST,    /* something else is */
    PM_WORTH_UNPROVEN /* there is no hash to tell by */
} pm_worth;

/* Where results go.  All stages may be NULL. */
typedef struct pm_sink {
    const char *name;
    /* Before any other, of a block that an earlier attempt has marked: its results and statuses as
     * they stand there, and what they are worth. */
    parmap_status (*reload)(void *self, pm_piece *piece, pm_worth *worth);
    parmap_status (*emit)(void *self, const pm_piece *piece);
    parmap_status (*mark)(void *self, const pm_piece *piece); /* after emit: the block is done */
} pm_sink;

/* What a run does; the same on all ranks. */
typedef struct pm_flow {
    pm_blocks blocks;
    const pm_todo *todo; /* sealed; NULL = all blocks */
    pm_layout result;    /* an item's */
    size_t input_bytes;  /* of an item in memory; 0 = none are */
    parmap_vector vector;
    bool checksum;
    bool stats;
    bool can_fail; /* items can */
    double cost_s; /* of an item, as the kernel says; 0 = it does not */
    double until;  /* when this rank has to have stopped, by pm_now(); 0 = no limit */
    const pm_source *source;
    void *source_self;
    const pm_sink *sink;
    void *sink_self;
} pm_flow;

/* What one rank, or all of them, did.  Exchanged between ranks: plain numbers only. */
typedef struct pm_tally {
    int64_t blocks;
    int64_t items;
    int64_t failed;       /* of the items */
    int64_t dropped;      /* blocks that were claimed, but not done: all stop */
    uint64_t checksum;    /* sum of the blocks' hashes */
    int64_t reread;       /* blocks that were read again, and right, */
    int64_t reread_items; /* and their items */
    int64_t unproven;     /* blocks that are computed again, since there was no hash to tell by */
    int64_t lost;         /* blocks that were marked, but are computed again */
    int64_t first_lost;   /* the lowest of them; INT64_MAX = none */
    double seconds;       /* until the last of the rank's threads had nothing more to do */
    pm_stats stats;
} pm_tally;

/* The hash of a block: of its results, and where items can fail of their statuses. */
uint64_t pm_piece_hash(const pm_piece *piece);

/* Local; all ranks run it at the same time.  Runs the flow on this rank's threads until the claims
 * are used up or a stop is asked for, or until the time limit, and then it stops all ranks.  The
 * first failure of a thread stops all ranks and is returned, with its message. */
parmap_status pm_pipeline_run(const pm_flow *flow, pm_claims *claims, pm_hub *hub, pm_tally *tally);

pm_tally pm_tally_none(void);
void pm_tally_add(pm_tally *tally, const pm_tally *other);

#endif
