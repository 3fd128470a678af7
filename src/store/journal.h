/* The journal: which blocks of a run are done.  One file per node beside the output,
 * FILE.journal-K: a header that identifies the run, then one slot per block, written at its place
 * after the block's data. docs/format.md draws it.  The first node's journal also holds the lock
 * that says "this run lives". */
#ifndef PM_STORE_JOURNAL_H
#define PM_STORE_JOURNAL_H

#include "store/data.h"

enum { PM_IDENTITY = 1024 };

/* What identifies a run and its place, the same in every node's journal. */
typedef struct pm_journal_head {
    char identity[PM_IDENTITY]; /* pm_identity_text */
    int64_t blocks;
    int64_t block_items;
    char host[64];   /* of rank 0 */
    int64_t pid;     /* of rank 0 */
    int64_t started; /* seconds since 1970 */
} pm_journal_head;

typedef struct pm_journal {
    int fd;
    char path[PM_PATH + 32];
} pm_journal;

/* Local, rank 0.  Takes the lock of `output` by opening its first journal and locking it: *lock_fd,
 * to be closed at the end of the run, is then >= 0.  PARMAP_CANNOT_CREATE when a living run holds
 * it, naming that, or when the journal cannot be created.  *had_journal: one was there before. */
parmap_status pm_journal_lock(const char *output, int *lock_fd, bool *had_journal);

/* Local.  Does a living run write `output`? */
bool pm_journal_is_locked(const char *output);

/* Local.  Is the first journal of `output` still the one that pm_journal_lock opened? */
bool pm_journal_is_ours(const char *output, int lock_fd);

/* Local.  Is there a journal of `output`? */
bool pm_journal_exists(const char *output);

/* Local, rank 0, with the lock.  Makes `nodes` empty journals with this header and removes older
 * ones. */
parmap_status pm_journal_create(const char *output, int nodes, const pm_journal_head *head);

/* Local.  Opens the journal of a node for marking. */
parmap_status pm_journal_open(pm_journal *journal, const char *output, int node);
void pm_journal_close(pm_journal *journal);

/* Local, any thread.  The block is done and its data written. */
parmap_status pm_journal_mark(const pm_journal *journal, int64_t block, uint64_t hash);

/* Local.  Takes the header of the first journal and how many blocks are marked in all of them.
 * PARMAP_NO_INPUT when there is none, PARMAP_BAD_DATA when it is damaged. */
parmap_status pm_journal_read(const char *output, pm_journal_head *head, int64_t *done);

/* Local, rank 0.  Removes all journals of `output`. */
void pm_journal_remove(const char *output);

#endif
