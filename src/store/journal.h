/* The journal: which blocks of a run are done.  One file per node beside the output,
 * FILE.journal-K: a header that identifies the run, then one slot per block, written at its place
 * after the block's data.  docs/format.md draws it.  The first node's journal also carries the lock
 * of the output (store/lock.h). */
#ifndef PM_STORE_JOURNAL_H
#define PM_STORE_JOURNAL_H

#include "store/data.h"
#include "store/identity.h"
#include "store/metadata.h"
#include "store/slot.h"

enum { PM_JOURNAL_PATH = PM_PATH + 32, PM_JOURNAL_LEASE = 3072 };

/* What identifies a run and its place. */
typedef struct pm_journal_head {
    char identity[PM_IDENTITY];
    int64_t blocks; /* 0 = the run keeps no journal: there are no slots */
    int64_t block_items;
    pm_metadata layout; /* of the file */
    int64_t inode;      /* of the file */
    int64_t session;    /* of the last attempt, from 1 */
    uint64_t boot;      /* of the node whose page cache holds what is WRITTEN; 0 = not known */
} pm_journal_head;

typedef struct pm_journal {
    int fd;
    int marks;        /* the first journal, which has the marks of earlier attempts; may be fd */
    uint64_t seed;    /* of the slots */
    uint16_t session; /* this attempt */
    bool keeps;       /* false: the run keeps no journal */
    int node;
    char path[PM_JOURNAL_PATH];
} pm_journal;

/* The name of a node's journal.  Returns `path`. */
char *pm_journal_path(char path[PM_JOURNAL_PATH], const char *output, int node);

/* The seed of the slots of a run. */
uint64_t pm_journal_seed(const char *identity);

/* Where a slot stands in its journal. */
int64_t pm_journal_place(int64_t block);

/* Where the records of failed items begin: behind the slots. */
int64_t pm_journal_end(int64_t blocks);

/* Local.  Is there a journal of `output`? */
bool pm_journal_exists(const char *output);

/* Local.  Calls `visit` for each journal of `output`, with its node number, in any order.  False,
 * with errno set, when the folder cannot be read. */
bool pm_journal_each(const char *output, void (*visit)(const char *path, int node, void *context),
                     void *context);

/* Local, rank 0, with the lock.  Makes empty journals with this header for the nodes from `first`
 * to nodes - 1, and removes those of higher ones.  A file that is there keeps its inode, and its
 * lease. */
parmap_status pm_journal_create(const char *output, int first, int nodes,
                                const pm_journal_head *head);

/* Local.  One of the header's two copies that is whole; false when none is. */
bool pm_journal_head_read(int fd, pm_journal_head *head);

/* Local.  Rewrites both copies, one after the other.  PARMAP_WRITE_ERROR. */
parmap_status pm_journal_head_write(const char *output, int node, const pm_journal_head *head);

/* Local.  Opens the journal of a node for marking.  `leader`: the node's first rank, which signs it
 * with the node's boot, so that its marks are trusted until the node is started anew. */
parmap_status pm_journal_open(pm_journal *journal, const char *output, int node, bool leader);
void pm_journal_close(pm_journal *journal);

/* Local.  What is marked as written, by any rank of the node, from now on too, is not to be
 * trusted: the kernel may have dropped what it could not write. */
parmap_status pm_journal_disown(const pm_journal *journal);

/* Local, any thread.  The block is done and its data written. */
parmap_status pm_journal_mark(const pm_journal *journal, int64_t block, uint64_t hash,
                              uint8_t flags);

/* Local, any thread.  Reads `count` slots from `first` on; those past the file's end are blank.
 * False when the file cannot be read. */
bool pm_journal_slots_read(int fd, int64_t first, int64_t count, pm_slot *slots);

/* Local.  Writes them. */
parmap_status pm_journal_slots_write(int fd, const char *path, int64_t first, int64_t count,
                                     const pm_slot *slots);

/* Local.  Brings a journal onto the disk. */
parmap_status pm_journal_sync(int fd, const char *path);

/* Local, rank 0.  Removes all journals of `output`. */
void pm_journal_remove(const char *output);

#endif
