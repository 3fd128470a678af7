/* Failed items: who they are, and why.  Each rank appends a record of 256 bytes for each to its
 * node's journal, behind the slots; rank 0 brings them together at the end, and the file gets them
 * as a table (store/failed_table.h).  docs/format.md draws the record.  A record is lost at worst:
 * whether an item has failed is said by its status in the file alone. */
#ifndef PM_STORE_FAILED_H
#define PM_STORE_FAILED_H

#include "base/status.h"

#include <stdatomic.h>

enum {
    PM_FAILED_BYTES = 256, /* of a record */
    PM_FAILED_HOST = 32,
    PM_FAILED_MESSAGE = 200,
    PM_FAILED_X = 48,
    PM_FAILED_RECORDS = 10000,      /* of a rank and attempt, at most, */
    PM_FAILED_RECORDS_ALL = 1000000 /* and of all ranks together, but 100 each */
};

/* A failed item as users get it. */
typedef struct pm_failed {
    int64_t item;
    char x[PM_FAILED_X]; /* its input; the journal does not know it */
    int64_t attempts;    /* in all attempts of the run */
    int64_t session;     /* the attempt that failed last */
    int64_t rank;        /* where */
    char host[PM_FAILED_HOST];
    char message[PM_FAILED_MESSAGE];
} pm_failed;

/* Sets host and message: one line each, cut between two characters. */
void pm_failed_texts(pm_failed *failed, const char *host, const char *message);

/* ---- writing --------------------------------------------------------------------------------- */

/* A rank's end of its node's journal. */
typedef struct pm_failed_log {
    int fd;
    uint64_t seed; /* of the records' checks */
    int64_t room;  /* for so many records */
    _Atomic int64_t records;
} pm_failed_log;

/* Local.  `journal` is a node's, with its slots laid out. */
parmap_status pm_failed_log_open(pm_failed_log *log, const char *journal, uint64_t seed, int ranks);
void pm_failed_log_close(pm_failed_log *log);

/* Local, any thread.  PARMAP_WRITE_ERROR; does nothing when there are too many already. */
parmap_status pm_failed_log_add(pm_failed_log *log, const pm_failed *failed);

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct pm_failed_list {
    pm_failed *items;
    int64_t count, room;
} pm_failed_list;

/* Local.  Appends one. */
parmap_status pm_failed_list_add(pm_failed_list *list, const pm_failed *failed);

/* Local.  Appends to journal `to` the records of journal `from`.  Doing it twice does no harm. */
parmap_status pm_failed_bring(const char *to, const char *from, int64_t begin, uint64_t seed);

/* Local.  Appends the records of a journal, those from byte `begin` on that check; none where there
 * is no such file. */
parmap_status pm_failed_read(const char *journal, int64_t begin, uint64_t seed,
                             pm_failed_list *list);

/* Local.  In the order of the items, one each: the last attempt's, with the calls of all attempts.
 */
void pm_failed_list_settle(pm_failed_list *list);

/* Local.  Leaves out those that `keep` does not want. */
void pm_failed_list_keep(pm_failed_list *list, bool (*keep)(void *context, const pm_failed *failed),
                         void *context);

void pm_failed_list_free(pm_failed_list *list);

#endif
