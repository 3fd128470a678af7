/* The heap of shared objects: each rank allocates in its own segment, anybody frees.
 *
 *   block, 64-byte aligned:   | life 8 | bytes 8 | data ... |
 *
 * The owner's books (what is free) are private to its process; only the headers are shared.  What
 * another rank frees goes onto a stack in the owner's segment, which the owner empties when it next
 * allocates. */
#ifndef PM_HEAP_HEAP_H
#define PM_HEAP_HEAP_H

#include "comm/window.h"

/* Local.  The heap of this rank, in the window that is open. */
void pm_heap_open(void);

/* Local.  Forgets the books. */
void pm_heap_close(void);

/* Local, any thread.  A block of zeros in this rank's segment; its header and the data's first 48
 * bytes fill a cache line.  `kind` is never 0.  PARMAP_NO_MEMORY names the size to set. */
parmap_status pm_heap_alloc(uint64_t bytes, uint32_t kind, pm_ref *ref);

/* Like pm_heap_alloc, but with any content, for what is written at once. */
parmap_status pm_heap_alloc_unset(uint64_t bytes, uint32_t kind, pm_ref *ref);

/* Local, any thread, any rank.  PARMAP_STALE when somebody has freed it already. */
parmap_status pm_heap_free(pm_ref ref, uint32_t kind);

/* Local.  How many blocks of this rank are alive whose kind has this low byte. */
int64_t pm_heap_live(uint32_t kind);

#endif
