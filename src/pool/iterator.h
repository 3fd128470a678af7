/* Results one by one: imap and imap_unordered. */
#ifndef PM_POOL_ITERATOR_H
#define PM_POOL_ITERATOR_H

#include "pool/pool.h"

/* The pool was terminated: whoever waits for a result of its iterators is told. */
void pm_iterators_end(parmap_pool *pool);

/* No worker is left: the iterators do not use the pool any more. */
void pm_iterators_leave(parmap_pool *pool);

#endif
